//! HTTP as it is written.

use crate::support::World;
use serde_json::json;
use std::io::{Read, Write};

#[test]
fn server_f24_condition_on_what_is_missing_fails() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    for condition in ["\"1-1\"", "*"] {
        let caller = user.header("If-Match", condition).header("Content-Type", "application/json");
        caller.send("PUT", "/v1/tasks/none", b"{}").expect(412);
        caller.send("PATCH", "/v1/tasks/none", b"{}").expect(412);
        caller.send("DELETE", "/v1/tasks/none", b"").expect(412);
    }
    user.send("DELETE", "/v1/tasks/none", b"").expect(204);
    let made = user.post("/v1/tasks", &json!({"clientId": "x"})).expect(201);
    let tag = made.head.lines().find_map(|line| line.to_lowercase().strip_prefix("etag: ").map(str::to_owned)).unwrap();
    let delete = user.header("If-Match", &tag);
    delete.send("DELETE", "/v1/tasks/x", b"").expect(204);
    // The reply to the first was lost: its effect is there.
    delete.send("DELETE", "/v1/tasks/x", b"").expect(204);
}

#[test]
fn server_f24_dates_are_conditions() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    user.post("/v1/tasks", &json!({"clientId": "x"})).expect(201);
    let (before, after) = ("Fri, 20 Nov 2015 10:00:00 GMT", "Fri, 20 Nov 2099 10:00:00 GMT");
    let patch = |date: &str| {
        let caller = user.header("If-Unmodified-Since", date).header("Content-Type", "application/json");
        caller.send("PATCH", "/v1/tasks/x", b"{\"n\":1}")
    };
    assert_eq!(patch(before).expect(412).code(), "VERSION_CONFLICT");
    patch(after).expect(200);
    patch("soon").expect(200);
    for path in ["/v1/tasks/x", "/v1/tasks"] {
        user.header("If-Modified-Since", after).get(path).expect(304);
        user.header("If-Modified-Since", before).get(path).expect(200);
        // A tag is the better condition.
        user.header("If-Modified-Since", after).header("If-None-Match", "\"0-0\"").get(path).expect(200);
    }
}

#[test]
fn server_f24_request_names_one_host() {
    let world = World::new();
    let status = |request: &str| {
        let mut stream = world.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    };
    let ask = |headers: &str| status(&format!("GET /livez HTTP/1.1\r\nConnection: close\r\n{headers}\r\n"));
    assert!(ask("Host: x\r\n").starts_with("HTTP/1.1 200"));
    for headers in ["", "Host: x\r\nHost: y\r\n"] {
        let reply = ask(headers);
        assert!(reply.starts_with("HTTP/1.1 400") && reply.contains("VALIDATION_ERROR"), "{reply}");
    }
}
