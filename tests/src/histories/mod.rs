//! Random histories of several devices: what a seed says happens to them, and what must hold after each step and at the end.
//!
//! Invariants checked after each step ([`audit`]):
//! - No acknowledged write vanishes: its operation is pending, or it has an outcome.
//! - A device shows what it wrote: exactly, for documents that no other device writes; field by field for the others.
//! - No view goes back to an older version, and none shows an effect twice.
//! - No device's place in a stream is ahead: what lies before it, the device has ([`places`]).
//!
//! At the end ([`ending`]): what is queued goes by itself, every device shows the same as the server, every effect is there once, no account
//! shows another one's documents, no link has seen a storm, and then there is silence.
//!
//! One seed gives one history: [`run_seed`] returns a number that stands for all that happened.

mod act;
mod audit;
mod ending;
mod model;
mod people;
mod permission;
mod places;
mod run;
mod trouble;

pub use run::{EVENTS, Run};

use crate::fixture::{Chaos, Device, Fixture};
use crate::sim::Random;
use holm_core::{CacheConfig, CollectionConfig, Strategy};
use model::Model;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A history under way.
pub(crate) struct History {
    pub world: Fixture,
    pub random: Random,
    pub devices: Vec<Member>,
    pub model: Model,
    pub run: Run,
    pub backups: trouble::Backups,
    /// Whether the account may not read [`permission::SHARED`] for now.
    pub taken_away: bool,
}

/// A device, and what the history knows of it.
pub(crate) struct Member {
    pub device: Device,
    /// Whether it keeps a few documents only.
    pub bounded: bool,
    /// Whether it sends all writes in one order.
    pub ordered: bool,
    /// Whether it was wiped and has not read everything again.
    pub reading: bool,
    /// Its life, and the commits of that life, when it was last audited.
    pub audited: Option<(u64, u64)>,
    pub both: places::BothDatabases,
    pub chaos: Chaos,
    /// The latest version of each document that it has shown.
    pub seen: std::collections::BTreeMap<String, i64>,
    /// Documents of which it still shows what a server had that was restored since: they may go back, once.
    pub may_go_back: std::collections::BTreeSet<String>,
}

/// The server's rules: small limits, so that batches and groups meet them, and titles that can be refused.
const SERVER: &str = "
[limits]
max_batch_ops = 12
max_page_records = 7
[collections.tasks.fields.title]
max_length = 40
";

/// Lives through one history and checks that all holds.
///
/// # Panics
/// If it does not; the message has the seed and how to live through it again.
pub fn run_seed(seed: u64) -> Run {
    let mut config = holm_server::Config::from_toml(SERVER).unwrap();
    config.accounts.argon2.memory_kib = 8;
    config.accounts.argon2.iterations = 1;
    let history = || Fixture::run_seed(seed, config, live);
    catch_unwind(AssertUnwindSafe(history)).unwrap_or_else(|panic| {
        let why = panic.downcast_ref::<String>().cloned().or(panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        panic!(
            "seed {seed}: {}\nagain: cargo run --release -p holm-tests --bin simulate -- --seeds {seed}..{}",
            why.unwrap_or_default(),
            seed + 1
        )
    })
}

async fn live(world: Fixture) -> Run {
    let random = world.random();
    let trace = world.trace.clone();
    let mut history = History {
        world,
        random,
        devices: Vec::new(),
        model: Model::default(),
        run: Run::default(),
        backups: Default::default(),
        taken_away: false,
    };
    history.begin().await;
    let steps = 20 + history.random.below(30);
    for step in 0..steps {
        history.step(step).await;
        history.run.steps += 1;
        history.audit();
    }
    history.end().await;
    (0..history.devices.len()).for_each(|at| history.count_link(at));
    history.run.writes = history.model.len();
    history.run.trace = trace.value();
    history.run
}

impl History {
    async fn begin(&mut self) {
        let strategies =
            [Strategy::ServerWins, Strategy::LocalWins, Strategy::LastWriteWins, Strategy::Merge, Strategy::Prompt];
        let strategy = *self.random.pick(&strategies);
        let day = 86_400_000;
        let offsets = [0, 0, 0, 60_000, -60_000, 3 * day, -3 * day, 3_650 * day, -3_650 * day];
        let count = 2 + self.random.below(4);
        for number in 0..count {
            let bounded = number > 0 && self.random.one_in(5);
            let mut collection = CollectionConfig::new("tasks").conflict(strategy).reference("parent", "tasks");
            let shared = CollectionConfig::new(permission::SHARED).conflict(strategy);
            if bounded {
                collection = collection
                    .cache(CacheConfig { max_documents: Some(1 + self.random.below(4)), ..CacheConfig::default() });
            }
            let name = char::from(b'a' + number as u8).to_string();
            let offset = *self.random.pick(&offsets);
            let opener =
                self.world.device(&name).collection(collection).collection(shared).offset_ms(offset).automatic();
            // Some send their queue in many requests.
            let batch = *[1_000, 2, 3, 1].get(number as usize % 4).unwrap_or(&1_000);
            let ordered = self.random.one_in(8);
            let settings =
                move |config: &mut holm_core::Config| (config.sync.batch, config.sync.ordered) = (batch, ordered);
            let mut device = opener.config(settings).open().await;
            if self.random.one_in(3) {
                device.watch_disk().await;
            }
            let chaos = self.chaos();
            device.link.set_chaos(Some(chaos.clone()));
            self.devices.push(Member {
                device,
                bounded,
                ordered,
                reading: false,
                audited: None,
                both: Default::default(),
                chaos,
                seen: Default::default(),
                may_go_back: Default::default(),
            });
        }
    }

    /// How bad a device's link is.
    fn chaos(&self) -> Chaos {
        let random = self.random.fork();
        Chaos {
            drop_request: random.below(7),
            drop_reply: random.below(7),
            double: random.below(8),
            strange: if random.one_in(2) { 3 + random.below(10) } else { 0 },
            delay_ms: *random.pick(&[0, 50, 2_000, 20_000]),
            random,
        }
    }

    /// Adds what happened on a device's link, which ends here.
    pub(crate) fn count_link(&mut self, at: usize) {
        let link = &self.devices[at].device.link;
        let (met, requests) = (link.met(), link.count("") as u64);
        self.run.requests += requests;
        self.run.count_many("requests lost", met.requests_lost);
        self.run.count_many("replies lost", met.replies_lost);
        self.run.count_many("requests doubled", met.doubled);
    }

    /// One of the devices, by number.
    pub(crate) fn any(&self) -> usize {
        self.random.below(self.devices.len() as u64) as usize
    }
}
