//! Documents and queries as things that are kept here and can be asked for anew.

use super::context::RepositoryContext;
use super::query::Compiled;
use super::refresh::RefreshKey;
use super::registry::CollectionInfo;
use crate::cache::{CacheConfig, Cached, Completeness, Resource};
use crate::error::{Error, Result};
use crate::model::Document;
use crate::store::documents::{self, read_document};
use crate::store::{streams, unreadable};
use async_trait::async_trait;
use rusqlite::{Connection, params_from_iter};
use std::sync::Arc;
use std::time::Duration;

/// One document.
pub(super) struct DocumentResource {
    pub context: Arc<RepositoryContext>,
    pub info: Arc<CollectionInfo>,
    pub id: String,
}

/// A query's result.
pub(super) struct QueryResource {
    pub context: Arc<RepositoryContext>,
    pub info: Arc<CollectionInfo>,
    pub query: Compiled,
}

impl DocumentResource {
    /// A document that was evicted, or could not be read, is asked for alone: reading the stream would not bring it.
    fn key(&self) -> Result<RefreshKey> {
        let alone = self.context.store.read(|connection| {
            Ok(documents::is_evicted(connection, self.info.id, &self.id)?
                || unreadable::is_behind(connection, self.info.id, Some(&self.id))?)
        })?;
        Ok(RefreshKey { collection: self.info.name.clone(), id: alone.then(|| self.id.clone()) })
    }
}

#[async_trait]
impl Resource for DocumentResource {
    type Value = Option<Document>;

    fn key(&self) -> Result<String> {
        Ok(key(&self.key()?))
    }

    fn config(&self) -> &CacheConfig {
        &self.info.cache
    }

    fn cached(&self) -> Result<Cached<Self::Value>> {
        let (value, read_ms) = self.context.store.read(|connection| {
            let value = documents::get(connection, self.info.id, &self.id)?;
            Ok((value, streams::get(connection, self.info.id)?.read_ms))
        })?;
        self.info.used(&self.context.device, value.iter());
        let found = if value.is_some() { Completeness::All } else { Completeness::Nothing };
        let (age, trusted) = age(&self.context, &self.info, read_ms);
        Ok(Cached { value, found, age, trusted, partial: false })
    }

    async fn refresh(&self) -> Result<()> {
        // It is refreshes now: it must not be the one that has to go when it comes.
        self.info.used_id(&self.context.device, &self.id);
        refresh(&self.context, self.key()?).await
    }
}

#[async_trait]
impl Resource for QueryResource {
    type Value = Vec<Document>;

    fn key(&self) -> Result<String> {
        Ok(key(&self.key()))
    }

    fn config(&self) -> &CacheConfig {
        &self.info.cache
    }

    fn cached(&self) -> Result<Cached<Self::Value>> {
        let (value, read_ms, partial) = self.context.store.read(|connection| {
            let value = self.query.run(connection)?;
            let read_ms = streams::get(connection, self.info.id)?.read_ms;
            let partial = documents::any_evicted(connection, self.info.id)?
                || unreadable::is_behind(connection, self.info.id, None)?;
            Ok((value, read_ms, partial))
        })?;
        self.info.used(&self.context.device, value.iter());
        // Until the stream has been read once, what is here is what was made here or has come so far.
        let found = match read_ms {
            Some(_) => Completeness::All,
            None if value.is_empty() => Completeness::Nothing,
            None => Completeness::Partial,
        };
        let (age, trusted) = age(&self.context, &self.info, read_ms);
        Ok(Cached { value, found, age, trusted, partial })
    }

    async fn refresh(&self) -> Result<()> {
        refresh(&self.context, self.key()).await
    }
}

impl QueryResource {
    fn key(&self) -> RefreshKey {
        RefreshKey { collection: self.info.name.clone(), id: None }
    }
}

impl Compiled {
    /// The documents, in order.
    pub(super) fn run(&self, connection: &Connection) -> Result<Vec<Document>> {
        let mut statement = connection.prepare_cached(&self.select)?;
        let mut rows = statement.query(params_from_iter(self.select_values()))?;
        let mut documents = Vec::with_capacity(self.expected);
        while let Some(row) = rows.next()? {
            documents.push(read_document(row)?);
        }
        Ok(documents)
    }
}

/// A collection's name has no slash.
fn key(key: &RefreshKey) -> String {
    match &key.id {
        None => key.collection.clone(),
        Some(id) => format!("{}/{id}", key.collection),
    }
}

fn age(context: &RepositoryContext, info: &CollectionInfo, read_ms: Option<i64>) -> (Option<Duration>, bool) {
    let Some(read_ms) = read_ms else { return (None, true) };
    let (age, trusted) = context.readings.age(&context.device, info.id, read_ms);
    (Some(age), trusted)
}

async fn refresh(context: &RepositoryContext, key: RefreshKey) -> Result<()> {
    match &context.refresher {
        Some(refresher) => refresher.refresh(key).await,
        None => Err(Error::no_server()),
    }
}
