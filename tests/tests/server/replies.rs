//! Replies are bounded before they are made, and reads end in time.

use crate::support::{CHEAP, Caller, PATIENCE, World, at_once, worst_meanwhile};
use serde_json::{Value, json};
use std::time::Duration;

/// The server's `maxPageBytes`, with room for what a reply has beside it twice (results and updates).
const MOST: usize = 2 * 4_194_304 + 1_000_000;

fn big(user: &Caller, id: &str) {
    user.post("/v1/tasks", &json!({"clientId": id, "n": 0, "t": "x".repeat(250_000)})).expect(201);
}

#[test]
fn server_f08_reply_to_a_push_is_bounded_and_nothing_is_lost() {
    let mut world = World::new();
    let user = world.sign_up("a@example.org");
    big(&user, "big");
    let status = user.get("/v1/sync/status").expect(200);
    let cursor = status.json["streams"][0]["head"].clone();
    let before = world.memory("VmHWM");
    let operations: Vec<Value> = (0..1000)
        .map(|_| json!({"type":"patch","id":"big","collection":"tasks","fieldOps":[{"op":"inc","path":"/n","by":1}]}))
        .collect();
    let body = json!({"deviceId":"d","operations":operations,"cursors":{}});
    let reply = user.post("/v1/sync/batch", &body).expect(200);
    assert!(reply.bytes.len() < MOST, "{}", reply.bytes.len());
    let results = reply.json["results"].as_array().unwrap();
    assert!(results.iter().all(|result| result["success"] == true || result["status"] == "deferred"));
    let told = |result: &&Value| result["record"].is_object();
    assert!(results.iter().filter(told).count() > 5);
    let omitted = results.iter().filter(|result| result["recordOmitted"] == true).count();
    let applied = results.iter().filter(|result| result["success"] == true).count();
    assert!(omitted > 900, "{omitted}");
    assert_eq!(user.get("/v1/tasks/big").expect(200).json["data"]["n"], applied);
    let after = world.memory("VmHWM");
    assert!(after < before + 150 * 1024, "{before} -> {after} KiB");
    // What the results did not show comes with the next pull.
    let pull = user.post("/v1/sync/pull", &json!({"streams":[{"collection":"tasks","cursor":cursor}]})).expect(200);
    assert_eq!(pull.json["data"]["streams"][0]["changes"]["tasks"][0]["n"], applied);
}

#[test]
fn server_f08_conflicts_that_find_no_room_are_put_off() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    for n in 0..40 {
        big(&user, &n.to_string());
        user.patch("application/json", &format!("/v1/tasks/{n}"), "{\"n\":1}").expect(200);
    }
    let operations: Vec<Value> = (0..40)
        .map(|n| json!({"opId":format!("o{n}"),"type":"update","collection":"tasks","id":n.to_string(),"version":1,"data":{"n":2}}))
        .collect();
    let reply = user.push("d", operations.into()).expect(200);
    assert!(reply.bytes.len() < MOST, "{}", reply.bytes.len());
    let count =
        |status: &str| reply.json["results"].as_array().unwrap().iter().filter(|r| r["status"] == status).count();
    assert!(count("conflict") >= 10 && count("deferred") >= 10);
    assert_eq!(count("conflict") + count("deferred"), 40);
}

#[test]
fn server_f09_deep_offsets_are_refused_and_reads_do_not_stop_others() {
    let world = World::with(&format!("{CHEAP}[server]\nwork_budget_ms = 300\nreaders = 2\n"));
    let (attacker, other) = (world.sign_up("a@example.org"), world.sign_up("b@example.org"));
    let refused = attacker.get("/v1/tasks?offset=999990&limit=1").expect(400);
    assert!(refused.json["error"]["details"]["offset"].is_string());
    fill(&world, "a@example.org", 150_000);
    let attack = || {
        at_once(16, |_| {
            for _ in 0..8 {
                attacker.get("/v1/tasks?offset=10000&limit=5000");
            }
        });
    };
    let worst = worst_meanwhile(attack, || {
        world.caller().get("/healthz").expect(200);
        other.get("/v1/sync/config").expect(200);
        other.post("/v1/notes", &json!({})).expect(201);
    });
    assert!(worst < PATIENCE, "{worst:?}");
}

/// Tombstones, which a list by offset has to pass.
fn fill(world: &World, email: &str, rows: i64) {
    let database = rusqlite::Connection::open(world.database()).unwrap();
    database.busy_timeout(Duration::from_secs(20)).unwrap();
    let stream: i64 = database
        .query_row(
            "INSERT INTO streams (space, collection, last_seq, last_us, min_seq, min_us, live_count, digest)
             SELECT spaces.id, 'tasks', ?2, 1, 0, 0, 0, 0 FROM spaces JOIN users ON users.id = owner WHERE email = ?1 RETURNING id",
            rusqlite::params![email, rows],
            |row| row.get(0),
        )
        .unwrap();
    database
        .execute(
            "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
             INSERT INTO records (stream, seq, id, version, created_us, updated_us, own_stamps, body, created_version, hlc)
             SELECT ?1, i, 'r' || i, 2, 1, 1, 0, NULL, 1, '1:0:d' FROM n",
            [stream, rows],
        )
        .unwrap();
}

#[test]
fn server_f15_discovery_says_when_it_is_not_complete() {
    let world = World::with(&format!("{CHEAP}[limits]\nmax_streams = 10\n[quotas]\nstreams = 35\n"));
    let user = world.sign_up("a@example.org");
    for n in 0..35 {
        user.post(&format!("/v1/c{n}x"), &json!({})).expect(201);
    }
    let refused = user.post("/v1/another", &json!({})).expect(403);
    assert_eq!((refused.code(), &refused.json["error"]["limit"]), ("QUOTA_EXCEEDED", &json!(35)));
    let mut known: Vec<String> = Vec::new();
    for round in 0.. {
        let reply = user.post("/v1/sync/pull", &json!({"streams":[],"discover":true,"known":known})).expect(200);
        let streams = reply.json["data"]["streams"].as_array().unwrap();
        assert!(streams.len() <= 10);
        known.extend(streams.iter().map(|stream| stream["collection"].as_str().unwrap().to_owned()));
        let complete = reply.json["data"]["checkpoint"]["complete"] == true;
        assert_eq!(complete, known.len() == 35, "round {round}");
        if complete {
            break;
        }
    }
}

#[test]
fn server_f15_status_and_updates_are_bounded_by_the_quota_of_streams() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    let operations = |from: usize| -> Value {
        (from..from + 500).map(|n| json!({"type":"create","collection":format!("c{n}x"),"data":{}})).collect()
    };
    for from in [0, 500, 1000] {
        let results = user.push("d", operations(from)).expect(200).json["results"].clone();
        let codes = results.as_array().unwrap().iter().filter(|r| r["error"]["code"] == "QUOTA_EXCEEDED").count();
        assert_eq!(codes, if from < 1000 { 0 } else { 500 });
    }
    assert!(user.get("/v1/sync/status").expect(200).bytes.len() < 400_000);
    let body = json!({"deviceId":"d","operations":[],"lastSyncTimestamp":"2020-01-01T00:00:00.000Z"});
    assert!(user.post("/v1/sync/batch", &body).expect(200).bytes.len() < 1_000_000);
}

#[test]
fn server_f23_records_by_id_keep_to_the_size_of_a_page() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    let ids: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    for id in &ids {
        big(&user, id);
    }
    let reply = user.get(&format!("/v1/tasks?ids={}", ids.join(","))).expect(200);
    assert!(reply.bytes.len() < MOST, "{}", reply.bytes.len());
    let meta = &reply.json["data"]["syncMetadata"];
    let given = reply.json["data"]["tasks"].as_array().unwrap().len();
    assert_eq!((&meta["hasMore"], meta["missing"].as_array().unwrap().len()), (&json!(true), 40 - given));
    let (mut left, mut seen) = (json!(ids), 0);
    while left.as_array().is_some_and(|left| !left.is_empty()) {
        let reply = user.post("/v1/tasks/fetch", &json!({"ids": left})).expect(200);
        assert!(reply.bytes.len() < MOST);
        seen += reply.json["data"]["tasks"].as_array().unwrap().len();
        left = reply.json["pagination"]["missing"].clone();
    }
    assert_eq!(seen, 40);
}
