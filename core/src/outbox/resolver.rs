//! The app's own conflict resolver.

use super::{Conflict, Resolution};
use std::fmt;
use std::sync::Arc;

/// Decides the conflicts of a collection in the place of a person.
///
/// The same conflict must give the same decision on every device: decide from the conflict alone, not from clocks or random numbers. Each
/// conflict is put to the resolver twice; if the two decisions differ, neither counts.
pub trait ConflictResolver: Send + Sync {
    /// Decides a conflict. Called on a thread of its own, which may block, for at most five seconds (both calls together). After that, or
    /// after an error (any text, for the log), a person is asked: [`ResolverFault`] says why. May be called again for the same conflict if its document
    /// has changed meanwhile, after a restart, and after a suspension.
    ///
    /// # Errors
    /// Whatever keeps the resolver from a decision.
    fn resolve(&self, conflict: &Conflict) -> Result<Resolution, String>;
}

/// Why a person is asked about a conflict that the collection's resolver should have decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolverFault {
    /// It has no decision: it said so, or it failed.
    NoDecision,
    /// It panicked.
    Panicked,
    /// It took longer than five seconds.
    TooSlow,
    /// Its two decisions about the same conflict were different.
    NotDeterministic,
    /// The document that it chose cannot be stored.
    InvalidDocument,
    /// The document changed each time while it was asked.
    KeepsChanging,
    /// The collection has no resolver (any more).
    Missing,
}

impl ResolverFault {
    const ALL: [Self; 7] = [
        Self::NoDecision,
        Self::Panicked,
        Self::TooSlow,
        Self::NotDeterministic,
        Self::InvalidDocument,
        Self::KeepsChanging,
        Self::Missing,
    ];

    /// The name in every language: `noDecision`, `panicked`, `tooSlow`, `notDeterministic`, `invalidDocument`, `keepsChanging`, `missing`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoDecision => "noDecision",
            Self::Panicked => "panicked",
            Self::TooSlow => "tooSlow",
            Self::NotDeterministic => "notDeterministic",
            Self::InvalidDocument => "invalidDocument",
            Self::KeepsChanging => "keepsChanging",
            Self::Missing => "missing",
        }
    }

    /// The number that stands for it in the database: its place, from 0.
    pub(crate) fn number(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.number() == number)
    }
}

/// A resolver as a part of a collection's configuration. Two are equal if they are the same object.
#[derive(Clone)]
pub struct Resolver(pub Arc<dyn ConflictResolver>);

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl PartialEq for Resolver {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
