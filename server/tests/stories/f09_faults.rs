//! F09: one operation whose handling fails does not hold up the others.

use crate::support::{Device, World, config};
use holm_server::Store;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A server on files with a record `bad` whose stored text cannot be read.
async fn world_with_a_damaged_record(folder: &TempDir) -> World {
    let world = World::over(Store::Directory(folder.path().into()), config());
    let phone = world.device("phone").await;
    phone.create("bad", json!({"n": 1})).await;
    let database = rusqlite::Connection::open(folder.path().join("holm.db")).unwrap();
    assert_eq!(database.execute("UPDATE records SET body = '{damaged' WHERE id = 'bad'", []).unwrap(), 1);
    world
}

async fn phone(world: &World) -> Device<'_> {
    world.device_of(&world.sign_in("phone@example.org").await, "phone")
}

fn create(id: &str) -> Value {
    json!({"opId": format!("create-{id}"), "type": "create", "clientId": id, "data": {"n": 1}})
}

fn update(id: &str) -> Value {
    json!({"opId": format!("update-{id}"), "type": "update", "id": id, "data": {"n": 2}})
}

fn statuses(results: &[Value]) -> Vec<(&str, &str)> {
    results
        .iter()
        .map(|result| (result["status"].as_str().unwrap(), result["error"]["code"].as_str().unwrap_or("")))
        .collect()
}

#[tokio::test]
async fn f09_fault_of_one_operation_is_answered_alone() {
    let folder = tempfile::tempdir().unwrap();
    let world = world_with_a_damaged_record(&folder).await;
    let phone = phone(&world).await;
    let batch = json!([create("a"), create("b"), update("bad"), create("c"), update("bad"), update("a")]);
    let results = phone.push(batch.clone()).await;
    let expected = [
        ("applied", ""),
        ("applied", ""),
        ("deferred", "SERVER_ERROR"),
        ("applied", ""),
        ("aborted", "DEPENDENCY_FAILED"),
        ("applied", ""),
    ];
    assert_eq!(statuses(&results), expected);
    assert_eq!(results[2]["error"]["retryable"], true);
    assert_eq!(results[4]["error"]["causedBy"], 2);
    assert_eq!(phone.get("a").await.json["data"]["n"], 2);
    let again = phone.push(batch).await;
    assert_eq!(again[0]["status"], "duplicate", "what was applied beside the fault is durable");
}

#[tokio::test]
async fn f09_fault_in_a_group_is_answered_for_the_group() {
    let folder = tempfile::tempdir().unwrap();
    let world = world_with_a_damaged_record(&folder).await;
    let phone = phone(&world).await;
    let grouped = |mut operation: Value| {
        operation["group"] = json!("g");
        operation
    };
    let results = phone.push(json!([create("a"), grouped(create("b")), grouped(update("bad")), create("c")])).await;
    let fault = ("deferred", "SERVER_ERROR");
    assert_eq!(statuses(&results), [("applied", ""), fault, fault, ("applied", "")]);
    phone.get("b").await.expect(404);
    let atomic = json!({"atomic": true, "operations": [create("d"), update("bad")]});
    assert_eq!(phone.batch(atomic).await.expect(500).code(), "SERVER_ERROR");
    phone.get("d").await.expect(404);
}
