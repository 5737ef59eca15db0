//! A world: one server, some devices, one network.

use super::device::Device;
use super::network::{Faults, Network};
use super::random::Random;
use super::time::SimClock;
use holm_core::{CollectionConfig, Config, Connectivity, Holm, MemorySecrets, Strategy};
use holm_server::{Server, ServerOptions, Store};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// One account for all devices.
const EMAIL: &str = "sim@example.com";

/// A server, and a network to it.
pub struct World {
    /// The seed's stream.
    pub random: Random,
    /// The network.
    pub network: Network,
    /// The server.
    pub server: Server,
    start: Instant,
    devices: u64,
}

impl World {
    /// Runs a story in a world of its own, on virtual time.
    pub fn run<F: Future>(seed: u64, story: impl FnOnce(World) -> F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async { story(World::new(seed)).await })
    }

    /// Runs a story in real time, on threads: for devices whose data lives in files.
    pub fn run_real<F: Future>(story: impl FnOnce(World) -> F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async { story(World::new(1)).await })
    }

    fn new(seed: u64) -> Self {
        let random = Random::new(seed);
        let start = Instant::now();
        let mut config = holm_server::Config::default();
        // Hashing a password is not what is tested here.
        config.accounts.argon2.memory_kib = 8;
        config.accounts.argon2.iterations = 1;
        Self::with_server(random, start, config)
    }

    /// The same with another configuration of the server.
    pub fn configured<F: Future>(seed: u64, config: holm_server::Config, story: impl FnOnce(World) -> F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async { story(Self::with_server(Random::new(seed), Instant::now(), config)).await })
    }

    fn with_server(random: Random, start: Instant, config: holm_server::Config) -> Self {
        let server = Server::open(ServerOptions {
            store: Store::Memory,
            config,
            clock: Arc::new(SimClock::new(start, 0)),
            entropy: Arc::new(random.fork()),
            ..ServerOptions::new(Store::Memory)
        })
        .unwrap();
        let network = Network::new(server.router(), random.fork());
        Self { random, network, server, start, devices: 0 }
    }

    /// A server that no device talks to: it stands in while another one is closed.
    pub fn new_server() -> Server {
        let mut config = holm_server::Config::default();
        config.accounts.argon2.memory_kib = 8;
        Server::open(ServerOptions { config, ..ServerOptions::new(Store::Memory) }).unwrap()
    }

    /// A configuration of a device in this world, with a clock that is wrong by `skew_ms`.
    pub fn config(&self, skew_ms: i64) -> (Config, SimClock) {
        let clock = SimClock::new(self.start, skew_ms);
        let mut config = Config::in_memory().server("http://server");
        config.clock = Arc::new(clock.clone());
        config.entropy = Arc::new(self.random.fork());
        config.transport = Some(Arc::new(self.network.clone()));
        config.connectivity = Connectivity::default();
        config.secrets = Some(Arc::new(MemorySecrets::default()));
        (config, clock)
    }

    /// A device with a collection `tasks` of this strategy, signed in, syncing by itself.
    pub async fn device(&mut self, strategy: Strategy) -> Device {
        self.device_with(strategy, 0, |_| {}).await
    }

    /// A device whose clock is wrong by `skew_ms` and whose configuration is changed by `adjust`.
    pub async fn device_with(&mut self, strategy: Strategy, skew_ms: i64, adjust: impl FnOnce(&mut Config)) -> Device {
        let (mut config, clock) = self.config(skew_ms);
        config = config.collection(CollectionConfig::new("tasks").conflict(strategy));
        adjust(&mut config);
        let holm = Holm::open(config).unwrap();
        let number = self.devices;
        self.devices += 1;
        if number == 0 {
            holm.sign_up(EMAIL, "password").await.unwrap();
        } else {
            holm.sign_in(EMAIL, "password").await.unwrap();
        }
        let tasks = holm.collection("tasks").unwrap();
        Device { name: (b'a' + number as u8) as char, holm, tasks, clock, bounded: false }
    }

    /// Lets virtual time pass.
    pub async fn pass(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// The server crashes between two requests and comes back: nothing but its database is left.
    pub fn crash_server(&mut self) {
        self.server = self.server.reopen();
        self.network.connect(self.server.router());
    }

    /// From here on the network works.
    pub fn heal(&self) {
        self.network.set_faults(Faults::default());
        self.network.set_script(|_, _| super::network::Fate::Pass);
    }
}
