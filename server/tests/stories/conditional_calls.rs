//! Entity tags and conditions.

use crate::support::World;
use serde_json::json;

#[tokio::test]
async fn known_etag_gets_304() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1})).await;
    let record = phone.get("a").await.expect(200);
    let etag = record.header("etag").to_owned();
    let known = phone
        .call_with("GET", "/v1/tasks/a", &[("if-none-match", &format!("\"x\", W/{etag}"))], None)
        .await
        .expect(304);
    assert!(known.bytes.is_empty());
    assert_eq!(known.header("etag"), etag);
    let list = phone.call("GET", "/v1/tasks", None).await.expect(200);
    let head = list.header("etag").to_owned();
    assert_eq!(head, format!("\"{}\"", list.json["data"]["syncMetadata"]["nextCursor"].as_str().unwrap()));
    phone.call_with("GET", "/v1/tasks", &[("if-none-match", &head)], None).await.expect(304);
    let config = phone.call("GET", "/v1/sync/config", None).await.expect(200);
    phone.call_with("GET", "/v1/sync/config", &[("if-none-match", config.header("etag"))], None).await.expect(304);

    phone.push(json!([{"type": "update", "id": "a", "data": {"n": 2}}])).await;
    phone.call_with("GET", "/v1/tasks/a", &[("if-none-match", &etag)], None).await.expect(200);
    phone.call_with("GET", "/v1/tasks", &[("if-none-match", &head)], None).await.expect(200);
}

#[tokio::test]
async fn if_match_refuses_any_other_tag() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1, "m": 1})).await;
    phone.push(json!([{"type": "update", "id": "a", "data": {"n": 2}}])).await;
    // Merging by field is for clients that say so; a condition is a condition.
    let stale =
        phone.call_with("PATCH", "/v1/tasks/a", &[("if-match", "\"1-1\"")], Some(json!({"m": 2}))).await.expect(412);
    assert_eq!(stale.code(), "VERSION_CONFLICT");
    assert_eq!(stale.json["status"], 412);
    assert_eq!(stale.json["error"]["serverData"]["n"], 2);
    phone.call_with("DELETE", "/v1/tasks/a", &[("if-match", "\"1-1\"")], None).await.expect(412);
    phone.call_with("PUT", "/v1/tasks/a", &[("if-match", "W/\"2-2\"")], Some(json!({}))).await.expect(412);
    phone
        .call_with("PATCH", "/v1/tasks/a", &[("if-match", "\"1-1\", \"2-2\"")], Some(json!({"m": 2})))
        .await
        .expect(200);
    phone.call_with("PATCH", "/v1/tasks/a", &[("if-match", "*")], Some(json!({"m": 3}))).await.expect(200);
    phone.call_with("PATCH", "/v1/tasks/none", &[("if-match", "\"1-1\"")], Some(json!({"m": 2}))).await.expect(412);
    phone.call_with("DELETE", "/v1/tasks/none", &[("if-match", "\"1-1\"")], None).await.expect(412);
    phone.call_with("PATCH", "/v1/tasks/a", &[("if-match", "nonsense")], Some(json!({"m": 2}))).await.expect(400);
    let merged = phone.call("PATCH", "/v1/tasks/a", Some(json!({"version": 3, "n": 7}))).await.expect(200);
    assert_eq!(merged.json["data"]["version"], 5, "with a version the fields decide");
}

#[tokio::test]
async fn put_with_if_none_match_creates_only_if_absent() {
    let world = World::new();
    let phone = world.device("phone").await;
    let put = |body| phone.call_with("PUT", "/v1/tasks/a", &[("if-none-match", "*")], Some(body));
    let made = put(json!({"n": 1})).await.expect(201);
    assert_eq!(made.json["data"]["id"], "a");
    let taken = put(json!({"n": 2})).await.expect(412);
    assert_eq!(taken.code(), "RECORD_EXISTS");
    phone.call("DELETE", "/v1/tasks/a", None).await.expect(204);
    assert_eq!(put(json!({"n": 2})).await.expect(409).code(), "RECORD_DELETED");
    let revived = put(json!({"n": 2, "version": 2})).await.expect(201);
    assert_eq!(revived.json["data"]["version"], 3);
    let both = [("if-none-match", "*"), ("if-match", "\"1-1\"")];
    phone.call_with("PUT", "/v1/tasks/a", &both, Some(json!({}))).await.expect(400);
}
