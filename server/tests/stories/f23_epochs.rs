//! F23: the server was restored from a backup and knows less than its clients.

use crate::support::{World, config};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::json;
use sha2::{Digest, Sha256};

/// What an epoch is told by in a cursor.
fn epoch_of_cursor(epoch: &str) -> String {
    Base64UrlUnpadded::encode_string(&Sha256::digest(epoch)[..6])
}

#[tokio::test]
async fn f23_cursor_of_another_epoch_is_refused() {
    let (one, other) = (World::new(), World::with(config()));
    other.sign_up("shift@example.org").await;
    let phone = one.device("phone").await;
    phone.create("a", json!({})).await;
    let cursor = phone.head().await;
    let epoch = epoch_of_cursor(one.server.epoch());
    assert!(cursor.starts_with(&epoch));
    let foreign = cursor.replace(&epoch, &epoch_of_cursor("another"));

    let reply = phone.changes(Some(&foreign), 10).await.expect(410);
    assert_eq!(reply.code(), "EPOCH_CHANGED");
    assert_eq!(reply.json["error"]["resync"]["streams"], json!([phone.stream("tasks")]));
    let op = json!({"cursors": {phone.stream("tasks"): foreign}, "operations": [{"type": "create", "clientId": "b", "data": {}}]});
    phone.batch(op).await.expect(410);
    phone.get("b").await.expect(404);
}

#[tokio::test]
async fn f23_cursor_beyond_the_head_is_epoch_changed() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({})).await;
    let future = phone.head().await.replace(".d1", ".d99");
    let reply = phone.changes(Some(&future), 10).await.expect(410);
    assert_eq!(reply.code(), "EPOCH_CHANGED");
}

#[tokio::test]
async fn f23_unknown_base_version_conflicts() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1})).await;
    let result = &phone.push(json!([{"type": "update", "id": "a", "version": 5, "data": {"n": 2}}])).await[0];
    assert_eq!(result["error"]["code"], "VERSION_CONFLICT");
    assert_eq!(result["error"]["currentVersion"], 1);
    assert_eq!(result["error"]["conflictingFields"], json!(["/n"]));
}

#[tokio::test]
async fn f23_foreign_and_malformed_cursors_are_invalid() {
    let world = World::new();
    let phone = world.device("phone").await;
    let stranger = world.device("stranger").await;
    stranger.create("a", json!({})).await;
    let cursor = stranger.head().await;
    assert_eq!(phone.changes(Some(&cursor), 10).await.expect(400).code(), "CURSOR_INVALID");
    assert_eq!(phone.changes(Some("nonsense"), 10).await.expect(400).code(), "CURSOR_INVALID");
    let reply = phone.batch(json!({"cursors": {stranger.stream("tasks"): cursor}, "operations": []})).await;
    assert_eq!(reply.expect(403).code(), "FORBIDDEN");
}
