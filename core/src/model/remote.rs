//! Server state on its way in.

use super::{Body, Hlc, Version};
use std::collections::BTreeMap;

/// The state of one document on the server, from a pull page, a push reply or a conflict. The only thing that
/// [`apply`](crate::sync) takes.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteChange {
    /// The document.
    pub id: String,
    /// Its content; none for a tombstone.
    pub body: Option<Body>,
    /// Its version. None if the server does not even know a tombstone of it.
    pub version: Option<Version>,
    /// Its place in the stream's order. None as above.
    pub seq: Option<i64>,
    /// When the server took it, ms since 1970.
    pub updated_ms: Option<i64>,
    /// The operation that wrote it, if that came from this device.
    pub origin_op: Option<String>,
    /// When its fields were written, if the server said.
    pub stamps: Option<Stamps>,
}

/// When the fields of a record were last written, as the server's conflict replies tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamps {
    /// The record's last write.
    pub record: Hlc,
    /// The record's creation: the stamp of every field that is not in `fields`.
    pub created: Hlc,
    /// The last write of each field that was changed since.
    pub fields: BTreeMap<String, Hlc>,
}

impl Stamps {
    /// The stamp of one field.
    pub fn field(&self, name: &str) -> &Hlc {
        self.fields.get(name).unwrap_or(&self.created)
    }
}
