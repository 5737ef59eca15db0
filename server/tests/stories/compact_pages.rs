//! Pages in their compact form hold what plain ones hold.

use crate::support::{Device, World};
use serde_json::{Value, json};

/// Pulls all tasks, page by page.
async fn pages(device: &Device<'_>, compact: bool, max_bytes: usize) -> Vec<Value> {
    let (mut pages, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let streams = json!([{"collection": "tasks", "cursor": cursor, "limit": 70}]);
        let body = json!({"streams": streams, "compact": compact, "maxBytes": max_bytes});
        let reply = device.call("POST", "/v1/sync/pull", Some(body)).await.expect(200).json;
        let page = reply["data"]["streams"][0].clone();
        cursor = page["syncMetadata"]["nextCursor"].clone();
        let more = page["syncMetadata"]["hasMore"] == true;
        pages.push(page);
        if !more {
            return pages;
        }
    }
}

/// (id, body, version, seq, updated, operation of this device) of the live rows of a page.
fn rows(page: &Value) -> Vec<Value> {
    let records = page["changes"]["tasks"].as_array().cloned().unwrap_or_default();
    let columns = &page["columns"];
    if columns.is_null() {
        return records
            .into_iter()
            .map(|mut record| {
                let members = record.as_object_mut().unwrap();
                let sync = members.remove("_sync").unwrap();
                let [id, version, updated, _] =
                    ["id", "version", "updatedAt", "createdAt"].map(|key| members.remove(key));
                let updated =
                    holm_protocol::time::Timestamp::parse(updated.unwrap().as_str().unwrap()).unwrap().micros();
                json!([id, record, version, sync["seq"], updated, sync.get("originOpId")])
            })
            .collect();
    }
    let numbers = |key: &str| {
        let column = columns[key].as_array().unwrap().iter().map(|number| number.as_i64().unwrap());
        holm_protocol::columns::sums(column).collect::<Vec<_>>()
    };
    let ids: Vec<String> = match columns["uuids"].as_str() {
        Some(text) => {
            holm_protocol::columns::uuids(text).unwrap().iter().map(holm_protocol::columns::uuid_text).collect()
        }
        None => serde_json::from_value(columns["ids"].clone()).unwrap(),
    };
    let (seq, version, updated) = (numbers("seq"), numbers("version"), numbers("updatedAt"));
    let row = |(at, body)| {
        let op = columns["originOpId"].get(format!("{at}"));
        json!([ids[at], body, version[at], seq[at], updated[at], op])
    };
    records.into_iter().enumerate().map(row).collect()
}

#[tokio::test]
async fn compact_pages_hold_the_rows_of_plain_ones() {
    let world = World::new();
    let phone = world.device("phone").await;
    let tablet = world.device_of(&phone.account, "tablet");
    let creates = |ids: &dyn Fn(u32) -> String, count: u32| -> Vec<Value> {
        let create = |n| json!({"opId": ids(n), "type": "create", "clientId": ids(n), "data": {"title": format!("t{n}"), "n": n}});
        (0..count).map(create).collect()
    };
    phone.push(json!(creates(&|n| format!("0190a5b4-0000-7000-8000-{n:012x}"), 150))).await;
    tablet
        .push(json!([{"type": "update", "id": "0190a5b4-0000-7000-8000-000000000003", "version": 1, "data": {"n": -1}},
                       {"type": "delete", "id": "0190a5b4-0000-7000-8000-000000000007"}]))
        .await;
    tablet.push(json!(creates(&|n| format!("plain-{n}"), 12))).await;
    for max_bytes in [1_000_000, 4_000, 700] {
        let (plain, compact) = (pages(&phone, false, max_bytes).await, pages(&phone, true, max_bytes).await);
        let all = |pages: &[Value]| pages.iter().flat_map(rows).collect::<Vec<_>>();
        assert_eq!(all(&plain), all(&compact), "with {max_bytes} bytes");
        assert_eq!(
            plain.last().unwrap()["syncMetadata"]["integrity"],
            compact.last().unwrap()["syncMetadata"]["integrity"]
        );
        assert!(compact.len() <= plain.len(), "columns are no larger");
        for page in &compact {
            assert_eq!(page["columns"].is_null(), rows(page).len() < 20, "only small pages stay plain");
            let bytes = page["changes"].to_string().len() + page["columns"].to_string().len();
            assert!(bytes < max_bytes + 400, "{bytes} of {max_bytes}");
        }
    }
    let first = &pages(&phone, true, 1_000_000).await[0];
    assert!(first["columns"]["uuids"].is_string() && first["columns"]["ids"].is_null());
    assert_eq!(
        first["columns"]["originOpId"]["1"], "0190a5b4-0000-7000-8000-000000000001",
        "the device knows its own writes"
    );
    let mixed = pages(&tablet, true, 1_000_000).await;
    assert!(mixed.last().unwrap()["columns"]["ids"].as_array().unwrap().iter().any(|id| id == "plain-3"));
}

#[tokio::test]
async fn compact_pages_leave_out_what_is_empty_and_keep_tombstones() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({})).await;
    let head = phone.head().await;
    let pull = |cursor: &str| json!({"compact": true, "streams": [{"collection": "tasks", "cursor": cursor}]});
    let idle =
        phone.call("POST", "/v1/sync/pull", Some(pull(&head))).await.expect(200).json["data"]["streams"][0].clone();
    assert_eq!(idle.as_object().unwrap().keys().collect::<Vec<_>>(), ["collection", "space", "syncMetadata"]);
    phone.push(json!([{"type": "delete", "id": "a"}])).await;
    let gone =
        phone.call("POST", "/v1/sync/pull", Some(pull(&head))).await.expect(200).json["data"]["streams"][0].clone();
    assert_eq!(gone["tombstones"]["tasks"][0]["id"], "a");
    assert_eq!((&gone["changes"], &gone["deletedTaskIds"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn idle_pull_of_a_device_that_says_what_it_holds_has_no_body() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("a", json!({})).await;
    let config = phone.call("GET", "/v1/sync/config", None).await.json["data"]["configVersion"].clone();
    let status = phone.call("GET", "/v1/sync/status", None).await.json["streams"][0].clone();
    let stream = |count: &Value, digest: &Value| json!({"collection": "tasks", "cursor": status["head"], "count": count, "digest": digest});
    let exact = stream(&status["count"], &status["digest"]);
    let body = |streams: Value, compact: bool, config: &Value| json!({"streams": streams, "compact": compact, "configVersion": config});
    let pull = async |body: Value| phone.call("POST", "/v1/sync/pull", Some(body)).await;

    let idle = pull(body(json!([exact]), true, &config)).await;
    assert_eq!((idle.status.as_u16(), idle.bytes.len()), (204, 0));
    assert!(idle.headers["x-server-time"].to_str().unwrap().parse::<i64>().is_ok());
    let mut discovering = body(json!([exact]), true, &config);
    discovering["discover"] = json!(true);
    assert_eq!(pull(discovering.clone()).await.status, 204);

    for other in [
        body(json!([exact]), false, &config),
        body(json!([exact]), true, &json!("00000000")),
        body(json!([stream(&json!(2), &status["digest"])]), true, &config),
        body(json!([stream(&status["count"], &json!("0000000000000000"))]), true, &config),
        body(json!([exact, {"collection": "notes"}]), true, &config),
        body(json!([]), true, &config),
    ] {
        assert_eq!(pull(other.clone()).await.status, 200, "{other}");
    }
    phone.push(json!([{"type": "create", "clientId": "n", "collection": "notes", "data": {}}])).await;
    assert_eq!(pull(discovering).await.status, 200, "another stream was found");
    phone.create("b", json!({})).await;
    assert_eq!(pull(body(json!([exact]), true, &config)).await.status, 200);
}

#[tokio::test]
async fn one_header_says_what_four_say() {
    let world = World::new();
    let phone = world.device("phone").await;
    let push = |op: &str| json!({"operations": [{"opId": op, "type": "create", "clientId": op, "data": {}}]});
    let post =
        async |words: &str| phone.call_with("POST", "/v1/sync/batch", &[("x-holm", words)], Some(push(words))).await;
    let terse = post("2 0.1.0 phone user").await.expect(200);
    for header in ["x-api-version", "cache-control", "vary", "x-has-updates"] {
        assert!(!terse.headers.contains_key(header), "{header}");
    }
    assert!(terse.headers.contains_key("x-request-id") && terse.headers.contains_key("date"));
    assert_eq!(post("3 0.1.0 phone user").await.expect(400).code(), "UNSUPPORTED_API_VERSION");
    for words in ["", "2", "2 0.1.0 phone", "2 0.1.0 phone user more", "2 x phone user"] {
        assert_eq!(post(words).await.expect(400).code(), "VALIDATION_ERROR", "{words:?}");
    }
    let read = phone.call_with("GET", "/v1/tasks", &[("x-holm", "2 0.1.0 phone user")], None).await.expect(200);
    assert!(read.headers.contains_key("cache-control"), "what a cache could keep says that it must not");
}
