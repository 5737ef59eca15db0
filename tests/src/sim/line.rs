//! One device's line to the network: how slow it is, and what passes over it when.

use super::network::Network;
use super::random::Random;
use async_trait::async_trait;
use holm_core::{Request, Response, Transport, TransportError};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// Bytes that arrive together.
const CHUNK: usize = 4_096;

/// How slow a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed {
    /// Longest time for one way, ms; each way takes at least half of it.
    pub latency_ms: u64,
    /// Bytes in a second, either way.
    pub bytes_per_s: u64,
}

/// One request, when it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Virtual time since the line was made.
    pub at: Duration,
    /// Path and query.
    pub path: String,
    /// What it says of its reason, the last word of `X-Holm`.
    pub context: String,
}

struct State {
    speed: Speed,
    sent: Vec<Sent>,
    bytes: u64,
}

/// A line. Clones are the same line.
#[derive(Clone)]
pub struct Line {
    network: Network,
    random: Random,
    start: Instant,
    state: Arc<Mutex<State>>,
}

impl Line {
    /// A line to this network.
    pub fn new(network: &Network, random: Random, speed: Speed) -> Self {
        let state = State { speed, sent: Vec::new(), bytes: 0 };
        Self { network: network.clone(), random, start: Instant::now(), state: Arc::new(Mutex::new(state)) }
    }

    /// Virtual time since the line was made.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// What has left for syncing since this was last called; tokens are renewed besides.
    pub fn sent(&self) -> Vec<Sent> {
        let sent = std::mem::take(&mut self.state.lock().unwrap().sent);
        sent.into_iter().filter(|sent| sent.path.contains("/sync/")).collect()
    }

    /// Bytes of bodies that have passed in either direction, those of requests that were given up among them.
    pub fn bytes(&self) -> u64 {
        self.state.lock().unwrap().bytes
    }

    async fn pass(&self, bytes: usize) {
        let latency = self.state.lock().unwrap().speed.latency_ms;
        tokio::time::sleep(Duration::from_millis(latency / 2 + self.random.below(latency / 2 + 1))).await;
        let mut left = bytes;
        while left > 0 {
            let chunk = left.min(CHUNK);
            let speed = self.state.lock().unwrap().speed.bytes_per_s;
            tokio::time::sleep(Duration::from_secs(1).mul_f64(chunk as f64 / speed as f64)).await;
            self.state.lock().unwrap().bytes += chunk as u64;
            left -= chunk;
        }
    }
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let words = request.headers.get("x-holm").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let context = words.rsplit(' ').next().unwrap_or_default();
        let path = request.url.strip_prefix("http://server").unwrap_or(&request.url).to_owned();
        let sent = Sent { at: self.now(), path, context: context.to_owned() };
        self.state.lock().unwrap().sent.push(sent);
        self.pass(request.body.len()).await;
        let response = self.network.send(request).await?;
        self.pass(response.body.len()).await;
        Ok(response)
    }
}
