//! F19: rows move while they are read page by page, or share a stamp with the last row of a page.

use crate::support::{Copy, World};
use serde_json::{Value, json};

#[tokio::test]
async fn f19_paging_during_updates_leaves_no_gap() {
    for limit in 1..=12 {
        let world = World::new();
        let phone = world.device("phone").await;
        let other = world.device_of(&phone.account, "other");
        for n in 0..12 {
            phone.create(&format!("r{n}"), json!({"n": n})).await;
        }
        phone.push(json!([{"type": "delete", "id": "r3"}])).await;

        let mut copy = Copy::default();
        let mut round = 0;
        while copy.apply(&phone.changes(copy.cursor.as_deref(), limit).await.expect(200)) {
            // What was read already moves to the end, what was not read yet goes away, something new appears.
            if round < 8 {
                let ops = json!([
                    {"type": "update", "id": format!("r{}", (round * 5) % 12), "data": {"round": round}},
                    {"type": "delete", "id": format!("r{}", (round * 7 + 2) % 12)},
                    {"type": "create", "clientId": format!("new{round}"), "data": {}},
                ]);
                other.push(ops).await;
            }
            round += 1;
            assert!(round < 100, "the reader must arrive");
        }
        let mut fresh = Copy::default();
        fresh.pull(&phone, 5000).await;
        assert_eq!(copy.records, fresh.records, "page size {limit}");
        assert_eq!(copy.cursor, fresh.cursor, "the same state gives the same cursor");
    }
}

#[tokio::test]
async fn f19_since_a_time_equals_a_cursor() {
    let world = World::new();
    let phone = world.device("phone").await;
    // All in the same millisecond of the wall clock, in one transaction.
    let ops: Vec<Value> =
        (0..20).map(|n| json!({"type": "create", "clientId": format!("r{n:02}"), "data": {"n": n}})).collect();
    let results = phone.push(Value::Array(ops)).await;
    let stamps: std::collections::BTreeSet<&str> = results.iter().map(|r| r["updatedAt"].as_str().unwrap()).collect();
    assert_eq!(stamps.len(), 20, "no two writes of a stream share a stamp");

    for limit in 1..=7 {
        let (mut since, mut seen) = ("1970-01-01T00:00:00Z".to_owned(), Vec::new());
        loop {
            let reply = phone.call("GET", &format!("/v1/tasks?since={since}&limit={limit}"), None).await.expect(200);
            let rows = reply.json["data"]["tasks"].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            since = reply.json["data"]["syncMetadata"]["serverTimestamp"].as_str().unwrap().to_owned();
            if reply.json["data"]["syncMetadata"]["hasMore"] == false {
                break;
            }
        }
        let expected: Vec<String> = (0..20).map(|n| format!("r{n:02}")).collect();
        assert_eq!(seen, expected, "every row once, in pages of {limit}");
    }
    for alias in ["updatedSince", "updatedAfter", "since"] {
        let time = results[9]["updatedAt"].as_str().unwrap();
        let reply = phone.call("GET", &format!("/v1/tasks?{alias}={time}"), None).await.expect(200);
        assert_eq!(reply.json["data"]["tasks"].as_array().unwrap().len(), 10, "{alias} means later than");
    }
}

#[tokio::test]
async fn server_f20_stamps_of_many_writes_do_not_run_ahead_of_the_clock() {
    let world = World::new();
    let phone = world.device("phone").await;
    let creates = |from: usize| -> Value {
        (from..from + 1_000).map(|n| json!({"type": "create", "clientId": format!("r{n}"), "data": {}})).collect()
    };
    // The clock stands still; a server that gave each write a millisecond of its own would be three seconds ahead.
    let mut last = String::new();
    for from in [0, 1_000, 2_000] {
        for result in phone.push(creates(from)).await {
            let stamp = result["updatedAt"].as_str().unwrap().to_owned();
            assert!(stamp > last, "{stamp} after {last}");
            last = stamp;
        }
    }
    assert_eq!(last, "2026-11-20T10:00:00.002999Z");

    world.advance(3);
    let later = phone.create("later", json!({})).await["updatedAt"].clone();
    assert_eq!(later, "2026-11-20T10:00:00.003000Z");
    let reply = phone.call("GET", "/v1/tasks?since=2026-11-20T10:00:00.003Z", None).await.expect(200);
    assert_eq!(reply.json["data"]["tasks"], json!([]), "a stamp of the clock's own is no later than it");
    let reply = phone.call("GET", "/v1/tasks?since=2026-11-20T10:00:00.002999Z", None).await.expect(200);
    assert_eq!(reply.json["data"]["tasks"][0]["id"], "later");
}

#[tokio::test]
async fn f19_stamps_rise_when_the_clock_goes_back() {
    let world = World::new();
    let phone = world.device("phone").await;
    let mut last = String::new();
    for n in 0..10 {
        world.advance(if n % 2 == 0 { -5_000 } else { 1 });
        let stamp = phone.create(&format!("r{n}"), json!({})).await["updatedAt"].as_str().unwrap().to_owned();
        assert!(stamp > last, "{stamp} after {last}");
        last = stamp;
    }
}

#[tokio::test]
async fn f19_page_stops_at_max_bytes_after_one_row() {
    let world = World::new();
    let phone = world.device("phone").await;
    for n in 0..6 {
        phone.create(&format!("r{n}"), json!({"text": "x".repeat(3_000)})).await;
    }
    let pull = |max_bytes: usize, cursor: Option<String>| {
        phone.call(
            "POST",
            "/v1/sync/pull",
            Some(json!({"streams": [{"collection": "tasks", "cursor": cursor}], "maxBytes": max_bytes})),
        )
    };
    for (max_bytes, rows) in [(1, 1), (3_500, 1), (7_000, 2), (100_000, 6)] {
        let reply = pull(max_bytes, None).await.expect(200);
        assert_eq!(reply.json["data"]["streams"][0]["changes"]["tasks"].as_array().unwrap().len(), rows, "{max_bytes}");
        assert_eq!(reply.json["data"]["checkpoint"]["complete"], rows == 6);
    }
}

#[tokio::test]
async fn f19_snapshot_has_only_tombstones_after_its_start() {
    let world = World::new();
    let phone = world.device("phone").await;
    for n in 0..6 {
        phone.create(&format!("r{n}"), json!({})).await;
    }
    phone.push(json!([{"type": "delete", "id": "r0"}])).await;
    let first = phone.changes(None, 2).await.expect(200);
    assert_eq!(first.json["data"]["syncMetadata"]["mode"], "snapshot");
    let mut copy = Copy::default();
    assert!(copy.apply(&first));
    assert_eq!(
        first.json["data"]["tombstones"]["tasks"],
        json!([]),
        "a deletion from before is not a snapshot's business"
    );

    phone.push(json!([{"type": "delete", "id": "r1"}, {"type": "delete", "id": "r5"}])).await;
    copy.pull(&phone, 2).await;
    let ids: Vec<&String> = copy.records.keys().collect();
    assert_eq!(ids, ["r2", "r3", "r4"], "r1 had been read before it was deleted");
}
