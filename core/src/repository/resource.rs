//! Documents and queries as things that are kept here and can be asked for anew.

use super::desk::Desk;
use super::query::Compiled;
use super::refresh::Want;
use super::registry::CollectionInfo;
use crate::cache::{CacheConfig, Cached, Found, Resource};
use crate::error::{Error, Result};
use crate::model::Document;
use crate::store::documents::{self, read_document};
use crate::store::streams;
use async_trait::async_trait;
use rusqlite::{Connection, params_from_iter};
use std::sync::Arc;
use std::time::Duration;

/// One document.
pub(super) struct DocumentResource {
    pub desk: Arc<Desk>,
    pub info: Arc<CollectionInfo>,
    pub id: String,
}

/// A query's result.
pub(super) struct QueryResource {
    pub desk: Arc<Desk>,
    pub info: Arc<CollectionInfo>,
    pub query: Compiled,
}

impl DocumentResource {
    /// A document that was evicted is asked for alone: reading the stream would not bring it.
    fn want(&self) -> Result<Want> {
        let evicted = self.desk.store.read(|connection| documents::is_evicted(connection, self.info.id, &self.id))?;
        Ok(Want { collection: self.info.name.clone(), id: evicted.then(|| self.id.clone()) })
    }
}

#[async_trait]
impl Resource for DocumentResource {
    type Value = Option<Document>;

    fn key(&self) -> Result<String> {
        Ok(key(&self.want()?))
    }

    fn config(&self) -> &CacheConfig {
        &self.info.cache
    }

    fn cached(&self) -> Result<Cached<Self::Value>> {
        let (value, read_ms) = self.desk.store.read(|connection| {
            let value = documents::get(connection, self.info.id, &self.id)?;
            Ok((value, streams::get(connection, self.info.id)?.read_ms))
        })?;
        self.info.used(&self.desk.device, value.iter());
        let found = if value.is_some() { Found::All } else { Found::Nothing };
        let (age, trusted) = age(&self.desk, &self.info, read_ms);
        Ok(Cached { value, found, age, trusted, partial: false })
    }

    async fn refresh(&self) -> Result<()> {
        // It is wanted now: it must not be the one that has to go when it comes.
        self.info.used_id(&self.desk.device, &self.id);
        refresh(&self.desk, self.want()?).await
    }
}

#[async_trait]
impl Resource for QueryResource {
    type Value = Vec<Document>;

    fn key(&self) -> Result<String> {
        Ok(key(&self.want()))
    }

    fn config(&self) -> &CacheConfig {
        &self.info.cache
    }

    fn cached(&self) -> Result<Cached<Self::Value>> {
        let (value, read_ms, partial) = self.desk.store.read(|connection| {
            let value = self.query.run(connection)?;
            let read_ms = streams::get(connection, self.info.id)?.read_ms;
            Ok((value, read_ms, documents::any_evicted(connection, self.info.id)?))
        })?;
        self.info.used(&self.desk.device, value.iter());
        // Until the stream has been read once, what is here is what was made here or has come so far.
        let found = match read_ms {
            Some(_) => Found::All,
            None if value.is_empty() => Found::Nothing,
            None => Found::Parts,
        };
        let (age, trusted) = age(&self.desk, &self.info, read_ms);
        Ok(Cached { value, found, age, trusted, partial })
    }

    async fn refresh(&self) -> Result<()> {
        refresh(&self.desk, self.want()).await
    }
}

impl QueryResource {
    fn want(&self) -> Want {
        Want { collection: self.info.name.clone(), id: None }
    }
}

impl Compiled {
    /// The documents, in order.
    pub(super) fn run(&self, connection: &Connection) -> Result<Vec<Document>> {
        let mut statement = connection.prepare_cached(&self.select)?;
        let rows = statement.query_map(params_from_iter(self.select_values()), read_document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// A collection's name has no slash.
fn key(want: &Want) -> String {
    match &want.id {
        None => want.collection.clone(),
        Some(id) => format!("{}/{id}", want.collection),
    }
}

fn age(desk: &Desk, info: &CollectionInfo, read_ms: Option<i64>) -> (Option<Duration>, bool) {
    let Some(read_ms) = read_ms else { return (None, true) };
    let (age, trusted) = desk.readings.age(&desk.device, info.id, read_ms);
    (Some(age), trusted)
}

async fn refresh(desk: &Desk, want: Want) -> Result<()> {
    match &desk.refresher {
        Some(refresher) => refresher.refresh(want).await,
        None => Err(Error::no_server()),
    }
}
