//! The work of one write is bounded before it is done.

use crate::support::{PATIENCE, World, worst_meanwhile};
use serde_json::{Value, json};

#[test]
fn server_f01_pointers_of_any_depth_do_not_end_the_process() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    user.post("/v1/tasks", &json!({"clientId": "x", "a": 1})).expect(201);
    for tokens in [65, 8_000, 16_000, 100_000, 1_000_000] {
        let path = "/a".repeat(tokens);
        for op in ["set", "inc", "addToSet", "remove"] {
            let op = json!([{"op": op, "path": path, "value": 1, "by": 1, "values": [1]}]);
            user.field_ops("/v1/tasks/x", &op.to_string()).expect(400);
        }
        if tokens < 1_000_000 {
            let push = user.push("d", json!([{"type":"patch","id":"x","fieldOps":[{"op":"inc","path":path,"by":1}]}]));
            assert_eq!(push.expect(200).json["results"][0]["error"]["code"], "VALIDATION_ERROR");
        }
        for patch in [json!([{"op":"add","path":path,"value":1}]), json!([{"op":"copy","from":path,"path":"/b"}])] {
            user.patch("application/json-patch+json", "/v1/tasks/x", &patch.to_string()).expect(400);
        }
    }
    assert_eq!(user.get("/v1/tasks/x").expect(200).json["data"]["a"], 1);
}

#[test]
fn server_f01_patches_that_nest_step_by_step_do_not_end_the_process() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    user.post("/v1/tasks", &json!({"clientId": "x", "a": 1})).expect(201);
    for steps in [100, 3_000, 20_000] {
        let step = json!([{"op":"add","path":"/b","value":{}}, {"op":"move","from":"/a","path":"/b/a"}, {"op":"move","from":"/b","path":"/a"}]);
        let patch: Vec<Value> = (0..steps).flat_map(|_| step.as_array().unwrap().clone()).collect();
        user.patch("application/json-patch+json", "/v1/tasks/x", &Value::Array(patch).to_string()).expect(400);
        let wrap: Vec<Value> = (0..steps).map(|_| json!({"op":"copy","from":"/a","path":"/a/b"})).collect();
        user.patch("application/json-patch+json", "/v1/tasks/x", &Value::Array(wrap).to_string()).expect(400);
    }
    user.get("/v1/tasks/x").expect(200);
}

#[test]
fn server_f03_large_set_edits_do_not_stop_other_writers() {
    let world = World::new();
    let (attacker, other) = (world.sign_up("a@example.org"), world.sign_up("b@example.org"));
    attacker.post("/v1/tasks", &json!({"clientId": "x", "l": []})).expect(201);
    let mut next = 0;
    let mut write = || {
        next += 1;
        other.post("/v1/tasks", &json!({"clientId": format!("o{next}")})).expect(201);
    };
    let many: Vec<i64> = (0..400_000).collect();
    let repeated: Vec<Value> = (0..20_000).map(|n| json!({"op":"addToSet","path":"/l","values":[n]})).collect();
    for ops in [
        json!([{"op":"addToSet","path":"/l","values":many}]),
        json!([{"op":"addToSet","path":"/l","values":many},{"op":"removeFromSet","path":"/l","values":many}]),
        Value::Array(repeated),
    ] {
        let ops = ops.to_string();
        let worst = worst_meanwhile(|| assert!(attacker.field_ops("/v1/tasks/x", &ops).status < 500), &mut write);
        assert!(worst < PATIENCE, "{worst:?}");
    }
}

#[test]
fn server_f03_patches_that_copy_much_do_not_stop_other_writers() {
    let world = World::new();
    let (attacker, other) = (world.sign_up("a@example.org"), world.sign_up("b@example.org"));
    let list: Vec<u32> = (0..60_000).map(|_| 0).collect();
    attacker.post("/v1/tasks", &json!({"clientId": "x", "l": list, "t": "x".repeat(60_000)})).expect(201);
    let mut next = 0;
    let mut write = || {
        next += 1;
        other.post("/v1/tasks", &json!({"clientId": format!("o{next}")})).expect(201);
    };
    for step in [
        json!({"op":"copy","from":"/t","path":"/u"}),
        json!({"op":"add","path":"/l/0","value":0}),
        json!({"op":"move","from":"/l/0","path":"/l/9"}),
        json!({"op":"test","path":"/l","value":0}),
    ] {
        let patch: Vec<&Value> = (0..20_000).map(|_| &step).collect();
        let patch = serde_json::to_string(&patch).unwrap();
        let attack = || {
            let reply = attacker.patch("application/json-patch+json", "/v1/tasks/x", &patch);
            assert!((400..500).contains(&reply.status), "{}", reply.status);
        };
        let worst = worst_meanwhile(attack, &mut write);
        assert!(worst < PATIENCE, "{worst:?}");
    }
}

#[test]
fn server_f03_names_that_are_long_at_every_level_are_refused() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    let leaves: serde_json::Map<String, Value> = (0..8_000).map(|n| (n.to_string(), json!(n))).collect();
    let fields = json!({"clientId": "x", "n".repeat(120_000): leaves});
    user.post("/v1/tasks", &fields).expect(400);
}

#[test]
fn server_f03_push_of_slow_operations_gives_way_to_others() {
    let config = format!("{}[server]\nwork_budget_ms = 200\n", crate::support::CHEAP);
    let world = World::with(&config);
    let (attacker, other) = (world.sign_up("a@example.org"), world.sign_up("b@example.org"));
    let big = json!({"clientId": "x", "n": 0, "l": (0..40_000).collect::<Vec<u32>>()});
    attacker.post("/v1/tasks", &big).expect(201);
    let operations: Vec<Value> = (0..200)
        .map(|_| json!({"type":"patch","collection":"tasks","id":"x","fieldOps":[{"op":"inc","path":"/n","by":1}]}))
        .collect();
    let mut next = 0;
    let write = || {
        next += 1;
        other.post("/v1/tasks", &json!({"clientId": format!("o{next}")})).expect(201);
    };
    let worst = worst_meanwhile(|| drop(attacker.push("d", Value::Array(operations)).expect(200)), write);
    assert!(worst < PATIENCE, "{worst:?}");
    let n = attacker.get("/v1/tasks/x").expect(200).json["data"]["n"].as_i64().unwrap();
    assert!(n > 0, "a push that takes long goes on in smaller pieces");
}

#[test]
fn server_f14_versions_that_no_server_makes_are_refused() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    for version in [i64::MAX, i64::MAX - 1, 1 << 53] {
        user.post("/v1/tasks", &json!({"clientId": "z", "version": version})).expect(400);
        let push = user.push("d", json!([{"type":"create","clientId":"y","data":{},"version":version}]));
        assert_eq!(push.expect(200).json["results"][0]["error"]["code"], "VALIDATION_ERROR");
        let path = format!("/v1/tasks/z?version={version}");
        assert!(user.send("DELETE", &path, b"").status < 500);
    }
    user.post("/v1/tasks", &json!({"clientId": "z"})).expect(201);
}

#[test]
fn server_f24_what_no_person_waits_for_is_put_off_while_much_waits() {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};
    let world = World::with("[server]\nmax_waiting = 12");
    let busy: Vec<_> = (0..3).map(|n| world.sign_up(&format!("{n}@example.org"))).collect();
    let user = world.sign_up("a@example.org");
    let (background, waits) = (user.header("X-Sync-Context", "background"), user.header("X-Sync-Context", "user"));
    background.get("/v1/sync/status").expect(200);
    let done = AtomicBool::new(false);
    // Nine of the twelve places: more than half, and room for those who wait.
    let put_off = std::thread::scope(|scope| {
        for (number, caller) in busy.iter().flat_map(|caller| (0..3).map(move |number| (number, caller))) {
            let done = &done;
            scope.spawn(move || {
                for round in 0.. {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    let create = |n| json!({"type": "create", "clientId": format!("{number}-{round}-{n}"), "data": {}});
                    caller.push("d", (0..300).map(create).collect()).expect(200);
                }
            });
        }
        let until = Instant::now() + Duration::from_secs(30);
        let mut put_off = None;
        while put_off.is_none() && Instant::now() < until {
            waits.get("/v1/sync/status").expect(200);
            let reply = background.get("/v1/sync/status");
            put_off = (reply.status != 200).then_some(reply);
        }
        done.store(true, Ordering::Relaxed);
        put_off
    });
    let reply = put_off.expect("a busy server answered every request of the background").expect(503);
    assert_eq!(reply.code(), "SERVICE_UNAVAILABLE");
    let wait = reply.head.lines().find_map(|line| line.to_lowercase().strip_prefix("retry-after: ").map(str::to_owned));
    assert!(wait.is_some_and(|seconds| seconds.parse::<u32>().unwrap() >= 30));
    background.get("/v1/sync/status").expect(200);
}
