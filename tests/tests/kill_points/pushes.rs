//! The device dies between the server's commit and its own.

use crate::{Ground, shown};
use holm_tests::real::Driver;
use serde_json::{Value, json};

/// Commands that are sent in one push.
pub(crate) fn writes() -> Vec<(&'static str, Vec<(&'static str, Value)>)> {
    let create = |id: &str| json!({"collection": "tasks", "doc_id": id, "doc": {"title": "new", "n": 0}});
    let count = |id: &str| json!({"collection": "tasks", "doc_id": id, "fields": {"n": {"$inc": 1}}});
    let delete = |id: &str| json!({"collection": "tasks", "doc_id": id});
    let batch = |group: bool| {
        let as_op = |cmd: &str, mut fields: Value| {
            fields["cmd"] = json!(cmd);
            fields
        };
        let ops = [as_op("create", create("new")), as_op("update", count("one")), as_op("delete", delete("two"))];
        json!({"ops": ops, "group": group})
    };
    let title = json!({"collection": "tasks", "doc_id": "one", "fields": {"title": "changed"}});
    vec![
        ("create", vec![("create", create("new"))]),
        ("increment", vec![("update", count("one"))]),
        ("update", vec![("update", title)]),
        ("delete", vec![("delete", delete("one"))]),
        ("batch", vec![("batch", batch(false))]),
        ("group", vec![("batch", batch(true))]),
        ("everything", vec![("create", create("new")), ("update", count("one")), ("delete", delete("two"))]),
    ]
}

/// A device with two documents that the server has, too.
fn begin(driver: &mut Driver, email: &str) {
    driver.ok("sign_up", json!({"email": email, "password": "password"}));
    for id in ["one", "two"] {
        driver.ok("create", json!({"collection": "tasks", "doc_id": id, "doc": {"title": "old", "n": 5}}));
    }
    driver.ok("sync", json!({}));
}

fn perform(driver: &mut Driver, commands: &[(&str, Value)]) {
    for (command, fields) in commands {
        driver.ok(command, fields.clone());
    }
}

#[test]
fn f01_killed_between_the_servers_commit_and_its_own() {
    let ground = Ground::new();
    for (name, commands) in writes() {
        let ideal = {
            let mut undisturbed = ground.open(&format!("ideal-{name}"));
            begin(&mut undisturbed, &format!("ideal-{name}@example.com"));
            perform(&mut undisturbed, &commands);
            undisturbed.ok("sync", json!({}));
            shown(&mut undisturbed)
        };
        // Dying once is the rule; dying again at the same point must not make it worse.
        for deaths in [1, 3] {
            let (folder, email) = (format!("{name}-{deaths}"), format!("{name}-{deaths}@example.com"));
            let mut device = ground.open(&folder);
            begin(&mut device, &email);
            perform(&mut device, &commands);
            let before = device.dump("tasks").0;
            let pending = device.ok("status", json!({}))["pending"].take();
            for _ in 0..deaths {
                let committed = ground.proxy.withhold("/v1/sync/batch", 0);
                device.send("sync", json!({}));
                committed.recv().unwrap();
                device.kill();
                device = ground.open(&folder);
                assert_eq!(device.dump("tasks").0, before, "{name}: the view is what it was");
                let ops = device.ok("pending", json!({}))["ops"].take();
                assert_eq!(
                    json!(ops.as_array().unwrap().len()),
                    pending,
                    "{name}: the writes are not known to be done"
                );
                for op in ops.as_array().unwrap() {
                    assert_eq!((&op["state"], &op["next_attempt_at"]), (&json!("queued"), &json!(0)), "F13: {op}");
                }
            }
            let report = device.ok("sync", json!({}));
            assert_eq!((&report["pushed"], &report["conflicts"], &report["parked"]), (&pending, &json!(0), &json!(0)));
            assert_eq!(shown(&mut device), ideal, "{name}: as if nothing had happened");
            let mut fresh = ground.direct(&format!("fresh-{folder}"), &email);
            fresh.ok("sync", json!({}));
            assert_eq!(shown(&mut fresh), ideal, "{name}: the server has it once");
        }
    }
}
