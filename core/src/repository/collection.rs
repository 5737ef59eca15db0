//! One collection, as an app holds it.

use super::cached_reads::{DocumentResource, QueryResource};
use super::consistency::Consistency;
use super::context::RepositoryContext;
use super::live::{LiveAggregate, LiveDocument, LiveQuery, LiveWindow};
use super::query::{Aggregate, AggregateRow, AggregateSelect, FieldPath, Filter, Page, Query, compile, read_page};
use super::registry::CollectionInfo;
use super::transaction::{Receipt, Transaction, to_text};
use crate::cache::{CachePolicy, Fetch};
use crate::error::Result;
use crate::model::{Document, DocumentId};
use crate::store;
use rusqlite::params_from_iter;
use serde::Serialize;
use std::sync::Arc;

/// A named set of JSON documents. Cheap to clone; thread-safe.
///
/// Reads block the calling thread for as long as SQLite takes: microseconds for a document, milliseconds for a long list. Writes are
/// futures that complete after the commit; a write whose future is dropped still happens whole. The first write after another process of the app has
/// wiped the store fails with `SIGNED_OUT`, unless there was a sign-in here since: what it was made from is gone.
///
/// In a [confirmed](Consistency::Confirmed) collection they complete when the server has accepted the write, which is durable here before it
/// is sent. A death of the process loses nothing and doubles nothing: the write goes on in the next one. Dropping the future, like every
/// other end before the server's word, takes back what has not been sent. Beside their own errors they have `VERSION_MISMATCH` (another
/// write was there first) and `REFUSED`, after which the write has no effect; `UNCONFIRMED`: it was sent, and stays queued; and, for a
/// write that was not sent and is taken back, `OFFLINE`, `SIGNED_OUT`, `SUSPENDED`, `TIMEOUT` and the other failures of a sync.
#[derive(Clone)]
pub struct Collection {
    pub(super) context: Arc<RepositoryContext>,
    info: Arc<CollectionInfo>,
}

impl Collection {
    pub(crate) fn new(context: Arc<RepositoryContext>, info: Arc<CollectionInfo>) -> Self {
        Self { context, info }
    }

    /// The collection's name.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Makes a document under the id of its member `id`, or under a new one (UUIDv7).
    ///
    /// # Errors
    /// Those of [`Transaction::create`], and of storage.
    pub async fn create<T: Serialize + ?Sized>(&self, document: &T) -> Result<Receipt> {
        let text = to_text(document)?;
        self.write(move |tx, name| tx.create_text(name, None, &text)).await
    }

    /// Makes many documents in one transaction: all or none.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn create_all<T: Serialize>(&self, documents: &[T]) -> Result<Vec<Receipt>> {
        let texts = documents.iter().map(to_text).collect::<Result<Vec<_>>>()?;
        self.write(move |tx, name| texts.iter().map(|text| tx.create_text(name, None, text)).collect()).await
    }

    /// Changes fields of a document, see [`Transaction::update`].
    ///
    /// # Errors
    /// Those of [`Transaction::update`], and of storage.
    pub async fn update<T: Serialize + ?Sized>(&self, id: &str, patch: &T) -> Result<Receipt> {
        let (id, text) = (id.to_owned(), to_text(patch)?);
        self.write(move |tx, name| tx.update_text(name, &id, &text)).await
    }

    /// Replaces a document's content, see [`Transaction::replace`].
    ///
    /// # Errors
    /// Those of [`Transaction::replace`], and of storage.
    pub async fn replace<T: Serialize + ?Sized>(&self, id: &str, document: &T) -> Result<Receipt> {
        let (id, text) = (id.to_owned(), to_text(document)?);
        self.write(move |tx, name| tx.replace_text(name, &id, &text)).await
    }

    /// Deletes a document, also one whose content was evicted: hidden at once, gone when the server has confirmed it.
    ///
    /// # Errors
    /// `NOT_FOUND`, `INVALID_NAME`, and those of storage.
    pub async fn delete(&self, id: &str) -> Result<Receipt> {
        let id = id.to_owned();
        self.write(move |tx, name| tx.delete(name, &id)).await
    }

    /// Reads a document; none if it is not there or deleted. Blocking, microseconds; less where it was read lately
    /// ([`Config::row_cache_bytes`](crate::Config::row_cache_bytes)).
    pub fn get(&self, id: &str) -> Result<Option<Document>> {
        let document = self.context.store.document(self.info.id, id)?;
        self.info.used(&self.context.device, document.iter());
        Ok(document)
    }

    /// Runs a query. Blocking.
    ///
    /// # Errors
    /// `INVALID_QUERY`, and those of storage.
    pub fn query(&self, query: &Query) -> Result<Vec<Document>> {
        let compiled = compile(self.info.id, query)?;
        let documents = self.context.store.read(|connection| compiled.run(connection))?;
        self.info.used(&self.context.device, documents.iter());
        Ok(documents)
    }

    /// Reads a document under a policy, or that of the collection if it is `None`. See [`Fetch`]. A document that is nowhere is a
    /// result without a value.
    ///
    /// A client without a server reads what is stored here, under every policy but `networkOnly`.
    pub fn fetch(&self, id: &str, policy: Option<CachePolicy>) -> Fetch<Option<Document>> {
        let resource = DocumentResource { context: self.context.clone(), info: self.info.clone(), id: id.to_owned() };
        self.context.executor.fetch(resource, self.policy(policy))
    }

    /// Runs a query under a policy, or that of the collection if it is `None`. See [`Fetch`]. What the server has new is read first where the
    /// policy asks the network; then the query runs here.
    ///
    /// # Errors
    /// `INVALID_QUERY`.
    pub fn fetch_query(&self, query: &Query, policy: Option<CachePolicy>) -> Result<Fetch<Vec<Document>>> {
        let query = compile(self.info.id, query)?;
        let resource = QueryResource { context: self.context.clone(), info: self.info.clone(), query };
        Ok(self.context.executor.fetch(resource, self.policy(policy)))
    }

    /// Keeps a document's content here whatever the limits of the collection say, from now on or from when it comes. Fetches nothing. Completes
    /// after the commit.
    ///
    /// # Errors
    /// `INVALID_NAME`, and those of storage.
    pub async fn pin(&self, id: &str) -> Result<()> {
        let (collection, id) = (self.info.id, DocumentId::new(id)?);
        self.context.store.write(move |tx| store::pins::set(tx, collection, id.as_str())).await
    }

    /// Takes a pin away. Nothing happens if there is none.
    ///
    /// # Errors
    /// `INVALID_NAME`, and those of storage.
    pub async fn unpin(&self, id: &str) -> Result<()> {
        let (collection, id) = (self.info.id, DocumentId::new(id)?);
        self.context.store.write(move |tx| store::pins::clear(tx, collection, id.as_str())).await
    }

    fn policy(&self, policy: Option<CachePolicy>) -> CachePolicy {
        let policy = policy.unwrap_or(self.info.cache.policy);
        if self.context.refresher.is_none() && policy != CachePolicy::NetworkOnly {
            CachePolicy::CacheOnly
        } else {
            policy
        }
    }

    /// Reads one page of a query, beginning after `after`, the mark of the page before. Pages neither skip nor repeat a document that stays
    /// where it is, whatever comes or goes in between. Blocking.
    ///
    /// # Errors
    /// `INVALID_QUERY` for a mark of another query, an offset or a limit of 0, and those of storage.
    pub fn page(&self, query: &Query, after: Option<&str>) -> Result<Page> {
        let page = self.context.store.read(|connection| read_page(connection, self.info.id, query, after))?;
        self.info.used(&self.context.device, page.documents.iter());
        Ok(page)
    }

    /// Counts the documents that a query's filter lets through; its window does not matter. Blocking.
    pub fn count(&self, query: &Query) -> Result<u64> {
        let compiled = compile(self.info.id, query)?;
        self.context.store.read(|connection| {
            let mut statement = connection.prepare_cached(&compiled.count)?;
            let count: i64 = statement.query_row(params_from_iter(&compiled.values), |row| row.get(0))?;
            Ok(count.cast_unsigned())
        })
    }

    /// Computes figures over the documents that a query's filter lets through; its order and window do not matter. One row, or one for each value
    /// of the field `by`, ordered by it. Blocking: one pass over those documents.
    ///
    /// # Errors
    /// `INVALID_QUERY` for no figure or more than 16, and those of storage.
    pub fn aggregate(&self, query: &Query, of: &[Aggregate], by: Option<&FieldPath>) -> Result<Vec<AggregateRow>> {
        let select = AggregateSelect::compile(self.info.id, query, of, by)?;
        self.context.store.read(|connection| select.run(connection))
    }

    /// Watches such figures.
    ///
    /// # Errors
    /// `INVALID_QUERY`.
    pub fn live_aggregate(&self, query: &Query, of: &[Aggregate], by: Option<&FieldPath>) -> Result<LiveAggregate> {
        let select = AggregateSelect::compile(self.info.id, query, of, by)?;
        Ok(LiveAggregate::new(self.context.clone(), self.info.clone(), select))
    }

    /// Watches one document, whether or not it is there.
    ///
    /// # Errors
    /// `INVALID_NAME` for an id that no document can have.
    pub fn live_document(&self, id: &str) -> Result<LiveDocument> {
        let id = DocumentId::new(id)?;
        let query = Query::all().filter(Filter::Eq(FieldPath::new("id")?, id.as_str().into()));
        Ok(LiveDocument::new(self.live(&query)?))
    }

    /// Watches a window of `size` documents on a query's result, at its beginning until it is moved: for lists that are too long to keep. The query
    /// has no limit and no offset.
    ///
    /// # Errors
    /// `INVALID_QUERY`.
    pub fn live_window(&self, query: &Query, size: u32) -> Result<LiveWindow> {
        LiveWindow::new(self.context.clone(), self.info.clone(), query, size)
    }

    /// Watches a query: its result now, and again whenever it changes.
    ///
    /// # Errors
    /// `INVALID_QUERY`.
    pub fn live(&self, query: &Query) -> Result<LiveQuery> {
        LiveQuery::new(self.context.clone(), self.info.clone(), query)
    }

    /// How SQLite would run a query (`EXPLAIN QUERY PLAN`), a line a step: whether a declared index is used.
    pub fn query_plan(&self, query: &Query) -> Result<Vec<String>> {
        let compiled = compile(self.info.id, query)?;
        self.context.store.read(|connection| {
            // EXPLAIN alone does not notice that another connection has made an index; a statement that runs does.
            store::collections::all(connection)?;
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", compiled.select))?;
            let steps = statement.query_map(params_from_iter(compiled.select_values()), |row| row.get(3))?;
            Ok(steps.collect::<Result<_, _>>()?)
        })
    }

    /// Several writes to this collection in one transaction; `work` gets the collection's name. As [`Holm::write`](crate::Holm::write), but
    /// writes to another collection that is confirmed are `UNSUPPORTED` if this one is not.
    ///
    /// # Errors
    /// What `work` returns, and those of storage.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, &str) -> Result<T> + Send + 'static,
    {
        let info = self.info.clone();
        let confirmed = info.consistency != Consistency::Eventual;
        self.context.write(confirmed, move |tx| work(tx, &info.name)).await
    }
}
