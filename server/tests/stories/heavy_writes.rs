//! Writes that look at much: they are decided before their turn, and end as if they had been decided in it.

use crate::support::World;
use serde_json::{Value, json};

fn members(from: usize, count: usize) -> Value {
    (from..from + count).collect()
}

fn patch(id: &str, ops: &Value) -> Value {
    json!({"type": "patch", "id": id, "fieldOps": ops})
}

fn add(id: &str, from: usize, count: usize) -> Value {
    patch(id, &json!([{"op": "addToSet", "path": "/l", "values": members(from, count)}]))
}

#[tokio::test]
async fn heavy_operations_of_one_push_build_on_each_other() {
    let world = World::new();
    let phone = world.device("phone").await;
    for id in ["a", "b"] {
        phone.create(id, json!({"n": 0, "l": []})).await;
    }
    let inc = patch("a", &json!([{"op": "inc", "path": "/n", "by": 1}]));
    let take = json!([{"op": "removeFromSet", "path": "/l", "values": members(0, 1_900)}]);
    let ops = json!([
        inc,
        add("a", 0, 2_000),
        add("b", 0, 1_500),
        add("a", 1_000, 2_000),
        patch("a", &take),
        inc,
        add("b", 0, 1_500)
    ]);
    let results = phone.push(ops).await;
    let status: Vec<&str> = results.iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["applied", "applied", "applied", "applied", "applied", "applied", "duplicate"]);
    let versions: Vec<i64> = results.iter().map(|result| result["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, [2, 3, 2, 4, 5, 6, 2]);
    let seqs: Vec<i64> = results[..6].iter().map(|result| result["seq"].as_i64().unwrap()).collect();
    assert!(seqs.is_sorted(), "in the order of the request: {seqs:?}");
    let record = phone.get("a").await.json["data"].clone();
    assert_eq!((&record["n"], &record["l"]), (&json!(2), &members(1_900, 1_100)));
    assert_eq!(phone.get("b").await.json["data"]["l"], members(0, 1_500));
}

#[tokio::test]
async fn heavy_operations_are_refused_as_others_are() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"l": []})).await;
    let group = |mut op: Value| {
        op["group"] = json!("g");
        op
    };
    let large = add("a", 0, 60_000);
    let ops =
        json!([large, add("a", 0, 2_000), add("none", 0, 2_000), group(add("a", 5, 1_500)), group(large.clone())]);
    let results = phone.push(ops).await;
    let codes: Vec<&str> = results.iter().map(|result| result["error"]["code"].as_str().unwrap_or("-")).collect();
    assert_eq!(
        codes,
        ["PAYLOAD_TOO_LARGE", "DEPENDENCY_FAILED", "RECORD_NOT_FOUND", "DEPENDENCY_FAILED", "GROUP_ABORTED"]
    );
    assert_eq!(phone.get("a").await.json["data"]["version"], 1);
    let stale =
        json!([{"type": "patch", "id": "a", "version": 9, "exact": true, "fieldOps": add("a", 0, 2_000)["fieldOps"]}]);
    assert_eq!(phone.push(stale).await[0]["error"]["code"], "VERSION_CONFLICT");
    let both = json!([group(add("a", 0, 1_500)), group(add("a", 1_000, 1_500))]);
    let results = phone.push(both).await;
    assert_eq!((&results[0]["version"], &results[1]["version"]), (&json!(2), &json!(3)));
    assert_eq!(phone.get("a").await.json["data"]["l"], members(0, 2_500));
}

#[tokio::test]
async fn heavy_plain_writes_keep_their_conditions_and_their_key() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"l": []})).await;
    let send = async |from: usize, count: usize, more: &[(&str, &str)]| {
        let ops = json!({"ops": add("a", from, count)["fieldOps"]});
        let headers: Vec<(&str, &str)> =
            [("content-type", "application/vnd.holm.fieldops+json")].into_iter().chain(more.iter().copied()).collect();
        phone.call_with("PATCH", "/v1/tasks/a", &headers, Some(ops)).await
    };
    assert_eq!(send(0, 2_000, &[("idempotency-key", "k")]).await.expect(200).json["data"]["version"], 2);
    let repeat = send(0, 2_000, &[("idempotency-key", "k")]).await.expect(200);
    assert_eq!((&repeat.json["meta"]["idempotent"], &repeat.json["data"]["version"]), (&json!(true), &json!(2)));
    assert_eq!(send(9, 2_500, &[("if-match", "\"1-1\"")]).await.expect(412).code(), "VERSION_CONFLICT");
    let tag = phone.get("a").await.header("etag").to_owned();
    assert_eq!(send(2_000, 1_500, &[("if-match", &tag)]).await.expect(200).json["data"]["version"], 3);
    assert_eq!(send(0, 60_000, &[]).await.expect(413).code(), "PAYLOAD_TOO_LARGE");
    assert_eq!(send(0, 3_000, &[]).await.expect(200).json["data"]["version"], 3, "nothing changes");
    assert_eq!(phone.get("a").await.json["data"]["l"], members(0, 3_500));
    let many: Vec<Value> = (0..20).map(|n| json!({"op": "add", "path": format!("/f{n}"), "value": n})).collect();
    let headers = [("content-type", "application/json-patch+json")];
    let patched = phone.call_with("PATCH", "/v1/tasks/a", &headers, Some(many.into())).await.expect(200);
    assert_eq!((&patched.json["data"]["version"], &patched.json["data"]["f19"]), (&json!(4), &json!(19)));
}
