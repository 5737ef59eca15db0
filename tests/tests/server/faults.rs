//! A fault stays with the operation that has it.

use crate::support::{World, at_once};
use serde_json::json;
use std::time::Duration;

#[test]
fn server_f02_poisoned_groups_leave_no_halves_and_no_dead_stream() {
    let world = World::new();
    let (attacker, other) = (world.sign_up("a@example.org"), world.sign_up("b@example.org"));
    attacker.post("/v1/tasks", &json!({"clientId": "before"})).expect(201);
    at_once(9, |n| {
        for round in 0..10 {
            if n > 0 {
                other.post("/v1/tasks", &json!({"clientId": format!("b{n}-{round}")})).expect(201);
                continue;
            }
            let create = |id: &str, version: i64, group: Option<&str>| {
                json!({"opId": format!("{id}-{round}"), "type":"create","collection":"tasks","clientId":format!("{id}-{round}"),
                       "data":{},"version":version,"group":group})
            };
            let operations =
                json!([create("half", 0, None), create("g", 0, Some("g")), create("h", i64::MAX, Some("g"))]);
            let results = &attacker.push("d", operations).expect(200).json["results"];
            assert_eq!((&results[0]["status"], &results[1]["status"]), (&json!("applied"), &json!("aborted")));
        }
    });
    attacker.post("/v1/tasks", &json!({"clientId": "after"})).expect(201);
    let list = attacker.get("/v1/tasks?offset=0&limit=100").expect(200);
    assert_eq!(list.json["pagination"]["total"], 12, "before, ten halves that stand alone, after");
    assert_eq!(other.get("/v1/tasks?offset=0").expect(200).json["pagination"]["total"], 80);
}

#[test]
fn server_f10_fault_of_one_operation_is_told_of_that_one() {
    let (world, log) = World::logged(crate::support::CHEAP);
    let user = world.sign_up("a@example.org");
    user.post("/v1/tasks", &json!({"clientId": "bad"})).expect(201);
    let database = rusqlite::Connection::open(world.database()).unwrap();
    database.busy_timeout(Duration::from_secs(5)).unwrap();
    database.execute("UPDATE records SET body = '{' WHERE id = 'bad'", []).unwrap();
    for _ in 0..2 {
        let push = user.header("X-Request-Id", "the-push").push(
            "d",
            json!([{"opId":"1","type":"create","clientId":"one","data":{}},
                   {"opId":"2","type":"update","id":"bad","data":{"a":1}},
                   {"opId":"3","type":"create","clientId":"two","data":{}}]),
        );
        let results = push.expect(200).json["results"].clone();
        assert_eq!((&results[0]["success"], &results[2]["success"]), (&json!(true), &json!(true)));
        assert_eq!((&results[1]["status"], &results[1]["error"]["code"]), (&json!("deferred"), &json!("SERVER_ERROR")));
    }
    // F12: the log says why, and of which request.
    let request = user.header("X-Request-Id", "the-patch");
    request.patch("application/json", "/v1/tasks/bad", "{\"a\":1}").expect(500);
    for wanted in ["the-push", "the-patch"] {
        let reason = loop {
            let line = log.recv_timeout(Duration::from_secs(10)).unwrap();
            if line["request_id"] == wanted && line["reason"].is_string() {
                break line;
            }
        };
        assert!(reason["reason"].as_str().unwrap().contains("record"), "{reason}");
    }
}
