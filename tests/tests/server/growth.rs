//! What one account leaves behind is bounded.

use crate::support::{CHEAP, World};
use serde_json::{Value, json};

fn count(world: &World, sql: &str) -> i64 {
    let database = rusqlite::Connection::open(world.database()).unwrap();
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn quota(reply: &Value, what: &str, current: i64, limit: i64) {
    assert_eq!(reply["code"], "QUOTA_EXCEEDED", "{reply}");
    assert_eq!(
        (&reply["quota"], &reply["currentUsage"], &reply["limit"]),
        (&json!(what), &json!(current), &json!(limit))
    );
    assert_eq!((&reply["upgradeUrl"], &reply["retryable"]), (&json!("https://example.org/more"), &json!(false)));
}

const QUOTAS: &str = "[quotas]\nupgrade_url = \"https://example.org/more\"\n";

#[test]
fn server_f13_quota_of_records_and_bytes() {
    let world = World::with(&format!("{CHEAP}{QUOTAS}records = 3\nbytes = 1000\n"));
    let user = world.sign_up("a@example.org");
    for n in 0..3 {
        user.post("/v1/tasks", &json!({"clientId": n.to_string(), "t": "x".repeat(100)})).expect(201);
    }
    quota(&user.post("/v1/notes", &json!({"clientId": "3"})).expect(403).json["error"], "records", 3, 3);
    let push = user.push("d", json!([{"type":"create","clientId":"4","data":{}},{"type":"delete","id":"0"},
                                     {"type":"create","clientId":"5","data":{}},{"type":"create","clientId":"6","data":{}}]));
    let results = push.expect(200).json["results"].clone();
    quota(&results[0]["error"], "records", 3, 3);
    assert_eq!((&results[0]["status"], &results[2]["status"]), (&json!("rejected"), &json!("applied")));
    quota(&results[3]["error"], "records", 3, 3);
    // What makes a record smaller is always taken; what is over is said with the usage.
    let used = 2 * json!({"t": "x".repeat(100)}).to_string().len() as i64 + 2;
    let grown = json!({"t": "y".repeat(900)}).to_string();
    quota(&user.patch("application/json", "/v1/tasks/1", &grown).expect(403).json["error"], "bytes", used, 1000);
    user.patch("application/json", "/v1/tasks/1", "{\"t\":\"\"}").expect(200);
    user.patch("application/json", "/v1/tasks/1", &json!({"t": "y".repeat(700)}).to_string()).expect(200);
    // The groups that exceed it leave nothing.
    user.send("DELETE", "/v1/tasks/2", b"").expect(204);
    let group = json!([{"type":"create","clientId":"7","data":{},"group":"g"},{"type":"create","clientId":"8","data":{},"group":"g"}]);
    let results = user.push("d", group).expect(200).json["results"].clone();
    assert_eq!((&results[0]["status"], &results[1]["error"]["code"]), (&json!("aborted"), &json!("QUOTA_EXCEEDED")));
    user.post("/v1/tasks", &json!({"clientId": "9"})).expect(201);
    assert_eq!(count(&world, "SELECT live_records FROM spaces"), 3);
    assert_eq!(count(&world, "SELECT live_bytes - (SELECT sum(octet_length(body)) FROM records) FROM spaces"), 0);
    assert_eq!(count(&world, "SELECT all_rows - (SELECT count(*) FROM records) FROM spaces"), 0);
}

#[test]
fn server_f13_tombstones_are_no_way_round_the_quota() {
    let world = World::with(&format!("{CHEAP}[quotas]\nrecords = 4\n"));
    let user = world.sign_up("a@example.org");
    let mut refused = 0;
    for n in 0..30 {
        let made = user.post("/v1/tasks", &json!({"clientId": n.to_string()})).status;
        refused += usize::from(made == 403);
        user.send("DELETE", &format!("/v1/tasks/{n}"), b"").expect(204);
    }
    assert_eq!(refused, 10);
    assert_eq!(count(&world, "SELECT count(*) FROM records"), 20);
}

#[test]
fn server_f13_quota_of_devices_and_sessions() {
    let world = World::with(&format!("{CHEAP}{QUOTAS}devices = 5\nsessions = 4\n"));
    let user = world.sign_up("a@example.org");
    for n in 0..5 {
        user.push(&format!("d{n}"), json!([])).expect(200);
    }
    quota(&user.push("d5", json!([])).expect(403).json["error"], "devices", 5, 5);
    let plain = user.header("X-Device-Id", "d6").post("/v1/tasks", &json!({})).expect(403);
    quota(&plain.json["error"], "devices", 5, 5);
    user.push("d0", json!([])).expect(200);
    let body = json!({"email": "a@example.org", "password": "long enough"});
    for _ in 0..3 {
        world.caller().post("/v1/auth/sign-in", &body).expect(200);
    }
    quota(&world.caller().post("/v1/auth/sign-in", &body).expect(403).json["error"], "sessions", 4, 4);
    assert_eq!(count(&world, "SELECT count(*) FROM families"), 4);
    // A sign-in that ended gives its place.
    user.send("POST", "/v1/auth/sign-out", b"").expect(204);
    let again = world.caller().post("/v1/auth/sign-in", &body).expect(200);
    let user = world.caller().token(again.json["data"]["session"]["token"].as_str().unwrap());
    // So does a device that was not seen for a month.
    let database = rusqlite::Connection::open(world.database()).unwrap();
    database.execute("UPDATE devices SET last_seen_ts = 1 WHERE name = 'd1'", []).unwrap();
    user.push("d5", json!([])).expect(200);
    user.push("d6", json!([])).expect(403);
    assert_eq!(count(&world, "SELECT count(*) FROM devices"), 5);
    assert_eq!(count(&world, "SELECT count(*) FROM devices WHERE name = 'd1'"), 0);
}

#[test]
fn server_f13_pairs_and_stored_replies_do_not_pile_up() {
    let world = World::with(&format!("{CHEAP}[quotas]\nreply_bytes = 100000\n"));
    let body = json!({"email": "a@example.org", "password": "long enough"});
    let mut session = world.caller().post("/v1/auth/sign-up", &body).expect(201).json["data"]["session"].clone();
    for _ in 0..100 {
        let body = json!({"refreshToken": session["refreshToken"]});
        session = world.caller().post("/v1/auth/session/refresh", &body).expect(200).json["data"]["session"].clone();
    }
    let pairs = count(&world, "SELECT count(*) FROM pairs");
    assert!(pairs <= 20, "{pairs}");
    let user = world.caller().token(session["token"].as_str().unwrap());
    for n in 0..100 {
        let body = json!({"clientId": n.to_string(), "t": "x".repeat(10_000)});
        user.header("Idempotency-Key", &n.to_string()).post("/v1/tasks", &body).expect(201);
    }
    let bytes = count(&world, "SELECT sum(octet_length(data)) FROM idempotency");
    assert!(bytes <= 100_000, "{bytes}");
    let last = json!({"clientId": "99", "t": "x".repeat(10_000)});
    let repeat = user.header("Idempotency-Key", "99").post("/v1/tasks", &last).expect(200);
    assert_eq!(repeat.json["meta"]["idempotent"], true);
}

#[test]
fn server_f13_operations_whose_results_are_kept_are_counted() {
    let world = World::with(&format!("{CHEAP}[quotas]\noperations = 3\n"));
    let user = world.sign_up("a@example.org");
    let write = |n: i64, data: Value| json!([{"opId":format!("o{n}"),"opSeq":n,"type":"update","collection":"tasks","id":"x","data":data}]);
    let create = json!([{"opId":"o0","opSeq":0,"type":"create","collection":"tasks","clientId":"x","data":{"n":0}}]);
    let status = |operations: Value| {
        let result = user.push("d", operations).expect(200).json["results"][0].clone();
        (result["status"].as_str().unwrap().to_owned(), result["error"].clone())
    };
    assert_eq!(status(create).0, "applied");
    assert_eq!(
        status(json!([{"opId":"bad","opSeq":1,"type":"update","collection":"tasks","id":"no","data":{}}])).0,
        "conflict"
    );
    assert_eq!(status(write(2, json!({"n": 0}))).0, "duplicate", "its result is kept, too");
    assert_eq!(status(write(3, json!({"n": 1}))).0, "applied", "what was refused does not count");
    let (refused, error) = status(write(4, json!({"n": 2})));
    assert_eq!(refused, "rejected");
    assert_eq!(
        (&error["code"], &error["quota"], &error["currentUsage"], &error["limit"]),
        (&json!("QUOTA_EXCEEDED"), &json!("operations"), &json!(3), &json!(3))
    );
    assert_eq!(status(write(3, json!({"n": 1}))).0, "duplicate", "a repeat is answered all the same");
    assert_eq!(count(&world, "SELECT operations FROM spaces"), 3);
    assert_eq!(count(&world, "SELECT count(*) FROM op_ledger"), 3);
}

#[test]
fn server_f16_device_speaks_for_itself_only() {
    let world = World::new();
    let body = |device: &str| json!({"email": "a@example.org", "password": "long enough", "device": device});
    let token = |reply: crate::support::Reply| reply.json["data"]["session"]["token"].as_str().unwrap().to_owned();
    let phone = world.caller().token(&token(world.caller().post("/v1/auth/sign-up", &body("phone")).expect(201)));
    let tablet = world.caller().token(&token(world.caller().post("/v1/auth/sign-in", &body("tablet")).expect(200)));
    let burn = json!({"deviceId":"phone","operations":[],"ackOpSeq":1_000_000});
    assert_eq!(tablet.post("/v1/sync/batch", &burn).expect(403).code(), "FORBIDDEN");
    tablet.header("X-Device-Id", "phone").post("/v1/tasks", &json!({})).expect(403);
    let write = json!([{"opId":"q1","opSeq":1,"type":"create","collection":"tasks","clientId":"x","data":{}}]);
    assert_eq!(phone.push("phone", write).expect(200).json["results"][0]["status"], "applied");
    // A store that takes another id, because it was copied, goes on with its session.
    phone.push("phone-2", json!([])).expect(200);
    tablet.push("tablet", json!([])).expect(200);
}

#[test]
fn server_f17_collections_whose_lists_could_be_one_have_two() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    for (first, second) in [("task", "tasks"), ("boxes", "box")] {
        for collection in [first, second] {
            user.post(&format!("/v1/{collection}"), &json!({"clientId": "k1"})).expect(201);
        }
        // The delete of a record of one is in no list of the other.
        let delete = json!([{"opId":format!("d-{first}"),"opSeq":1,"type":"delete","collection":first,"id":"k1"}]);
        assert_eq!(user.push("phone", delete).expect(200).json["results"][0]["success"], true);
        assert_eq!(user.get(&format!("/v1/{second}/k1")).expect(200).json["data"]["id"], "k1");
    }
}

#[cfg(unix)]
#[test]
fn server_f18_data_is_for_this_user_only() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    world.sign_up("a@example.org");
    let folder = world.folder.path().join("data");
    let mut seen = 0;
    for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).chain([folder.clone()]) {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{path:?}");
        seen += 1;
    }
    assert!(seen >= 4);
}
