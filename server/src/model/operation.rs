//! One write of one device, as it stands in a batch.

use super::decode::MAX_COUNT;
use super::{
    Change, CollectionName, Decoder, Details, Fields, Hlc, OpId, RecordId, details, field_ops, is_reserved_field,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A write.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// Its idempotency key, if it has one.
    pub(crate) op_id: Option<OpId>,
    /// Its place in the order of its device.
    pub(crate) op_seq: Option<i64>,
    /// The collection of the record.
    pub(crate) collection: CollectionName,
    /// The record.
    pub(crate) target: Target,
    /// The version it is based on.
    pub(crate) base: Base,
    /// Whether that version is a condition: any other one conflicts, whatever is edited.
    pub(crate) exact: bool,
    /// Whether it was sent before, and the device has not learnt what became of it.
    pub(crate) resent: bool,
    /// The stamp that the device gave it. `None` if it gave none.
    pub(crate) hlc: Option<Hlc>,
    /// All operations of a group are accepted, or none.
    pub(crate) group: Option<String>,
    /// The content. `None`: it is no write, it asks what became of the write with its `opId`.
    pub(crate) change: Option<Change>,
    /// Recognises another write under the same key.
    pub(crate) content: [u8; 16],
}

/// An operation that cannot be read, and what can be: its record and its group wait for it all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// The faults, by member.
    pub(crate) details: Details,
    /// The record that it is about, as the device calls it.
    pub(crate) subject: Option<(CollectionName, String)>,
    /// Its group.
    pub(crate) group: Option<String>,
}

/// The record that an operation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The one with this id; for a create in a collection where the server assigns ids, the one that the device calls so.
    Id(RecordId),
    /// The one that an earlier create called so: `"$client:<clientId>"`.
    Created(ClientRef),
    /// A new one without an id: the server chooses it.
    Unnamed,
}

/// A `clientId` in a reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientRef(pub(crate) RecordId);

/// The version that a write is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// The device does not say.
    Unstated,
    /// This one.
    At(i64),
    /// The one made by the operation before it on the same record: `"$prev"`.
    Previous,
}

/// Values that operations of one request share.
pub(crate) struct Defaults<'a> {
    /// The collection of an operation that names none.
    pub(crate) collection: &'a str,
    /// The only space that the caller may write to.
    pub(crate) space: &'a str,
    /// How deep a record may be nested.
    pub(crate) max_depth: usize,
}

impl Operation {
    /// Reads an operation.
    pub(crate) fn decode(value: Value, defaults: &Defaults<'_>) -> Result<Self, Unreadable> {
        let text = |key| value.get(key).and_then(Value::as_str);
        let collection = CollectionName::parse(text("collection").unwrap_or(defaults.collection)).ok();
        let called = text("id").or_else(|| text("clientId")).map(|id| id.strip_prefix("$client:").unwrap_or(id));
        let subject = collection.zip(called.map(str::to_owned));
        let group = text("group").map(str::to_owned);
        Self::read(value, defaults).map_err(|details| Unreadable { details, subject, group })
    }

    fn read(value: Value, defaults: &Defaults<'_>) -> Result<Self, Details> {
        let data = value.get("data").map(Value::to_string).unwrap_or_default();
        let ops = value.get("fieldOps").map(content_of_ops).unwrap_or_default();
        let mut op = Decoder::new(value, "operation")?;
        let kind = op.text("type")?.unwrap_or_default();
        let op_id = parsed(op.text("opId")?, "opId", OpId::parse)?;
        let op_seq = op.count("opSeq")?;
        if op.text("space")?.is_some_and(|space| space != defaults.space) {
            return Err(details("space", "is not yours"));
        }
        let collection = op.text("collection")?.unwrap_or_else(|| defaults.collection.to_owned());
        let collection = CollectionName::parse(&collection).map_err(|e| details("collection", e.to_string()))?;
        let base = base(op.any("version"))?;
        let exact = op.flag("exact")?;
        let resent = op.flag("resent")?;
        let hlc =
            parsed(op.text("hlc")?, "hlc", |text| Hlc::parse(text).ok_or("must be \"<ms>:<counter>:<deviceId>\""))?;
        let group = op.text("group")?;
        let target = target(&kind, op.text("id")?, op.text("clientId")?)?;
        let mut fields = || {
            let fields = op.object("data")?.ok_or_else(|| details("data", "is missing"))?;
            own_fields(fields, &target)
        };
        let change = match kind.as_str() {
            "create" => Some(Change::Create(fields()?)),
            "update" => Some(Change::Merge(fields()?)),
            "replace" => Some(Change::Replace(fields()?)),
            "patch" => Some(Change::FieldOps(field_ops(op.list("fieldOps")?.unwrap_or_default(), defaults.max_depth)?)),
            "delete" => Some(Change::Delete),
            "ask" if op_id.is_none() => return Err(details("opId", "is missing")),
            "ask" => None,
            _ => return Err(details("type", "must be create, update, patch, replace, delete or ask")),
        };
        let content = content_hash(&[&kind, collection.as_str(), target.as_text(), &data, &ops]);
        Ok(Self { op_id, op_seq, collection, target, base, exact, resent, hlc, group, change, content })
    }
}

impl Target {
    /// The id as the device wrote it.
    pub(crate) fn as_text(&self) -> &str {
        match self {
            Self::Id(id) | Self::Created(ClientRef(id)) => id.as_str(),
            Self::Unnamed => "",
        }
    }
}

/// The text of field operations without their stamps: a device that has learnt the server's time says the same edits with other stamps.
fn content_of_ops(ops: &Value) -> String {
    let mut ops = ops.clone();
    for op in ops.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        op.remove("hlc");
    }
    ops.to_string()
}

/// Tells contents apart: the first half of a SHA-256. Where JSON is among the parts, its keys must be sorted.
pub(crate) fn content_hash(parts: &[&str]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}

fn parsed<T, E: ToString>(
    text: Option<String>,
    key: &str,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Details> {
    text.map(|text| read(&text).map_err(|e| details(key, e.to_string()))).transpose()
}

fn base(version: Option<Value>) -> Result<Base, Details> {
    match version {
        None => Ok(Base::Unstated),
        Some(Value::String(text)) if text == "$prev" => Ok(Base::Previous),
        Some(value) => match value.as_i64() {
            Some(version) if (0..=MAX_COUNT).contains(&version) => Ok(Base::At(version)),
            _ => Err(details("version", "must be a whole number, not negative and below 2^53, or \"$prev\"")),
        },
    }
}

fn target(kind: &str, id: Option<String>, client_id: Option<String>) -> Result<Target, Details> {
    let record_id = |key, text: &str| RecordId::parse(text).map_err(|e| details(key, e.to_string()));
    let created = |key, text: &str| Ok(Target::Created(ClientRef(record_id(key, text)?)));
    match (kind, id, client_id) {
        ("create", Some(id), Some(client_id)) if id != client_id => Err(details("clientId", "differs from id")),
        ("create", None, None) => Ok(Target::Unnamed),
        ("create", Some(id), _) => Ok(Target::Id(record_id("id", &id)?)),
        ("create", None, Some(id)) => Ok(Target::Id(record_id("clientId", &id)?)),
        (_, Some(id), _) => match id.strip_prefix("$client:") {
            Some(client_id) => created("id", client_id),
            None => Ok(Target::Id(record_id("id", &id)?)),
        },
        (_, None, Some(client_id)) => created("clientId", &client_id),
        (_, None, None) => Err(details("id", "is missing")),
    }
}

/// The fields of `data` that are the app's. Names of the server are refused, except an `id` that says what is known anyway.
fn own_fields(mut fields: Fields, target: &Target) -> Result<Fields, Details> {
    if let Some(id) = fields.remove("id")
        && id.as_str() != Some(target.as_text())
    {
        return Err(details("id", "differs from the record's id"));
    }
    match fields.keys().find(|name| is_reserved_field(name)) {
        Some(name) => Err(details(name, "belongs to the server")),
        None => Ok(fields),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn decode(value: Value) -> Result<Operation, Details> {
        let defaults = Defaults { collection: "tasks", space: "u:1", max_depth: 64 };
        Operation::decode(value, &defaults).map_err(|unreadable| unreadable.details)
    }

    #[test]
    fn unreadable_operation_keeps_its_record_and_group() {
        let defaults = Defaults { collection: "tasks", space: "u:1", max_depth: 64 };
        let broken = Operation::decode(json!({"id":"$client:a","group":"g","hlc":7}), &defaults).unwrap_err();
        assert_eq!(broken.subject, Some((CollectionName::parse("tasks").unwrap(), "a".to_owned())));
        assert_eq!(broken.group.as_deref(), Some("g"));
        assert_eq!(Operation::decode(json!([]), &defaults).unwrap_err().subject, None);
    }

    #[test]
    fn operation_without_optional_members_is_read() {
        let op = decode(json!({"type":"create","data":{"title":"x"}})).unwrap();
        assert_eq!((op.collection.as_str(), op.target, op.base), ("tasks", Target::Unnamed, Base::Unstated));
        let op = decode(json!({"type":"delete","id":"$client:a","version":"$prev","unknown":1})).unwrap();
        assert_eq!((op.target, op.base), (Target::Created(ClientRef(RecordId::parse("a").unwrap())), Base::Previous));
    }

    #[test]
    fn operation_fault_names_the_member() {
        for (op, key) in [
            (json!(1), "operation"),
            (json!({}), "id"),
            (json!({"id":"a"}), "type"),
            (json!({"id":"a","type":"upsert"}), "type"),
            (json!({"type":"create"}), "data"),
            (json!({"type":"create","data":[]}), "data"),
            (json!({"type":"create","id":"a","clientId":"b","data":{}}), "clientId"),
            (json!({"type":"create","id":"a","data":{"id":"b"}}), "id"),
            (json!({"type":"create","data":{"version":1}}), "version"),
            (json!({"type":"update","id":"a","data":{"_sync":1}}), "_sync"),
            (json!({"type":"update","id":"a","data":{},"version":-1}), "version"),
            (json!({"type":"update","id":"a","data":{},"version":1.5}), "version"),
            (json!({"type":"update","id":"a","data":{},"hlc":"now"}), "hlc"),
            (json!({"type":"update","id":"a","data":{},"space":"u:2"}), "space"),
            (json!({"type":"update","id":"a","data":{},"collection":"a b"}), "collection"),
            (json!({"type":"update","id":"a","data":{},"opId":""}), "opId"),
            (json!({"type":"update","id":"a","data":{},"opSeq":"1"}), "opSeq"),
            (json!({"type":"patch","id":"a"}), "fieldOps"),
            (json!({"type":"ask","id":"a"}), "opId"),
        ] {
            let fault = decode(op.clone()).unwrap_err();
            assert!(fault.contains_key(key), "{op}: {fault:?} should name {key}");
        }
    }

    #[test]
    fn content_hash_ignores_key_order_version_and_stamps() {
        let content = |op| decode(op).unwrap().content;
        let one = content(json!({"type":"update","id":"a","version":1,"data":{"x":1,"y":2}}));
        assert_eq!(one, content(json!({"data":{"y":2,"x":1},"version":7,"type":"update","id":"a","group":"g"})));
        assert_ne!(one, content(json!({"type":"update","id":"a","data":{"x":1}})));
        assert_ne!(one, content(json!({"type":"update","id":"b","data":{"x":1,"y":2}})));
        assert_ne!(one, content(json!({"type":"replace","id":"a","data":{"x":1,"y":2}})));
        let ops =
            |hlc| content(json!({"type":"patch","id":"a","fieldOps":[{"op":"inc","path":"/n","by":1,"hlc":hlc}]}));
        assert_eq!(ops("1:0:d"), ops("2:0:d"));
    }
}
