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
