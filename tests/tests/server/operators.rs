//! What operators do: backups, restores, checks, sessions.

use crate::support::{CHEAP, Caller, World};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

fn create(user: &Caller, id: &str) {
    user.post("/v1/tasks", &json!({"clientId": id, "n": 1})).expect(201);
}

/// The text of a path beside the data.
fn beside(world: &World, name: &str) -> String {
    world.folder.path().join(name).to_str().unwrap().to_owned()
}

fn damage(world: &World, sql: &str) {
    Connection::open(world.database()).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn backup_under_load_is_whole_and_a_restore_starts_a_new_epoch() {
    let mut world = World::new();
    let user = world.sign_up("a@example.org");
    create(&user, "before");
    let file = beside(&world, "backup.db");
    let stop = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                create(&user, &format!("r{n}"));
                n += 1;
            }
            n
        });
        std::thread::sleep(std::time::Duration::from_millis(200));
        let backup = world.operate(&["backup", &file]);
        std::thread::sleep(std::time::Duration::from_millis(100));
        stop.store(true, Ordering::Relaxed);
        assert!(backup.0 && backup.1[0]["bytes"].as_u64().unwrap() > 0, "{:?}", backup.1);
        writing.join().unwrap()
    });
    assert!(!world.operate(&["backup", &file]).0, "a backup overwrites nothing");
    assert!(!world.operate(&["restore", &file]).0, "the server runs");
    let cursor = user.get("/v1/tasks").expect(200).json["data"]["syncMetadata"]["nextCursor"].clone();
    let epoch = world.operate(&["stats"]).1[0]["epoch"].clone();

    world.server.kill();
    let (well, lines) = world.operate(&["restore", &file]);
    assert!(well, "{lines:?}");
    let replaced = lines[0]["replaced"].as_str().unwrap().to_owned();
    assert_eq!(world.operate(&["check"]), (true, vec![json!({"faults": 0})]));
    assert_ne!(world.operate(&["stats"]).1[0]["epoch"], epoch);
    let rows = |path: &str| -> i64 {
        Connection::open(path).unwrap().query_row("SELECT count(*) FROM records", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(rows(&replaced), written + 1, "what was there is kept, with its log");
    let kept = rows(world.database().to_str().unwrap());
    assert!(kept > 1 && kept < written + 1, "{kept} of {written}");

    world.restart();
    let token = user.headers().lines().find_map(|line| line.strip_prefix("Authorization: Bearer ").map(str::to_owned));
    let user = world.caller().token(&token.unwrap());
    let stale = user.get(&format!("/v1/tasks?cursor={}", cursor.as_str().unwrap())).expect(410);
    assert_eq!(stale.code(), "EPOCH_CHANGED");
    create(&user, "after");
}

#[test]
fn restore_takes_a_sound_backup_only_and_leaves_the_data_otherwise() {
    let mut world = World::new();
    create(&world.sign_up("a@example.org"), "x");
    world.server.kill();
    let before = world.operate(&["stats"]);
    let (text, foreign, torn) = (beside(&world, "text.db"), beside(&world, "foreign.db"), beside(&world, "torn.db"));
    std::fs::write(&text, "no database at all, and long enough to be looked at as one".repeat(100)).unwrap();
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(world.operate(&["backup", &torn]).0);
    let mut bytes = std::fs::read(&torn).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x5a);
    std::fs::write(&torn, bytes).unwrap();
    for file in [text, foreign, torn, beside(&world, "none.db")] {
        assert!(!world.operate(&["restore", &file]).0, "{file}");
        assert_eq!(world.operate(&["stats"]).1[0]["epoch"], before.1[0]["epoch"], "{file}");
        assert!(world.operate(&["check"]).0, "{file}");
    }
}

#[test]
fn restore_begins_a_server_anew_on_an_empty_folder() {
    let mut world = World::new();
    create(&world.sign_up("a@example.org"), "x");
    let file = beside(&world, "backup.db");
    assert!(world.operate(&["backup", &file]).0);
    world.server.kill();
    std::fs::remove_dir_all(world.folder.path().join("data")).unwrap();
    assert!(!world.operate(&["stats"]).0, "nothing is made by looking");
    let (well, lines) = world.operate(&["restore", &file]);
    assert!(well && lines[0]["replaced"].is_null(), "{lines:?}");
    assert_eq!(world.operate(&["stats"]).1[0]["records"], 1);
}

#[test]
fn check_sees_each_fault_and_repair_mends_what_follows_from_the_records() {
    let mut world = World::new();
    let user = world.sign_up("a@example.org");
    for n in 0..20 {
        create(&user, &n.to_string());
    }
    user.push("phone", json!([{"opId":"o","opSeq":1,"type":"create","collection":"heroes","clientId":"h","data":{}}]))
        .expect(200);
    user.send("DELETE", "/v1/tasks/3", b"").expect(204);
    user.header("Idempotency-Key", "k").post("/v1/tasks", &json!({"clientId": "k"})).expect(201);
    assert!(world.operate(&["check"]).0, "beside the server");
    assert!(!world.operate(&["repair"]).0, "the server runs");
    world.server.kill();
    for sql in [
        "UPDATE streams SET live_count = live_count + 1",
        "UPDATE streams SET digest = digest + 1",
        "UPDATE spaces SET live_records = 0",
        "UPDATE spaces SET all_rows = 0",
        "UPDATE spaces SET live_bytes = 0",
        "UPDATE spaces SET operations = 7",
        "UPDATE spaces SET reply_bytes = 7",
        "UPDATE spaces SET job_bytes = 7",
    ] {
        damage(&world, sql);
        let (sound, lines) = world.operate(&["check"]);
        assert!(!sound && lines.len() >= 2, "{sql}: {lines:?}");
        assert_eq!(world.operate(&["repair"]), (true, vec![json!({"faults": 0})]), "{sql}");
        assert!(world.operate(&["check"]).0, "{sql}");
    }
    for sql in [
        "UPDATE records SET body = 'no' WHERE id = '1'",
        "UPDATE records SET body = '{}' WHERE id = '1'; UPDATE records SET updated_us = 5 WHERE id = '9'",
        "UPDATE records SET updated_us = updated_us + 1 WHERE id = '9'; UPDATE streams SET last_seq = 2",
        "UPDATE devices SET ack_op_seq = 9",
    ] {
        damage(&world, sql);
        let (sound, lines) = world.operate(&["repair"]);
        assert!(!sound && lines[0]["fault"].is_string(), "{sql}: {lines:?}");
    }
}

#[test]
fn sign_ins_are_listed_and_ended_while_the_server_runs() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    world.sign_up("b@example.org");
    create(&user, "x");
    let body = json!({"email": "a@example.org", "password": "long enough", "device": "tablet"});
    let reply = world.caller().post("/v1/auth/sign-in", &body).expect(200);
    let tablet = world.caller().token(reply.json["data"]["session"]["token"].as_str().unwrap());

    let (_, accounts) = world.operate(&["user", "list"]);
    let told: Vec<(&Value, &Value, &Value)> =
        accounts.iter().map(|a| (&a["email"], &a["records"], &a["sessions"])).collect();
    assert_eq!(
        told,
        [(&json!("a@example.org"), &json!(1), &json!(2)), (&json!("b@example.org"), &json!(0), &json!(1))]
    );
    let first = accounts[0]["id"].as_str().unwrap();
    assert_eq!(world.operate(&["user", "list", "--after", first]).1.len(), 1);
    assert_eq!(world.operate(&["session", "list", first]).1.len(), 2);
    let (_, sessions) = world.operate(&["session", "list", " A@example.org"]);
    let of_tablet = sessions.iter().find(|session| session["device"] == "tablet").unwrap();
    let id = of_tablet["id"].to_string();
    assert_eq!(world.operate(&["session", "end", "a@example.org", "--id", &id]).1, [json!({"ended": 1})]);
    tablet.get("/v1/tasks").expect(401);
    user.get("/v1/tasks").expect(200);
    assert_eq!(world.operate(&["session", "end", "b@example.org", "--id", &id]).1, [json!({"ended": 0})]);
    assert_eq!(world.operate(&["session", "end", "a@example.org"]).1, [json!({"ended": 1})]);
    user.get("/v1/tasks").expect(401);
    assert!(!world.operate(&["session", "list", "none@example.org"]).0);
    let told = serde_json::to_string(&world.operate(&["stats"]).1).unwrap();
    assert!(!told.contains("example.org"), "figures name no one");
}

#[test]
fn configuration_is_checked_without_a_server() {
    let world = World::with(CHEAP);
    let config = beside(&world, "config.toml");
    assert!(world.operate(&["--config", &config, "config", "--check"]).0);
    for (text, fault) in [("[limits]\nmax_batch_ops = 0\n", "max_batch_ops"), ("[limit]\n", "limit"), ("[", "TOML")] {
        std::fs::write(&config, text).unwrap();
        let (well, lines) = world.operate(&["config", "--check", "--config", &config]);
        assert!(!well && lines[0]["fault"].as_str().unwrap().contains(fault), "{lines:?}");
    }
}

#[test]
fn figures_are_told_on_an_address_of_their_own() {
    let world = World::prepared(CHEAP, |command| {
        command.env("HOLM_METRICS", "127.0.0.1:0");
    });
    let user = world.sign_up("a@example.org");
    for n in 0..3 {
        create(&user, &n.to_string());
    }
    user.get("/v1/tasks/none").expect(404);
    user.send("BREW", "/v1/tasks", b"").expect(405);
    user.get("/metrics").expect(404);
    let figures = world.metrics();
    let told = |line: &str| figures.lines().any(|figure| figure.starts_with(line));
    for line in [
        "holm_requests_total{method=\"POST\",route=\"/v1/{collection}\",status=\"201\"} 3",
        "holm_requests_total{method=\"GET\",route=\"/v1/{collection}/{id}\",status=\"404\"} 1",
        "holm_requests_total{method=\"-\",route=\"/v1/{collection}\",status=\"405\"} 1",
        "holm_request_seconds_bucket{le=\"0.0001\",route=\"/v1/{collection}\"}",
        "holm_queue_seconds_count{queue=\"write\"}",
        "holm_queue_waiting{queue=\"read\"} 0",
        "holm_lost_log_lines_total 0",
    ] {
        assert!(told(line), "{line} is not in\n{figures}");
    }
    let number = |name: &str| -> f64 {
        let line = figures.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(number("holm_transaction_seconds_count") >= 4.0 && number("holm_transaction_seconds_sum") > 0.0);
    assert!(number("holm_database_bytes") + number("holm_database_log_bytes") > 10_000.0);
    for page in [include_str!("../../../deploy/alerts.yml"), include_str!("../../../docs/operating.md")] {
        let names =
            page.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|name| name.starts_with("holm_"));
        for name in names {
            assert!(
                told(&format!("{name}{{")) || told(&format!("{name} ")) || told(&format!("{name}_count")),
                "{name}"
            );
        }
    }
    assert!(!figures.contains("example.org") && !figures.contains("none"), "no one is named");
}
