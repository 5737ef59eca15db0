//! A cacheable resource: how the executor reads it here and how it refreshes it from the server.

use super::policy::{CacheConfig, Condition};
use crate::error::Result;
use async_trait::async_trait;
use std::time::Duration;

/// A thing that is kept here and can be asked for anew.
#[async_trait]
pub(crate) trait Resource: Send + Sync + 'static {
    /// What a reader gets.
    type Value: Clone + PartialEq + Send + 'static;

    /// What a refresh would ask for: refreshes with the same key are one.
    fn key(&self) -> Result<String>;

    /// How it is cached.
    fn config(&self) -> &CacheConfig;

    /// What is here. Blocking, as long as a read takes.
    fn cached(&self) -> Result<Cached<Self::Value>>;

    /// Brings what is here up to date. Must do no harm when it is dropped halfway.
    async fn refresh(&self) -> Result<()>;
}

/// How much of a thing is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// All of it.
    All,
    /// Something; whether it is all is not known.
    Partial,
    Nothing,
}

/// What is here of a thing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cached<T> {
    pub value: T,
    pub found: Completeness,
    /// How long ago it was what the server had. `None` if that is not known.
    pub age: Option<Duration>,
    /// Whether the age is certain. One that is guessed never counts as fresh.
    pub trusted: bool,
    /// Some of it has been evicted.
    pub partial: bool,
}

impl<T> Cached<T> {
    pub(super) fn condition(&self, config: &CacheConfig) -> Condition {
        match self.found {
            Completeness::All => config.condition(self.age, self.trusted),
            Completeness::Partial => Condition::Partial,
            Completeness::Nothing => Condition::Missing,
        }
    }
}
