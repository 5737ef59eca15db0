//! A company's own sign-in, from end to end: an issuer, the server as a process, and a client whose provider renews the tokens.

use crate::support::World;
use async_trait::async_trait;
use axum::routing::get;
use axum::{Json, Router};
use base64ct::{Base64UrlUnpadded, Encoding};
use holm_core::{Config, ErrorCode, Holm, SignOutMode, TokenProvider};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Signs tokens of one user that live for `seconds` each, and counts them.
struct Issuer {
    url: String,
    key: EcdsaKeyPair,
    seconds: AtomicU64,
    issued: AtomicU64,
}

impl Issuer {
    async fn start() -> Arc<Self> {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap();
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let text = Base64UrlUnpadded::encode_string;
        let keys = json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "x": text(x), "y": text(y)}]});
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/keys", get(move || async move { Json(keys) }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Arc::new(Self { url, key, seconds: AtomicU64::new(3_600), issued: AtomicU64::new(0) })
    }

    fn issue(&self) -> String {
        self.issued.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let end = now + self.seconds.load(Ordering::Relaxed) as f64;
        let claims = json!({"iss": self.url, "sub": "ann", "aud": "holm", "iat": now, "exp": end});
        let part = |value: Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
        let text = format!("{}.{}", part(json!({"alg": "ES256", "kid": "k"})), part(claims));
        let signature = self.key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", Base64UrlUnpadded::encode_string(signature.as_ref()))
    }
}

#[async_trait]
impl TokenProvider for Issuer {
    async fn token(&self) -> Result<Option<String>, String> {
        Ok(Some(self.issue()))
    }
}

fn device(world: &World, issuer: &Arc<Issuer>) -> Holm {
    let mut config = Config::in_memory().server(&world.server.url);
    config.sync.automatic = false;
    config.token_provider = Some(issuer.clone());
    Holm::open(config).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_an_issuer_sync_without_a_password_here() {
    let issuer = Issuer::start().await;
    let world = World::with(&format!(
        "[accounts]\npasswords = false\n[[accounts.issuers]]\nurl = \"{0}\"\njwks_url = \"{0}/keys\"\naudience = [\"holm\"]\n",
        issuer.url
    ));
    let (phone, tablet) = (device(&world, &issuer), device(&world, &issuer));
    assert_eq!(phone.sign_up("ann@example.org", "correct horse").await.unwrap_err().code(), ErrorCode::Forbidden);

    // The first token ends within the five minutes that a client asks ahead, the next one does not.
    issuer.seconds.store(200, Ordering::Relaxed);
    phone.set_token(&issuer.issue()).unwrap();
    issuer.seconds.store(3_600, Ordering::Relaxed);
    tablet.set_token(&issuer.issue()).unwrap();
    let tasks = phone.collection("tasks").unwrap();
    tasks.create(&json!({"id": "a", "title": "x"})).await.unwrap();
    assert_eq!(phone.sync().await.unwrap().pushed, 1);
    phone.sync().await.unwrap();
    assert_eq!(issuer.issued.load(Ordering::Relaxed), 3, "renewed once, before it ended");
    tablet.sync().await.unwrap();
    assert!(tablet.collection("tasks").unwrap().get("a").unwrap().is_some());
    assert_eq!((phone.user().is_some(), phone.user()), (true, tablet.user()));

    // The operator sees the account, and ends what it has.
    let (well, accounts) = world.operate(&["user", "list"]);
    assert!(well);
    let account = &accounts[0];
    assert_eq!(
        (&account["issuer"], &account["subject"], &account["email"]),
        (&json!(issuer.url), &json!("ann"), &Value::Null)
    );
    assert_eq!(account["sessions"], 2);
    // Times of tokens are compared in milliseconds.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let id = account["id"].as_str().unwrap();
    assert_eq!(world.operate(&["session", "end", id]), (true, vec![json!({"ended": 2})]));
    tasks.create(&json!({"id": "b", "title": "y"})).await.unwrap();
    assert_eq!(phone.sync().await.unwrap().pushed, 1, "the provider has a token from after that");

    let token = issuer.issue();
    phone.set_token(&token).unwrap();
    phone.sync().await.unwrap();
    phone.sign_out(SignOutMode::Keep).await.unwrap();
    phone.set_token(&token).unwrap();
    phone.sync().await.unwrap();
    assert!(issuer.issued.load(Ordering::Relaxed) > 5, "the token from before the sign-out was refused");
}
