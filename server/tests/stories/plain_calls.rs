//! One record a call.

use crate::support::{World, config_with};
use serde_json::{Value, json};

#[tokio::test]
async fn record_lifecycle_over_plain_calls() {
    let world = World::new();
    let phone = world.device("phone").await;
    let made = phone
        .call("POST", "/v1/tasks", Some(json!({"title": "x", "clientTimestamp": "2026-01-01T00:00:00Z"})))
        .await
        .expect(201);
    let path = made.header("location").to_owned();
    let id = made.json["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(path, format!("/v1/tasks/{id}"));
    assert_eq!(made.header("etag"), "\"1-1\"");
    assert!(made.json["data"].get("clientTimestamp").is_none());
    assert_eq!(made.json["data"]["createdAt"], "2026-11-20T10:00:00.000000Z");

    world.advance(5_000);
    let patched = phone.call("PATCH", &path, Some(json!({"title": "y", "note": "n", "version": 1}))).await.expect(200);
    assert_eq!(patched.json["data"]["version"], 2);
    assert_eq!(patched.json["data"]["updatedAt"], "2026-11-20T10:00:05.000000Z");
    assert_eq!(patched.json["data"]["createdAt"], "2026-11-20T10:00:00.000000Z");

    // The whole record as it was read, with one field less and another one changed.
    let mut record = phone.call("GET", &path, None).await.expect(200).json["data"].clone();
    record.as_object_mut().unwrap().remove("note");
    record["title"] = json!("z");
    let replaced = phone.call("PUT", &path, Some(record)).await.expect(200);
    assert_eq!(replaced.header("etag"), "\"3-3\"");
    assert_eq!(replaced.json["data"]["title"], "z");
    assert!(replaced.json["data"].get("note").is_none());
    assert_eq!(
        replaced.json["data"]["_sync"]["fieldVersions"],
        json!({"/title": 3, "/note": 3}),
        "the server's names are no fields"
    );

    phone.call("DELETE", &format!("{path}?version=3"), None).await.expect(204);
    phone.call("DELETE", &path, None).await.expect(204);
    let gone = phone.call("GET", &path, None).await.expect(410);
    assert_eq!(gone.code(), "RECORD_DELETED");
    assert_eq!(gone.json["error"]["tombstone"]["seq"], 4);
    phone.call("PATCH", &path, Some(json!({"title": "!"}))).await.expect(409);
    phone.call("PUT", "/v1/tasks/unknown", Some(json!({}))).await.expect(404);
    phone.call("PATCH", "/v1/tasks/unknown", Some(json!({}))).await.expect(404);
    phone.call("DELETE", "/v1/tasks/unknown", None).await.expect(204);
}

#[tokio::test]
async fn repeated_post_replays_and_other_content_is_refused() {
    let world = World::new();
    let phone = world.device("phone").await;
    let body = json!({"clientId": "a", "title": "x"});
    phone.call("POST", "/v1/tasks", Some(body.clone())).await.expect(201);
    let again = phone.call("POST", "/v1/tasks", Some(body)).await.expect(200);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json["meta"]["idempotent"], true);
    let other = phone.call("POST", "/v1/tasks", Some(json!({"clientId": "a", "title": "y"}))).await.expect(409);
    assert_eq!(other.code(), "RECORD_EXISTS");
    assert_eq!(other.json["error"]["serverData"]["title"], "x");
}

#[tokio::test]
async fn patch_takes_all_three_formats() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"title": "x", "n": 1, "list": [1, 2], "address": {"city": "A", "zip": "1"}})).await;
    let send = |media: &'static str, body: Value| {
        let phone = phone.clone();
        async move { phone.call_with("PATCH", "/v1/tasks/a", &[("content-type", media)], Some(body)).await }
    };
    send("application/merge-patch+json", json!({"address": {"city": "B"}, "title": null})).await.expect(200);
    send(
        "application/json-patch+json",
        json!([{"op": "test", "path": "/n", "value": 1}, {"op": "add", "path": "/list/-", "value": 3}]),
    )
    .await
    .expect(200);
    send("application/vnd.holm.fieldops+json", json!({"version": 3, "ops": [{"op": "inc", "path": "/n", "by": 4}]}))
        .await
        .expect(200);
    send("application/vnd.sync.fieldops+json", json!({"ops": [{"op": "set", "path": "/address/zip", "value": null}]}))
        .await
        .expect(200);
    let record = phone.get("a").await.json["data"].clone();
    assert_eq!(record["address"], json!({"city": "B", "zip": null}));
    assert_eq!((&record["n"], &record["list"], &record["version"]), (&json!(5), &json!([1, 2, 3]), &json!(5)));
    assert!(record.get("title").is_none());

    let failed =
        send("application/json-patch+json", json!([{"op": "test", "path": "/n", "value": 1}])).await.expect(409);
    assert_eq!(failed.code(), "VERSION_CONFLICT");
    send("application/json-patch+json", json!([{"op": "remove", "path": "/version"}])).await.expect(400);
    send("application/json-patch+json", json!({"op": "remove"})).await.expect(400);
    send("application/vnd.holm.fieldops+json", json!({"ops": []})).await.expect(400);
    let media = send("text/plain", json!({})).await.expect(415);
    assert_eq!(media.code(), "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn app_fields_may_be_named_like_server_stamps() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"createdAt": "long ago", "title": "x"})).await;
    let record = phone.get("a").await.json["data"].clone();
    assert_eq!(record["createdAt"], "long ago");
    assert_eq!(record["_sync"]["app"], json!(["createdAt"]));
    assert_eq!(record["updatedAt"], "2026-11-20T10:00:00.000000Z");
    let page = phone.changes(None, 10).await.json["data"]["changes"]["tasks"][0].clone();
    assert_eq!((&page["createdAt"], &page["_sync"]["app"]), (&json!("long ago"), &json!(["createdAt"])));

    let patched = phone
        .call("PATCH", "/v1/tasks/a", Some(json!({"createdAt": "recently", "updatedAt": "never"})))
        .await
        .expect(200);
    assert_eq!(patched.json["data"]["createdAt"], "recently", "it was the app's before");
    assert_ne!(patched.json["data"]["updatedAt"], "never", "it was the server's before");
    let posted = phone
        .call("POST", "/v1/tasks", Some(json!({"createdAt": "2020-01-01T00:00:00Z", "title": "copy"})))
        .await
        .expect(201);
    assert_eq!(posted.json["data"]["createdAt"], "2026-11-20T10:00:00.000002Z");
    assert!(posted.json["data"]["_sync"].get("app").is_none());
    phone.push(json!([{"type": "update", "id": "a", "data": {"createdAt": null, "updatedAt": "mine"}}])).await;
    assert_eq!(phone.get("a").await.json["data"]["_sync"]["app"], json!(["updatedAt"]));
}

#[tokio::test]
async fn list_by_offset_pages_in_id_order() {
    let world = World::new();
    let phone = world.device("phone").await;
    for id in ["c", "a", "e", "b", "d", "f"] {
        phone.create(id, json!({})).await;
    }
    phone.push(json!([{"type": "delete", "id": "b"}, {"type": "update", "id": "a", "data": {"n": 1}}])).await;
    let ids = |reply: &Value| {
        reply["data"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = phone.call("GET", "/v1/tasks?offset=0&limit=2", None).await.expect(200);
    assert_eq!(ids(&first.json), ["a", "c"]);
    assert_eq!(first.json["pagination"], json!({"total": 5, "limit": 2, "offset": 0, "hasMore": true}));
    let last =
        phone.call_with("GET", "/v1/tasks", &[("x-query-limit", "2"), ("x-query-offset", "4")], None).await.expect(200);
    assert_eq!(ids(&last.json), ["f"]);
    assert_eq!(last.json["pagination"]["hasMore"], false);
    phone.call("GET", "/v1/tasks?offset=0&since=2026-01-01T00:00:00Z", None).await.expect(400);
    phone.call_with("GET", "/v1/tasks", &[("x-query-offset", "one")], None).await.expect(400);
}

#[tokio::test]
async fn fetch_by_ids_keeps_their_order() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({})).await;
    phone.create("b", json!({})).await;
    phone.push(json!([{"type": "delete", "id": "b"}])).await;
    let fetched = phone.call("POST", "/v1/tasks/fetch", Some(json!({"ids": ["zzz", "b", "a", "a"]}))).await.expect(200);
    assert_eq!(fetched.json["data"]["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(fetched.json["data"]["tombstones"]["tasks"][0]["id"], "b");
    let listed = phone.call("GET", "/v1/tasks?ids=b,a&ids=zzz", None).await.expect(200);
    assert_eq!(listed.json["data"]["tasks"][0]["id"], "a");
    assert_eq!(listed.json["data"]["deletedTaskIds"], json!(["b"]));
    assert_eq!(listed.json["data"]["syncMetadata"]["mode"], "ids");
    let many: Vec<String> = (0..501).map(|n| n.to_string()).collect();
    phone.call("POST", "/v1/tasks/fetch", Some(json!({"ids": many}))).await.expect(413);
}

#[tokio::test]
async fn server_assigned_id_is_found_by_client_id() {
    let world = World::with(config_with("[collections.tasks]\nid_assignment = \"server\""));
    let phone = world.device("phone").await;
    let results = phone
        .push(json!([
            {"opId": "1", "type": "create", "clientId": "mine", "data": {"n": 1}},
            {"opId": "2", "type": "update", "id": "$client:mine", "version": "$prev", "data": {"n": 2}},
        ]))
        .await;
    let id = results[0]["serverId"].as_str().unwrap().to_owned();
    assert_ne!(id, "mine");
    assert_eq!((&results[0]["id"], &results[0]["clientId"]), (&json!(id), &json!("mine")));
    assert_eq!((&results[1]["id"], &results[1]["version"]), (&json!(id), &json!(2)));
    let later = phone.push(json!([{"type": "update", "id": "$client:mine", "version": 2, "data": {"n": 3}}])).await;
    assert_eq!((&later[0]["id"], &later[0]["version"]), (&json!(id), &json!(3)), "the name holds beyond the batch");
    let second = phone.push(json!([{"opId": "3", "type": "create", "clientId": "mine", "data": {"n": 9}}])).await;
    assert_eq!(second[0]["error"]["code"], "RECORD_EXISTS");
    let repeat = phone.push(json!([{"opId": "1", "type": "create", "clientId": "mine", "data": {"n": 1}}])).await;
    assert_eq!((&repeat[0]["status"], &repeat[0]["serverId"]), (&json!("duplicate"), &json!(id)));

    let posted = phone.call("POST", "/v1/tasks", Some(json!({"clientId": "other"}))).await.expect(201);
    assert_ne!(posted.json["data"]["id"], "other");
    let again = phone.call("POST", "/v1/tasks", Some(json!({"clientId": "other"}))).await.expect(200);
    assert_eq!(again.json["data"]["id"], posted.json["data"]["id"]);
    phone.call("POST", "/v1/tasks", Some(json!({"id": "chosen"}))).await.expect(400);
    phone.call_with("PUT", "/v1/tasks/chosen", &[("if-none-match", "*")], Some(json!({}))).await.expect(400);
}

#[tokio::test]
async fn numbers_and_texts_round_trip() {
    let world = World::new();
    let phone = world.device("phone").await;
    let data = json!({
        "big": 9_223_372_036_854_775_807_i64, "small": i64::MIN, "huge": u64::MAX, "zero": -0.0, "tiny": 5e-324, "large": 1e308,
        "third": 0.1 + 0.2, "nul": "a\u{0}b", "text": "\u{10ffff}\u{e9}e\u{301}\"\\\n\u{7f}", "": {"": [null, [], {}]}, "ключ": 1
    });
    phone.create("a", data.clone()).await;
    for reply in [
        phone.get("a").await.json["data"].clone(),
        phone.changes(None, 1).await.json["data"]["changes"]["tasks"][0].clone(),
    ] {
        for (name, value) in data.as_object().unwrap() {
            assert_eq!(&reply[name], value, "{name}");
        }
        assert_eq!(reply["zero"].as_f64().map(f64::is_sign_negative), Some(true));
    }
}

#[tokio::test]
async fn prefer_minimal_and_representation_are_honoured() {
    let world = World::new();
    let phone = world.device("phone").await;
    let minimal = [("prefer", "respond-async, return=minimal")];
    let made =
        phone.call_with("POST", "/v1/tasks", &minimal, Some(json!({"clientId": "a b/ü", "n": 1}))).await.expect(201);
    assert!(made.bytes.is_empty());
    assert_eq!(made.header("location"), "/v1/tasks/a%20b%2F%C3%BC");
    assert_eq!(made.header("preference-applied"), "return=minimal");
    let patched = phone.call_with("PATCH", made.header("location"), &minimal, Some(json!({"n": 2}))).await.expect(204);
    assert_eq!(patched.header("etag"), "\"2-2\"");

    let op = json!({"operations": [{"opId": "1", "type": "update", "id": "a b/ü", "version": 2, "data": {"n": 3}}]});
    let full = phone
        .call_with("POST", "/v1/sync/batch", &[("prefer", "return=representation")], Some(op.clone()))
        .await
        .expect(200);
    assert_eq!(full.json["results"][0]["record"]["n"], 3);
    let repeat = phone.batch(op).await.expect(200);
    assert!(repeat.json["results"][0].get("record").is_none());
}
