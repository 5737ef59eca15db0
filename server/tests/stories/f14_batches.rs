//! F14: one bad operation takes the batch with it, or a batch says yes and does nothing.

use crate::support::World;
use serde_json::{Value, json};

#[tokio::test]
async fn f14_bad_operation_fails_alone_in_order() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("old", json!({"n": 1})).await;
    let results = phone
        .push(json!([
            {"opId": "1", "type": "create", "clientId": "a", "data": {"title": "x"}},
            {"opId": "2", "type": "update", "id": "nowhere", "data": {"n": 1}},
            {"opId": "3", "type": "frobnicate", "id": "a"},
            17,
            {"opId": "5", "type": "create", "clientId": "old", "data": {"n": 2}},
            {"opId": "6", "type": "update", "id": "old", "version": 1, "data": {"version": 9}},
            {"opId": "7", "type": "create", "clientId": "b", "data": {"title": "y"}},
            {"opId": "8", "type": "delete", "id": "never-there"},
        ]))
        .await;
    let told: Vec<(&Value, &Value, &Value)> =
        results.iter().map(|r| (&r["opId"], &r["status"], &r["error"]["code"])).collect();
    assert_eq!(
        json!(told),
        json!([
            ["1", "applied", null],
            ["2", "conflict", "RECORD_NOT_FOUND"],
            ["3", "rejected", "VALIDATION_ERROR"],
            [null, "rejected", "VALIDATION_ERROR"],
            ["5", "conflict", "RECORD_EXISTS"],
            ["6", "rejected", "VALIDATION_ERROR"],
            ["7", "applied", null],
            ["8", "duplicate", null],
        ])
    );
    assert_eq!(
        results[0],
        json!({"opId":"1","id":"a","clientId":"a","serverId":"a","success":true,"status":"applied","version":1,"seq":2,
                                  "updatedAt":results[0]["updatedAt"]})
    );
    assert_eq!(results[4]["error"]["serverData"]["n"], 1);
    assert_eq!(results[5]["error"]["details"], json!({"version": "belongs to the server"}));
    assert_eq!(phone.get("old").await.json["data"]["n"], 1);
}

#[tokio::test]
async fn f14_group_is_all_or_nothing() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1})).await;
    phone.push(json!([{"type": "update", "id": "a", "version": 1, "data": {"n": 2}}])).await;
    let results = phone
        .push(json!([
            {"opId": "0", "type": "create", "clientId": "before", "data": {}},
            {"opId": "1", "type": "create", "clientId": "in-1", "data": {}, "group": "g"},
            {"opId": "2", "type": "update", "id": "a", "version": 1, "data": {"n": 3}, "group": "g"},
            {"opId": "3", "type": "create", "clientId": "in-2", "data": {}, "group": "g"},
            {"opId": "4", "type": "create", "clientId": "after", "data": {}},
            {"opId": "5", "type": "update", "id": "in-1", "version": "$prev", "data": {"x": 1}},
            {"opId": "6", "type": "create", "clientId": "h-1", "data": {}, "group": "h"},
            {"opId": "7", "type": "update", "id": "h-1", "version": "$prev", "data": {"x": 1}, "group": "h"},
        ]))
        .await;
    let told: Vec<(&Value, &Value, &Value)> =
        results.iter().map(|r| (&r["status"], &r["error"]["code"], &r["error"]["causedBy"])).collect();
    assert_eq!(
        json!(told),
        json!([
            ["applied", null, null],
            ["aborted", "GROUP_ABORTED", 2],
            ["conflict", "VERSION_CONFLICT", null],
            ["aborted", "GROUP_ABORTED", 2],
            ["applied", null, null],
            ["aborted", "DEPENDENCY_FAILED", 1],
            ["applied", null, null],
            ["applied", null, null],
        ])
    );
    phone.get("in-1").await.expect(404);
    phone.get("in-2").await.expect(404);
    assert_eq!(phone.get("h-1").await.json["data"]["version"], 2);
    assert_eq!(
        (&results[0]["seq"], &results[4]["seq"], &results[6]["seq"]),
        (&json!(3), &json!(4), &json!(5)),
        "no gaps"
    );
    phone.head().await;

    let again = phone.push(json!([{"opId": "1", "type": "create", "clientId": "in-1", "data": {}}])).await;
    assert_eq!(again[0]["status"], "applied", "what was undone left nothing in the ledger");
}

#[tokio::test]
async fn f14_member_with_an_effect_keeps_it_when_its_group_fails() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1})).await;
    let inc = json!({"opId": "1", "type": "patch", "id": "a", "version": 1, "group": "g", "fieldOps": [{"op": "inc", "path": "/n", "by": 1}]});
    let create = |op: &str, id: &str| json!({"opId": op, "type": "create", "clientId": id, "data": {}, "group": "g"});
    let first = phone.push(json!([inc, create("2", "b")])).await;
    assert_eq!((&first[0]["status"], &first[1]["status"]), (&json!("applied"), &json!("applied")));
    // A copy of the device sends the group with members of its own, one of which fails.
    let other = json!({"opId": "2", "type": "create", "clientId": "b", "data": {"x": 1}, "group": "g"});
    let fails = json!({"opId": "3", "type": "update", "id": "nowhere", "data": {"n": 1}, "group": "g"});
    let results = phone.push(json!([inc, fails, other, create("4", "c")])).await;
    let told: Vec<(&Value, &Value, &Value)> =
        results.iter().map(|r| (&r["status"], &r["error"]["code"], &r["error"]["causedBy"])).collect();
    assert_eq!(
        json!(told),
        json!([
            ["duplicate", null, null],
            ["conflict", "RECORD_NOT_FOUND", null],
            ["rejected", "IDEMPOTENCY_KEY_REUSED", null],
            ["aborted", "GROUP_ABORTED", 1],
        ])
    );
    assert_eq!(results[0]["version"], 2);
    assert_eq!(phone.get("a").await.json["data"]["n"], 2);
    phone.get("c").await.expect(404);
}

#[tokio::test]
async fn f14_nothing_overtakes_a_failure_in_an_ordered_batch() {
    let world = World::new();
    let phone = world.device("phone").await;
    let create = |op: &str, id: &str| json!({"opId": op, "type": "create", "clientId": id, "data": {}});
    phone.push(json!([create("3", "known")])).await;
    let fails = json!({"opId": "2", "type": "update", "id": "nowhere", "data": {"n": 1}});
    let ops = json!([create("1", "a"), fails, create("3", "known"), create("4", "b")]);
    let reply = phone.batch(json!({"ordered": true, "operations": ops})).await.expect(200);
    let results = reply.json["results"].as_array().unwrap();
    let told: Vec<(&Value, &Value)> = results.iter().map(|r| (&r["status"], &r["error"]["causedBy"])).collect();
    assert_eq!(json!(told), json!([["applied", null], ["conflict", null], ["duplicate", null], ["aborted", 1]]));
    phone.get("b").await.expect(404);
}

#[tokio::test]
async fn f14_question_tells_what_became_of_an_operation() {
    let world = World::new();
    let phone = world.device("phone").await;
    let ask = |op: &str| json!({"opId": op, "type": "ask", "clientId": "a"});
    let create = json!({"opId": "1", "type": "create", "clientId": "a", "data": {"title": "x"}});
    let results = phone.push(json!([ask("1"), create, ask("1"), ask("2")])).await;
    let told: Vec<(&Value, &Value)> = results.iter().map(|r| (&r["status"], &r["error"]["code"])).collect();
    assert_eq!(
        json!(told),
        json!([
            ["rejected", "OPERATION_UNKNOWN"],
            ["applied", null],
            ["duplicate", null],
            ["rejected", "OPERATION_UNKNOWN"],
        ])
    );
    assert_eq!((&results[2]["version"], &results[2]["seq"]), (&json!(1), &json!(1)));
    let again = phone.push(json!([{"opId": "2", "type": "update", "id": "a", "version": 1, "data": {"n": 1}}])).await;
    assert_eq!(again[0]["status"], "applied", "a question leaves nothing behind");
}

#[tokio::test]
async fn f14_unreadable_operation_fails_its_group() {
    let world = World::new();
    let phone = world.device("phone").await;
    let results = phone
        .push(json!([
            {"type": "create", "clientId": "a", "data": {}, "group": "g"},
            {"type": "explode", "id": "b", "group": "g"},
        ]))
        .await;
    assert_eq!(results[0]["error"]["code"], "GROUP_ABORTED");
    assert_eq!(results[1]["error"]["code"], "VALIDATION_ERROR");
    phone.get("a").await.expect(404);
}

#[tokio::test]
async fn f14_scattered_group_is_refused_whole() {
    let world = World::new();
    let phone = world.device("phone").await;
    let op = |id: &str, group: Option<&str>| json!({"type": "create", "clientId": id, "data": {}, "group": group});
    let results = phone.push(json!([op("a", Some("g")), op("b", None), op("c", Some("g"))])).await;
    let codes: Vec<&Value> = results.iter().map(|result| &result["error"]["code"]).collect();
    assert_eq!(json!(codes), json!(["VALIDATION_ERROR", null, "VALIDATION_ERROR"]));
}

#[tokio::test]
async fn f14_atomic_batch_fails_whole() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({})).await;
    let ops = json!([
        {"opId": "0", "type": "create", "clientId": "b", "data": {}},
        {"opId": "1", "type": "create", "clientId": "a", "data": {"n": 1}},
        {"opId": "2", "type": "create", "clientId": "c", "data": {}},
    ]);
    let reply = phone.batch(json!({"atomic": true, "operations": ops})).await.expect(409);
    assert_eq!(reply.code(), "BATCH_ABORTED");
    assert_eq!(reply.json["error"]["causedBy"], 1);
    let results = reply.json["error"]["results"].as_array().unwrap();
    let codes: Vec<&Value> = results.iter().map(|result| &result["error"]["code"]).collect();
    assert_eq!(json!(codes), json!(["BATCH_ABORTED", "RECORD_EXISTS", "BATCH_ABORTED"]));
    phone.get("b").await.expect(404);

    let whole = json!({"atomic": true, "operations": [ops[0], ops[2]]});
    phone.batch(whole.clone()).await.expect(200);
    let repeated = phone.batch(whole).await.expect(200);
    assert_eq!(repeated.json["results"][1]["status"], "duplicate");
}

#[tokio::test]
async fn f14_operation_behind_a_failed_one_is_not_tried() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({"n": 1})).await;
    phone.create("b", json!({"n": 1})).await;
    let results = phone
        .push(json!([
            {"type": "update", "id": "a", "hlc": "broken", "data": {"n": 2}},
            {"type": "update", "id": "b", "version": 7, "data": {"n": 2}},
            {"type": "update", "id": "b", "data": {"n": 3}},
            {"type": "delete", "id": "b"},
            {"type": "update", "id": "a", "data": {"n": 4}},
        ]))
        .await;
    let told: Vec<(&Value, &Value)> = results.iter().map(|r| (&r["error"]["code"], &r["error"]["causedBy"])).collect();
    assert_eq!(told[1].0, "VERSION_CONFLICT");
    assert_eq!(told[2], (&json!("DEPENDENCY_FAILED"), &json!(1)));
    assert_eq!(told[3], (&json!("DEPENDENCY_FAILED"), &json!(1)));
    assert_eq!(told[4], (&json!("DEPENDENCY_FAILED"), &json!(0)), "an unreadable operation holds its record back, too");
    assert_eq!(phone.get("b").await.json["data"]["n"], 1);
}

#[tokio::test]
async fn f14_prev_version_and_client_references_resolve() {
    let world = World::new();
    let phone = world.device("phone").await;
    let results = phone
        .push(json!([
            {"type": "create", "clientId": "a", "data": {"n": 1}},
            {"type": "update", "id": "a", "version": "$prev", "data": {"n": 2}},
            {"type": "update", "id": "$client:a", "version": "$prev", "data": {"n": 3}},
            {"type": "update", "clientId": "a", "version": "$prev", "data": {"n": 4}},
            {"type": "delete", "id": "a", "version": "$prev"},
            {"type": "update", "id": "b", "version": "$prev", "data": {}},
            {"type": "create", "clientId": "b", "data": {}},
        ]))
        .await;
    let versions: Vec<&Value> = results.iter().map(|result| &result["version"]).collect();
    assert_eq!(json!(versions), json!([1, 2, 3, 4, 5, null, null]));
    assert_eq!(
        results[5]["error"]["details"],
        json!({"version": "\"$prev\" needs an earlier operation on the record"})
    );
    assert_eq!(results[6]["error"]["code"], "DEPENDENCY_FAILED");
    assert_eq!(phone.get("a").await.expect(410).json["error"]["tombstone"]["version"], 5);
}

#[tokio::test]
async fn f14_op_ids_and_collections_are_optional() {
    let world = World::new();
    let phone = world.device("phone").await;
    let body = json!({"deviceId": "phone", "operations": [{"type": "create", "data": {"title": "x"}}, {"type": "create", "data": {"title": "y"}}]});
    let first =
        phone.call_with("POST", "/v1/sync/batch", &[("idempotency-key", "k1")], Some(body.clone())).await.expect(200);
    let again =
        phone.call_with("POST", "/v1/sync/batch", &[("idempotency-key", "k1")], Some(body.clone())).await.expect(200);
    assert_eq!(again.json["results"][1]["status"], "duplicate");
    assert_eq!(again.json["results"][1]["id"], first.json["results"][1]["id"]);
    phone.call("POST", "/v1/sync/batch", Some(body)).await.expect(200);
    assert_eq!(
        phone.call("GET", "/v1/tasks", None).await.json["data"]["tasks"].as_array().unwrap().len(),
        4,
        "without a key there are two records"
    );
}

#[tokio::test]
async fn f14_batch_without_device_is_refused() {
    let world = World::new();
    let phone = world.device("phone").await;
    let account = phone.account.clone();
    let bare = |body: Value| {
        let request = axum::http::Request::post("/v1/sync/batch")
            .header("authorization", format!("Bearer {}", account.token))
            .header("content-type", "application/json");
        world.send(request.body(body.to_string().into()).unwrap())
    };
    let reply = bare(json!({"operations": []})).await.expect(400);
    assert_eq!(reply.json["error"]["details"], json!({"deviceId": "is missing, as is X-Device-Id"}));
    bare(json!({"deviceId": "d", "operations": []})).await.expect(200);
    phone.batch(json!({"deviceId": "other", "operations": []})).await.expect(400);
}

#[tokio::test]
async fn push_for_the_space_of_another_account_is_refused_whole() {
    let world = World::new();
    let (phone, other) = (world.device("phone").await, world.device("other").await);
    let push = |space: String| json!({"space": space, "ackOpSeq": 9, "operations": [{"opSeq": 1, "type": "create", "clientId": "a", "data": {}}]});
    assert_eq!(phone.batch(push(other.space())).await.expect(403).code(), "FORBIDDEN");
    phone.get("a").await.expect(404);
    other.get("a").await.expect(404);
    let results = phone.push(json!([{"opSeq": 1, "type": "create", "clientId": "a", "data": {}}])).await;
    assert_eq!(results[0]["status"], "applied", "the confirmation of the refused push did not count");
    let own = json!({"space": phone.space(), "operations": []});
    phone.batch(own).await.expect(200);
}

#[tokio::test]
async fn f14_compact_results_are_the_exceptions_and_two_columns() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("old", json!({"n": 1})).await;
    let operations = |salt: i64| {
        let mut operations: Vec<Value> = (0..24)
            .map(|n| json!({"opId": format!("{salt}-{n}"), "type": "create", "clientId": format!("{salt}-{n}"), "data": {}}))
            .collect();
        operations[3] = json!({"opId": format!("{salt}-3"), "type": "update", "id": "nowhere", "data": {"n": 1}});
        // What it becomes is not what the device computes: the device had another version.
        operations[5] = json!({"opId": format!("{salt}-5"), "type": "update", "id": "old", "data": {"n": salt + 1}});
        operations[7] = json!({"opId": format!("{salt}-7"), "type": "delete", "id": "never-there"});
        operations
    };
    let plain = phone.batch(json!({"operations": operations(1)})).await.json["results"].clone();
    let reply = phone.batch(json!({"compact": true, "operations": operations(2)})).await;
    let compact = &reply.json["results"];

    let taken = |result: &&Value| result["status"] == "applied" && result.get("record").is_none();
    let first = plain.as_array().unwrap().iter().rfind(taken).unwrap()["seq"].as_i64().unwrap() + 1;
    let places: Vec<i64> = compact["seq"].as_array().unwrap().iter().map(|step| step.as_i64().unwrap()).collect();
    // The fourth in the column is the fifth of all; the sixth operation took a place in between.
    assert_eq!(places, [vec![first, 1, 1, 1, 2], vec![1; 16]].concat());
    assert_eq!(compact["updatedAt"].as_array().unwrap().len(), 21);
    let others = compact["others"].as_object().unwrap();
    assert_eq!(others.keys().collect::<Vec<_>>(), ["3", "5", "7"]);
    for (place, other) in others {
        let usual = &plain[place.parse::<usize>().unwrap()];
        assert_eq!((&other["status"], &other["error"]["code"]), (&usual["status"], &usual["error"]["code"]));
        assert_eq!(other["opId"], format!("2-{place}"));
    }
    assert_eq!(others["5"]["record"]["n"], 3);

    // A repeat is no operation that was taken now, and few are told one by one.
    let again = phone.batch(json!({"compact": true, "operations": operations(2)})).await;
    assert_eq!(again.json["results"][0]["status"], "duplicate");
    let few =
        phone.batch(json!({"compact": true, "operations": [{"type": "create", "clientId": "few", "data": {}}]})).await;
    assert_eq!(few.json["results"][0]["status"], "applied");
}

#[tokio::test]
async fn f14_columns_say_what_members_say() {
    let world = World::new();
    let phone = world.device("phone").await;
    let prefix = "0190a5b4-0000-7000-8000-0000";
    let columns = json!({"opPrefix": prefix, "opSeq": [41, 1, 1], "type": "create", "collection": "tasks",
                         "hlcMs": [1_000, 5, 0], "hlcCounter": [0, 0, 1]});
    let own = json!({"clientId": "own", "opId": "mine", "data": {"n": 2}});
    let short = json!([{"clientId": "a", "data": {"n": 0}}, own, {"clientId": "c", "data": {"n": 1}}]);
    let reply = phone.batch(json!({"columns": columns, "operations": short})).await.expect(200);
    assert!(reply.json["results"].as_array().unwrap().iter().all(|result| result["status"] == "applied"));
    assert_eq!(phone.get("c").await.json["data"]["_sync"]["hlc"], "1005:1:phone");

    let plain = |op_id: &str, op_seq: i64, id: &str, n: i64| json!({"opId": op_id, "opSeq": op_seq, "type": "create", "clientId": id, "data": {"n": n}});
    let (first, third) = (format!("{prefix}00000029"), format!("{prefix}0000002b"));
    let again =
        phone.push(json!([plain(&first, 41, "a", 0), plain("mine", 42, "own", 2), plain(&third, 43, "c", 1)])).await;
    assert!(again.iter().all(|result| result["status"] == "duplicate"), "{again:?}");
    let other = phone.push(json!([plain(&first, 41, "a", 7)])).await;
    assert_eq!(other[0]["error"]["code"], "IDEMPOTENCY_KEY_REUSED");

    let wrong = json!({"columns": {"opSeq": [1]}, "operations": [{}, {}]});
    assert_eq!(phone.batch(wrong).await.expect(400).code(), "VALIDATION_ERROR");
}
