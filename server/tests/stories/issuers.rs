//! Sign-in with tokens of an issuer outside the server.

use crate::support::{DAY, Reply, START, World, config_with, join_all};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode, Uri};
use base64ct::{Base64UrlUnpadded, Encoding};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const MINUTE: i64 = 60_000;

/// An issuer on the loopback.
struct Issuer {
    url: String,
    state: Arc<Mutex<Published>>,
}

/// What it tells, and how often it was asked for keys.
#[derive(Default)]
struct Published {
    url: String,
    named: Option<String>,
    keys: Vec<Value>,
    down: bool,
    asked: usize,
}

/// A key of the curve P-256.
struct Key {
    id: &'static str,
    pair: EcdsaKeyPair,
}

fn base64(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

impl Key {
    fn new(id: &'static str) -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self { id, pair: EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap() }
    }

    fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "kid": self.id,
            "x": base64(&point[1..33]), "y": base64(&point[33..]),
        })
    }

    fn sign(&self, header: Value, claims: &Value) -> String {
        let text = format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.to_string().as_bytes()));
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", base64(signature.as_ref()))
    }

    fn token(&self, claims: &Value) -> String {
        self.sign(json!({"alg": "ES256", "typ": "JWT", "kid": self.id}), claims)
    }
}

impl Issuer {
    async fn start(key: &Key) -> Self {
        let state = Arc::new(Mutex::new(Published { keys: vec![key.jwk()], ..Published::default() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        state.lock().unwrap().url = url.clone();
        let router = Router::new().fallback(tell).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    fn publish(&self, keys: &[&Key]) {
        self.state.lock().unwrap().keys = keys.iter().map(|key| key.jwk()).collect();
    }

    fn set_down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// What a token of a user says that is issued at `now`, in milliseconds since 1970.
    fn claims(&self, subject: &str, now: i64) -> Value {
        json!({"iss": self.url, "sub": subject, "aud": "holm", "iat": now / 1000, "exp": now / 1000 + 3600})
    }

    fn world(&self) -> World {
        self.world_with("")
    }

    fn world_with(&self, accounts: &str) -> World {
        let url = &self.url;
        World::with(config_with(&format!(
            "[accounts]\n{accounts}\n[[accounts.issuers]]\nurl = \"{url}\"\naudience = [\"holm\", \"other\"]\n"
        )))
    }
}

async fn tell(State(state): State<Arc<Mutex<Published>>>, uri: Uri) -> (StatusCode, String) {
    let mut state = state.lock().unwrap();
    let body = match uri.path() {
        _ if state.down => return (StatusCode::BAD_GATEWAY, "<html>".to_owned()),
        "/.well-known/openid-configuration" => {
            let issuer = state.named.as_ref().unwrap_or(&state.url);
            json!({"issuer": issuer, "jwks_uri": format!("{}/keys", state.url)})
        }
        "/keys" => {
            state.asked += 1;
            json!({"keys": state.keys})
        }
        _ => return (StatusCode::NOT_FOUND, String::new()),
    };
    (StatusCode::OK, body.to_string())
}

async fn call(world: &World, method: &str, path: &str, token: &str, device: &str, body: Option<Value>) -> Reply {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", format!("Bearer {token}")).header("x-device-id", device);
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    world.send(request.header("content-type", "application/json").body(body).unwrap()).await
}

async fn profile(world: &World, token: &str, device: &str) -> Reply {
    call(world, "GET", "/v1/user/profile", token, device, None).await
}

/// `ok` or the code of the failure.
async fn outcome(world: &World, token: &str, device: &str) -> String {
    let reply = profile(world, token, device).await;
    if reply.status == 200 { "ok".to_owned() } else { reply.code().to_owned() }
}

#[tokio::test]
async fn token_of_an_issuer_signs_in_and_makes_the_account() {
    let key = Key::new("k1");
    let issuer = Issuer::start(&key).await;
    let world = issuer.world();
    let token = key.token(&issuer.claims("ann", START));
    let ann = profile(&world, &token, "phone").await.expect(200).json["data"].clone();
    assert_eq!((&ann["email"], &ann["name"]), (&Value::Null, &Value::Null), "the issuer keeps them");
    let made = json!({"id": "a", "title": "x"});
    call(&world, "POST", "/v1/tasks", &token, "phone", Some(made)).await.expect(201);

    world.advance(10 * MINUTE);
    let later = key.token(&issuer.claims("ann", START + 10 * MINUTE));
    assert_eq!(profile(&world, &later, "tablet").await.json["data"], ann, "another token and device, the same account");
    let read = call(&world, "GET", "/v1/tasks/a", &later, "tablet", None).await.expect(200);
    assert_eq!(read.json["data"]["title"], "x");
    let bob = key.token(&issuer.claims("bob", START));
    assert_ne!(profile(&world, &bob, "phone").await.json["data"]["id"], ann["id"]);
    assert_eq!(call(&world, "GET", "/v1/tasks/a", &bob, "phone", None).await.status, 404);
    assert_eq!(issuer.asked(), 1, "the keys are kept");
}

#[tokio::test]
async fn account_with_a_password_is_never_an_issuers() {
    let key = Key::new("k1");
    let issuer = Issuer::start(&key).await;
    let world = issuer.world();
    let own = world.sign_up("ann@example.org").await;
    let mut claims = issuer.claims(&own.user_id, START);
    claims["email"] = "ann@example.org".into();
    claims["email_verified"] = true.into();
    let token = key.token(&claims);
    assert_ne!(profile(&world, &token, "phone").await.expect(200).json["data"]["id"], own.user_id.as_str());
}

#[tokio::test]
async fn tokens_that_are_worth_nothing_are_refused() {
    let (key, foreign) = (Key::new("k1"), Key::new("k1"));
    let issuer = Issuer::start(&key).await;
    let world = issuer.world();
    let good = issuer.claims("ann", START);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let header = |alg: &str| json!({"alg": alg, "kid": "k1"});
    let token = key.token(&good);
    let (head, rest) = token.split_once('.').unwrap();
    let swapped = format!(
        "{head}.{}.{}",
        base64(with("sub", "bob".into()).to_string().as_bytes()),
        rest.split_once('.').unwrap().1
    );
    let unsigned = format!("{}.{}.", base64(br#"{"alg":"none"}"#), base64(good.to_string().as_bytes()));
    for (what, token) in [
        ("another key of the same name", foreign.token(&good)),
        ("claims that were changed", swapped),
        ("no signature", unsigned),
        ("a secret in place of a key", key.sign(header("HS256"), &good)),
        ("an algorithm that is not pinned", key.sign(header("ES384"), &good)),
        ("an algorithm of another family", key.sign(header("RS256"), &good)),
        ("a key that the issuer does not have", key.sign(json!({"alg": "ES256", "kid": "k9"}), &good)),
        ("a critical extension", key.sign(json!({"alg": "ES256", "kid": "k1", "crit": ["x"], "x": 1}), &good)),
        ("another audience", key.token(&with("aud", "shop".into()))),
        ("no audience", key.token(&with("aud", json!([])))),
        ("another issuer", key.token(&with("iss", "https://other.example".into()))),
        ("its issuer with a slash more", key.token(&with("iss", format!("{}/", issuer.url).into()))),
        ("no subject", key.token(&with("sub", "".into()))),
        ("a subject that is too long", key.token(&with("sub", "s".repeat(256).into()))),
        ("no end", key.token(&with("exp", Value::Null))),
        ("an end that is no number", key.token(&with("exp", "soon".into()))),
        ("an end beyond all years", key.token(&with("exp", json!(1e300)))),
        ("no begin", key.token(&with("iat", Value::Null))),
        ("of the future", key.token(&issuer.claims("ann", START + 2 * MINUTE))),
        ("not valid yet", key.token(&with("nbf", json!(START / 1000 + 120)))),
        ("no JSON", "a.b.c".to_owned()),
    ] {
        assert_eq!(outcome(&world, &token, "phone").await, "UNAUTHORIZED", "{what}");
    }
    for (what, claims) in [
        ("the other audience", with("aud", "other".into())),
        ("one audience of several", with("aud", json!(["shop", "holm"]))),
        ("a fraction of a second", with("iat", json!(START as f64 / 1000.0 - 0.25))),
        ("a clock ahead by less than the leeway", issuer.claims("ann", START + MINUTE - 1000)),
    ] {
        assert_eq!(outcome(&world, &key.token(&claims), "phone").await, "ok", "{what}");
    }
}

#[tokio::test]
async fn token_ends_when_it_says_and_after_a_day() {
    let key = Key::new("k1");
    let issuer = Issuer::start(&key).await;
    let world = issuer.world();
    let hour = key.token(&issuer.claims("ann", START));
    let mut claims = issuer.claims("ann", START);
    claims["exp"] = json!(4_000_000_000u64);
    let for_ever = key.token(&claims);
    world.advance(61 * MINUTE - 1000);
    assert_eq!(outcome(&world, &hour, "phone").await, "ok", "within the leeway");
    world.advance(1000);
    assert_eq!(outcome(&world, &hour, "phone").await, "TOKEN_EXPIRED");
    assert_eq!(outcome(&world, &for_ever, "phone").await, "ok");
    world.advance(DAY);
    assert_eq!(outcome(&world, &for_ever, "phone").await, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn new_key_is_found_and_a_withdrawn_one_ends() {
    let (old, new) = (Key::new("k1"), Key::new("k2"));
    let issuer = Issuer::start(&old).await;
    let world = issuer.world();
    let before = old.token(&issuer.claims("ann", START));
    assert_eq!(outcome(&world, &before, "phone").await, "ok");
    issuer.publish(&[&old, &new]);
    world.advance(MINUTE);
    let after = new.token(&issuer.claims("ann", START + MINUTE));
    assert_eq!(outcome(&world, &after, "phone").await, "ok", "a key that is not known is asked for");
    assert_eq!(outcome(&world, &before, "phone").await, "ok");

    issuer.publish(&[&new]);
    world.advance(16 * MINUTE);
    assert_eq!(outcome(&world, &after, "phone").await, "ok", "the keys are asked for anew meanwhile");
    let withdrawn = async {
        while outcome(&world, &before, "phone").await != "UNAUTHORIZED" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), withdrawn).await.expect("the old key is withdrawn");
}

#[tokio::test]
async fn issuer_that_is_down_ends_no_session() {
    let key = Key::new("k1");
    let issuer = Issuer::start(&key).await;
    let world = issuer.world();
    issuer.set_down(true);
    let token = key.token(&issuer.claims("ann", START));
    let refused = profile(&world, &token, "phone").await.expect(503);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 10, "{}", refused.header("retry-after"));
    issuer.set_down(false);
    assert_eq!(outcome(&world, &token, "phone").await, "SERVICE_UNAVAILABLE", "it is not asked again at once");
    world.advance(10_000);
    assert_eq!(outcome(&world, &token, "phone").await, "ok");

    issuer.set_down(true);
    world.advance(30 * MINUTE);
    assert_eq!(outcome(&world, &token, "phone").await, "ok", "keys that are known go on serving");
    world.advance(DAY);
    let fresh = key.token(&issuer.claims("ann", START + DAY + 31 * MINUTE));
    assert_eq!(outcome(&world, &fresh, "phone").await, "SERVICE_UNAVAILABLE", "but not for ever");
}

#[tokio::test]
async fn issuer_is_asked_once_however_many_tokens_come() {
    let key = Key::new("k1");
    let issuer = Issuer::start(&key).await;
    let world = issuer.world();
    let token = key.token(&issuer.claims("ann", START));
    let first = join_all((0..20).map(|_| outcome(&world, &token, "phone"))).await;
    assert!(first.iter().all(|outcome| outcome == "ok"), "{first:?}");
    assert_eq!(issuer.asked(), 1);
    for n in 0..100 {
        world.advance(100);
        let forged = key.sign(json!({"alg": "ES256", "kid": format!("made up {n}")}), &issuer.claims("ann", START));
        profile(&world, &forged, "phone").await;
    }
    assert!(issuer.asked() <= 2, "asked {} times in 10 seconds", issuer.asked());
}

#[tokio::test]
async fn issuer_that_answers_for_another_is_not_believed() {
    let key = Key::new("k1");
    let issuer = Issuer::start(&key).await;
    issuer.state.lock().unwrap().named = Some("https://login.example.com".to_owned());
    let world = issuer.world();
    let token = key.token(&issuer.claims("ann", START));
    assert_eq!(outcome(&world, &token, "phone").await, "SERVICE_UNAVAILABLE");
    assert_eq!(issuer.asked(), 0);
}

#[tokio::test]
async fn signing_out_ends_the_tokens_of_that_device() {
    let key = Key::new("k1");
    let issuer = Issuer::start(&key).await;
    let world = issuer.world();
    let first = key.token(&issuer.claims("ann", START));
    assert_eq!(outcome(&world, &first, "phone").await, "ok");
    assert_eq!(outcome(&world, &first, "tablet").await, "ok");
    call(&world, "POST", "/v1/auth/sign-out", &first, "phone", None).await.expect(204);
    assert_eq!(outcome(&world, &first, "phone").await, "SESSION_REVOKED");
    assert_eq!(outcome(&world, &first, "tablet").await, "ok");

    world.advance(1000);
    let second = key.token(&issuer.claims("ann", START + 1000));
    assert_eq!(outcome(&world, &second, "phone").await, "ok", "the user signed in again");
    assert_eq!(outcome(&world, &first, "phone").await, "SESSION_REVOKED");

    world.advance(1000);
    call(&world, "POST", "/v1/auth/sign-out", &second, "phone", Some(json!({"allDevices": true}))).await.expect(204);
    for (token, device) in [(&second, "phone"), (&first, "tablet"), (&second, "a new one")] {
        assert_eq!(outcome(&world, token, device).await, "SESSION_REVOKED", "{device}");
    }
    let third = key.token(&issuer.claims("ann", START + 3000));
    assert_eq!(outcome(&world, &third, "tablet").await, "ok");
    call(&world, "POST", "/v1/auth/sign-out", &first, "phone", Some(json!({"allDevices": true}))).await.expect(204);
    assert_eq!(outcome(&world, &third, "tablet").await, "ok", "a token that is refused signs no other device out");
}

#[tokio::test]
async fn server_may_know_accounts_of_issuers_only() {
    let key = Key::new("k1");
    let issuer = Issuer::start(&key).await;
    let mut world = issuer.world_with("passwords = false");
    let given = json!({"email": "ann@example.org", "password": "correct horse battery"});
    for path in ["/v1/auth/sign-up", "/v1/auth/sign-in"] {
        assert_eq!(world.call("POST", path, Some(given.clone())).await.code(), "FORBIDDEN");
    }
    let ann = key.token(&issuer.claims("ann", START));
    assert_eq!(outcome(&world, &ann, "phone").await, "ok");

    let url = &issuer.url;
    let closed = format!("[accounts]\nsign_up = false\n[[accounts.issuers]]\nurl = \"{url}\"\naudience = [\"holm\"]\n");
    world.reconfigure(config_with(&closed));
    assert_eq!(outcome(&world, &ann, "phone").await, "ok", "who is known stays known");
    assert_eq!(outcome(&world, &key.token(&issuer.claims("bob", START)), "phone").await, "FORBIDDEN");
}

#[tokio::test]
async fn devices_of_one_account_are_bounded() {
    let key = Key::new("k1");
    let issuer = Issuer::start(&key).await;
    let url = &issuer.url;
    let few = format!("[quotas]\nsessions = 2\n[[accounts.issuers]]\nurl = \"{url}\"\naudience = [\"holm\"]\n");
    let world = World::with(config_with(&few));
    let token = key.token(&issuer.claims("ann", START));
    for device in ["one", "two", "one", "two"] {
        assert_eq!(outcome(&world, &token, device).await, "ok", "{device}");
    }
    assert_eq!(outcome(&world, &token, "three").await, "QUOTA_EXCEEDED");
    call(&world, "POST", "/v1/auth/sign-out", &token, "one", None).await.expect(204);
    assert_eq!(outcome(&world, &token, "three").await, "ok");
    assert_eq!(outcome(&world, &token, "one").await, "SESSION_REVOKED", "an ended sign-in is remembered");
}
