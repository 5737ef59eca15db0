//! Accounts and stores: whose data a store has, and what a sign-out ends.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

mod bindings;
mod provider;
mod sign_out;
mod tokens;

use async_trait::async_trait;
use holm_core::{Config, Request, Response, Strategy, Transport, TransportError};
use holm_tests::sim::{Device, Network, Tap, World};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// A wire that holds the reply to one request until the test lets it go.
#[derive(Clone)]
struct HeldWire {
    network: Network,
    path: Arc<Mutex<Option<&'static str>>>,
    /// The server has answered, and the reply is here.
    here: Arc<Notify>,
    go: Arc<Notify>,
    /// What was sent: path and bearer token.
    sent: Arc<Mutex<Vec<(String, String)>>>,
}

impl HeldWire {
    fn new(network: &Network) -> Self {
        Self {
            network: network.clone(),
            path: Arc::default(),
            here: Arc::default(),
            go: Arc::default(),
            sent: Arc::default(),
        }
    }

    /// Holds the next reply to a request for this path.
    fn hold(&self, path: &'static str) {
        *self.path.lock().unwrap() = Some(path);
    }

    fn take_sent(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

#[async_trait]
impl Transport for HeldWire {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let path = request.url.strip_prefix("http://server").unwrap_or(&request.url).to_owned();
        let token = request.headers.get("authorization").map_or("", |value| value.to_str().unwrap()).to_owned();
        self.sent.lock().unwrap().push((path.clone(), token));
        let held = self.path.lock().unwrap().take_if(|held| path.contains(*held)).is_some();
        let network = self.network.clone();
        if !held {
            return network.send(request).await;
        }
        // The request goes on even if its caller gives it up.
        let reply = tokio::spawn(async move { network.send(request).await });
        let reply = reply.await.unwrap();
        self.here.notify_one();
        self.go.notified().await;
        reply
    }
}

fn manual(config: &mut Config) {
    config.sync.automatic = false;
}

/// A device that syncs when asked, with a wire that holds replies.
async fn held(world: &mut World, strategy: Strategy) -> (Device, HeldWire) {
    let wire = HeldWire::new(&world.network);
    let transport = wire.clone();
    let device = world
        .device_with(strategy, 0, |config| {
            manual(config);
            config.transport = Some(Arc::new(transport));
        })
        .await;
    (device, wire)
}

/// A device that syncs when asked, with a tap on its wire.
async fn tapped(world: &mut World) -> (Device, Tap) {
    let tap = Tap::new(&world.network);
    let transport = tap.clone();
    let device = world
        .device_with(Strategy::Merge, 0, |config| {
            manual(config);
            config.transport = Some(Arc::new(transport));
        })
        .await;
    (device, tap)
}
