//! A server in memory, its clock in the test's hand, and devices that talk to it.

use crate::described;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use holm_server::{
    Actions, Argon2Cost, Clock, CommitGate, Config, Entropy, EntropyUnavailable, Server, ServerOptions, Store,
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

/// Friday, 20 November 2026, 10:00 UTC.
pub const START: i64 = 1_795_168_800_000;
pub const DAY: i64 = 86_400_000;

/// A clock that stands still until a test moves it.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Bytes that are the same in every run (splitmix64).
pub struct TestEntropy(AtomicU64);

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyUnavailable> {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst).wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Lets so many more commits through; then the disk is gone until it is given back.
#[derive(Default)]
pub struct Disk(Mutex<Option<u32>>);

impl Disk {
    pub fn fail_after(&self, commits: u32) {
        *self.0.lock().unwrap() = Some(commits);
    }

    pub fn heal(&self) {
        *self.0.lock().unwrap() = None;
    }
}

impl CommitGate for Disk {
    fn admit(&self) -> bool {
        match &mut *self.0.lock().unwrap() {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

/// A server and what surrounds it.
pub struct World {
    pub server: Server,
    pub clock: Arc<TestClock>,
    pub disk: Arc<Disk>,
    router: Router,
}

/// A configuration whose passwords cost nothing and whose sessions outlive every story but those about sessions.
pub fn config() -> Config {
    config_with("")
}

/// The same with the given TOML.
pub fn config_with(toml: &str) -> Config {
    let mut config = Config::from_toml(toml).unwrap();
    config.accounts.argon2 = Argon2Cost { memory_kib: 8, iterations: 1, parallelism: 1 };
    config.accounts.session_minutes = 365 * 24 * 60;
    config
}

impl World {
    pub fn new() -> Self {
        Self::with(config())
    }

    pub fn with(config: Config) -> Self {
        Self::over(Store::Memory, config)
    }

    pub fn over(store: Store, config: Config) -> Self {
        Self::serving(store, config, Actions::new())
    }

    pub fn with_actions(actions: Actions) -> Self {
        Self::serving(Store::Memory, config(), actions)
    }

    pub fn serving(store: Store, config: Config, actions: Actions) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(START)));
        let disk = Arc::new(Disk::default());
        let server = Server::open(ServerOptions {
            store,
            config,
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(TestEntropy(AtomicU64::new(1))),
            commit_gate: Some(Arc::clone(&disk) as _),
            actions,
        });
        let server = server.unwrap();
        Self { router: server.router(), server, clock, disk }
    }

    /// The process dies and starts again over the same database.
    pub fn crash(&mut self) {
        self.server = self.server.reopen();
        self.router = self.server.router();
    }

    /// The same, and the operator has changed the configuration.
    pub fn reconfigure(&mut self, config: Config) {
        self.server = self.server.reopen_with(config).unwrap();
        self.router = self.server.router();
    }

    pub fn advance(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sends a request. The reply must be as it is described.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let asked = described::Asked::of(&request);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let reply = Reply { status: parts.status, headers: parts.headers, json, bytes };
        described::check(&asked, &reply).await;
        reply
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        let builder = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        let request = match body {
            None => builder.body(Body::empty()),
            Some(body) => builder.header("content-type", "application/json").body(Body::from(body.to_string())),
        };
        self.send(request.unwrap()).await
    }

    /// A new account.
    pub async fn sign_up(&self, email: &str) -> Account {
        let reply =
            self.call("POST", "/v1/auth/sign-up", Some(json!({"email": email, "password": "secret password"}))).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.json);
        Account::of(&reply)
    }

    /// Another session of an account.
    pub async fn sign_in(&self, email: &str) -> Account {
        let reply =
            self.call("POST", "/v1/auth/sign-in", Some(json!({"email": email, "password": "secret password"}))).await;
        Account::of(&reply.expect(200))
    }

    /// A device of a new account.
    pub async fn device(&self, name: &str) -> Device<'_> {
        let account = self.sign_up(&format!("{name}@example.org")).await;
        self.device_of(&account, name)
    }

    /// A device of an account.
    pub fn device_of(&self, account: &Account, name: &str) -> Device<'_> {
        Device { world: self, account: account.clone(), name: name.to_owned() }
    }
}

/// What a sign-in gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    pub user_id: String,
    pub token: String,
    pub refresh_token: String,
}

impl Account {
    pub fn of(reply: &Reply) -> Self {
        let text = |pointer| reply.json.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        Self {
            user_id: text("/data/user/id"),
            token: text("/data/session/token"),
            refresh_token: text("/data/session/refreshToken"),
        }
    }
}

/// A reply, whole.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Value,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or("")
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }
}

/// A device with a session.
#[derive(Clone)]
pub struct Device<'w> {
    pub world: &'w World,
    pub account: Account,
    pub name: String,
}

impl Device<'_> {
    pub fn space(&self) -> String {
        format!("u:{}", self.account.user_id)
    }

    pub fn stream(&self, collection: &str) -> String {
        format!("{}/{collection}", self.space())
    }

    pub fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path)
            .header("authorization", format!("Bearer {}", self.account.token))
            .header("x-device-id", &self.name)
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.call_with(method, path, &[], body).await
    }

    pub async fn call_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Reply {
        let mut builder = self.request(method, path);
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            builder = builder.header("content-type", "application/json");
        }
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.world.send(builder.body(body).unwrap()).await
    }

    /// Pushes operations and returns the whole reply.
    pub async fn batch(&self, body: Value) -> Reply {
        self.call("POST", "/v1/sync/batch", Some(body)).await
    }

    /// Pushes operations and returns their results.
    #[track_caller]
    pub fn push(&self, operations: Value) -> impl Future<Output = Vec<Value>> {
        let caller = std::panic::Location::caller();
        async move {
            let reply = self.batch(json!({"operations": operations})).await;
            assert_eq!(reply.status, StatusCode::OK, "at {caller}: {}", reply.json);
            reply.json["results"].as_array().unwrap().clone()
        }
    }

    /// Makes a task and expects it to be new.
    pub async fn create(&self, id: &str, fields: Value) -> Value {
        let results = self.push(json!([{"type": "create", "clientId": id, "data": fields}])).await;
        assert_eq!(results[0]["status"], "applied", "{}", results[0]);
        results[0].clone()
    }

    /// Calls an action under a key.
    pub async fn act(&self, path: &str, key: &str, params: Value) -> Reply {
        self.call_with("POST", path, &[("idempotency-key", key)], Some(json!({"params": params}))).await
    }

    /// One task.
    pub async fn get(&self, id: &str) -> Reply {
        self.call("GET", &format!("/v1/tasks/{id}"), None).await
    }

    /// A page of the tasks behind a cursor.
    pub async fn changes(&self, cursor: Option<&str>, limit: usize) -> Reply {
        let cursor = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        self.call("GET", &format!("/v1/sync/changes?collection=tasks&limit={limit}{cursor}"), None).await
    }

    /// The cursor of the head of the tasks, by way of a snapshot.
    pub async fn head(&self) -> String {
        let mut copy = Copy::default();
        copy.pull(self, 5000).await;
        copy.cursor.unwrap()
    }
}

/// What a syncing device holds of the tasks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Copy {
    pub records: std::collections::BTreeMap<String, Value>,
    pub cursor: Option<String>,
}

impl Copy {
    /// Takes a page in; returns whether there are more.
    pub fn apply(&mut self, reply: &Reply) -> bool {
        let data = &reply.json["data"];
        for record in data["changes"]["tasks"].as_array().unwrap() {
            self.records.insert(record["id"].as_str().unwrap().to_owned(), record.clone());
        }
        for tombstone in data["tombstones"]["tasks"].as_array().unwrap() {
            self.records.remove(tombstone["id"].as_str().unwrap());
        }
        let metadata = &data["syncMetadata"];
        self.cursor = Some(metadata["nextCursor"].as_str().unwrap().to_owned());
        if metadata["hasMore"] == false {
            assert_eq!(metadata["integrity"], self.integrity(), "the copy at its head is not what the server has");
            return false;
        }
        assert!(metadata.get("integrity").is_none());
        true
    }

    /// Pulls to the head in pages of `limit`; the copy then adds up to what the server says.
    pub async fn pull(&mut self, device: &Device<'_>, limit: usize) {
        while self.apply(&device.changes(self.cursor.as_deref(), limit).await.expect(200)) {}
    }

    /// Count and digest, computed from the rows.
    pub fn integrity(&self) -> Value {
        json!({"alg": "sx64", "count": self.records.len(), "digest": format!("{:016x}", digest(self.records.values()))})
    }
}

/// The sum of the first 8 bytes of SHA-256(id ‖ 0x00 ‖ decimal seq).
pub fn digest<'r>(records: impl Iterator<Item = &'r Value>) -> u64 {
    use sha2::{Digest, Sha256};
    records.fold(0, |sum: u64, record| {
        let text = format!("{}\0{}", record["id"].as_str().unwrap(), record["_sync"]["seq"]);
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        sum.wrapping_add(u64::from_be_bytes(hash[..8].try_into().unwrap()))
    })
}

/// Runs futures at the same time, each polled in turn.
pub async fn join_all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        let mut pending = false;
        for (future, done) in running.iter_mut().filter(|(_, done)| done.is_none()) {
            match future.as_mut().poll(cx) {
                std::task::Poll::Ready(value) => *done = Some(value),
                std::task::Poll::Pending => pending = true,
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    running.into_iter().filter_map(|(_, done)| done).collect()
}
