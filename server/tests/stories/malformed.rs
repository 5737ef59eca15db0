//! Malformed requests: never a 5xx, always the error body.

use crate::random;
use crate::routes::assert_error_body;
use crate::support::World;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::io::Write;

const PATHS: [&str; 13] = [
    "/v1/tasks",
    "/v1/tasks/a",
    "/v1/tasks/fetch",
    "/v1/sync/batch",
    "/v1/sync/pull",
    "/v1/sync/changes",
    "/v1/sync/status",
    "/v1/sync/config",
    "/v1/auth/sign-up",
    "/v1/auth/sign-in",
    "/v1/auth/session/refresh",
    "/v1/auth/sign-out",
    "/api/auth/sign-in",
];
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];
const HEADERS: [&str; 16] = [
    "x-api-version",
    "x-client-version",
    "x-device-id",
    "x-client-time",
    "x-request-id",
    "x-sync-context",
    "x-schema-version",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "prefer",
    "content-encoding",
    "accept-encoding",
    "content-type",
    "accept",
    "x-query-offset",
];
const PARAMETERS: [&str; 11] =
    ["since", "updatedAfter", "cursor", "limit", "offset", "space", "ids", "version", "collection", "mode", "%FF"];
/// Members of the protocol, so that what is wrong is wrong in the right place.
const MEMBERS: [&str; 31] = [
    "operations",
    "deviceId",
    "cursors",
    "ackOpSeq",
    "atomic",
    "lastSyncTimestamp",
    "opId",
    "opSeq",
    "type",
    "collection",
    "id",
    "clientId",
    "version",
    "data",
    "fieldOps",
    "group",
    "hlc",
    "op",
    "path",
    "value",
    "by",
    "values",
    "ops",
    "streams",
    "cursor",
    "ids",
    "email",
    "password",
    "refreshToken",
    "_sync",
    "",
];
const TEXTS: [&str; 18] = [
    "create",
    "update",
    "patch",
    "replace",
    "delete",
    "set",
    "inc",
    "remove",
    "addToSet",
    "/a",
    "/a/0/b",
    "$prev",
    "$client:a",
    "a",
    "tasks",
    "2026-11-20T10:00:00Z",
    "\u{0}",
    "1:2:d",
];

fn value() -> BoxedStrategy<Value> {
    random::value(&MEMBERS, &TEXTS)
}

/// Something that is almost an operation.
fn operation() -> impl Strategy<Value = Value> {
    let member = (select(&MEMBERS[7..24]), value());
    prop::collection::vec(member, 0..6).prop_map(|members| {
        let mut operation = json!({"type": "update", "id": "a", "data": {"n": 1}});
        for (name, value) in members {
            operation[name] = value;
        }
        operation
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let batch = prop::collection::vec(operation(), 0..6)
        .prop_map(|operations| json!({"operations": operations}).to_string().into_bytes());
    let text = value().prop_map(|value| value.to_string().into_bytes());
    let cut = (value(), any::<prop::sample::Index>()).prop_map(|(value, at)| {
        let mut text = value.to_string().into_bytes();
        text.truncate(at.index(text.len() + 1));
        text
    });
    let packed = value().prop_map(|value| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(value.to_string().as_bytes()).unwrap();
        encoder.finish().unwrap()
    });
    let twice = Just(b"{\"operations\":[],\"operations\":[]}".to_vec());
    let deep = (1usize..200).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes());
    prop_oneof![4 => batch, 4 => text, 1 => cut, 1 => packed, 1 => twice, 1 => deep, 1 => prop::collection::vec(any::<u8>(), 0..64)]
}

fn header() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let usual = select(
        &[
            "1",
            "2",
            "99",
            "gzip",
            "identity",
            "*",
            "\"1-1\"",
            "W/\"1-1\"",
            "return=minimal",
            "return=representation",
            "application/json",
            "application/json-patch+json",
            "application/vnd.holm.fieldops+json",
            "application/problem+json",
            "phone",
            "-1",
            "1.2.3",
        ][..],
    );
    let value = prop_oneof![usual.prop_map(|text| text.as_bytes().to_vec()), prop::collection::vec(any::<u8>(), 0..20)];
    (select(&HEADERS[..]), value)
}

fn path() -> impl Strategy<Value = String> {
    let known = select(&PATHS[..]).prop_map(str::to_owned);
    let wild = "(/v1)?(/[a-z%0-9.$~-]{0,12}){0,4}";
    let query = prop::collection::vec((select(&PARAMETERS[..]), "[a-zA-Z0-9%:+,.-]{0,12}"), 0..4);
    (prop_oneof![6 => known, 1 => wild], query).prop_map(|(path, query)| {
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn no_request_makes_the_server_fail(
        requests in prop::collection::vec(
            (select(&METHODS[..]), path(), prop::collection::vec(header(), 0..4), body(), prop::bool::weighted(0.9)), 1..4)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let phone = world.device("phone").await;
            phone.create("a", json!({"a": [{"b": 1}], "n": 1})).await;
            for (method, path, headers, body, signed_in) in requests {
                let Ok(uri) = path.parse::<Uri>() else { continue };
                let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(uri);
                if signed_in {
                    request = request.header("authorization", format!("Bearer {}", phone.account.token));
                }
                for (name, value) in headers {
                    let Ok(value) = HeaderValue::from_bytes(&value) else { continue };
                    request = request.header(HeaderName::from_static(name), value);
                }
                let reply = world.send(request.body(Body::from(body.clone())).unwrap()).await;
                let told = || format!("{method} {path} {:?}: {}", String::from_utf8_lossy(&body), String::from_utf8_lossy(&reply.bytes));
                assert!(reply.status.as_u16() < 500, "{}", told());
                if reply.status.is_client_error() && method != "HEAD" {
                    assert_error_body(&reply);
                }
                let failed = reply.json["results"].as_array().into_iter().flatten().filter(|result| result["success"] == false);
                for result in failed {
                    assert_ne!(result["error"]["code"], "SERVER_ERROR", "{}", told());
                    assert!(result["error"]["message"].is_string(), "{}", told());
                }
            }
            // Whatever got through (a sign-out, perhaps), the stream still adds up.
            let account = world.sign_in("phone@example.org").await;
            world.device_of(&account, "phone").head().await;
        });
    }
}
