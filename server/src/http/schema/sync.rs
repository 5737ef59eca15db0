//! Syncing devices: pages, operations and their results, status and configuration.

use super::{ErrorObject, FieldOp, Integrity, Meta, Record, SyncMetadata, Tombstone};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A page, in the plain form or in the compact one, which only devices get that ask for it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum PulledPage {
    Plain(StreamPage),
    Compact(CompactPage),
}

/// The results of operations: a list, or the compact form, which only devices get that ask for it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum Results {
    List(Vec<OperationResult>),
    Compact(CompactResults),
}

shapes! {
    /// Streams to read.
    PullRequest {
        streams: Option<Vec<StreamRequest>>,
        discover: Option<bool>,
        known: Option<Vec<String>>,
        max_bytes: Option<i64>,
        compact: Option<bool>,
        config_version: Option<String>,
    }
    /// Limits that the caller did not know.
    PublishedConfig { version: String, limits: Limits, }
    /// A stream to read.
    StreamRequest {
        space: Option<String>,
        collection: String,
        cursor: Option<String>,
        limit: Option<i64>,
        mode: Option<String>,
        priority: Option<u8>,
        count: Option<i64>,
        digest: Option<String>,
    }
    /// Pages of streams.
    PullReply { data: Pulled, config: Option<PublishedConfig>, meta: Meta, }
    /// Pages of streams, in the order of the request.
    Pulled {
        streams: Vec<PulledPage>,
        removed_spaces: Vec<String>,
        added_spaces: Vec<String>,
        checkpoint: Checkpoint,
    }
    /// Whether every stream has reached its head.
    Checkpoint { complete: bool, }
    /// A page of a stream; the deleted ids stand under a key made from the collection.
    StreamPage {
        space: String,
        collection: String,
        changes: BTreeMap<String, Vec<Record>>,
        tombstones: BTreeMap<String, Vec<Tombstone>>,
        sync_metadata: SyncMetadata,
        #[serde(flatten)]
        deleted_ids: BTreeMap<String, Vec<String>>,
    }
    /// A page without what is empty. If it has columns, its changes are fields alone.
    #[serde(deny_unknown_fields)]
    CompactPage {
        space: String,
        collection: String,
        changes: Option<BTreeMap<String, Vec<Value>>>,
        columns: Option<Columns>,
        tombstones: Option<BTreeMap<String, Vec<Tombstone>>>,
        sync_metadata: CompactMetadata,
    }
    /// What the server knows of each record of a page, numbers as differences from the one before.
    Columns {
        uuids: Option<String>,
        ids: Option<Vec<String>>,
        seq: Vec<i64>,
        version: Vec<i64>,
        updated_at: Vec<i64>,
        origin_op_id: Option<BTreeMap<String, String>>,
    }
    /// Where a page ends.
    #[serde(deny_unknown_fields)]
    CompactMetadata { has_more: bool, next_cursor: String, count: i64, integrity: Option<Integrity>, }
    /// A page of one stream.
    ChangesReply { data: StreamPage, meta: Meta, }
    /// Operations of one device.
    BatchRequest {
        device_id: Option<String>,
        space: Option<String>,
        config_version: Option<String>,
        cursors: Option<BTreeMap<String, String>>,
        last_sync_timestamp: Option<String>,
        ack_op_seq: Option<i64>,
        atomic: Option<bool>,
        ordered: Option<bool>,
        compact: Option<bool>,
        schema_version: Option<i64>,
        columns: Option<RequestColumns>,
        operations: Vec<Operation>,
    }
    /// Members of all operations, numbers as differences from the one before. An operation's own members count more.
    RequestColumns {
        op_prefix: Option<String>,
        op_seq: Option<Vec<i64>>,
        r#type: Option<String>,
        collection: Option<String>,
        version: Option<Vec<i64>>,
        hlc_ms: Option<Vec<i64>>,
        hlc_counter: Option<Vec<i64>>,
    }
    /// One write. `version` is a number or `"$prev"`.
    Operation {
        op_id: Option<String>,
        op_seq: Option<i64>,
        r#type: String,
        collection: Option<String>,
        id: Option<String>,
        client_id: Option<String>,
        version: Option<Value>,
        data: Option<BTreeMap<String, Value>>,
        field_ops: Option<Vec<FieldOp>>,
        hlc: Option<String>,
        exact: Option<bool>,
        resent: Option<bool>,
        group: Option<String>,
    }
    /// The result of each operation, and the changes of other devices.
    BatchReply {
        results: Results,
        delta_updates: DeltaUpdates,
        server_timestamp: String,
        suggested_sync_interval: u32,
        config: Option<PublishedConfig>,
        meta: Meta,
    }
    /// The result of an operation.
    OperationResult {
        op_id: Option<String>,
        id: Option<String>,
        client_id: Option<String>,
        server_id: Option<String>,
        success: bool,
        status: String,
        version: Option<i64>,
        seq: Option<i64>,
        updated_at: Option<String>,
        record: Option<Record>,
        #[schema(no_recursion)]
        error: Option<ErrorObject>,
    }
    /// The results of operations that were taken as they were sent, in columns, and the others by their place in the request.
    CompactResults { seq: Vec<i64>, updated_at: Vec<i64>, others: BTreeMap<String, OperationResult>, }
    /// The changes of other devices, by collection.
    DeltaUpdates {
        tombstones: BTreeMap<String, Vec<Tombstone>>,
        cursors: BTreeMap<String, String>,
        has_more: bool,
        integrity: BTreeMap<String, Integrity>,
        #[serde(flatten)]
        lists: BTreeMap<String, Value>,
    }
    /// The heads of the streams of a space.
    StatusReply {
        last_sync_timestamp: Option<String>,
        pending_changes: i64,
        pending_is_capped: bool,
        conflicts_needing_resolution: i64,
        server_version: String,
        suggested_sync_interval: u32,
        maintenance: Option<Value>,
        streams: Vec<StreamStatus>,
        meta: Meta,
    }
    /// The head of a stream.
    StreamStatus { space: String, collection: String, head: String, count: i64, digest: String, }
    /// The configuration that clients see.
    ConfigReply { data: ServerConfig, meta: Meta, }
    /// Limits, features and rules.
    ServerConfig {
        api_versions: Vec<u8>,
        epoch: String,
        config_version: String,
        limits: Limits,
        features: Vec<String>,
        default_collection: String,
        suggested_sync_interval: u32,
        tombstone_days: u32,
        max_offline_days: u32,
        collections: Vec<Value>,
    }
    /// Sizes that requests and replies may have.
    Limits {
        max_batch_ops: usize,
        max_batch_bytes: usize,
        max_record_bytes: usize,
        max_page_records: usize,
        max_page_bytes: usize,
        max_body_bytes: usize,
        max_inflate_ratio: usize,
        max_json_depth: usize,
        max_members: usize,
        max_patch_ops: usize,
        max_list_offset: usize,
        max_streams: usize,
        max_fetch_ids: usize,
    }
}
