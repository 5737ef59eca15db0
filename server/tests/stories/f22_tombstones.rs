//! F22: the memory of a deletion is gone, and a device that was away brings the dead back.

use crate::support::{Copy, DAY, World};
use serde_json::json;

#[tokio::test]
async fn f22_cursor_below_the_horizon_is_expired() {
    let world = World::new();
    let phone = world.device("phone").await;
    let tablet = world.device_of(&phone.account, "tablet");
    phone.create("a", json!({})).await;
    phone.create("b", json!({})).await;
    let old = phone.head().await;
    let before = phone.call("GET", "/v1/tasks", None).await.json["data"]["syncMetadata"]["serverTimestamp"].clone();
    tablet.push(json!([{"type": "delete", "id": "a"}])).await;
    let recent = phone.head().await;

    world.advance(89 * DAY);
    assert_eq!(world.server.maintain().await.unwrap().tombstones, 0);
    phone.changes(Some(&old), 10).await.expect(200);
    world.advance(2 * DAY);
    assert_eq!(world.server.maintain().await.unwrap().tombstones, 1);

    let reply = phone.changes(Some(&old), 10).await.expect(410);
    assert_eq!(reply.code(), "CURSOR_EXPIRED");
    assert_eq!(reply.json["error"]["resync"], json!({"mode": "snapshot", "streams": [phone.stream("tasks")]}));
    phone.call("GET", &format!("/v1/tasks?since={}", before.as_str().unwrap()), None).await.expect(410);
    phone.call("GET", &format!("/v1/sync/status?cursor={old}"), None).await.expect(410);
    phone.changes(Some(&recent), 10).await.expect(200);
    let mut copy = Copy::default();
    copy.pull(&phone, 10).await;
    assert_eq!(copy.records.keys().collect::<Vec<_>>(), ["b"]);
}

#[tokio::test]
async fn f22_push_with_expired_cursor_applies_nothing() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1})).await;
    let (old, stream) = (phone.head().await, phone.stream("tasks"));
    let since = phone.call("GET", "/v1/tasks", None).await.json["data"]["syncMetadata"]["serverTimestamp"].clone();
    world.device_of(&phone.account, "tablet").push(json!([{"type": "delete", "id": "a"}])).await;
    world.advance(91 * DAY);
    world.server.maintain().await.unwrap();

    let ops = json!([{"type": "create", "clientId": "new", "data": {}}, {"type": "update", "id": "a", "version": 1, "data": {"n": 2}}]);
    let refused = phone.batch(json!({"cursors": {stream.clone(): old}, "operations": ops})).await.expect(410);
    assert_eq!(refused.json["error"]["resync"]["streams"], json!([stream]));
    phone.batch(json!({"lastSyncTimestamp": since, "operations": ops})).await.expect(410);
    phone.get("new").await.expect(404);

    let results = phone.push(ops).await;
    assert_eq!(results[0]["status"], "applied");
    assert_eq!(results[1]["error"]["code"], "RECORD_NOT_FOUND", "an update of an unknown id makes nothing");
    phone.get("a").await.expect(404);
}

#[tokio::test]
async fn f22_snapshot_older_than_the_horizon_is_expired() {
    let world = World::new();
    let phone = world.device("phone").await;
    for n in 0..4 {
        phone.create(&format!("r{n}"), json!({})).await;
    }
    let first = phone.changes(None, 2).await.expect(200);
    let cursor = first.json["data"]["syncMetadata"]["nextCursor"].as_str().unwrap().to_owned();
    phone.push(json!([{"type": "delete", "id": "r0"}])).await;
    world.advance(91 * DAY);
    world.server.maintain().await.unwrap();
    assert_eq!(phone.changes(Some(&cursor), 2).await.expect(410).code(), "CURSOR_EXPIRED");
}

#[tokio::test]
async fn f22_only_a_create_with_the_tombstone_version_revives() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1, "old": true})).await;
    phone.push(json!([{"type": "update", "id": "a", "version": 1, "data": {"n": 2}}, {"type": "delete", "id": "a", "version": "$prev"}])).await;
    for op in [
        json!({"type": "update", "id": "a", "version": 3, "data": {"n": 9}}),
        json!({"type": "create", "clientId": "a", "data": {"n": 9}}),
        json!({"type": "create", "clientId": "a", "version": 2, "data": {"n": 9}}),
        json!({"type": "patch", "id": "a", "fieldOps": [{"op": "inc", "path": "/n", "by": 1}]}),
    ] {
        let result = &phone.push(json!([op])).await[0];
        assert_eq!(result["status"], "conflict");
        assert_eq!(result["error"]["code"], "RECORD_DELETED");
        assert_eq!(result["error"]["deleted"], true);
        assert_eq!(result["error"]["tombstone"]["version"], 3);
        assert!(result["error"]["tombstone"]["hlc"].is_string());
    }
    let gone = phone.push(json!([{"type": "delete", "id": "a", "version": 1}])).await;
    assert_eq!((&gone[0]["status"], &gone[0]["version"]), (&json!("duplicate"), &json!(3)));

    let revived = phone.push(json!([{"type": "create", "clientId": "a", "version": 3, "data": {"n": 5}}])).await;
    assert_eq!((&revived[0]["status"], &revived[0]["version"]), (&json!("applied"), &json!(4)));
    let record = phone.get("a").await.expect(200).json["data"].clone();
    assert_eq!(record["_sync"]["fieldVersions"], json!({"/n": 4}), "a missing field would mean version 1");
    let stale = phone.push(json!([{"type": "update", "id": "a", "version": 2, "data": {"old": false}}])).await;
    assert_eq!(stale[0]["error"]["code"], "VERSION_CONFLICT", "an edit of the former life meets another record");
    let stale = phone.push(json!([{"type": "delete", "id": "a", "version": 1}])).await;
    assert_eq!(stale[0]["error"]["code"], "VERSION_CONFLICT");
}

#[tokio::test]
async fn audit_a5_collections_with_one_singular_have_lists_of_deleted_ids_of_their_own() {
    let world = World::new();
    let phone = world.device("phone").await;
    let tablet = world.device_of(&phone.account, "tablet");
    for (collection, id) in [("tasks", "a"), ("task", "b"), ("Tasks", "c"), ("notes", "d")] {
        let made = json!([{"type": "create", "collection": collection, "clientId": id, "data": {}}]);
        assert_eq!(phone.push(made).await[0]["status"], "applied", "{collection}");
        let gone = json!([{"type": "delete", "collection": collection, "id": id}]);
        assert_eq!(phone.push(gone).await[0]["status"], "applied", "{collection}");
    }
    let reply =
        tablet.batch(json!({"operations": [], "lastSyncTimestamp": "2026-11-20T09:00:00.000Z"})).await.expect(200);
    let updates = &reply.json["deltaUpdates"];
    for (key, id) in
        [("deletedtasksIds", "a"), ("deletedtaskIds", "b"), ("deletedTasksIds", "c"), ("deletedNoteIds", "d")]
    {
        assert_eq!(updates[key], json!([id]), "{key} in {updates}");
    }
    assert_eq!(updates["deletedTaskIds"], json!(null));
}
