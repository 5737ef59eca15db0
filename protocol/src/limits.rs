//! Sizes and numbers that both ends obey.
//!
//! The server publishes its [`Limits`] (`GET /v1/sync/config`, and in the reply to a pull or push whose `configVersion` is not its own). A
//! device keeps what it was told and checks its writes against it; before it was told anything, it uses the defaults.

use crate::json::Bounds;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

const MIB: usize = 1 << 20;
/// How much deeper than a record the body of a request may be nested: the record stands inside lists and objects of the request.
pub const BODY_LEVELS: usize = 8;

/// Sizes that requests, records and replies may have. Written in camelCase; read from camelCase or snake_case, unknown names refused (a
/// server's configuration). A device reads what a server published with [`Limits::published`], which ignores unknown names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all(serialize = "camelCase"))]
pub struct Limits {
    /// Operations in one push, and in one group.
    #[serde(alias = "maxBatchOps")]
    pub max_batch_ops: usize,
    /// Bytes of one push, after inflating, and of one group.
    #[serde(alias = "maxBatchBytes")]
    pub max_batch_bytes: usize,
    /// Bytes of one record's JSON, see [`json::size`](crate::json::size).
    #[serde(alias = "maxRecordBytes")]
    pub max_record_bytes: usize,
    /// How deep one record may be nested: objects and arrays inside each other, the record itself counted.
    #[serde(alias = "maxJsonDepth")]
    pub max_json_depth: usize,
    /// Members of one object, at any depth of a record.
    #[serde(alias = "maxMembers")]
    pub max_members: usize,
    /// Rows of one stream in one reply.
    #[serde(alias = "maxPageRecords")]
    pub max_page_records: usize,
    /// Bytes of rows in one reply, before compression.
    #[serde(alias = "maxPageBytes")]
    pub max_page_bytes: usize,
    /// Bytes of any request body, both as received and after inflating.
    #[serde(alias = "maxBodyBytes")]
    pub max_body_bytes: usize,
    /// How many times its compressed size a body may inflate to.
    #[serde(alias = "maxInflateRatio")]
    pub max_inflate_ratio: usize,
    /// Field operations, or operations of a JSON Patch, in one write.
    #[serde(alias = "maxPatchOps")]
    pub max_patch_ops: usize,
    /// Records that a list by offset can skip.
    #[serde(alias = "maxListOffset")]
    pub max_list_offset: usize,
    /// Streams in one pull.
    #[serde(alias = "maxStreams")]
    pub max_streams: usize,
    /// Ids in one fetch.
    #[serde(alias = "maxFetchIds")]
    pub max_fetch_ids: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_batch_ops: 1000,
            max_batch_bytes: 4 * MIB,
            max_record_bytes: 256 * 1024,
            max_json_depth: 64,
            max_members: 8192,
            max_page_records: 5000,
            max_page_bytes: 4 * MIB,
            max_body_bytes: 8 * MIB,
            max_inflate_ratio: 100,
            max_patch_ops: 20_000,
            max_list_offset: 10_000,
            max_streams: 200,
            max_fetch_ids: 500,
        }
    }
}

impl Limits {
    /// Reads what a server published. A limit that is missing, no positive whole number, or unknown here counts as the default.
    pub fn published(limits: &Map<String, Value>) -> Self {
        let Ok(Value::Object(mut known)) = serde_json::to_value(Self::default()) else { return Self::default() };
        for (name, value) in &mut known {
            if let Some(given) = limits.get(name).and_then(Value::as_u64).filter(|n| *n > 0) {
                *value = usize::try_from(given).unwrap_or(usize::MAX).into();
            }
        }
        serde_json::from_value(Value::Object(known)).unwrap_or_default()
    }

    /// Eight hexadecimal digits that change when a limit does: the beginning of SHA-256 over the published JSON. For a device it is opaque.
    pub fn version(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(&text).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What one record is measured against.
    pub fn record(&self) -> Bounds {
        Bounds { depth: self.max_json_depth, members: self.max_members, bytes: self.max_record_bytes }
    }

    /// What a request's body is measured against when it is read as JSON. Its own lists are no records and may be longer.
    pub fn body(&self) -> Bounds {
        let depth = self.max_json_depth.saturating_add(BODY_LEVELS);
        Bounds { depth, members: usize::MAX, bytes: self.max_body_bytes }
    }
}
