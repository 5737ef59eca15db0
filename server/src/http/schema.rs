//! The shapes of bodies, for the description of the routes. Replies are spliced as text and requests are taken apart by hand, so these
//! types are never built; they only describe.

#![allow(dead_code)]

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

/// The document without its routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "Holm", description = "The Holm protocol: offline-first sync of JSON records. See docs/protocol.md."),
    modifiers(&Security),
    tags((name = "records", description = "One record a call."), (name = "sync", description = "Syncing devices."),
         (name = "actions", description = "Named calls that are no writes, and their jobs."),
         (name = "accounts", description = "Sign-up, sign-in, tokens. Also under /api/auth."),
         (name = "operations", description = "For operators and tools."))
)]
pub(super) struct Api;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document.components.get_or_insert_default().add_security_scheme("session", bearer);
    }
}

macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $kind:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Serialize, ToSchema)]
            #[serde(rename_all = "camelCase")]
            pub(super) struct $name { $($(#[$attribute])* $field: $kind,)* }
        )*
    };
}

/// A page, in the plain form or in the compact one, which only devices get that ask for it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum PulledPage {
    Plain(StreamPage),
    Compact(CompactPage),
}

/// The results of operations: a list, or the compact form, which only devices get that ask for it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Results {
    List(Vec<OperationResult>),
    Compact(CompactResults),
}

shapes! {
    /// Members of every reply about the reply itself.
    Meta {
        api_version: u8,
        min_supported_client_version: String,
        deprecation_notices: Vec<Value>,
        server_time: String,
        request_id: String,
        idempotent: Option<bool>,
    }
    /// A failure (also RFC 9457).
    ErrorBody { error: ErrorObject, r#type: String, title: String, status: u16, meta: Meta, }
    /// A failure. The code decides which of the members there are.
    ErrorObject {
        code: String,
        message: String,
        retryable: bool,
        request_id: Option<String>,
        details: Option<BTreeMap<String, String>>,
        current_version: Option<i64>,
        server_data: Option<Record>,
        tombstone: Option<Tombstone>,
        deleted: Option<bool>,
        conflicting_fields: Option<Vec<String>>,
        caused_by: Option<usize>,
        resync: Option<Resync>,
        limits: Option<Limits>,
        last_successful_operation: Option<i64>,
        results: Option<Vec<OperationResult>>,
        retry_after: Option<u32>,
        reason: Option<String>,
    }
    /// Streams that must be started anew.
    Resync { mode: String, streams: Vec<String>, }
    /// A record: these members, and the app's fields beside them.
    Record {
        id: String,
        version: i64,
        created_at: String,
        updated_at: String,
        #[serde(rename = "_sync")]
        sync: SyncMember,
        #[serde(flatten)]
        fields: BTreeMap<String, Value>,
    }
    /// The server's members of a record.
    SyncMember {
        seq: i64,
        app: Option<Vec<String>>,
        origin_op_id: Option<String>,
        space: Option<String>,
        origin_device_id: Option<String>,
        hlc: Option<String>,
        create_hlc: Option<String>,
        field_hlcs: Option<BTreeMap<String, String>>,
        field_versions: Option<BTreeMap<String, i64>>,
    }
    /// A deleted record.
    Tombstone { id: String, version: i64, seq: i64, deleted_at: String, reason: Option<String>, hlc: Option<String>, }
    /// Count and digest of a stream at its head.
    Integrity { alg: String, count: i64, digest: String, }
    /// The position after a page.
    SyncMetadata {
        server_timestamp: String,
        has_more: bool,
        next_cursor: Option<String>,
        epoch: String,
        mode: String,
        count: Option<i64>,
        integrity: Option<Integrity>,
    }
    /// The delta shape; the records stand under the name of their collection, the deleted ids under a key made from it. With an offset
    /// `data` is a list of records instead, with `pagination` beside it.
    DeltaReply { data: Delta, pagination: Option<Pagination>, meta: Meta, }
    /// Changes of a collection.
    Delta {
        tombstones: BTreeMap<String, Vec<Tombstone>>,
        sync_metadata: SyncMetadata,
        #[serde(flatten)]
        lists: BTreeMap<String, Value>,
    }
    /// A place in a list.
    Pagination { total: i64, limit: i64, offset: i64, has_more: bool, }
    /// One record.
    RecordReply { data: Record, meta: Meta, }
    /// Ids of records.
    FetchRequest { ids: Vec<String>, }
    /// Records under the name of their collection, and tombstones.
    FetchReply { data: BTreeMap<String, Value>, meta: Meta, }
    /// The fields of a new record, and what the device calls it.
    NewRecord {
        client_id: Option<String>,
        client_timestamp: Option<String>,
        #[serde(flatten)]
        fields: BTreeMap<String, Value>,
    }
    /// A whole record, and the version that it is based on.
    ReplacedRecord {
        version: Option<i64>,
        client_timestamp: Option<String>,
        #[serde(flatten)]
        fields: BTreeMap<String, Value>,
    }
    /// A merge patch (RFC 7396), and the version that it is based on.
    MergePatch {
        version: Option<i64>,
        client_timestamp: Option<String>,
        #[serde(flatten)]
        fields: BTreeMap<String, Value>,
    }
    /// An operation of a JSON Patch (RFC 6902).
    JsonPatchOperation { op: String, path: String, from: Option<String>, value: Option<Value>, }
    /// Field operations, and the version that they are based on.
    FieldOps { version: Option<i64>, ops: Vec<FieldOp>, }
    /// `set` takes a value, `inc` a number in `by`, `addToSet` and `removeFromSet` values.
    FieldOp {
        op: String,
        path: String,
        value: Option<Value>,
        by: Option<f64>,
        values: Option<Vec<Value>>,
        hlc: Option<String>,
    }
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
    /// The parameters of an action.
    ActionRequest { params: Option<Value>, }
    /// The result of an action.
    ActionReply { data: Value, meta: Meta, }
    /// An action that is under way.
    JobStarted { data: JobId, meta: Meta, }
    /// A job.
    JobId { job_id: String, }
    /// A job and its state.
    JobReply { data: JobStatus, meta: Meta, }
    /// `state` is `running`, `succeeded` (then there is a result) or `failed` (then there is an error).
    JobStatus { job_id: String, action: String, state: String, result: Option<Value>, error: Option<JobError>, }
    /// Why a job failed. `reason` is the handler's own code.
    JobError {
        code: String,
        message: String,
        retryable: bool,
        reason: Option<String>,
        details: Option<BTreeMap<String, String>>,
    }
    /// A new account.
    SignUp { email: String, password: String, name: Option<String>, }
    /// An address and a password.
    SignIn { email: String, password: String, device: Option<String>, }
    /// A refresh token.
    Refresh { refresh_token: String, }
    /// The sessions to end.
    SignOut { all_devices: Option<bool>, }
    /// A user and a pair of tokens.
    SessionReply { data: SessionData, meta: Meta, }
    /// A user and a pair of tokens.
    SessionData { user: User, session: Tokens, }
    /// The user of a session.
    ProfileReply { data: User, meta: Meta, }
    /// A user.
    User { id: String, email: String, name: Option<String>, created_at: String, }
    /// A pair of tokens.
    Tokens { token: String, expires_at: String, refresh_token: String, refresh_expires_at: String, }
    /// The server is up.
    Health { status: String, }
}
