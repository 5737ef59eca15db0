//! Who wins when two devices write the same record.

use crate::support::{World, config_with};
use serde_json::{Value, json};

fn update(version: i64, data: Value) -> Value {
    json!([{"type": "update", "id": "a", "version": version, "data": data}])
}

#[tokio::test]
async fn edits_of_different_fields_are_merged() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"title": "x", "done": false})).await;
    phone.push(update(1, json!({"title": "y"}))).await;
    let result = &phone.push(update(1, json!({"done": true}))).await[0];
    assert_eq!((&result["status"], &result["version"]), (&json!("applied"), &json!(3)));
    assert_eq!(result["record"]["title"], "y", "the device could not know that");
    assert_eq!(result["record"]["done"], true);
    assert_eq!(result["record"]["_sync"]["fieldVersions"], json!({"/title": 2, "/done": 3}));
}

#[tokio::test]
async fn conflict_carries_the_server_record_and_stamps() {
    let world = World::new();
    let phone = world.device("phone").await;
    let tablet = world.device_of(&phone.account, "tablet");
    phone.create("a", json!({"title": "x", "n": 1})).await;
    tablet.push(json!([{"opId": "t1", "type": "update", "id": "a", "version": 1, "data": {"title": "theirs"}, "hlc": "5:1:tablet"}])).await;
    let result = &phone.push(update(1, json!({"title": "mine", "n": 2}))).await[0];
    assert_eq!(result["status"], "conflict");
    let error = &result["error"];
    assert_eq!(error["code"], "VERSION_CONFLICT");
    assert_eq!(error["retryable"], false);
    assert_eq!(error["currentVersion"], 2);
    assert_eq!(error["deleted"], false);
    assert_eq!(error["conflictingFields"], json!(["/title"]));
    let theirs = &error["serverData"];
    assert_eq!((&theirs["title"], &theirs["n"], &theirs["version"]), (&json!("theirs"), &json!(1), &json!(2)));
    let sync = &theirs["_sync"];
    assert_eq!((&sync["originOpId"], &sync["originDeviceId"]), (&json!("t1"), &json!("tablet")));
    assert_eq!(sync["hlc"], sync["createHlc"], "the edit says that it is older");
    assert_eq!((&sync["fieldVersions"], &sync["fieldHlcs"]), (&json!({"/title": 2}), &json!({"/title": "5:1:tablet"})));
    assert_eq!(sync["space"], phone.space());
    assert!(sync["createHlc"].as_str().unwrap().ends_with(":0:phone"));
}

#[tokio::test]
async fn write_that_changes_nothing_makes_no_version() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"done": false, "n": 1, "tags": ["x"]})).await;
    let before = phone.push(update(1, json!({"done": true}))).await[0].clone();
    let ops = json!([{"op": "inc", "path": "/n", "by": 0}, {"op": "addToSet", "path": "/tags", "values": ["x"]}]);
    for op in [
        json!({"type": "update", "id": "a", "version": 2, "data": {"done": true, "n": 1.0, "gone": null}}),
        json!({"type": "update", "id": "a", "version": 2, "data": {}}),
        json!({"type": "replace", "id": "a", "version": 2, "data": {"done": true, "n": 1.0, "tags": ["x"]}}),
        json!({"type": "patch", "id": "a", "fieldOps": ops}),
        json!({"type": "update", "id": "a", "version": 1, "data": {"done": true}}),
    ] {
        let result = &phone.push(json!([op])).await[0];
        assert_eq!(result["status"], "duplicate", "{op}");
        assert_eq!((&result["version"], &result["seq"]), (&before["version"], &before["seq"]), "{op}");
        assert_eq!(result.get("record").is_some(), op["version"] != 2, "only a device that knows it has no need of it");
    }
    let patched = phone.call("PATCH", "/v1/tasks/a", Some(json!({"done": true}))).await.expect(200);
    assert_eq!((&patched.json["data"]["version"], patched.header("etag")), (&json!(2), "\"2-2\""));
    assert_eq!(phone.changes(None, 10).await.json["data"]["changes"]["tasks"][0]["_sync"]["seq"], 2);
}

#[tokio::test]
async fn repeated_write_that_changed_nothing_has_no_later_effect() {
    let world = World::new();
    let phone = world.device("phone").await;
    let add = json!([{"opId": "add", "type": "patch", "id": "a", "fieldOps": [{"op": "addToSet", "path": "/t", "values": ["x"]}]}]);
    phone.create("a", json!({"t": ["x"]})).await;
    assert_eq!(phone.push(add.clone()).await[0]["status"], "duplicate");
    phone.push(update(1, json!({"t": []}))).await;
    assert_eq!(phone.push(add).await[0]["status"], "duplicate");
    assert_eq!(phone.get("a").await.json["data"]["t"], json!([]));
}

#[tokio::test]
async fn edits_of_different_members_of_one_object_are_merged() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"pos": {"x": 1, "y": 1}, "new": 0})).await;
    phone.push(update(1, json!({"pos": {"x": 2}}))).await;
    let result = &phone.push(update(1, json!({"pos": {"y": 3}, "more": {"deep": {"er": 1}}}))).await[0];
    assert_eq!(result["status"], "applied");
    assert_eq!(result["record"]["pos"], json!({"x": 2, "y": 3}));
    assert_eq!(result["record"]["_sync"]["fieldVersions"], json!({"/more/deep/er": 3, "/pos/x": 2, "/pos/y": 3}));
    let whole = &phone.push(update(1, json!({"pos": {"y": 9}, "new": {"z": 1}}))).await[0];
    assert_eq!(whole["error"]["conflictingFields"], json!(["/pos/y"]));
}

#[tokio::test]
async fn edit_conflicts_with_one_above_and_one_below_it() {
    let world = World::new();
    let phone = world.device("phone").await;
    let patch = |version: i64, op: Value| json!([{"type": "patch", "id": "a", "version": version, "fieldOps": [op]}]);
    let set =
        |version: i64, path: &str, value: Value| patch(version, json!({"op": "set", "path": path, "value": value}));
    phone.create("a", json!({"o": {"x": 1, "y": {"z": 1}}})).await;
    phone.push(set(1, "/o/y/z", json!(2))).await;
    for (path, value) in [("/o", json!(7)), ("/o/y", json!({})), ("/o/y/z", json!(3)), ("/o/y/z/deeper", json!(1))] {
        let result = &phone.push(set(1, path, value)).await[0];
        assert_eq!(result["error"]["conflictingFields"], json!([path]), "{path}");
    }
    assert_eq!(phone.push(set(1, "/o/x", json!(5))).await[0]["status"], "applied");
    let increment = patch(1, json!({"op": "inc", "path": "/o/y/z", "by": 1}));
    assert_eq!(phone.push(increment).await[0]["record"]["o"], json!({"x": 5, "y": {"z": 3}}));
    assert_eq!(phone.push(set(4, "/o", json!({"x": 0}))).await[0]["version"], 5);
    let stamps = phone.get("a").await.json["data"]["_sync"]["fieldVersions"].clone();
    assert_eq!(stamps, json!({"/o": 5}), "what was known of the members is covered by the whole");
}

#[tokio::test]
async fn edit_of_an_array_element_is_an_edit_of_the_array() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"l": [{"n": 1}, {"n": 2}]})).await;
    let set = |path: &str| json!([{"type": "patch", "id": "a", "version": 1, "fieldOps": [{"op": "set", "path": path, "value": 9}]}]);
    phone.push(set("/l/0/n")).await;
    assert_eq!(phone.push(set("/l/1/n")).await[0]["error"]["conflictingFields"], json!(["/l"]));
    assert_eq!(phone.get("a").await.json["data"]["_sync"]["fieldVersions"], json!({"/l": 2}));
}

#[tokio::test]
async fn field_op_brings_its_own_stamp() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1, "t": "x"})).await;
    let latest = crate::support::START + 300_000;
    let ops = json!([{"op": "inc", "path": "/n", "by": 1, "hlc": "7:0:phone"}, {"op": "set", "path": "/t", "value": "y"},
                     {"op": "set", "path": "/ahead", "value": 1, "hlc": format!("{}:1:phone", latest + 1)}]);
    let op = json!([{"type": "patch", "id": "a", "version": 1, "hlc": "9:0:phone", "fieldOps": ops}]);
    assert_eq!(phone.push(op).await[0]["status"], "applied");
    let sync = phone.get("a").await.json["data"]["_sync"].clone();
    let ahead = format!("{latest}:1:phone");
    // One that commutes leaves the stamp that the path has: here that of the creation.
    assert_eq!(sync["fieldHlcs"], json!({"/n": sync["createHlc"], "/t": "9:0:phone", "/ahead": ahead}));
    assert_eq!(sync["hlc"], sync["createHlc"], "the write says that it is older");
}

#[tokio::test]
async fn stale_write_to_a_removed_field_conflicts() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"note": "x", "n": 1})).await;
    phone.push(update(1, json!({"note": null}))).await;
    let result = &phone.push(update(1, json!({"note": "y"}))).await[0];
    assert_eq!(result["error"]["conflictingFields"], json!(["/note"]));
}

#[tokio::test]
async fn stale_replace_conflicts_only_where_it_differs() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"title": "x", "n": 1})).await;
    phone.push(update(1, json!({"title": "theirs"}))).await;
    let replace = |data: Value| json!([{"type": "replace", "id": "a", "version": 1, "data": data}]);
    let old = &phone.push(replace(json!({"title": "x", "n": 2}))).await[0];
    assert_eq!(old["error"]["conflictingFields"], json!(["/title"]), "it would bring the old title back");
    let agreed = &phone.push(replace(json!({"title": "theirs", "n": 2}))).await[0];
    assert_eq!(agreed["status"], "applied");
}

#[tokio::test]
async fn commuting_edits_never_conflict() {
    let world = World::with(config_with("[collections.tasks]\nconflict = \"record\"\npreconditions = \"required\""));
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1, "tags": ["x"], "title": "t"})).await;
    let patch =
        |version: Option<i64>, ops: Value| json!([{"type": "patch", "id": "a", "version": version, "fieldOps": ops}]);
    for version in [None, Some(1), Some(1), Some(99)] {
        let ops = json!([{"op": "inc", "path": "/n", "by": 1}, {"op": "addToSet", "path": "/tags", "values": ["y"]}]);
        let result = &phone.push(patch(version, ops)).await[0];
        assert_eq!(result["status"], "applied");
    }
    let record = phone.get("a").await.json["data"].clone();
    assert_eq!((&record["n"], &record["tags"], &record["version"]), (&json!(5), &json!(["x", "y"]), &json!(5)));
    let mixed = json!([{"op": "inc", "path": "/n", "by": 1}, {"op": "set", "path": "/title", "value": "u"}]);
    assert_eq!(phone.push(patch(Some(1), mixed)).await[0]["error"]["code"], "VERSION_CONFLICT");
}

#[tokio::test]
async fn increment_beside_a_stale_edit_is_merged() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1, "title": "t"})).await;
    phone.push(update(1, json!({"n": 10}))).await;
    let ops = json!([{"op": "inc", "path": "/n", "by": 1}, {"op": "set", "path": "/title", "value": "u"}]);
    let result = &phone.push(json!([{"type": "patch", "id": "a", "version": 1, "fieldOps": ops}])).await[0];
    assert_eq!(result["status"], "applied");
    assert_eq!((&result["record"]["n"], &result["record"]["title"]), (&json!(11), &json!("u")));
}

#[tokio::test]
async fn stale_delete_conflicts_with_unseen_edits() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1})).await;
    phone.push(update(1, json!({"n": 2}))).await;
    let delete = |version: i64| json!([{"type": "delete", "id": "a", "version": version}]);
    let stale = &phone.push(delete(1)).await[0];
    assert_eq!(stale["error"]["code"], "VERSION_CONFLICT");
    assert_eq!(stale["error"]["conflictingFields"], json!(["/n"]));
    assert_eq!(phone.push(delete(2)).await[0]["version"], 3);
    assert_eq!(phone.push(delete(2)).await[0]["status"], "duplicate");
}

#[tokio::test]
async fn record_policy_conflicts_on_any_stale_write() {
    let world = World::with(config_with("[collections.tasks]\nconflict = \"record\""));
    let phone = world.device("phone").await;
    phone.create("a", json!({"title": "x", "n": 1})).await;
    phone.push(update(1, json!({"title": "y"}))).await;
    let result = &phone.push(update(1, json!({"n": 2}))).await[0];
    assert_eq!(result["error"]["code"], "VERSION_CONFLICT");
    assert_eq!(result["error"]["conflictingFields"], json!([]));
}

#[tokio::test]
async fn required_precondition_refuses_writes_without_version() {
    let world = World::with(config_with("[collections.tasks]\npreconditions = \"required\""));
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1})).await;
    for op in [
        json!({"type": "update", "id": "a", "data": {"n": 2}}),
        json!({"type": "replace", "id": "a", "data": {"n": 2}}),
        json!({"type": "patch", "id": "a", "fieldOps": [{"op": "set", "path": "/n", "value": 2}]}),
        json!({"type": "delete", "id": "a"}),
    ] {
        let result = &phone.push(json!([op])).await[0];
        assert_eq!(
            (&result["status"], &result["error"]["code"]),
            (&json!("rejected"), &json!("PRECONDITION_REQUIRED"))
        );
    }
    phone.call("PATCH", "/v1/tasks/a", Some(json!({"n": 2}))).await.expect(428);
    phone.call("DELETE", "/v1/tasks/a", None).await.expect(428);
    phone.call_with("PATCH", "/v1/tasks/a", &[("if-match", "\"1-1\"")], Some(json!({"n": 2}))).await.expect(200);
    phone.call("DELETE", "/v1/tasks/a?version=2", None).await.expect(204);
}

#[tokio::test]
async fn stamp_ahead_of_the_server_is_clamped() {
    let world = World::new();
    let phone = world.device("phone").await;
    let latest = crate::support::START + 300_000;
    let ahead = format!("{}:7:phone", latest + 86_400_000);
    phone.push(json!([{"type": "create", "clientId": "a", "data": {}, "hlc": ahead}])).await;
    assert_eq!(phone.get("a").await.json["data"]["_sync"]["hlc"], format!("{latest}:7:phone"));
    phone.push(json!([{"type": "create", "clientId": "b", "data": {}, "hlc": "12:0:phone"}])).await;
    assert_eq!(phone.get("b").await.json["data"]["_sync"]["hlc"], "12:0:phone", "a clock that is late is believed");
}
