//! Actions that another process carries out: the server asks it with a signed request.

use crate::support::{World, config_with};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use holm_server::Store;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// 32 bytes: `hmac-secret-of-these-story-tests`.
const KEY: &[u8] = b"hmac-secret-of-these-story-tests";
const SECRET: &str = "whsec_aG1hYy1zZWNyZXQtb2YtdGhlc2Utc3RvcnktdGVzdHM=";

type Answer = (u16, &'static str);
type Seen = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

/// A receiver on the loopback that answers with these, the last one again and again. Returns its URL and what it was sent.
async fn receiver(answers: &'static [Answer]) -> (String, Seen) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let handler = move |headers: HeaderMap, body: Bytes| async move {
        let mut seen = noted.lock().unwrap();
        let (status, text) = answers[seen.len().min(answers.len() - 1)];
        seen.push((headers, body.to_vec()));
        (StatusCode::from_u16(status).unwrap(), [("location", "http://127.0.0.1:1/"), ("retry-after", "90")], text)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(handler))).await });
    (url, seen)
}

fn world(url: &str) -> World {
    let webhook = format!("[[actions.webhooks]]\naction = \"draw\"\nurl = \"{url}\"\nsecret = \"{SECRET}\"\n");
    World::with(config_with(&webhook))
}

/// HMAC-SHA256 (RFC 2104) for a key shorter than a block, written a second time so that the server does not check itself.
fn hmac(message: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let pad = |with: u8| -> Vec<u8> {
        let mut block = KEY.to_vec();
        block.resize(64, 0);
        block.iter().map(|byte| byte ^ with).collect()
    };
    let inner = Sha256::digest([pad(0x36), message.to_vec()].concat()).to_vec();
    Sha256::digest([pad(0x5c), inner].concat()).to_vec()
}

#[tokio::test]
async fn webhook_gets_a_signed_call_and_gives_the_result() {
    let (url, seen) = receiver(&[(200, r#"{"url":"a.png"}"#)]).await;
    let world = world(&url);
    let phone = world.device("phone").await;
    phone.create("a", json!({"title": "x"})).await;
    let reply = phone.act("/v1/tasks/a/actions/draw", "op-1", json!({"size": 2})).await.expect(200);
    assert_eq!(reply.json["data"], json!({"url": "a.png"}));

    let (headers, body) = seen.lock().unwrap()[0].clone();
    let header = |name: &str| headers[name].to_str().unwrap();
    let call: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&call["action"], &call["params"], &call["attempt"]), (&json!("draw"), &json!({"size": 2}), &json!(1)));
    assert_eq!((&call["opId"], &call["userId"]), (&json!("op-1"), &json!(phone.account.user_id)));
    assert_eq!((&call["collection"], &call["id"]), (&json!("tasks"), &json!("a")));
    assert_eq!((&call["record"]["title"], &call["record"]["version"]), (&json!("x"), &json!(1)));
    assert_eq!(call["jobId"], header("webhook-id"));
    assert_eq!(header("idempotency-key"), "\"op-1\"");
    assert_eq!(header("webhook-timestamp"), (crate::support::START / 1000).to_string());
    let signed = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), String::from_utf8_lossy(&body));
    use base64ct::{Base64, Encoding};
    assert_eq!(header("webhook-signature"), format!("v1,{}", Base64::encode_string(&hmac(signed.as_bytes()))));
}

#[tokio::test]
async fn webhook_that_fails_is_asked_again_under_the_same_id() {
    let (url, seen) = receiver(&[(500, "{}"), (302, ""), (200, "<html>"), (404, "no"), (201, "[1]")]).await;
    let world = world(&url);
    let phone = world.device("phone").await;
    let started = phone.act("/v1/actions/draw", "op", json!({})).await.expect(202);
    for attempt in 2..=5 {
        world.advance(89_000);
        assert_eq!(world.server.run_jobs().await.unwrap(), 0, "Retry-After says 90 s");
        world.advance(2_000);
        assert_eq!(world.server.run_jobs().await.unwrap(), 1, "{attempt}");
    }
    let path = format!("/v1/jobs/{}", started.json["data"]["jobId"].as_str().unwrap());
    assert_eq!(phone.call("GET", &path, None).await.json["data"]["result"], json!([1]));
    let seen = seen.lock().unwrap();
    assert!(seen.iter().all(|(headers, _)| headers["webhook-id"] == seen[0].0["webhook-id"]));
    assert_ne!(seen[0].0["webhook-signature"], seen[1].0["webhook-signature"], "each attempt is signed with its time");
}

#[tokio::test]
async fn webhook_refuses_with_a_reason() {
    let (url, seen) = receiver(&[(422, r#"{"reason":"NO_CREDIT","message":"pay first"}"#)]).await;
    let world = world(&url);
    let reply = world.device("phone").await.act("/v1/actions/draw", "op", json!({})).await.expect(422);
    let error = &reply.json["error"];
    assert_eq!((&error["code"], &error["reason"]), (&json!("ACTION_REFUSED"), &json!("NO_CREDIT")));
    assert_eq!(error["message"], "pay first");
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn webhook_that_cannot_be_reached_is_asked_again() {
    // Port 9 (discard) of the loopback: nothing listens there.
    let world = world("http://127.0.0.1:9/hook");
    let phone = world.device("phone").await;
    phone.act("/v1/actions/draw", "op", json!({})).await.expect(202);
    world.advance(3_000);
    assert_eq!(world.server.run_jobs().await.unwrap(), 1);
}

#[tokio::test]
async fn webhook_answer_larger_than_a_result_is_not_taken() {
    static LARGE: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| format!("\"{}\"", "x".repeat(300_000)));
    let answers: &'static [Answer] = Vec::leak(vec![(200, LARGE.as_str())]);
    let (url, _) = receiver(answers).await;
    let world = world(&url);
    world.device("phone").await.act("/v1/actions/draw", "op", json!({})).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn running_server_tries_due_jobs_by_itself() {
    let (url, seen) = receiver(&[(503, ""), (200, "7")]).await;
    let webhook = format!(
        "[actions]\nwait_ms = 0\n[[actions.webhooks]]\naction = \"draw\"\nurl = \"{url}\"\nsecret = \"{SECRET}\"\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let world = World::over(Store::Directory(folder.path().into()), config_with(&webhook));
    let phone = world.device("phone").await;
    let started = phone.act("/v1/actions/draw", "op", json!({})).await.expect(202);
    while seen.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = world.server.clone();
    let serving = tokio::spawn(server.run(listener, std::future::pending()));
    let path = format!("/v1/jobs/{}", started.json["data"]["jobId"].as_str().unwrap());
    loop {
        // The handler's answer is stored at some time; then the clock decides.
        world.advance(1_000);
        let job = phone.call("GET", &path, None).await.json["data"].clone();
        if job["state"] != "running" {
            assert_eq!(job["result"], 7);
            break;
        }
        tokio::task::yield_now().await;
    }
    serving.abort();
}
