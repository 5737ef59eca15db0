//! The configuration that clients see: limits, features, rules of collections.

use crate::config::Limits;
use crate::error::Failure;
use crate::http::caller::Caller;
use crate::http::reply::Reply;
use crate::http::{conditional, schema};
use crate::model::{CollectionName, content_hash};
use crate::state::State as Server;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use holm_protocol::headers::API_VERSIONS;
use serde_json::{Value, json};

const FEATURES: [&str; 9] =
    ["batch", "groups", "atomic", "fieldOps", "jsonPatch", "deltaUpdates", "digest", "idempotency", "gzip"];

/// Limits, features and rules of collections. Changes only with a new configuration or database.
#[utoipa::path(
    get, path = "/v1/sync/config", tag = "sync",
    responses((status = 200, body = schema::ConfigReply), (status = 304, description = "Nothing has changed."),
              (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn config(caller: Caller) -> Result<Reply, Failure> {
    let data = describe(&caller.server).to_string();
    let tag = content_hash(&[&data]).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let etag = format!("\"{tag}\"");
    if conditional::is_known(&caller.headers, &etag, None) {
        return Ok(Reply::empty(StatusCode::NOT_MODIFIED).header(ETAG, &etag));
    }
    Ok(caller.data(data.as_bytes()).validators(&etag, None, caller.server.now()))
}

fn describe(server: &Server) -> Value {
    let config = &server.config;
    let named = config.collections.keys().filter_map(|name| CollectionName::parse(name).ok());
    let collections: Vec<Value> = named
        .map(|name| {
            let rules = config.collection(&name);
            json!({
                "name": name.as_str(),
                "deletedKey": config.deleted_key(name.as_str()),
                "priority": rules.priority,
                "conflict": rules.conflict,
                "preconditions": rules.preconditions,
                "idAssignment": rules.id_assignment,
                "fields": rules.fields,
            })
        })
        .collect();
    json!({
        "apiVersions": API_VERSIONS,
        "epoch": server.database.epoch(),
        "configVersion": config.limits.version(),
        "limits": config.limits,
        "features": FEATURES,
        "defaultCollection": config.sync.default_collection,
        "suggestedSyncInterval": config.sync.suggested_sync_interval,
        "tombstoneDays": config.retention.tombstone_days,
        "maxOfflineDays": config.retention.max_offline_days,
        "collections": collections,
    })
}

/// Whether `known`, the version of the limits that a request names, is the present one.
pub(super) fn knows(known: Option<&str>, limits: &Limits) -> bool {
    known == Some(limits.version().as_str())
}

/// Appends `,"config":{"version":…,"limits":{…}}` if `known`, the version that a request names, is not the present one.
pub(super) fn write_unknown(out: &mut Vec<u8>, known: Option<&str>, limits: &Limits) {
    if knows(known, limits) {
        return;
    }
    let version = limits.version();
    let config = json!({"version": version, "limits": limits});
    out.extend_from_slice(format!(",\"config\":{config}").as_bytes());
}
