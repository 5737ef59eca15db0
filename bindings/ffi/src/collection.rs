//! A collection's handle.

use crate::cancel::FfiCancel;
use crate::error::Result;
use crate::fetch::{FfiCachePolicy, FfiFetch};
use crate::live::FfiLiveQuery;
use crate::pack;
use crate::records::FfiReceipt;
use crate::runtime::unless;
use crate::write::FfiWrite;
use holm_core::{Collection, Error, Query};
use std::sync::Arc;

/// A page of documents.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiPage {
    /// Packed documents.
    pub documents: Vec<u8>,
    /// Where the next page begins. `None` if this was the last.
    pub next: Option<String>,
}

/// A collection. Long-lived, thread-safe. Reads block for microseconds to milliseconds; writes complete after the commit, or in a confirmed
/// collection after the server has accepted them. `cancel` ends the wait for that with `CANCELLED`.
#[derive(uniffi::Object)]
pub struct FfiCollection {
    pub(crate) collection: Collection,
}

impl FfiCollection {
    pub(crate) fn new(collection: Collection) -> Arc<Self> {
        Arc::new(Self { collection })
    }

    async fn write(&self, write: FfiWrite, cancel: Option<Arc<FfiCancel>>) -> Result<FfiReceipt> {
        unless(cancel, self.collection.write(move |tx, _| write.apply(tx))).await.map(Into::into)
    }

    fn name(&self) -> String {
        self.collection.name().to_owned()
    }
}

#[uniffi::export]
impl FfiCollection {
    /// Makes a document from a JSON object.
    #[uniffi::method(default(cancel = None))]
    pub async fn create(&self, id: Option<String>, json: String, cancel: Option<Arc<FfiCancel>>) -> Result<FfiReceipt> {
        self.write(FfiWrite::Create { collection: self.name(), id, json }, cancel).await
    }

    /// Makes many documents in one transaction: all or none.
    #[uniffi::method(default(cancel = None))]
    pub async fn create_all(&self, documents: Vec<String>, cancel: Option<Arc<FfiCancel>>) -> Result<Vec<FfiReceipt>> {
        let receipts = self.collection.write(move |tx, name| {
            documents.iter().map(|json| tx.create_text(name, None, json)).collect::<holm_core::Result<Vec<_>>>()
        });
        Ok(unless(cancel, receipts).await?.into_iter().map(Into::into).collect())
    }

    /// Changes fields of a document: a merge patch with field operations.
    #[uniffi::method(default(cancel = None))]
    pub async fn update(&self, id: String, patch: String, cancel: Option<Arc<FfiCancel>>) -> Result<FfiReceipt> {
        self.write(FfiWrite::Update { collection: self.name(), id, patch }, cancel).await
    }

    /// Replaces a document's content. What is sent is the difference from what is shown here, or from the version that it is based on.
    #[uniffi::method(default(cancel = None))]
    pub async fn replace(
        &self,
        id: String,
        json: String,
        based_on: Option<i64>,
        cancel: Option<Arc<FfiCancel>>,
    ) -> Result<FfiReceipt> {
        self.write(FfiWrite::Replace { collection: self.name(), id, json, based_on }, cancel).await
    }

    /// Deletes a document.
    #[uniffi::method(default(cancel = None))]
    pub async fn delete(&self, id: String, cancel: Option<Arc<FfiCancel>>) -> Result<FfiReceipt> {
        self.write(FfiWrite::Delete { collection: self.name(), id }, cancel).await
    }

    /// Reads a document, packed; none if it is not there.
    pub fn get(&self, id: String) -> Result<Option<Vec<u8>>> {
        Ok(self.collection.get(&id)?.as_ref().map(pack::document))
    }

    /// Runs a query, given as JSON; the documents come packed.
    pub fn query(&self, query: String) -> Result<Vec<u8>> {
        Ok(pack::documents(self.collection.query(&parse_query(&query)?)?.iter()))
    }

    /// Reads a document under a policy, or that of the collection if it is `None`.
    #[uniffi::method(default(policy = None))]
    pub fn fetch(&self, id: String, policy: Option<FfiCachePolicy>) -> Result<Arc<FfiFetch>> {
        Ok(FfiFetch::document(self.collection.fetch(&id, policy.map(Into::into))))
    }

    /// Runs a query, given as JSON, under a policy, or that of the collection if it is `None`.
    #[uniffi::method(default(policy = None))]
    pub fn fetch_query(&self, query: String, policy: Option<FfiCachePolicy>) -> Result<Arc<FfiFetch>> {
        Ok(FfiFetch::query(self.collection.fetch_query(&parse_query(&query)?, policy.map(Into::into))?))
    }

    /// Keeps a document's content here whatever the limits of the collection say.
    pub async fn pin(&self, id: String) -> Result<()> {
        Ok(self.collection.pin(&id).await?)
    }

    /// Takes a pin away.
    pub async fn unpin(&self, id: String) -> Result<()> {
        Ok(self.collection.unpin(&id).await?)
    }

    /// Counts the documents that a query's filter lets through.
    pub fn count(&self, query: String) -> Result<u64> {
        Ok(self.collection.count(&parse_query(&query)?)?)
    }

    /// Reads one page of a query.
    pub fn page(&self, query: String, after: Option<String>) -> Result<FfiPage> {
        let page = self.collection.page(&parse_query(&query)?, after.as_deref())?;
        Ok(FfiPage { documents: pack::documents(page.documents.iter()), next: page.next })
    }

    /// Watches a query.
    pub fn live(&self, query: String) -> Result<Arc<FfiLiveQuery>> {
        Ok(FfiLiveQuery::new(self.collection.live(&parse_query(&query)?)?))
    }
}

pub(crate) fn parse_query(query: &str) -> Result<Query> {
    let json = serde_json::from_str(query).map_err(|e| Error::InvalidInput {
        code: holm_core::ErrorCode::InvalidQuery,
        message: format!("the query is not JSON: {e}"),
    })?;
    Ok(Query::parse(&json)?)
}
