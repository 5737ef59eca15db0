//! F15: the server dies in the middle of a batch.

use crate::support::{World, config};
use serde_json::{Value, json};

fn operations() -> Vec<Value> {
    (0..100)
        .map(|n| {
            let (id, op_id) = (format!("r{}", n % 40), format!("op-{n}"));
            match n {
                0..40 => json!({"opId": op_id, "opSeq": n, "type": "create", "clientId": id, "data": {"n": n}}),
                40..80 => json!({"opId": op_id, "opSeq": n, "type": "update", "id": id, "version": "$prev", "data": {"n": n}}),
                _ => json!({"opId": op_id, "opSeq": n, "type": "patch", "id": id, "fieldOps": [{"op": "inc", "path": "/n", "by": 1}]}),
            }
        })
        .collect()
}

/// `"$prev"` needs the earlier operations of the record in the batch; the client knows these versions.
fn with_versions(mut operations: Vec<Value>) -> Vec<Value> {
    for operation in &mut operations {
        if operation["version"] == "$prev" {
            operation["version"] = json!(1);
        }
    }
    operations
}

#[tokio::test]
async fn f15_retry_after_a_crash_equals_an_undisturbed_run() {
    let ideal = {
        let world = World::new();
        let phone = world.device("phone").await;
        phone.push(Value::Array(with_versions(operations()))).await;
        contents(&phone.call("GET", "/v1/tasks?limit=100", None).await.json)
    };
    for transaction_ops in [1, 7] {
        for killed_after in 0..100_u32.div_ceil(transaction_ops) {
            let mut config = config();
            config.sync.transaction_ops = transaction_ops as usize;
            let mut world = World::with(config);
            let account = world.sign_up("a@example.org").await;
            let batch = json!({"operations": with_versions(operations())});
            world.disk.fail_after(killed_after);
            let reply = world.device_of(&account, "phone").batch(batch.clone()).await;
            let durable = reply.json["error"]["results"].as_array().map_or(0, Vec::len);
            reply.expect(503);
            assert_eq!(durable as u32, killed_after * transaction_ops, "the answer names the prefix that is durable");

            world.disk.heal();
            world.crash();
            let phone = world.device_of(&account, "phone");
            let results = phone.batch(batch).await.expect(200);
            for (index, result) in results.json["results"].as_array().unwrap().iter().enumerate() {
                let status = if index < durable { "duplicate" } else { "applied" };
                assert_eq!(result["status"], status, "operation {index} after a kill at {killed_after}");
            }
            assert_eq!(contents(&phone.call("GET", "/v1/tasks?limit=100", None).await.json), ideal);
        }
    }
}

/// Everything about the records that a retry must not change.
fn contents(list: &Value) -> Value {
    let records = list["data"]["tasks"].as_array().unwrap().iter().map(|record| {
        json!({"id": record["id"], "n": record["n"], "version": record["version"], "seq": record["_sync"]["seq"]})
    });
    json!({"records": records.collect::<Vec<_>>(), "integrity": list["data"]["syncMetadata"]["integrity"]})
}

#[tokio::test]
async fn f15_interrupted_batch_reports_its_prefix() {
    let mut config = config();
    config.sync.transaction_ops = 2;
    let world = World::with(config);
    let phone = world.device("phone").await;
    world.disk.fail_after(1);
    let ops: Vec<Value> = (0..5)
        .map(|n| json!({"opId": format!("o{n}"), "type": "create", "clientId": format!("r{n}"), "data": {}}))
        .collect();
    let reply = phone.batch(json!({"operations": ops})).await.expect(503);
    assert_eq!(reply.code(), "SYNC_INTERRUPTED");
    assert_eq!(reply.json["error"]["retryable"], true);
    assert_eq!(reply.json["error"]["lastSuccessfulOperation"], 1);
    assert_eq!(reply.json["error"]["results"][1]["opId"], "o1");
    assert!(["1", "2", "3"].contains(&reply.header("retry-after")));

    world.disk.fail_after(0);
    let reply = phone.batch(json!({"operations": [ops[4]]})).await.expect(503);
    assert_eq!(reply.json["error"]["lastSuccessfulOperation"], -1);
}

#[tokio::test]
async fn f15_group_never_spans_transactions() {
    let mut config = config();
    config.sync.transaction_ops = 2;
    let world = World::with(config);
    let phone = world.device("phone").await;
    world.disk.fail_after(1);
    let op = |n: i32, group: Option<&str>| json!({"opId": format!("o{n}"), "type": "create", "clientId": format!("r{n}"), "data": {}, "group": group});
    let ops = json!([op(0, None), op(1, Some("g")), op(2, Some("g")), op(3, Some("g"))]);
    let reply = phone.batch(json!({"operations": ops})).await.expect(503);
    assert_eq!(reply.json["error"]["lastSuccessfulOperation"], 0);
    phone.get("r0").await.expect(200);
    phone.get("r1").await.expect(404);
}
