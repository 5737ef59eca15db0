//! F20: a device's own writes come back to it as those of another device.

use crate::support::{Copy, World};
use serde_json::{Value, json};

#[tokio::test]
async fn f20_own_writes_carry_the_origin_op_id() {
    let world = World::new();
    let phone = world.device("phone").await;
    let tablet = world.device_of(&phone.account, "tablet");
    phone.push(json!([{"opId": "op-1", "type": "create", "clientId": "a", "data": {}}])).await;
    let own = phone.changes(None, 10).await;
    assert_eq!(own.json["data"]["changes"]["tasks"][0]["_sync"], json!({"seq": 1, "originOpId": "op-1"}));
    let foreign = tablet.changes(None, 10).await;
    assert_eq!(foreign.json["data"]["changes"]["tasks"][0]["_sync"], json!({"seq": 1}));
    let single = tablet.get("a").await;
    assert_eq!(single.json["data"]["_sync"]["originOpId"], "op-1");
    assert_eq!(single.json["data"]["_sync"]["originDeviceId"], "phone");
}

#[tokio::test]
async fn f20_delta_updates_omit_rows_in_the_results() {
    let world = World::new();
    let phone = world.device("phone").await;
    let tablet = world.device_of(&phone.account, "tablet");
    phone.create("a", json!({"n": 1})).await;
    let cursor = phone.head().await;
    tablet.push(json!([{"type": "create", "clientId": "theirs", "data": {}}, {"type": "delete", "id": "a"}])).await;
    let stream = phone.stream("tasks");
    let reply = phone
        .batch(json!({"cursors": {stream.clone(): cursor}, "operations": [{"opId": "1", "type": "create", "clientId": "mine", "data": {}}]}))
        .await
        .expect(200);
    let updates = &reply.json["deltaUpdates"];
    let ids: Vec<&Value> = updates["tasks"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!(json!(ids), json!(["theirs"]));
    assert_eq!(updates["deletedTaskIds"], json!(["a"]));
    assert_eq!(updates["tombstones"]["tasks"][0]["id"], "a");
    assert_eq!(updates["hasMore"], false);
    assert_eq!(updates["cursors"][&stream], phone.head().await, "the cursor has passed the device's own rows");
    assert_eq!(updates["integrity"][&stream]["count"], 2);

    let next = phone.batch(json!({"cursors": {stream.clone(): updates["cursors"][&stream]}, "operations": []})).await;
    assert_eq!(next.json["deltaUpdates"]["tasks"], json!([]), "nothing comes twice");
    let repeat = phone
        .batch(json!({"cursors": {stream: cursor}, "operations": [{"opId": "1", "type": "create", "clientId": "mine", "data": {}}]}))
        .await;
    assert_eq!(repeat.json["results"][0]["status"], "duplicate");
    assert_eq!(
        repeat.json["deltaUpdates"]["tasks"].as_array().unwrap().len(),
        1,
        "a duplicate speaks for itself as well"
    );
}

#[tokio::test]
async fn f20_long_delta_updates_are_ordered_by_stamp() {
    let world = World::new();
    let phone = world.device("phone").await;
    let tablet = world.device_of(&phone.account, "tablet");
    let start = phone.create("first", json!({})).await["updatedAt"].as_str().unwrap().to_owned();
    for n in 0..150 {
        world.advance(1);
        let op = |collection: &str| json!({"type": "create", "collection": collection, "clientId": format!("{collection}{n}"), "data": {}});
        tablet.push(json!([op("tasks"), op("notes")])).await;
    }
    let (mut since, mut seen, mut rounds) = (start, Vec::new(), 0);
    loop {
        let reply = phone.batch(json!({"lastSyncTimestamp": since, "operations": []})).await.expect(200);
        let updates = &reply.json["deltaUpdates"];
        let page: Vec<String> = ["tasks", "notes"]
            .iter()
            .flat_map(|collection| updates[collection].as_array().cloned().unwrap_or_default())
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect();
        assert!(page.len() <= 200);
        seen.extend(page);
        since = reply.json["serverTimestamp"].as_str().unwrap().to_owned();
        rounds += 1;
        if updates["hasMore"] == false {
            break;
        }
    }
    assert_eq!(rounds, 2);
    let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (300, 300), "every row once, with nothing but a time to go by");
}

#[tokio::test]
async fn f20_late_echo_never_revives_a_deleted_record() {
    let world = World::new();
    let phone = world.device("phone").await;
    let mut copy = Copy::default();
    for round in 0..4 {
        let id = format!("r{round}");
        phone.push(json!([{"opId": format!("c{round}"), "type": "create", "clientId": id, "data": {}}])).await;
        if round % 2 == 0 {
            copy.pull(&phone, 10).await;
        }
        phone.push(json!([{"opId": format!("d{round}"), "type": "delete", "id": id, "version": 1}])).await;
        if round > 1 {
            copy.pull(&phone, 10).await;
        }
        let again =
            phone.push(json!([{"opId": format!("c{round}"), "type": "create", "clientId": id, "data": {}}])).await;
        assert_eq!(again[0]["status"], "duplicate", "a late repeat of the create revives nothing");
        phone.get(&id).await.expect(410);
    }
    copy.pull(&phone, 10).await;
    assert!(copy.records.is_empty());
}
