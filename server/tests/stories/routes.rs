//! The description of the routes and the routes themselves; and that every refusal has the same body, whatever layer refuses.

use crate::support::{Reply, World};
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

fn described(document: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .map(|(path, item)| (path.clone(), item.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect()))
        .collect()
}

pub fn assert_error_body(reply: &Reply) {
    let body = &reply.json;
    let text = String::from_utf8_lossy(&reply.bytes);
    for member in ["code", "message", "requestId"] {
        assert!(
            body["error"][member].as_str().is_some_and(|text| !text.is_empty()),
            "{} lacks {member}: {text}",
            reply.status
        );
    }
    assert!(body["error"]["retryable"].is_boolean(), "{text}");
    assert!(body["type"].as_str().is_some_and(|urn| urn.starts_with("urn:holm:error:")), "{text}");
    assert!(body["title"].is_string(), "{text}");
    assert_eq!(body["status"], reply.status.as_u16(), "{text}");
    assert_eq!(body["meta"]["requestId"], body["error"]["requestId"], "{text}");
    assert_eq!(reply.header("x-request-id"), body["meta"]["requestId"], "{text}");
    assert!(reply.header("content-type").starts_with("application/"), "{text}");
}

/// A request as a browser makes it for a page of this origin.
async fn ask(world: &World, method: &str, origin: &str) -> Reply {
    let request = Request::builder().method(method).uri("/v1/tasks").header("origin", origin);
    let question = [("access-control-request-method", "POST"), ("access-control-request-headers", "x-device-id")];
    let asks = question.into_iter().filter(|_| method == "OPTIONS");
    let request = asks.fold(request, |request, (name, value)| request.header(name, value));
    world.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn server_f24_pages_of_named_origins_may_call() {
    let named = "https://app.example.org";
    let closed = World::new();
    assert_eq!(ask(&closed, "OPTIONS", named).await.status, 405);
    let mut config = crate::support::config();
    config.server.cors_origins = vec![named.to_owned()];
    let open = World::with(config);
    let answer = ask(&open, "OPTIONS", named).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), named);
    assert!(answer.header("access-control-allow-methods").contains("PATCH"));
    assert_eq!(answer.header("access-control-allow-headers"), "x-device-id");
    // A page may read why it failed.
    let refused = ask(&open, "GET", named).await.expect(401);
    assert_error_body(&refused);
    assert_eq!(refused.header("access-control-allow-origin"), named);
    assert!(refused.header("access-control-expose-headers").contains("x-request-id"));
    let other = ask(&open, "GET", "https://other.example.org").await.expect(401);
    assert!(!other.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn router_serves_exactly_the_described_routes() {
    let world = World::new();
    let phone = world.device("phone").await;
    let document = phone.call("GET", "/openapi.json", None).await.expect(200).json;
    let routes = described(&document);
    assert_eq!(routes.len(), 25);
    for (path, methods) in &routes {
        let path = path.replace("{collection}", "tasks").replace("{id}", "some-id");
        // One of the routes ends the session.
        let phone = world.device_of(&world.sign_in("phone@example.org").await, "phone");
        for method in METHODS {
            let reply = phone.call(method, &path, None).await;
            // GET answers HEAD as well.
            let known = methods.contains(method) || (method == "HEAD" && methods.contains("GET"));
            let refused = reply.status == 405 || (reply.status == 404 && reply.code() == "NOT_FOUND");
            assert_eq!(known, !refused, "{method} {path} is {}", reply.status);
            if !known {
                // A reply to HEAD never has a body.
                if method != "HEAD" {
                    assert_error_body(&reply);
                }
                let allowed: BTreeSet<&str> = reply.header("allow").split(',').map(str::trim).collect();
                for method in methods {
                    assert!(allowed.contains(method.as_str()), "{path} should allow {method}, says {allowed:?}");
                }
            }
        }
    }
    let phone = world.device_of(&world.sign_in("phone@example.org").await, "phone");
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/tasks/a/b",
        "/v1/tasks/",
        "/v1/sync",
        "/v1/sync/none",
        "/v1/auth/none",
        "/v2/tasks",
        "/v1/a-b",
    ] {
        let reply = phone.call("GET", path, None).await.expect(404);
        assert_eq!(reply.code(), "NOT_FOUND", "{path}");
        assert_error_body(&reply);
    }
}

#[tokio::test]
async fn openapi_document_is_valid_for_tools() {
    let world = World::new();
    let document = world.call("GET", "/openapi.json", None).await.expect(200).json;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = BTreeSet::new();
    let mut references = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "operation ids are unique");
            assert!(operation["summary"].is_string());
            assert!(
                operation["responses"].get("default").is_some() || operation["operationId"] == "openapi",
                "{operation}"
            );
        }
    }
    collect_references(&document, &mut references);
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(text) if key == "$ref" => drop(found.insert(text.clone())),
                    _ => collect_references(value, found),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect_references(element, found)),
        _ => {}
    }
}

/// Holds the members of a reply against the schema that describes it.
#[tokio::test]
async fn replies_match_the_openapi_schemas() {
    let world = World::new();
    let phone = world.device("phone").await;
    let document = world.call("GET", "/openapi.json", None).await.json;
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    let check = |value: &Value, name: &str| {
        let schema = schema(name);
        for required in schema["required"].as_array().cloned().unwrap_or_default() {
            let key = required.as_str().unwrap();
            assert!(value.get(key).is_some(), "{name} lacks {key}: {value}");
        }
        if schema.get("additionalProperties").is_none() && schema.get("allOf").is_none() {
            let known = schema["properties"].as_object().unwrap();
            for key in value.as_object().unwrap().keys() {
                assert!(known.contains_key(key), "{name} does not describe {key}");
            }
        }
    };
    let made = phone.call("POST", "/v1/tasks", Some(json!({"clientId": "a"}))).await.expect(201).json;
    check(&made, "RecordReply");
    check(&made["meta"], "Meta");
    check(&made["data"]["_sync"], "SyncMember");
    let status = phone.call("GET", "/v1/sync/status", None).await.json;
    check(&status, "StatusReply");
    check(&status["streams"][0], "StreamStatus");
    let config = phone.call("GET", "/v1/sync/config", None).await.json;
    check(&config["data"], "ServerConfig");
    check(&config["data"]["limits"], "Limits");
    let page = phone.changes(None, 10).await.json;
    check(&page["data"]["syncMetadata"], "SyncMetadata");
    check(&page["data"]["syncMetadata"]["integrity"], "Integrity");
    let push = phone
        .batch(json!({"operations": [{"type": "delete", "id": "a"}, {"type": "update", "id": "a", "data": {}}]}))
        .await
        .json;
    check(&push, "BatchReply");
    check(&push["results"][0], "OperationResult");
    check(&push["results"][1]["error"], "ErrorObject");
    check(&push["results"][1]["error"]["tombstone"], "Tombstone");
    let error = phone.get("none").await.json;
    check(&error, "ErrorBody");
    check(&error["error"], "ErrorObject");
    let account = world
        .call("POST", "/v1/auth/sign-in", Some(json!({"email": "phone@example.org", "password": "secret password"})))
        .await
        .json;
    check(&account["data"]["user"], "User");
    check(&account["data"]["session"], "Tokens");
}

#[tokio::test]
async fn framework_refusals_have_the_error_body() {
    let world = World::new();
    let phone = world.device("phone").await;
    let request = |method: Method, path: &str, content_type: &str, body: &'static [u8]| {
        let builder = phone.request(method.as_str(), path).header("content-type", content_type);
        world.send(builder.body(Body::from(body)).unwrap())
    };
    let json_type = "application/json; charset=utf-8";
    for (reply, status) in [
        (request(Method::POST, "/v1/tasks", json_type, b"{").await, 400),
        (request(Method::POST, "/v1/tasks", json_type, b"").await, 400),
        (request(Method::POST, "/v1/tasks", json_type, b"\xff\xfe").await, 400),
        (request(Method::POST, "/v1/tasks", json_type, b"{\"a\":\"\\ud800\"}").await, 400),
        (request(Method::POST, "/v1/tasks", json_type, b"{\"a\":1,\"a\":2}").await, 400),
        (request(Method::POST, "/v1/tasks", json_type, b"{\"a\":1e999}").await, 400),
        (request(Method::POST, "/v1/tasks", json_type, b"[]").await, 400),
        (request(Method::POST, "/v1/tasks", "text/html", b"{}").await, 415),
        (request(Method::POST, "/v1/tasks", "application/x-www-form-urlencoded", b"a=1").await, 415),
        (request(Method::GET, "/v1/tasks/%FF", json_type, b"").await, 400),
        (request(Method::GET, "/v1/tasks/%00", json_type, b"").await, 400),
        (request(Method::GET, "/v1/tasks?limit=-1", json_type, b"").await, 400),
        (request(Method::GET, "/v1/tasks?limit=99999999999999999999", json_type, b"").await, 400),
        (request(Method::GET, "/v1/tasks?limit=1&limit=2", json_type, b"").await, 400),
        (request(Method::GET, "/v1/tasks?since=yesterday", json_type, b"").await, 400),
        (request(Method::GET, "/v1/sync/changes", json_type, b"").await, 400),
        (request(Method::PUT, "/v1/tasks/a?version=x", json_type, b"{}").await, 400),
    ] {
        assert_error_body(&reply);
        reply.expect(status);
    }
    let deep = format!("{}1{}", "[".repeat(64), "]".repeat(64));
    let reply =
        phone.call("POST", "/v1/tasks", Some(serde_json::from_str(&format!("{{\"a\":{deep}}}")).unwrap())).await;
    assert_error_body(&reply.expect(400));
    let two = Request::get("/v1/tasks").header("x-device-id", "a").header("x-device-id", "b");
    assert_error_body(&world.send(two.body(Body::empty()).unwrap()).await.expect(400));
    let bytes = Request::get("/v1/tasks").header("x-client-version", &b"\xff"[..]);
    assert_error_body(&world.send(bytes.body(Body::empty()).unwrap()).await.expect(400));
}
