//! The network between devices and server: it delays, loses and doubles as it is told.

use super::random::Random;
use super::workload::trace;
use crate::wire::{deliver, text};
use async_trait::async_trait;
use axum::Router;
use holm_core::{Request, Response, Transport, TransportError, TransportErrorKind};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// How bad the network is: each fault happens once in so many requests, never if 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// The request does not arrive.
    pub drop_request: u64,
    /// It arrives and is carried out, but the answer is lost.
    pub drop_reply: u64,
    /// It arrives twice; the second time possibly much later.
    pub duplicate: u64,
    /// The server answers 503 without having done anything.
    pub unavailable: u64,
    /// Longest time for one way, ms. Different requests overtake each other.
    pub delay_ms: u64,
}

/// A decision that a test makes about one request: given its number (from 0) and path.
pub type Script = Arc<dyn Fn(u64, &str) -> Fate + Send + Sync>;

/// What becomes of a scripted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// As the faults say.
    Chance,
    /// It arrives, and so does the answer.
    Pass,
    /// It does not arrive.
    DropRequest,
    /// The answer is lost.
    DropReply,
}

struct State {
    router: Router,
    faults: Faults,
    script: Option<Script>,
    sent: u64,
    log: Vec<String>,
}

/// The network of a world. Clones are the same network.
#[derive(Clone)]
pub struct Network {
    state: Arc<Mutex<State>>,
    random: Random,
    start: Instant,
}

impl Network {
    /// A perfect network to these routes.
    pub fn new(router: Router, random: Random) -> Self {
        let state = State { router, faults: Faults::default(), script: None, sent: 0, log: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)), random, start: Instant::now() }
    }

    /// Makes it this bad from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state.lock().unwrap().faults = faults;
    }

    /// Lets a test decide about each request.
    pub fn set_script(&self, script: impl Fn(u64, &str) -> Fate + Send + Sync + 'static) {
        self.state.lock().unwrap().script = Some(Arc::new(script));
    }

    /// Another server answers from now on.
    pub fn connect(&self, router: Router) {
        self.state.lock().unwrap().router = router;
    }

    /// How many requests were sent so far.
    pub fn requests(&self) -> u64 {
        self.state.lock().unwrap().sent
    }

    /// What happened to each request, for a failing seed.
    pub fn log(&self) -> Vec<String> {
        self.state.lock().unwrap().log.clone()
    }

    fn note(&self, text: String) {
        if trace() {
            eprintln!("{:>9.3}s {text}", self.start.elapsed().as_secs_f64());
        }
        self.state.lock().unwrap().log.push(text);
    }

    async fn travel(&self) {
        let most = self.state.lock().unwrap().faults.delay_ms;
        tokio::time::sleep(Duration::from_millis(1 + self.random.below(most + 1))).await;
    }
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let lost =
            |what: &str| Err(TransportError::new(TransportErrorKind::Lost, format!("the network lost the {what}")));
        let (router, faults, fate, number) = {
            let mut state = self.state.lock().unwrap();
            let number = state.sent;
            state.sent += 1;
            let path = request.url.strip_prefix("http://server").unwrap_or(&request.url);
            let fate = state.script.as_ref().map_or(Fate::Chance, |script| script(number, path));
            (state.router.clone(), state.faults, fate, number)
        };
        let chance = |times| fate == Fate::Chance && self.random.one_in(times);
        let drop_request = fate == Fate::DropRequest || chance(faults.drop_request);
        let unavailable = chance(faults.unavailable);
        // A refresh token that comes twice is what a thief looks like; TLS does not let a network replay one.
        let duplicate = !request.url.contains("/auth/") && chance(faults.duplicate);
        let drop_reply = fate == Fate::DropReply || chance(faults.drop_reply);
        self.travel().await;
        if drop_request {
            self.note(format!("{number} {request:?}: lost"));
            return lost("request");
        }
        if unavailable {
            self.note(format!("{number} {request:?}: 503"));
            let status = http::StatusCode::SERVICE_UNAVAILABLE;
            return Ok(Response { status, headers: http::HeaderMap::new(), body: bytes::Bytes::new() });
        }
        let response = deliver(router, &request).await;
        if trace() {
            self.note(format!("{number} → {}", text(&request.body)));
            self.note(format!("{number} ← {}", text(&response.body)));
        }
        self.note(format!("{number} {request:?}: {response:?}{}", if drop_reply { ", answer lost" } else { "" }));
        if duplicate {
            let (network, twin) = (self.clone(), request.clone());
            tokio::spawn(async move {
                for _ in 0..network.random.below(20) {
                    network.travel().await;
                }
                let router = network.state.lock().unwrap().router.clone();
                let response = deliver(router, &twin).await;
                network.note(format!("{number} {twin:?}: again, {response:?}"));
            });
        }
        self.travel().await;
        if drop_reply { lost("answer") } else { Ok(response) }
    }
}
