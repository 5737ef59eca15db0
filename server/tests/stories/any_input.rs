//! Whatever a client sends is answered, and never with a fault of the server's own: every decoder of bodies, columns, cursors, tokens, queries and
//! headers is behind these routes.

use crate::random;
use crate::support::World;
use axum::body::Body;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// Names that the decoders look for, so that random bodies get far.
const NAMES: [&str; 43] = [
    "operations",
    "columns",
    "opSeq",
    "opId",
    "opPrefix",
    "version",
    "hlcMs",
    "hlcCounter",
    "type",
    "collection",
    "deviceId",
    "id",
    "clientId",
    "data",
    "fieldOps",
    "op",
    "path",
    "value",
    "values",
    "by",
    "hlc",
    "group",
    "exact",
    "resent",
    "cursors",
    "lastSyncTimestamp",
    "ackOpSeq",
    "streams",
    "cursor",
    "limit",
    "mode",
    "priority",
    "digest",
    "count",
    "known",
    "discover",
    "maxBytes",
    "compact",
    "configVersion",
    "ids",
    "params",
    "refreshToken",
    "space",
];
const TEXTS: [&str; 18] = [
    "create",
    "update",
    "patch",
    "replace",
    "delete",
    "ask",
    "tasks",
    "a",
    "/a/b",
    "/-",
    "$prev",
    "$client:a",
    "set",
    "addToSet",
    "1:0:d",
    "",
    "2026-01-01T00:00:00Z",
    "AAAAAAAAAAAAAAAA.tasks.d1",
];

fn value() -> BoxedStrategy<Value> {
    random::value(&NAMES, &TEXTS)
}

/// A push of operations that are nearly right.
fn push() -> BoxedStrategy<Value> {
    let operation = prop::collection::btree_map(prop::sample::select(&NAMES[..]), value(), 0..8);
    (prop::collection::vec(operation, 0..5), value(), value())
        .prop_map(|(operations, columns, cursors)| json!({"deviceId": "d", "operations": operations, "columns": columns, "cursors": cursors}))
        .boxed()
}

#[tokio::test]
async fn any_body_is_answered_without_a_fault() {
    let world = World::new();
    let device = world.device("phone").await;
    let mut runner = TestRunner::deterministic();
    let bodies = prop_oneof![value(), push()];
    for round in 0..600 {
        let body = bodies.new_tree(&mut runner).unwrap().current();
        for (method, path) in [
            ("POST", "/v1/sync/batch"),
            ("POST", "/v1/sync/pull"),
            ("POST", "/v1/tasks"),
            ("PUT", "/v1/tasks/a"),
            ("PATCH", "/v1/tasks/a"),
            ("POST", "/v1/tasks/fetch"),
            ("POST", "/v1/auth/session/refresh"),
            ("POST", "/v1/auth/sign-in"),
            ("POST", "/v1/tasks/a/actions/echo"),
        ] {
            let reply = device.call(method, path, Some(body.clone())).await;
            assert!(reply.status.as_u16() < 500, "{round} {method} {path}: {} for {body}", reply.status);
        }
        for media in ["application/json-patch+json", "application/vnd.holm.fieldops+json"] {
            let reply = device.call_with("PATCH", "/v1/tasks/a", &[("content-type", media)], Some(body.clone())).await;
            assert!(reply.status.as_u16() < 500, "{round} {media}: {} for {body}", reply.status);
        }
    }
}

#[tokio::test]
async fn any_bytes_are_answered_without_a_fault() {
    let world = World::new();
    let device = world.device("phone").await;
    let mut runner = TestRunner::deterministic();
    let text = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        "[\\[\\]{}\",:0-9a-z\\\\]{0,60}".prop_map(String::into_bytes)
    ];
    for round in 0..1_000 {
        let bytes = text.new_tree(&mut runner).unwrap().current();
        for (path, coding) in
            [("/v1/sync/batch", "identity"), ("/v1/sync/pull", "gzip"), ("/v1/auth/sign-up", "identity")]
        {
            let request = device.request("POST", path).header("content-encoding", coding);
            let reply = world.send(request.body(Body::from(bytes.clone())).unwrap()).await;
            assert!((400..500).contains(&reply.status.as_u16()), "{round} {path}: {} for {bytes:?}", reply.status);
        }
    }
}

#[tokio::test]
async fn any_query_and_header_is_answered_without_a_fault() {
    const PARAMETERS: [&str; 10] =
        ["since", "cursor", "limit", "offset", "ids", "space", "collection", "version", "updatedSince", "%00"];
    const HEADERS: [&str; 9] = [
        "authorization",
        "x-holm",
        "x-api-version",
        "x-client-version",
        "if-match",
        "if-none-match",
        "prefer",
        "idempotency-key",
        "x-query-limit",
    ];
    let world = World::new();
    let device = world.device("phone").await;
    let mut runner = TestRunner::deterministic();
    let piece = prop_oneof![prop::sample::select(&TEXTS[..]).prop_map(str::to_owned), "[!-~]{0,12}", "9{1,25}"];
    let pieces = prop::collection::vec((0..PARAMETERS.len(), 0..HEADERS.len(), piece), 1..4);
    for round in 0..1_500 {
        let pieces = pieces.new_tree(&mut runner).unwrap().current();
        let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let query: Vec<String> =
            pieces.iter().map(|(n, _, text)| format!("{}={}", PARAMETERS[*n], escaped(text))).collect();
        for (method, path) in
            [("GET", "/v1/tasks"), ("GET", "/v1/sync/status"), ("GET", "/v1/sync/changes"), ("DELETE", "/v1/tasks/a")]
        {
            let mut request = device.request(method, &format!("{path}?{}", query.join("&")));
            for (_, n, text) in &pieces {
                request = request.header(HEADERS[*n], text.as_str());
            }
            let Ok(request) = request.body(Body::empty()) else { continue };
            let reply = world.send(request).await;
            assert!(reply.status.as_u16() < 500, "{round} {method} {path}: {} for {pieces:?}", reply.status);
        }
    }
}
