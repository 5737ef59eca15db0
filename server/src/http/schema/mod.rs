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
    servers((url = "/")),
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

/// Changes of a collection, or a list of its records if an offset is asked for.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum ListReply {
    Changes(DeltaReply),
    List(OffsetReply),
}

macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $kind:ty,)* })*) => {
        $(
            #[derive(Serialize, ToSchema)]
            #[serde(rename_all = "camelCase")]
            $(#[$doc])*
            pub(in crate::http) struct $name { $($(#[$attribute])* $field: $kind,)* }
        )*
    };
}

mod accounts;
mod actions;
mod headers;
mod sync;

pub(super) use accounts::*;
pub(super) use actions::*;
pub(super) use headers::describe;
pub(super) use sync::*;

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
    /// A record: these members, and the app's fields beside them. The times are the server's, texts in RFC 3339, unless `_sync.app` names them: then
    /// they are fields of the app, of any type.
    Record {
        id: String,
        version: i64,
        created_at: Value,
        updated_at: Value,
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
    /// The delta shape; the records stand under the name of their collection, the deleted ids under a key made from it.
    DeltaReply { data: Delta, meta: Meta, }
    /// Records in a list.
    OffsetReply { data: Vec<Record>, pagination: Pagination, meta: Meta, }
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
    /// The server is up.
    Health { status: String, }
}
