//! Server state on its way in.

use super::{Body, Hlc, Path, Version};
use std::collections::BTreeMap;

/// The state of one document on the server, from a pull page, a push reply or a refusal. All server state enters a store as this.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteChange {
    /// The document.
    pub id: String,
    /// Its content. `None` for a tombstone.
    pub body: Option<Body>,
    /// Its version. `None` if the server does not even know a tombstone of it.
    pub version: Option<Version>,
    /// Its place in the stream's order. `None` as above.
    pub seq: Option<i64>,
    /// When the server took it, ms since 1970.
    pub updated_ms: Option<i64>,
    /// The operation that wrote it, if that came from this device.
    pub origin_op: Option<String>,
    /// When its paths were written, if the server said.
    pub stamps: Option<Stamps>,
}

impl RemoteChange {
    /// The state of a document that the server does not know, not even as deleted.
    pub fn missing(id: impl Into<String>) -> Self {
        Self { id: id.into(), body: None, version: None, seq: None, updated_ms: None, origin_op: None, stamps: None }
    }
}

/// When the paths of a record were last written.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamps {
    /// The record's last write.
    pub record: Hlc,
    /// The record's creation: the stamp of every path that is not in `paths`.
    pub created: Hlc,
    /// The last write of each path that was changed since.
    pub paths: BTreeMap<Path, Hlc>,
}

impl Stamps {
    /// The stamp of one path: the greatest among those of the path, of what contains it, and of what is in it.
    pub fn path(&self, path: &Path) -> &Hlc {
        let met = self.paths.iter().filter(|(written, _)| written.meets(path)).map(|(_, stamp)| stamp);
        met.max().unwrap_or(&self.created)
    }
}
