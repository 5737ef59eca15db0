//! The same calls give the same bytes, which is what a simulator stands on.

use crate::support::{Copy, World};
use serde_json::{Value, json};

/// A run over most of the routes; what every reply was, byte for byte.
async fn run() -> Vec<Vec<u8>> {
    let mut world = World::new();
    let account = world.sign_up("a@example.org").await;
    let mut replies = Vec::new();
    for round in 0..5 {
        let phone = world.device_of(&account, "phone");
        let ops: Vec<Value> = (0..20).map(|n| json!({"type": "create", "data": {"round": round, "n": n}})).collect();
        replies.push(phone.batch(json!({"operations": ops, "lastSyncTimestamp": "2026-11-20T00:00:00Z"})).await.bytes);
        replies.push(phone.changes(None, 7).await.bytes);
        replies.push(phone.call("GET", "/v1/sync/status", None).await.bytes);
        replies.push(phone.call("POST", "/v1/tasks", Some(json!({"n": 1}))).await.bytes);
        replies.push(phone.call("GET", "/openapi.json", None).await.bytes);
        let refresh = json!({"refreshToken": account.refresh_token});
        replies.push(phone.call("POST", "/v1/auth/session/refresh", Some(refresh)).await.bytes);
        world.advance(1_000);
        world.server.maintain().await.unwrap();
        world.crash();
    }
    replies
}

#[test]
fn same_seed_gives_the_same_bytes() {
    // A runtime without timer, I/O or threads: in memory the server needs none of them.
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (one, other) = (runtime().block_on(run()), runtime().block_on(run()));
    assert_eq!(one.len(), other.len());
    for (index, (one, other)) in one.iter().zip(&other).enumerate() {
        assert!(one == other, "reply {index}:\n{}\n{}", String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    }
}

#[tokio::test]
async fn reopened_memory_server_continues_the_same_run() {
    let mut world = World::new();
    let account = world.sign_up("a@example.org").await;
    let epoch = world.server.epoch().to_owned();
    let cursor = {
        let phone = world.device_of(&account, "phone");
        phone.push(json!([{"opId": "1", "type": "create", "clientId": "a", "data": {}}])).await;
        phone.head().await
    };
    world.crash();
    assert_eq!(world.server.epoch(), epoch);
    let phone = world.device_of(&account, "phone");
    phone.changes(Some(&cursor), 10).await.expect(200);
    let again = phone.push(json!([{"opId": "1", "type": "create", "clientId": "a", "data": {}}])).await;
    assert_eq!(again[0]["status"], "duplicate");
    let mut copy = Copy::default();
    copy.pull(&phone, 10).await;
    assert_eq!(copy.records.len(), 1);
}
