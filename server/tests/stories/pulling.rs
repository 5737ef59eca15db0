//! Pulling, status, and what their headers say.

use crate::support::{World, config_with};
use serde_json::{Value, json};

#[tokio::test]
async fn pull_fills_by_priority_and_answers_in_order() {
    let world = World::with(config_with("[collections.urgent]\npriority = 0"));
    let phone = world.device("phone").await;
    for collection in ["notes", "urgent"] {
        let ops: Vec<Value> = (0..10)
            .map(|n| json!({"type": "create", "collection": collection, "clientId": format!("r{n}"), "data": {"text": "x".repeat(500)}}))
            .collect();
        phone.push(Value::Array(ops)).await;
    }
    let body = json!({"streams": [{"collection": "notes"}, {"collection": "urgent"}, {"collection": "empty"}], "maxBytes": 8_000});
    let reply = phone.call("POST", "/v1/sync/pull", Some(body)).await.expect(200);
    let streams = &reply.json["data"]["streams"];
    assert_eq!(streams[0]["collection"], "notes");
    assert_eq!(streams[1]["changes"]["urgent"].as_array().unwrap().len(), 10);
    assert_eq!(streams[1]["syncMetadata"]["hasMore"], false);
    let notes = streams[0]["changes"]["notes"].as_array().unwrap().len();
    assert!(notes < 10, "the rest of the reply");
    assert_eq!(streams[0]["deletedNoteIds"], json!([]));
    assert_eq!(
        streams[2]["syncMetadata"]["integrity"],
        json!({"alg": "sx64", "count": 0, "digest": "0000000000000000"})
    );
    assert_eq!(reply.json["data"]["checkpoint"]["complete"], false);
    assert_eq!(reply.header("x-has-updates"), "true");
    assert_eq!(reply.header("x-pending-count"), (10 - notes).to_string());
    assert_eq!(reply.header("x-sync-epoch"), world.server.epoch());

    let streams: Vec<Value> = ["notes", "urgent"]
        .iter()
        .enumerate()
        .map(|(index, name)| json!({"collection": name, "cursor": streams[index]["syncMetadata"]["nextCursor"]}))
        .collect();
    let rest = phone.call("POST", "/v1/sync/pull", Some(json!({"streams": streams}))).await.expect(200);
    assert_eq!(rest.json["data"]["streams"][0]["changes"]["notes"].as_array().unwrap().len(), 10 - notes);
    assert_eq!(rest.json["data"]["checkpoint"]["complete"], true);
    assert_eq!(rest.header("x-has-updates"), "false");
}

#[tokio::test]
async fn snapshot_continues_or_restarts_by_mode() {
    let world = World::new();
    let phone = world.device("phone").await;
    for n in 0..4 {
        phone.create(&format!("r{n}"), json!({})).await;
    }
    let pull = |cursor: Value, mode: &str| {
        let streams = json!([{"collection": "tasks", "cursor": cursor, "mode": mode, "limit": 2}]);
        phone.call("POST", "/v1/sync/pull", Some(json!({"streams": streams})))
    };
    let page = |reply: &Value| {
        let stream = &reply["data"]["streams"][0];
        let ids =
            stream["changes"]["tasks"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), stream["syncMetadata"]["mode"].clone(), stream["syncMetadata"]["nextCursor"].clone())
    };
    let (ids, mode, cursor) = page(&pull(Value::Null, "delta").await.expect(200).json);
    assert_eq!((ids, mode), (vec!["r0".to_owned(), "r1".to_owned()], json!("snapshot")));
    let (ids, mode, head) = page(&pull(cursor, "snapshot").await.expect(200).json);
    assert_eq!(
        (ids, mode),
        (vec!["r2".to_owned(), "r3".to_owned()], json!("snapshot")),
        "a snapshot cursor continues it"
    );
    let (ids, mode, _) = page(&pull(head.clone(), "delta").await.expect(200).json);
    assert_eq!((ids, mode), (vec![], json!("delta")), "at the head it turned into a delta cursor");
    let (ids, mode, _) = page(&pull(head, "snapshot").await.expect(200).json);
    assert_eq!((ids.len(), mode), (2, json!("snapshot")), "a delta cursor starts anew");
}

#[tokio::test]
async fn discover_adds_streams_that_were_not_named() {
    let world = World::with(config_with("[limits]\nmax_streams = 3"));
    let phone = world.device("phone").await;
    for collection in ["d", "b", "a", "c"] {
        phone.push(json!([{"type": "create", "collection": collection, "clientId": "x", "data": {}}])).await;
    }
    let names = |reply: &Value| {
        let streams = reply["data"]["streams"].as_array().unwrap().iter();
        streams.map(|stream| stream["collection"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = phone.call("POST", "/v1/sync/pull", Some(json!({"discover": true}))).await.expect(200).json;
    assert_eq!(names(&all), ["a", "b", "c"], "as many as a request may have");
    assert_eq!(all["data"]["streams"][0]["syncMetadata"]["mode"], "snapshot");
    assert_eq!(all["data"]["streams"][0]["syncMetadata"]["count"], 1);
    let streams = json!([{"collection": "b", "cursor": all["data"]["streams"][1]["syncMetadata"]["nextCursor"]}, {"collection": "new"}]);
    let more =
        phone.call("POST", "/v1/sync/pull", Some(json!({"streams": streams, "discover": true}))).await.expect(200).json;
    assert_eq!(names(&more), ["b", "new", "a"]);
    assert_eq!(more["data"]["streams"][0]["changes"]["b"], json!([]), "what is named goes on where it was");
}

#[tokio::test]
async fn malformed_pulls_are_refused() {
    let world = World::with(config_with("[limits]\nmax_streams = 3"));
    let phone = world.device("phone").await;
    for (body, status) in [
        (json!({}), 400),
        (json!({"streams": [{}]}), 400),
        (json!({"streams": [{"collection": "sync"}]}), 400),
        (json!({"streams": [{"collection": "a"}, {"collection": "a"}]}), 400),
        (json!({"streams": [{"collection": "a", "mode": "all"}]}), 400),
        (json!({"streams": [{"collection": "a", "priority": 4}]}), 400),
        (json!({"streams": [{"collection": "a", "cursor": "x"}]}), 400),
        (json!({"streams": [{"collection": "a"}], "maxBytes": -1}), 400),
        (json!({"streams": [{"collection": "a"}, {"collection": "b"}, {"collection": "c"}, {"collection": "d"}]}), 413),
        (json!({"streams": []}), 200),
    ] {
        phone.call("POST", "/v1/sync/pull", Some(body)).await.expect(status);
    }
}

#[tokio::test]
async fn status_counts_pending_rows() {
    let world = World::new();
    let phone = world.device("phone").await;
    let fresh = phone.call("GET", "/v1/sync/status", None).await.expect(200);
    assert_eq!(fresh.json["lastSyncTimestamp"], Value::Null);
    assert_eq!(fresh.json["streams"], json!([]));
    assert_eq!(fresh.json["conflictsNeedingResolution"], 0);
    assert_eq!(fresh.json["serverVersion"], env!("CARGO_PKG_VERSION"));

    let first = phone.create("r0", json!({})).await["updatedAt"].as_str().unwrap().to_owned();
    let cursor = phone.head().await;
    for n in 0..3 {
        let ops: Vec<Value> =
            (0..400).map(|m| json!({"type": "create", "clientId": format!("{n}-{m}"), "data": {}})).collect();
        let status = phone.call("GET", &format!("/v1/sync/status?cursor={cursor}"), None).await.expect(200);
        assert_eq!((&status.json["pendingChanges"], &status.json["pendingIsCapped"]), (&json!(n * 400), &json!(false)));
        phone.push(Value::Array(ops)).await;
    }
    let status = phone.call("GET", &format!("/v1/sync/status?cursor={cursor}"), None).await.expect(200);
    assert_eq!((&status.json["pendingChanges"], &status.json["pendingIsCapped"]), (&json!(1000), &json!(true)));
    assert_eq!((status.header("x-has-updates"), status.header("x-pending-count")), ("true", "1000"));
    let stream = &status.json["streams"][0];
    assert_eq!((&stream["collection"], &stream["count"]), (&json!("tasks"), &json!(1201)));
    assert_eq!(stream["head"], phone.head().await);
    let since = phone.call("GET", &format!("/v1/sync/status?since={first}"), None).await.expect(200);
    assert_eq!(since.json["pendingChanges"], 1000);

    let head = phone.call("HEAD", &format!("/v1/sync/status?cursor={}", phone.head().await), None).await.expect(200);
    assert!(head.bytes.is_empty());
    assert_eq!((head.header("x-has-updates"), head.header("x-pending-count")), ("false", "0"));
    assert_eq!(head.header("x-last-sync"), status.json["lastSyncTimestamp"].as_str().unwrap());
}

#[tokio::test]
async fn reply_meta_names_version_time_and_request() {
    let world = World::new();
    let phone = world.device("phone").await;
    for reply in [
        phone.call_with("GET", "/v1/tasks", &[("x-request-id", "r-1"), ("x-api-version", "1")], None).await.expect(200),
        phone
            .call_with("GET", "/v1/tasks/none", &[("x-request-id", "r-1"), ("x-api-version", "1")], None)
            .await
            .expect(404),
        phone.call_with("GET", "/nowhere", &[("x-request-id", "r-1"), ("x-api-version", "1")], None).await.expect(404),
    ] {
        assert_eq!((reply.header("x-request-id"), reply.header("x-api-version")), ("r-1", "1"));
        assert_eq!(reply.header("cache-control"), "private, no-cache");
        assert_eq!(
            reply.header("vary"),
            "Authorization, Accept-Encoding, X-Device-Id, X-Holm, X-Query-Limit, X-Query-Offset"
        );
        assert_eq!(reply.header("date"), "Fri, 20 Nov 2026 10:00:00 GMT");
        let meta = &reply.json["meta"];
        assert_eq!((&meta["requestId"], &meta["apiVersion"]), (&json!("r-1"), &json!(1)));
        assert_eq!(
            (&meta["serverTime"], &meta["deprecationNotices"]),
            (&json!("2026-11-20T10:00:00.000Z"), &json!([]))
        );
    }
    for version in ["3", "0", "two", ""] {
        let reply = phone.call_with("GET", "/v1/tasks", &[("x-api-version", version)], None).await.expect(400);
        assert_eq!(reply.code(), "UNSUPPORTED_API_VERSION");
        assert_eq!(reply.json["error"]["supportedVersions"], json!([1, 2]));
    }
    let problem =
        phone.call_with("GET", "/v1/tasks/none", &[("accept", "application/problem+json, */*;q=0.1")], None).await;
    assert_eq!(problem.header("content-type"), "application/problem+json");
    assert_eq!(problem.json["type"], "urn:holm:error:record-not-found");
    assert_eq!((&problem.json["title"], &problem.json["status"]), (&json!("Record not found"), &json!(404)));
}
