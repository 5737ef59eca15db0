//! F04: holes in what a repeated write means.

use crate::support::{DAY, START, World, config, join_all};
use axum::http::StatusCode;
use holm_server::Store;
use serde_json::{Value, json};

#[tokio::test]
async fn f04_repeated_operation_is_a_duplicate_with_its_result() {
    let world = World::new();
    let phone = world.device("phone").await;
    let op = json!([{"opId": "op-1", "opSeq": 1, "type": "create", "clientId": "a", "data": {"n": 1}}]);
    let first = phone.push(op.clone()).await;
    world.advance(60 * DAY);
    let again = phone.push(op).await;
    assert_eq!(first[0]["status"], "applied");
    assert_eq!(again[0]["status"], "duplicate");
    for member in ["id", "version", "seq", "updatedAt", "serverId"] {
        assert_eq!(again[0][member], first[0][member]);
    }
}

#[tokio::test]
async fn f04_reused_key_with_other_content_is_refused() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1})).await;
    let op = |n| json!([{"opId": "op-1", "opSeq": 1, "type": "update", "id": "a", "version": 1, "data": {"n": n}}]);
    assert_eq!(phone.push(op(2)).await[0]["status"], "applied");
    let other = &phone.push(op(3)).await[0];
    assert_eq!(other["status"], "rejected");
    assert_eq!(other["error"]["code"], "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(phone.get("a").await.json["data"]["n"], 2);

    let key = [("idempotency-key", "\"k\"")];
    phone.call_with("POST", "/v1/tasks", &key, Some(json!({"clientId": "b", "n": 1}))).await.expect(201);
    let reply = phone.call_with("POST", "/v1/tasks", &key, Some(json!({"clientId": "c", "n": 1}))).await.expect(422);
    assert_eq!(reply.code(), "IDEMPOTENCY_KEY_REUSED");
    phone.get("c").await.expect(404);
}

#[tokio::test]
async fn f04_repeat_ignores_version_and_key_order() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"x": 1, "y": 1})).await;
    let first = json!([{"opId": "op", "type": "update", "id": "a", "version": 1, "data": {"x": 2, "y": 2}}]);
    let again = json!([{"opId": "op", "type": "update", "id": "a", "version": 2, "data": {"y": 2, "x": 2}}]);
    assert_eq!(phone.push(first).await[0]["status"], "applied");
    assert_eq!(phone.push(again).await[0]["status"], "duplicate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f04_concurrent_repeats_execute_once() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::over(Store::Directory(folder.path().into()), config());
    let phone = world.device("phone").await;
    let op = json!({"operations": [{"opId": "op", "type": "patch", "id": "n", "fieldOps": [{"op": "inc", "path": "/n", "by": 1}]}]});
    phone.create("n", json!({"n": 0})).await;
    let repeats = (0..16).map(|_| phone.batch(op.clone()));
    let replies = join_all(repeats).await;
    let statuses: Vec<&Value> = replies.iter().map(|reply| &reply.json["results"][0]["status"]).collect();
    assert_eq!(statuses.iter().filter(|status| **status == "applied").count(), 1, "{statuses:?}");
    assert_eq!(phone.get("n").await.json["data"]["n"], 1);

    let key = [("idempotency-key", "k")];
    let posts = (0..16).map(|_| phone.call_with("POST", "/v1/tasks", &key, Some(json!({"title": "once"}))));
    let replies = join_all(posts).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == StatusCode::CREATED).count(), 1);
    let ids: std::collections::BTreeSet<_> = replies.iter().map(|reply| reply.json["data"]["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "all of them are told of the same record");
}

#[tokio::test]
async fn f04_effect_and_key_commit_together() {
    let mut world = World::new();
    let account = world.sign_up("a@example.org").await;
    let body = || Some(json!({"clientId": "a", "n": 1}));
    let key = [("idempotency-key", "k")];
    world.disk.fail_after(0);
    let phone = world.device_of(&account, "phone");
    let reply = phone.call_with("POST", "/v1/tasks", &key, body()).await.expect(503);
    assert_eq!(reply.code(), "SERVICE_UNAVAILABLE");
    assert!(["1", "2", "3"].contains(&reply.header("retry-after")));
    let op = json!({"operations": [{"opId": "op", "type": "create", "clientId": "b", "data": {}}]});
    assert_eq!(phone.batch(op.clone()).await.expect(503).code(), "SYNC_INTERRUPTED");

    world.disk.heal();
    world.crash();
    let phone = world.device_of(&account, "phone");
    phone.get("a").await.expect(404);
    phone.get("b").await.expect(404);
    phone.call_with("POST", "/v1/tasks", &key, body()).await.expect(201);
    assert_eq!(phone.batch(op).await.json["results"][0]["status"], "applied");
}

#[tokio::test]
async fn f04_plain_write_repeated_after_60_days_replays() {
    let mut world = World::new();
    let account = world.sign_up("a@example.org").await;
    let key = [("idempotency-key", "0190-k")];
    let body = || Some(json!({"title": "x"}));
    let phone = world.device_of(&account, "phone");
    let first = phone.call_with("POST", "/v1/tasks", &key, body()).await.expect(201);
    let location = first.header("location").to_owned();
    phone.call("PATCH", &location, Some(json!({"title": "y"}))).await.expect(200);

    world.advance(60 * DAY);
    world.server.maintain().await.unwrap();
    world.crash();
    let phone = world.device_of(&account, "phone");
    let again = phone.call_with("POST", "/v1/tasks", &[("idempotency-key", "\"0190-k\"")], body()).await.expect(200);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json["meta"]["idempotent"], true);
    assert_eq!(again.json["data"], first.json["data"]);
    assert_eq!(again.header("etag"), first.header("etag"));

    world.advance(121 * DAY);
    let swept = world.server.maintain().await.unwrap();
    assert_eq!(swept.stored_replies, 1, "no device is offline for longer than 180 days");
}

#[tokio::test]
async fn f04_repeat_may_have_another_client_timestamp() {
    let world = World::new();
    let phone = world.device("phone").await;
    let post = |time: &'static str, title: &'static str| {
        let body = json!({"title": title, "clientTimestamp": time});
        let phone = phone.clone();
        async move { phone.call_with("POST", "/v1/tasks", &[("idempotency-key", "k")], Some(body)).await }
    };
    post("2026-11-20T10:00:00Z", "x").await.expect(201);
    post("2026-11-20T10:00:05Z", "x").await.expect(200);
    post("2026-11-20T10:00:05Z", "y").await.expect(422);
}

#[tokio::test]
async fn f04_refused_operation_may_be_sent_again() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1})).await;
    phone.push(json!([{"type": "update", "id": "a", "version": 1, "data": {"n": 2}}])).await;
    let op = |version| json!([{"opId": "op", "type": "update", "id": "a", "version": version, "data": {"n": 3}}]);
    assert_eq!(phone.push(op(1)).await[0]["error"]["code"], "VERSION_CONFLICT");
    assert_eq!(phone.push(op(2)).await[0]["status"], "applied");
}

#[tokio::test]
async fn f04_reused_op_sequence_is_refused() {
    let world = World::new();
    let phone = world.device("phone").await;
    let op = |id: &str, seq: i64| json!({"opId": format!("op-{id}"), "opSeq": seq, "type": "create", "clientId": id, "data": {}});
    phone.push(json!([op("a", 1), op("b", 2)])).await;
    let acked = phone.batch(json!({"ackOpSeq": 2, "operations": []})).await.expect(200);
    assert_eq!(acked.json["results"], json!([]));

    let results = phone.push(json!([op("a", 1), op("b", 2), op("z", 2), op("y", 3)])).await;
    assert_eq!(results[0]["status"], "duplicate", "a confirmed operation is still known");
    assert_eq!(results[2]["error"]["code"], "OP_SEQUENCE_REUSED", "a copy must not pass for the original");
    assert_eq!(results[3]["status"], "applied");
    let lower = phone.batch(json!({"ackOpSeq": 1, "operations": [op("w", 2)]})).await;
    assert_eq!(lower.json["results"][0]["error"]["code"], "OP_SEQUENCE_REUSED", "the greatest confirmation counts");
}

#[tokio::test]
async fn server_f16_device_confirms_no_more_than_it_has_sent() {
    let world = World::new();
    let phone = world.device("phone").await;
    let op = |id: &str, seq: i64| json!({"opId": format!("op-{id}"), "opSeq": seq, "type": "create", "clientId": id, "data": {}});
    let all = (1_i64 << 53) - 1;
    let first = phone.batch(json!({"ackOpSeq": all, "operations": [op("a", 1)]})).await.expect(200);
    assert_eq!(first.json["results"][0]["status"], "applied");
    phone.batch(json!({"ackOpSeq": all, "operations": []})).await.expect(200);
    let results = phone.push(json!([op("z", 1), op("b", 2)])).await;
    assert_eq!(results[0]["error"]["code"], "OP_SEQUENCE_REUSED");
    assert_eq!(results[1]["status"], "applied", "the confirmation of what was never sent burns nothing");
}

/// A store is copied while an increment waits. The original sends it, goes on and confirms; then the copy sends what it holds.
#[tokio::test]
async fn core_l5_increment_of_a_restored_copy_counts_once() {
    let mut world = World::new();
    let account = world.sign_up("a@example.org").await;
    let inc = |seq: i64, id: &str| {
        let ops = json!([{"op": "inc", "path": "/n", "by": 1}]);
        json!({"opId": id, "opSeq": seq, "type": "patch", "id": "a", "version": 1, "fieldOps": ops})
    };
    let phone = world.device_of(&account, "phone");
    phone.create("a", json!({"n": 0})).await;
    assert_eq!(phone.push(json!([inc(1, "waiting")])).await[0]["status"], "applied");
    let title = json!({"opId": "title", "opSeq": 2, "type": "update", "id": "a", "version": 2, "data": {"title": "x"}});
    phone.batch(json!({"ackOpSeq": 1, "operations": [title]})).await.expect(200);
    phone.batch(json!({"ackOpSeq": 2, "operations": []})).await.expect(200);
    world.server.maintain().await.unwrap();
    world.crash();

    let copy = world.device_of(&account, "phone");
    let results = copy.push(json!([inc(1, "waiting"), inc(2, "new")])).await;
    assert_eq!((&results[0]["status"], &results[0]["version"]), (&json!("duplicate"), &json!(2)));
    assert_eq!(results[1]["error"]["code"], "OP_SEQUENCE_REUSED", "so the copy takes another device id");
    let renamed = world.device_of(&account, "phone-2");
    let results = renamed.push(json!([inc(1, "waiting"), inc(2, "new")])).await;
    assert_eq!((&results[0]["status"], &results[1]["status"]), (&json!("duplicate"), &json!("applied")));
    assert_eq!(renamed.get("a").await.json["data"]["n"], 2, "one increment of each of the two operations");
}

#[tokio::test]
async fn f04_results_are_known_for_the_maximum_offline_time() {
    let world = World::new();
    let phone = world.device("phone").await;
    let op = json!([{"opId": "op", "opSeq": 1, "type": "create", "clientId": "a", "data": {"v": 1}}]);
    phone.push(op.clone()).await;
    phone.batch(json!({"ackOpSeq": 1, "operations": [{"type": "update", "id": "a", "data": {"v": 2}}]})).await;
    world.advance(179 * DAY);
    assert_eq!(world.server.maintain().await.unwrap().ledger_entries, 0);
    assert_eq!(phone.push(op.clone()).await[0]["status"], "duplicate");
    world.advance(2 * DAY);
    assert_eq!(world.server.maintain().await.unwrap().ledger_entries, 1);
    assert_eq!(phone.push(op).await[0]["error"]["code"], "OP_SEQUENCE_REUSED");
}

/// What would have its effect a second time is not done again when its result is no longer known.
#[tokio::test]
async fn f04_resent_operation_is_refused_after_the_maximum_offline_time() {
    let world = World::new();
    let phone = world.device("phone").await;
    let op = |id: &str, rest: Value, resent: bool| {
        let mut op = json!({"opId": id, "id": "n", "hlc": format!("{START}:0:phone"), "resent": resent});
        op.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json!([op])
    };
    let inc = || json!({"type": "patch", "fieldOps": [{"op": "inc", "path": "/n", "by": 1}]});
    let made = || json!({"type": "create", "id": "gone", "data": {}});
    phone.create("n", json!({"n": 0})).await;
    phone.push(op("inc", inc(), false)).await;
    phone.push(op("made", made(), false)).await;
    phone
        .push(json!([{"type": "update", "id": "n", "data": {"title": "later"}}, {"type": "delete", "id": "gone"}]))
        .await;
    world.advance(179 * DAY);
    world.server.maintain().await.unwrap();
    assert_eq!(phone.push(op("inc", inc(), true)).await[0]["status"], "duplicate", "it is known");
    assert_eq!(phone.push(op("early", inc(), true)).await[0]["status"], "applied", "it cannot be forgotten yet");
    world.advance(2 * DAY);
    world.server.maintain().await.unwrap();
    for (id, rest) in [("inc", inc()), ("made", made()), ("inc", json!({"type": "ask"}))] {
        let refused = &phone.push(op(id, rest, true)).await[0];
        assert_eq!(
            (&refused["status"], &refused["error"]["code"]),
            (&json!("rejected"), &json!("OPERATION_FORGOTTEN"))
        );
    }
    assert_eq!(phone.get("n").await.json["data"]["n"], 2);
    phone.get("gone").await.expect(404);
    let set = json!({"type": "update", "version": 1, "data": {"title": "again"}});
    assert_eq!(phone.push(op("set", set, true)).await[0]["status"], "conflict", "its version judges it");
    // A device that sends it for the first time, or is told to count it again, does not say so.
    assert_eq!(phone.push(op("inc", inc(), false)).await[0]["status"], "applied");
    assert_eq!(phone.push(op("made", made(), false)).await[0]["status"], "applied");
}

/// History 103556: a group had its effect, its reply was lost and its results were forgotten. The create was refused by what others wrote since, and the
/// increment was told that it has no effect because of that: so it went again, as a new one.
#[tokio::test]
async fn f04_what_may_be_forgotten_is_never_told_that_it_has_no_effect() {
    let world = World::new();
    let phone = world.device("phone").await;
    let old = |mut op: Value, resent: bool| {
        op["hlc"] = json!(format!("{START}:0:phone"));
        op["resent"] = json!(resent);
        op
    };
    let create = |resent| {
        old(json!({"opId": "create", "type": "create", "clientId": "a", "data": {"v": 1}, "group": "g"}), resent)
    };
    let inc = |group: Option<&str>, resent| {
        let ops = json!([{"op": "inc", "path": "/n", "by": 1}]);
        old(json!({"opId": "inc", "type": "patch", "id": "n", "fieldOps": ops, "group": group}), resent)
    };
    phone.create("n", json!({"n": 0})).await;
    phone.push(json!([create(false), inc(Some("g"), false)])).await;
    phone
        .push(json!([{"type": "update", "id": "a", "data": {"v": 2}}, {"type": "update", "id": "n", "data": {"t": 1}}]))
        .await;
    world.advance(181 * DAY);
    world.server.maintain().await.unwrap();

    let group = phone.push(json!([create(true), inc(Some("g"), true)])).await;
    assert_eq!(group[0]["error"]["code"], "RECORD_EXISTS");
    assert_eq!(group[1]["error"]["code"], "OPERATION_FORGOTTEN");
    let fails = json!({"type": "update", "id": "n", "version": 9, "data": {"t": 2}});
    let behind = phone.push(json!([fails, inc(None, true)])).await;
    assert_eq!(behind[0]["error"]["code"], "VERSION_CONFLICT");
    assert_eq!(behind[1]["error"]["code"], "OPERATION_FORGOTTEN", "behind an operation that failed");
    let ordered =
        json!({"ordered": true, "operations": [{"type": "update", "id": "none", "data": {}}, inc(None, true)]});
    let behind = phone.batch(ordered).await.expect(200);
    assert_eq!(behind.json["results"][1]["error"]["code"], "OPERATION_FORGOTTEN", "behind any that failed");
    assert_eq!(phone.get("n").await.json["data"]["n"], 1);
}

#[tokio::test]
async fn f04_op_ids_of_two_users_do_not_meet() {
    let world = World::new();
    let (phone, stranger) = (world.device("phone").await, world.device("stranger").await);
    let op = json!([{"opId": "op", "type": "create", "clientId": "a", "data": {"v": 1}}]);
    assert_eq!(phone.push(op.clone()).await[0]["status"], "applied");
    assert_eq!(stranger.push(op).await[0]["status"], "applied");
}
