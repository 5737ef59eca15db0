//! F16: a request that is too large for ever, and a client that cannot know what would fit.

use crate::support::{World, config};
use axum::body::Body;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn f16_batch_over_max_ops_is_refused_with_limits() {
    let world = World::new();
    let phone = world.device("phone").await;
    let ops: Vec<Value> =
        (0..1001).map(|n| json!({"type": "create", "clientId": format!("r{n}"), "data": {}})).collect();
    let reply = phone.batch(json!({"operations": ops})).await.expect(413);
    assert_eq!(reply.code(), "PAYLOAD_TOO_LARGE");
    assert_eq!(reply.json["error"]["limits"]["maxBatchOps"], 1000);
    assert_eq!(reply.json["error"]["limits"]["maxBatchBytes"], 4 << 20);
    phone.batch(json!({"operations": ops[..1000]})).await.expect(200);
}

#[tokio::test]
async fn f16_body_over_the_limit_is_refused() {
    let mut config = config();
    config.limits.max_record_bytes = 10_000;
    config.limits.max_batch_bytes = 10_000;
    config.limits.max_body_bytes = 20_000;
    let world = World::with(config);
    let phone = world.device("phone").await;
    let noise: String =
        (0..12_000u32).map(|n| char::from(b'a' + (n.wrapping_mul(2_654_435_761) >> 27) as u8 % 26)).collect();
    let body = json!({"operations": [{"type": "create", "clientId": "a", "data": {"text": noise}}]});
    let reply = phone.batch(body.clone()).await.expect(413);
    assert_eq!(reply.json["error"]["limits"]["maxBatchBytes"], 10_000);
    let packed = phone
        .request("POST", "/v1/sync/batch")
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    world.send(packed.body(Body::from(gzip(body.to_string().as_bytes()))).unwrap()).await.expect(413);
    let chunked = phone.request("POST", "/v1/sync/batch").body(Body::from(vec![b' '; 30_000])).unwrap();
    world.send(chunked).await.expect(413);
}

#[tokio::test]
async fn f16_record_over_the_limit_fails_alone() {
    let world = World::new();
    let phone = world.device("phone").await;
    let large = "x".repeat(300_000);
    let results = phone
        .push(json!([{"type": "create", "clientId": "a", "data": {"text": large}}, {"type": "create", "clientId": "b", "data": {}}]))
        .await;
    assert_eq!(results[0]["status"], "rejected");
    assert_eq!(results[0]["error"]["code"], "PAYLOAD_TOO_LARGE");
    assert_eq!(results[0]["error"]["limits"]["maxRecordBytes"], 256 * 1024);
    assert_eq!(results[1]["status"], "applied");
    phone.call("POST", "/v1/tasks", Some(json!({"text": large}))).await.expect(413);
}

#[tokio::test]
async fn f16_stamps_of_removed_fields_are_bounded() {
    let mut config = config();
    config.limits.max_record_bytes = 2_000;
    let world = World::with(config);
    let phone = world.device("phone").await;
    phone.create("a", json!({})).await;
    for n in 0..400 {
        let name = format!("field{n}");
        let (set, removed) = (json!({name.clone(): 1}), json!({name: null}));
        let results = phone
            .push(json!([{"type": "update", "id": "a", "data": set}, {"type": "update", "id": "a", "data": removed}]))
            .await;
        assert!(results.iter().all(|result| result["status"] == "applied"), "{n}: {results:?}");
    }
    let known = phone.get("a").await.json["data"]["_sync"]["fieldVersions"].clone();
    let (bytes, paths) = (known.to_string().len(), known.as_object().unwrap().len());
    assert!((50..250).contains(&paths) && bytes < 8_000, "{paths} paths, {bytes} bytes");
    assert_eq!(known.get("/field0"), None, "the oldest are told as the creation");
    assert_eq!(known["/field399"], 801);
}

#[tokio::test]
async fn f16_gzip_bomb_and_unknown_coding_are_refused() {
    let world = World::new();
    let phone = world.device("phone").await;
    let send = |coding: &str, bytes: Vec<u8>| {
        let request = phone.request("POST", "/v1/sync/batch").header("content-type", "application/json");
        world.send(request.header("content-encoding", coding).body(Body::from(bytes)).unwrap())
    };
    let bomb = gzip(&vec![b' '; 8 << 20]);
    assert_eq!(send("gzip", bomb).await.expect(413).code(), "PAYLOAD_TOO_LARGE");
    for coding in ["br", "zstd", "gzip, gzip", "deflate"] {
        let reply = send(coding, vec![1, 2, 3]).await.expect(415);
        assert_eq!(reply.code(), "UNSUPPORTED_ENCODING");
        assert_eq!(reply.header("accept-encoding"), "gzip");
    }
    send("gzip", b"{}".to_vec()).await.expect(400);
    send("identity", b"{\"operations\":[]}".to_vec()).await.expect(200);
    send("GZIP", gzip(b"{\"operations\":[]}")).await.expect(200);
}

#[tokio::test]
async fn f16_reply_is_gzipped_if_accepted() {
    let world = World::new();
    let phone = world.device("phone").await;
    for n in 0..50 {
        phone.create(&format!("r{n}"), json!({"title": "the same again"})).await;
    }
    let plain = phone.call("GET", "/v1/tasks", None).await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    let packed = phone.call_with("GET", "/v1/tasks", &[("accept-encoding", "br, gzip;q=0.5")], None).await.expect(200);
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed.bytes[..]), &mut text).unwrap();
    let unpacked: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(unpacked["data"], plain.json["data"]);
    let refused = phone.call_with("GET", "/v1/tasks", &[("accept-encoding", "gzip;q=0")], None).await.expect(200);
    assert_eq!(refused.header("content-encoding"), "");
}
