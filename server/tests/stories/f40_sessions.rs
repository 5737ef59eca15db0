//! F40 and F41: refreshing signs people out.

use crate::support::{Account, DAY, Reply, World, config, config_with, join_all};
use holm_server::{Config, Store};
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;

/// Sessions as short as in production.
fn short_sessions() -> Config {
    let mut config = config();
    config.accounts.session_minutes = 15;
    config
}

async fn refresh(world: &World, token: &str) -> Reply {
    world.call("POST", "/v1/auth/session/refresh", Some(json!({"refreshToken": token}))).await
}

async fn status_of(world: &World, token: &str) -> String {
    let request = axum::http::Request::get("/v1/sync/status").header("authorization", format!("Bearer {token}"));
    let reply = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    if reply.status == 200 { "ok".to_owned() } else { reply.code().to_owned() }
}

#[tokio::test]
async fn f40_repeated_refresh_gives_one_pair_and_keeps_the_session() {
    let world = World::with(short_sessions());
    let account = world.sign_up("a@example.org").await;
    world.advance(16 * MINUTE);
    assert_eq!(status_of(&world, &account.token).await, "TOKEN_EXPIRED");
    let first = Account::of(&refresh(&world, &account.refresh_token).await.expect(200));
    for _ in 0..1000 {
        assert_eq!(Account::of(&refresh(&world, &account.refresh_token).await.expect(200)), first);
    }
    assert_eq!(status_of(&world, &first.token).await, "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f40_concurrent_refreshes_give_one_pair() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::over(Store::Directory(folder.path().into()), config());
    let account = world.sign_up("a@example.org").await;
    let pairs = join_all((0..50).map(|_| refresh(&world, &account.refresh_token))).await;
    let first = Account::of(&pairs[0]);
    assert!(pairs.iter().all(|pair| Account::of(pair) == first));
    assert_eq!(status_of(&world, &first.token).await, "ok");
}

#[tokio::test]
async fn f41_refresh_repeats_until_the_new_pair_is_used() {
    let mut world = World::with(short_sessions());
    let account = world.sign_up("a@example.org").await;
    let lost = refresh(&world, &account.refresh_token).await.expect(200);
    world.advance(23 * 60 * MINUTE);
    world.crash();
    let again = refresh(&world, &account.refresh_token).await.expect(200);
    assert_eq!(again.json["data"], lost.json["data"], "the same pair, with the same ends");

    let next = refresh(&world, &Account::of(&again).refresh_token).await.expect(200);
    assert_eq!(status_of(&world, &Account::of(&next).token).await, "ok");
    let stolen = refresh(&world, &account.refresh_token).await.expect(401);
    assert_eq!(stolen.code(), "SESSION_REVOKED", "the old token after its successor was used: two people have it");
    assert_eq!(status_of(&world, &Account::of(&next).token).await, "SESSION_REVOKED", "the whole family is revoked");
    assert_eq!(refresh(&world, &Account::of(&next).refresh_token).await.expect(401).code(), "SESSION_REVOKED");
}

#[tokio::test]
async fn f41_using_the_new_session_ends_the_grace() {
    let world = World::with(short_sessions());
    let account = world.sign_up("a@example.org").await;
    let next = Account::of(&refresh(&world, &account.refresh_token).await.expect(200));
    assert_eq!(
        status_of(&world, &account.token).await,
        "ok",
        "requests under way with the old session are not cut off"
    );
    assert_eq!(status_of(&world, &next.token).await, "ok");
    assert_eq!(refresh(&world, &account.refresh_token).await.expect(401).code(), "SESSION_REVOKED");
}

#[tokio::test]
async fn f41_old_refresh_token_expires_after_the_grace() {
    let world = World::with(short_sessions());
    let account = world.sign_up("a@example.org").await;
    refresh(&world, &account.refresh_token).await.expect(200);
    world.advance(DAY + 1);
    assert_eq!(refresh(&world, &account.refresh_token).await.expect(401).code(), "SESSION_REVOKED");
}

#[tokio::test]
async fn f41_failed_disk_keeps_the_session() {
    let world = World::with(short_sessions());
    let account = world.sign_up("a@example.org").await;
    world.disk.fail_after(0);
    assert_eq!(refresh(&world, &account.refresh_token).await.expect(503).code(), "SERVICE_UNAVAILABLE");
    world.disk.heal();
    refresh(&world, &account.refresh_token).await.expect(200);
}

#[tokio::test]
async fn refresh_token_slides_and_expires() {
    let world = World::with(short_sessions());
    let mut account = world.sign_up("a@example.org").await;
    for _ in 0..4 {
        world.advance(179 * DAY);
        world.server.maintain().await.unwrap();
        account = Account::of(&refresh(&world, &account.refresh_token).await.expect(200));
    }
    world.advance(181 * DAY);
    assert_eq!(refresh(&world, &account.refresh_token).await.expect(401).code(), "TOKEN_EXPIRED");
    world.advance(31 * DAY);
    assert!(world.server.maintain().await.unwrap().token_pairs > 0);
    assert_eq!(refresh(&world, &account.refresh_token).await.expect(401).code(), "UNAUTHORIZED");
}

#[tokio::test]
async fn server_f24_sign_in_ends_after_its_longest_time() {
    let mut config = short_sessions();
    config.accounts.sign_in_max_days = Some(200);
    let world = World::with(config);
    let mut account = world.sign_up("a@example.org").await;
    for days in [150, 49] {
        world.advance(days * DAY);
        account = Account::of(&refresh(&world, &account.refresh_token).await.expect(200));
        assert_eq!(status_of(&world, &account.token).await, "ok");
    }
    // No token outlives the sign-in, however late it was given.
    world.advance(DAY - 1);
    let last = Account::of(&refresh(&world, &account.refresh_token).await.expect(200));
    assert_eq!(status_of(&world, &last.token).await, "ok");
    world.advance(1);
    assert_eq!(status_of(&world, &last.token).await, "TOKEN_EXPIRED");
    assert_eq!(refresh(&world, &last.refresh_token).await.expect(401).code(), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn unknown_address_and_wrong_password_answer_alike() {
    let world = World::new();
    world.sign_up("a@example.org").await;
    let sign_in = |email: &str, password: &str| {
        world.call("POST", "/v1/auth/sign-in", Some(json!({"email": email, "password": password})))
    };
    sign_in(" A@Example.org ", "secret password").await.expect(200);
    let answer = |reply: Reply| {
        let mut body = reply.expect(401).json;
        for member in ["/error/requestId", "/meta/requestId"] {
            *body.pointer_mut(member).unwrap() = Value::Null;
        }
        body
    };
    let wrong = answer(sign_in("a@example.org", "guess").await);
    assert_eq!(answer(sign_in("unknown@example.org", "guess").await), wrong);
    assert_eq!(answer(sign_in("no address", "").await), wrong);
}

#[tokio::test]
async fn repeated_sign_up_with_the_password_signs_in() {
    let world = World::new();
    let account = world.sign_up("a@example.org").await;
    let again = |password: &str| {
        world.call("POST", "/api/auth/sign-up", Some(json!({"email": "A@example.org", "password": password})))
    };
    assert_eq!(Account::of(&again("secret password").await.expect(200)).user_id, account.user_id);
    let refused = again("another password").await.expect(400);
    assert_eq!(refused.json["error"]["details"], json!({"email": "is already registered"}));
}

#[tokio::test]
async fn malformed_credentials_are_refused() {
    let world = World::with(config_with("[accounts]\nmin_password_chars = 4"));
    for (body, key) in [
        (json!({"email": "a", "password": "long enough"}), "email"),
        (json!({"email": "a b@c", "password": "long enough"}), "email"),
        (json!({"email": "@", "password": "long enough"}), "email"),
        (json!({"email": "x".repeat(300) + "@c.d", "password": "long enough"}), "email"),
        (json!({"email": "a@b.c", "password": "äöü"}), "password"),
        (json!({"email": "a@b.c", "password": "x".repeat(2000)}), "password"),
        (json!({"email": "a@b.c"}), "password"),
        (json!({"password": "long enough"}), "email"),
        (json!({"email": 1, "password": "long enough"}), "email"),
        (json!({"email": "a@b.c", "password": "long enough", "name": "x".repeat(300)}), "name"),
        (json!([]), "body"),
    ] {
        let reply = world.call("POST", "/v1/auth/sign-up", Some(body)).await.expect(400);
        assert!(reply.json["error"]["details"].get(key).is_some(), "{}", reply.json);
    }
    let closed = World::with(config_with("[accounts]\nsign_up = false"));
    closed.call("POST", "/v1/auth/sign-up", Some(json!({"email": "a@b.c", "password": "x"}))).await.expect(403);
}

#[tokio::test]
async fn sign_out_ends_one_session_or_all() {
    let world = World::with(short_sessions());
    let phone = world.sign_up("a@example.org").await;
    let sign_in = || {
        world.call("POST", "/v1/auth/sign-in", Some(json!({"email": "a@example.org", "password": "secret password"})))
    };
    let (tablet, watch) = (Account::of(&sign_in().await), Account::of(&sign_in().await));
    let sign_out = |token: &str, body: Option<Value>| {
        let request = axum::http::Request::post("/v1/auth/sign-out").header("authorization", format!("bearer {token}"));
        let body = body.map_or_else(axum::body::Body::empty, |body| body.to_string().into());
        world.send(request.body(body).unwrap())
    };
    sign_out(&phone.token, None).await.expect(204);
    sign_out(&phone.token, None).await.expect(204);
    assert_eq!(status_of(&world, &phone.token).await, "SESSION_REVOKED");
    assert_eq!(refresh(&world, &phone.refresh_token).await.expect(401).code(), "SESSION_REVOKED");
    assert_eq!(status_of(&world, &tablet.token).await, "ok");
    world.advance(16 * MINUTE);
    sign_out(&phone.token, Some(json!({"allDevices": true}))).await.expect(204);
    let watch = Account::of(&refresh(&world, &watch.refresh_token).await.expect(200));
    sign_out(&tablet.token, Some(json!({"allDevices": true}))).await.expect(204);
    assert_eq!(status_of(&world, &watch.token).await, "SESSION_REVOKED", "an expired token may still end things");
    sign_out("unknown", None).await.expect(401);
}

#[tokio::test]
async fn request_without_session_is_unauthorized() {
    let world = World::new();
    let phone = world.device("phone").await;
    let other = world.device("other").await;
    phone.create("a", json!({"secret": true})).await;
    other.get("a").await.expect(404);
    other.call("GET", &format!("/v1/tasks?space={}", phone.space()), None).await.expect(403);
    other.call("GET", &format!("/v1/sync/status?space={}", phone.space()), None).await.expect(403);
    let pull = json!({"streams": [{"space": phone.space(), "collection": "tasks"}]});
    assert_eq!(other.call("POST", "/v1/sync/pull", Some(pull)).await.expect(403).code(), "FORBIDDEN");
    let results = other.push(json!([{"type": "create", "space": phone.space(), "clientId": "b", "data": {}}])).await;
    assert_eq!(results[0]["error"]["details"], json!({"space": "is not yours"}));
    for value in ["", "Basic abc", "Bearer", "Bearer ", "Bearer nope"] {
        let request = axum::http::Request::get("/v1/tasks").header("authorization", value);
        let reply = world.send(request.body(axum::body::Body::empty()).unwrap()).await.expect(401);
        assert_eq!(reply.code(), "UNAUTHORIZED");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn rate_limited_account_gets_retry_after() {
    let world = World::with(config_with("[rate_limit]\nrequests_per_minute = 60\nburst = 3"));
    let phone = world.device("phone").await;
    for _ in 0..3 {
        phone.call("GET", "/v1/tasks", None).await.expect(200);
    }
    let reply = phone.call("GET", "/v1/tasks", None).await.expect(429);
    assert_eq!((reply.code(), reply.header("retry-after")), ("RATE_LIMITED", "1"));
    assert_eq!(reply.json["error"]["retryAfter"], 1);
    assert_eq!(reply.json["error"]["retryable"], true);
    world.device("other").await.call("GET", "/v1/tasks", None).await.expect(200);
    world.advance(1000);
    phone.call("GET", "/v1/tasks", None).await.expect(200);
    for _ in 0..3 {
        world
            .call("POST", "/v1/auth/sign-in", Some(json!({"email": "phone@example.org", "password": "guess"})))
            .await
            .expect(401);
    }
    world
        .call("POST", "/v1/auth/sign-in", Some(json!({"email": " PHONE@example.org", "password": "guess"})))
        .await
        .expect(429);
}

#[tokio::test]
async fn profile_names_the_user_of_the_token() {
    let world = World::new();
    let body = json!({"email": "Ada@Example.org", "password": "secret password", "name": "Ada"});
    let signed_up = world.call("POST", "/v1/auth/sign-up", Some(body)).await.expect(201);
    let phone = world.device_of(&Account::of(&signed_up), "phone");
    let profile = phone.call("GET", "/v1/user/profile", None).await.expect(200);
    assert_eq!(profile.json["data"], signed_up.json["data"]["user"]);
    assert_eq!(profile.json["data"]["name"], "Ada");
    world.call("GET", "/v1/user/profile", None).await.expect(401);
}
