//! A server that answers nonsense: a typed error, every pending write kept, no busy loop, no credential elsewhere, and recovery when the real
//! server is back.

#![allow(clippy::unwrap_used)] // A test may fail that way.

use flate2::Compression;
use flate2::write::GzEncoder;
use holm_core::{ErrorCode, Strategy};
use holm_tests::real::{Answer, Driver, ServerProcess, StrangeServer};
use holm_tests::sim::{Tap, World};
use serde_json::json;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

const JSON: &str = "Content-Type: application/json\r\n";
const HTML: &str = "Content-Type: text/html; charset=utf-8\r\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(9));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What is answered, and the codes that a sync may end with.
fn nonsense(elsewhere: &str) -> Vec<(&'static str, Answer, &'static [&'static str])> {
    let page = "<html><body>Please sign in to the hotel's network</body></html>";
    let pull =
        r#"{"data":{"streams":[{"space":"u:1","collection":"tasks","changes":{"tasks":[{"id":"x","title":"forged""#;
    let redirect = format!("Location: {elsewhere}/v1/sync/batch\r\n");
    vec![
        ("HTML with 200", Answer::new("200 OK", HTML, page), &["CAPTIVE"]),
        ("HTML that says it is JSON", Answer::new("200 OK", JSON, page), &["INVALID_RESPONSE"]),
        ("truncated JSON", Answer::new("200 OK", JSON, pull), &["INVALID_RESPONSE"]),
        (
            "wrong types",
            Answer::new("200 OK", JSON, r#"{"data":{"streams":7},"results":"x","meta":[]}"#),
            &["INVALID_RESPONSE"],
        ),
        ("an empty object", Answer::new("200 OK", JSON, "{}"), &["INVALID_RESPONSE"]),
        ("an empty body", Answer::new("200 OK", JSON, ""), &["INVALID_RESPONSE"]),
        (
            "results for other operations",
            Answer::new("200 OK", JSON, r#"{"results":[{"opId":"x","status":"applied"}],"meta":{}}"#),
            &["INVALID_RESPONSE"],
        ),
        ("500 with HTML", Answer::new("500 Internal Server Error", HTML, page), &["SERVER_ERROR"]),
        ("502 with HTML", Answer::new("502 Bad Gateway", HTML, page), &["SERVER_ERROR"]),
        ("503", Answer::new("503 Service Unavailable", "", ""), &["SERVICE_UNAVAILABLE"]),
        ("511", Answer::new("511 Network Authentication Required", HTML, page), &["CAPTIVE"]),
        (
            "401",
            Answer::new("401 Unauthorized", JSON, r#"{"error":{"code":"UNAUTHORIZED","message":"no"}}"#),
            &["UNAUTHORIZED"],
        ),
        ("401 with HTML", Answer::new("401 Unauthorized", HTML, page), &["CAPTIVE"]),
        ("401 without a body", Answer::new("401 Unauthorized", "", ""), &["CAPTIVE"]),
        ("504 of a proxy", Answer::new("504 Gateway Timeout", HTML, page), &["TIMEOUT"]),
        ("403 with HTML", Answer::new("403 Forbidden", HTML, page), &["INVALID_RESPONSE"]),
        ("404 with HTML", Answer::new("404 Not Found", HTML, page), &["INVALID_RESPONSE"]),
        ("410 without a body", Answer::new("410 Gone", "", ""), &["INVALID_RESPONSE"]),
        ("a redirect to another origin", Answer::new("302 Found", &redirect, ""), &["CAPTIVE"]),
        ("a permanent redirect", Answer::new("308 Permanent Redirect", &redirect, ""), &["CAPTIVE"]),
        ("endless 429", Answer::new("429 Too Many Requests", "Retry-After: 1\r\n", ""), &["RATE_LIMITED"]),
        (
            "a gzip bomb",
            Answer::new(
                "200 OK",
                "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
                gzip(&vec![b' '; 200 << 20]),
            ),
            &["RESPONSE_TOO_LARGE"],
        ),
        (
            "damaged gzip",
            Answer::new("200 OK", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "not gzip"),
            &["INVALID_RESPONSE"],
        ),
        (
            "a length too long",
            Answer { head: format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: 5000\r\n"), body: b"{}".to_vec() },
            &["CONNECTION_LOST"],
        ),
        (
            "a length too short",
            Answer { head: format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: 3\r\n"), body: pull.as_bytes().to_vec() },
            &["INVALID_RESPONSE"],
        ),
        (
            "no HTTP at all",
            Answer { head: "220 smtp.example.com ESMTP\r\n".into(), body: Vec::new() },
            &["CONNECTION_LOST"],
        ),
        (
            "an answer without end",
            Answer { head: format!("HTTP/1.1 200 OK\r\n{JSON}"), body: vec![b' '; 40 << 20] },
            &["RESPONSE_TOO_LARGE", "CONNECTION_LOST"],
        ),
    ]
}

#[test]
fn f44_nonsense_is_a_typed_error_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(&directory.path().join("server"));
    let elsewhere = StrangeServer::start(Answer::new("200 OK", JSON, "{}"));
    // A session belongs to its server's address, so the nonsense comes from there.
    let front = StrangeServer::before(&server.url);
    let open = json!({"collections": [{"name": "tasks"}]});
    let mut device = Driver::open(&directory.path().join("a"), &front.url, open.clone());
    device.ok("sign_up", json!({"email": "a@example.com", "password": "password"}));
    device.ok("create", json!({"collection": "tasks", "doc_id": "t", "doc": {"n": 0}}));
    device.ok("sync", json!({}));
    for (round, (name, answer, codes)) in nonsense(&elsewhere.url).into_iter().enumerate() {
        front.answer(answer);
        reconnect(&mut device, &directory, &front.url, &open);
        let made = front.requests().len();
        device.ok("update", json!({"collection": "tasks", "doc_id": "t", "fields": {"n": {"$inc": 1}}}));
        let before = device.dump("tasks");
        for _ in 0..2 {
            let code = device.fails("sync", json!({}));
            assert!(codes.contains(&code.as_str()), "{name}: {code}");
        }
        assert_eq!(device.dump("tasks"), before, "{name}: something was taken in");
        let status = device.ok("status", json!({}));
        assert_eq!((&status["pending"], &status["failed"]), (&json!(1), &json!(0)), "{name}");
        let requests = front.requests().len() - made;
        assert!((1..=8).contains(&requests), "{name}: {requests} requests for two syncs");
        // The real server is back.
        front.pass_to(&server.url);
        reconnect(&mut device, &directory, &front.url, &open);
        device.ok("sync", json!({}));
        assert_eq!(device.dump("tasks").0["t"]["n"], round + 1, "{name}");
    }
    assert_eq!(elsewhere.requests(), Vec::<String>::new(), "a redirect was followed");
}

/// Starts the device's process again: its connections to whatever answered at the address are gone.
fn reconnect(device: &mut Driver, directory: &tempfile::TempDir, url: &str, open: &serde_json::Value) {
    device.ok("close", json!({}));
    *device = Driver::open(&directory.path().join("a"), url, open.clone());
}

#[test]
fn f46_a_device_backs_off_from_a_server_whose_replies_are_malformed() {
    let directory = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(&directory.path().join("server"));
    let strange = StrangeServer::before(&server.url);
    let mut device = Driver::open(&directory.path().join("a"), &strange.url, json!({}));
    device.ok("sign_up", json!({"email": "a@example.com", "password": "password"}));
    device.ok("close", json!({}));
    strange.answer(Answer::new("500 Internal Server Error", "", ""));
    let mut device = Driver::open(&directory.path().join("a"), &strange.url, json!({"auto_sync": true}));
    let start = Instant::now();
    for n in 0..200 {
        device.ok("create", json!({"collection": "tasks", "doc": {"n": n}}));
    }
    device.call("wait", json!({"until": "idle", "timeout_ms": 3000}));
    let seconds = start.elapsed().max(Duration::from_secs(1)).as_secs();
    let requests = strange.requests().len() as u64;
    assert!((1..=4 + seconds).contains(&requests), "{requests} requests in {seconds} s");
    assert_eq!(device.ok("status", json!({}))["pending"], 200);
    for answer in
        [Answer::new("401 Unauthorized", "", ""), Answer::new("429 Too Many Requests", "Retry-After: 3600\r\n", "")]
    {
        strange.answer(answer);
        // Told so, whenever it would have asked by itself.
        let made = strange.requests().len();
        device.fails("sync", json!({}));
        assert!(strange.requests().len() > made, "a sync that was asked for asks the server");
        let before = strange.requests().len();
        device.call("wait", json!({"until": "idle", "timeout_ms": 1500}));
        assert_eq!(strange.requests().len(), before, "who was told to go away goes away");
    }
}

#[test]
fn f46_a_server_that_takes_no_cursor_is_not_asked_for_ever() {
    World::run(46, |mut world| async move {
        let tap = Tap::new(&world.network);
        let transport = Arc::new(tap.clone());
        let a = world
            .device_with(Strategy::Merge, 0, |config| {
                config.sync.automatic = false;
                config.transport = Some(transport);
            })
            .await;
        a.sync().await;
        a.create("t", json!({"n": 1})).await;
        // It gives cursors, and refuses them with every push.
        let expired = json!({"error": {"code": "CURSOR_EXPIRED", "message": "read anew", "retryable": false}});
        tap.answer(move |path, _| path.contains("batch").then(|| (410, expired.clone())));
        tap.notes();
        let outcome = tokio::time::timeout(Duration::from_secs(60), a.holm.sync()).await;
        let requests = tap.notes().len();
        assert!(requests <= 12, "{requests} requests for one sync");
        assert_eq!(outcome.unwrap().unwrap_err().code(), ErrorCode::InvalidResponse);
        assert_eq!(a.pending(), 1);
        tap.pass();
        assert_eq!(a.sync().await.pushed, 1);
    });
}
