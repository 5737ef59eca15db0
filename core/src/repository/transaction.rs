//! Writing several documents at once.

use super::consistency::{Consistency, Unconfirmed};
use super::registry::{CollectionInfo, Registry};
use crate::device::Device;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Document, DocumentId, OpId, Version, check_own_id, read_body, read_fields, read_patch};
use crate::outbox::{self, Edit, Home, Place, References, Target};
use crate::store::{Tx, documents, operations};
use serde::Serialize;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

/// Identifies a committed write: its document and its queued operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The document.
    pub doc_id: String,
    /// The operation that carries the write, for [`Holm::confirmed`](crate::Holm::confirmed). Writes that were joined share one. None if
    /// nothing was changed, so nothing is to be sent.
    pub op_id: Option<OpId>,
}

/// Writes to several documents and collections that commit together or not at all. Reads through it see its own writes.
///
/// If one of the collections is [confirmed](Consistency::Confirmed), all of the writes are one group, whose call returns once the server has
/// accepted it.
///
/// Documents are given as anything that serializes to a JSON object, or as [`serde_json::value::RawValue`] if the text is at hand.
pub struct Transaction<'a> {
    tx: &'a Tx<'a>,
    device: &'a Device,
    registry: &'a Registry,
    group: Option<String>,
    confirming: Option<Confirming<'a>>,
}

/// A transaction that may write to confirmed collections.
struct Confirming<'a> {
    /// The group of all its writes, until it is known whether one of them was to such a collection.
    group: String,
    /// Whether the server can be asked now.
    ready: &'a dyn Fn() -> Result<()>,
    /// How long its call may wait for the server; none: no such collection was written to.
    timeout: Cell<Option<Duration>>,
    /// It calls actions.
    acts: Cell<bool>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(tx: &'a Tx<'a>, device: &'a Device, registry: &'a Registry) -> Self {
        Self { tx, device, registry, group: None, confirming: None }
    }

    /// One that may write to confirmed collections; `ready` says whether the server can be asked now.
    pub(crate) fn confirming(mut self, ready: &'a dyn Fn() -> Result<()>) -> Self {
        let group = outbox::new_exact_group(self.device);
        self.confirming = Some(Confirming { group, ready, timeout: Cell::default(), acts: Cell::default() });
        self
    }

    /// From here on the writes of this transaction are a group: the server takes all of them or none.
    pub fn group(&mut self) {
        self.group.get_or_insert_with(|| self.device.new_uuid().to_string());
    }

    /// Makes a document under the id of its member `id`, or under a new one.
    ///
    /// # Errors
    /// `ALREADY_EXISTS`, also if a document of this id is evicted; `INVALID_DOCUMENT`, `DOCUMENT_TOO_LARGE`, `INVALID_NAME`.
    pub fn create<T: Serialize + ?Sized>(&self, collection: &str, document: &T) -> Result<Receipt> {
        self.create_text(collection, None, &to_text(document)?)
    }

    /// Makes a document under this id.
    ///
    /// # Errors
    /// `ALREADY_EXISTS`, also if a document of this id is evicted; `INVALID_DOCUMENT`, `DOCUMENT_TOO_LARGE`, `INVALID_NAME`.
    pub fn create_with_id<T: Serialize + ?Sized>(&self, collection: &str, id: &str, document: &T) -> Result<Receipt> {
        self.create_text(collection, Some(id), &to_text(document)?)
    }

    /// Changes fields of a document: a merge patch (RFC 7396) whose values may be field operations: `{"$inc": 1}`, `{"$addToSet": […]}`,
    /// `{"$removeFromSet": […]}`.
    ///
    /// # Errors
    /// `NOT_FOUND`, `EVICTED`, `DOCUMENT_TOO_LARGE`, `INVALID_NAME`, `INVALID_DOCUMENT` for a change that does not fit the field,
    /// `UNSUPPORTED` for an unknown field operation.
    pub fn update<T: Serialize + ?Sized>(&self, collection: &str, id: &str, patch: &T) -> Result<Receipt> {
        self.update_text(collection, id, &to_text(patch)?)
    }

    /// Replaces a document's content. What is sent is the difference from what this device shows.
    ///
    /// # Errors
    /// `NOT_FOUND`, `EVICTED`, `INVALID_DOCUMENT`, `DOCUMENT_TOO_LARGE`, `INVALID_NAME`.
    pub fn replace<T: Serialize + ?Sized>(&self, collection: &str, id: &str, document: &T) -> Result<Receipt> {
        self.replace_text(collection, id, &to_text(document)?)
    }

    /// Replaces a document's content that was made from `version` of it ([`Document::version`]): what is sent is the difference from that
    /// version, so what other devices have changed meanwhile stays.
    ///
    /// # Errors
    /// `VERSION_MISMATCH` if this device does not have that version any more; those of [`replace`](Self::replace).
    pub fn replace_based_on<T: Serialize + ?Sized>(
        &self,
        collection: &str,
        id: &str,
        document: &T,
        version: Version,
    ) -> Result<Receipt> {
        self.replace_text_based_on(collection, id, &to_text(document)?, version)
    }

    /// Deletes a document, also one whose content was evicted.
    ///
    /// # Errors
    /// `NOT_FOUND`, `INVALID_NAME`.
    pub fn delete(&self, collection: &str, id: &str) -> Result<Receipt> {
        let info = self.info(collection)?;
        let id = DocumentId::new(id)?;
        let references = self.registry.references(self.tx, &info)?;
        let op_id = outbox::delete(self.tx, self.device, &self.place(&info, &id, &references)?)?;
        Ok(Receipt { doc_id: id.into_string(), op_id: Some(op_id) })
    }

    /// Calls an action of the server: queued, retried and parked like a write, sent alone after the document's earlier writes. Without a
    /// collection the action is the account's; without a document it is the collection's.
    ///
    /// # Errors
    /// `INVALID_NAME` for a name that is not a letter, then at most 63 letters, digits and `_`; `DOCUMENT_TOO_LARGE` for parameters larger than
    /// a document may be; `UNSUPPORTED` within a group, or beside writes to a confirmed collection; `INVALID_DOCUMENT` for parameters that
    /// cannot be written as JSON.
    pub fn action<T: Serialize + ?Sized>(
        &self,
        name: &str,
        collection: Option<&str>,
        id: Option<&str>,
        params: &T,
    ) -> Result<Receipt> {
        let params = serde_json::to_value(params).map_err(|e| Error::document(format!("not JSON: {e}")))?;
        let collection = collection.map(|name| self.info(name)).transpose()?.map_or(0, |info| info.id);
        let doc_id = id.map(DocumentId::new).transpose()?.map(DocumentId::into_string).unwrap_or_default();
        if collection == 0 && !doc_id.is_empty() {
            return Err(Error::invalid(ErrorCode::InvalidName, "a document is named without its collection"));
        }
        let target = Target { collection, doc_id: &doc_id };
        if let Some(confirming) = &self.confirming {
            confirming.acts.set(true);
        }
        let op_id = outbox::act(self.tx, self.device, name, &target, params, self.group.as_deref())?;
        Ok(Receipt { doc_id, op_id: Some(op_id) })
    }

    /// Reads a document; none if it is not there.
    pub fn get(&self, collection: &str, id: &str) -> Result<Option<Document>> {
        let info = self.info(collection)?;
        documents::get(self.tx, info.id, id)
    }

    /// [`create`](Self::create) from JSON text.
    pub fn create_text(&self, collection: &str, id: Option<&str>, text: &str) -> Result<Receipt> {
        let info = self.info(collection)?;
        let (body, own_id) = read_body(text, self.device.limits.document())?;
        let id = match (id.map(str::to_owned), own_id) {
            (Some(id), Some(own)) if id != own => {
                return Err(Error::document(format!("the document says it is {own:?}, the call says {id:?}")));
            }
            (Some(id), _) | (None, Some(id)) => DocumentId::new(id)?,
            (None, None) => DocumentId::new(self.device.new_uuid().to_string())?,
        };
        let references = self.registry.references(self.tx, &info)?;
        let op_id = outbox::create(self.tx, self.device, &self.place(&info, &id, &references)?, body)?;
        Ok(Receipt { doc_id: id.into_string(), op_id: Some(op_id) })
    }

    /// [`update`](Self::update) from JSON text.
    pub fn update_text(&self, collection: &str, id: &str, patch: &str) -> Result<Receipt> {
        let (fields, own_id) = read_patch(patch, self.device.limits.document())?;
        self.edit(collection, id, own_id, &Edit::Patch(fields))
    }

    /// [`replace`](Self::replace) from JSON text.
    pub fn replace_text(&self, collection: &str, id: &str, text: &str) -> Result<Receipt> {
        let (fields, own_id) = read_fields(text, self.device.limits.document())?;
        self.edit(collection, id, own_id, &Edit::Replace(fields))
    }

    /// [`replace_based_on`](Self::replace_based_on) from JSON text.
    pub fn replace_text_based_on(&self, collection: &str, id: &str, text: &str, version: Version) -> Result<Receipt> {
        let (fields, own_id) = read_fields(text, self.device.limits.document())?;
        self.edit(collection, id, own_id, &Edit::ReplaceFrom(fields, version))
    }

    fn edit(&self, collection: &str, id: &str, own_id: Option<String>, edit: &Edit) -> Result<Receipt> {
        check_own_id(id, own_id)?;
        let info = self.info(collection)?;
        let id = DocumentId::new(id)?;
        let references = self.registry.references(self.tx, &info)?;
        let op_id = outbox::update(self.tx, self.device, &self.place(&info, &id, &references)?, edit)?;
        Ok(Receipt { doc_id: id.into_string(), op_id })
    }

    /// Writes the values of a journal entry back.
    pub(crate) fn restore(&self, entry: i64) -> Result<Receipt> {
        let home = |collection: i64| {
            let info = self.info(&self.registry.name(collection))?;
            let references = self.registry.references(self.tx, &info)?;
            let group = self.group_for(&info)?.map(str::to_owned);
            Ok(Home { name: info.name.clone(), rules: info.rules.clone(), references, group })
        };
        let (doc_id, op_id) = outbox::restore(self.tx, self.device, entry, home)?;
        Ok(Receipt { doc_id, op_id })
    }

    fn place<'p>(
        &'p self,
        info: &'p CollectionInfo,
        id: &'p DocumentId,
        references: &'p References,
    ) -> Result<Place<'p>> {
        let (collection, group) = (info.id, self.group_for(info)?);
        Ok(Place { collection, name: &info.name, rules: &info.rules, id, group, references })
    }

    /// The group of a write to this collection.
    fn group_for(&self, info: &CollectionInfo) -> Result<Option<&str>> {
        match (&self.confirming, info.consistency) {
            (None, Consistency::Eventual) => Ok(self.group.as_deref()),
            (Some(confirming), Consistency::Eventual) => Ok(Some(&confirming.group)),
            (Some(confirming), Consistency::Confirmed { timeout }) => {
                (confirming.ready)()?;
                confirming.timeout.set(confirming.timeout.get().max(Some(timeout)));
                Ok(Some(&confirming.group))
            }
            (None, Consistency::Confirmed { .. }) => {
                let message = format!("collection {:?} is confirmed: write to it with Holm::write", info.name);
                Err(Error::State { code: ErrorCode::Unsupported, message })
            }
        }
    }

    /// Checks what the transaction has made as a whole, before it commits. Returns what the server must accept before the call returns.
    ///
    /// # Errors
    /// `GROUP_TOO_LARGE`; `UNSUPPORTED` for an action beside writes to a confirmed collection.
    pub(crate) fn finish(&self) -> Result<Option<Unconfirmed>> {
        if let Some(confirming) = &self.confirming {
            if let Some(timeout) = confirming.timeout.get() {
                return self.unconfirmed(confirming, timeout);
            }
            operations::regroup(self.tx, &confirming.group, self.group.as_deref())?;
        }
        if let Some(group) = &self.group {
            outbox::check_group(self.tx, self.device, group)?;
        }
        Ok(None)
    }

    fn unconfirmed(&self, confirming: &Confirming<'_>, timeout: Duration) -> Result<Option<Unconfirmed>> {
        if confirming.acts.get() {
            let message = "an action cannot be called beside writes to a confirmed collection".to_owned();
            return Err(Error::State { code: ErrorCode::Unsupported, message });
        }
        outbox::check_group(self.tx, self.device, &confirming.group)?;
        let group = confirming.group.clone();
        let ops: Vec<OpId> = operations::of_group(self.tx, &group)?.iter().map(|op| op.op_id).collect();
        Ok((!ops.is_empty()).then_some(Unconfirmed { group, ops, timeout }))
    }

    fn info(&self, collection: &str) -> Result<Arc<CollectionInfo>> {
        self.registry.ensure_in(self.tx, collection)
    }
}

/// A value as the text of a document or a patch.
pub(super) fn to_text<T: Serialize + ?Sized>(document: &T) -> Result<String> {
    serde_json::to_string(document).map_err(|e| Error::document(format!("not a JSON object: {e}")))
}
