//! A random history, as a seed says.

use super::check::{Seen, alike, converged, every_write_is_accounted_for};
use super::device::Device;
use super::network::Faults;
use super::random::Random;
use super::world::World;
use holm_core::{CacheConfig, ErrorCode, Network, OpId, Resolution, Strategy};
use serde_json::json;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// A write of a person that the client said is kept.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub device: usize,
    pub id: String,
    pub op: OpId,
    pub deed: Deed,
}

#[derive(Debug, Clone)]
pub(super) enum Deed {
    Create { n: i64 },
    Inc { by: i64 },
    Add { token: String },
    Set { field: String, value: String },
    Delete,
}

/// Longest wait between two attempts, and what a request may take.
const BACKOFF: Duration = Duration::from_secs(35);

/// Lives through one history and checks that it ends well.
///
/// # Panics
/// If it does not; the message has the seed and how to live through it again.
pub fn run_seed(seed: u64) {
    let result = catch_unwind(AssertUnwindSafe(|| World::run(seed, history)));
    if let Err(panic) = result {
        let why = panic.downcast_ref::<String>().cloned().or(panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        panic!(
            "seed {seed}: {}\nagain: HOLM_SEED={seed} cargo test -p holm-tests --test simulation",
            why.unwrap_or_default()
        );
    }
}

async fn history(mut world: World) {
    let random = world.random.fork();
    let strategies =
        [Strategy::ServerWins, Strategy::LocalWins, Strategy::LastWriteWins, Strategy::Merge, Strategy::Prompt];
    let strategy = *random.pick(&strategies);
    if trace() {
        eprintln!("{strategy:?}");
    }
    let skews = [0, 0, 60_000, -60_000, 259_200_000, -259_200_000, 315_360_000_000, -315_360_000_000];
    let mut devices = Vec::new();
    for _ in 0..2 + random.below(2) {
        devices.push(world.device_with(strategy, *random.pick(&skews), |_| {}).await);
    }
    if random.one_in(3) {
        let cache = CacheConfig { max_documents: Some(1 + random.below(4)), ..CacheConfig::default() };
        let bounded = world.device_with(strategy, *random.pick(&skews), |config| config.collections[0].cache = cache);
        devices.push(Device { bounded: true, ..bounded.await });
    }
    world.network.set_faults(Faults {
        drop_request: random.below(6),
        drop_reply: random.below(6),
        duplicate: random.below(8),
        unavailable: random.below(12),
        delay_ms: *random.pick(&[1, 50, 2_000, 20_000]),
    });
    let mut done = Vec::new();
    let mut seen = Seen::default();
    for step in 0..20 + random.below(30) {
        act(&mut world, &random, &devices, &mut done, step).await;
        seen.look(&devices);
    }
    calm_down(&world, &devices).await;
    converged(&world, &devices).await;
    every_write_is_accounted_for(&devices, &done).await;
}

/// One random thing happens.
async fn act(world: &mut World, random: &Random, devices: &[Device], done: &mut Vec<Done>, step: u64) {
    let at = random.below(devices.len() as u64) as usize;
    let device = &devices[at];
    let ids: Vec<String> = device.view().into_keys().collect();
    let kind = random.below(20);
    if trace() {
        eprintln!("step {step}: device {} does {kind}", device.name);
    }
    match kind {
        0..=3 => create(random, device, at, done, step).await,
        4..=11 if !ids.is_empty() => edit(random, device, at, random.pick::<String>(&ids), done, step).await,
        12 if !ids.is_empty() => {
            let id = random.pick::<String>(&ids).clone();
            if let Ok(receipt) = device.tasks.delete(&id).await {
                done.push(Done { device: at, id, op: receipt.op_id.unwrap(), deed: Deed::Delete });
            }
        }
        13 => {
            let holm = device.holm.clone();
            tokio::spawn(async move { holm.sync().await });
        }
        14 => {
            device.holm.connectivity().set(Network::Offline);
            world.pass(Duration::from_millis(random.below(60_000))).await;
            device.holm.connectivity().set(Network::Unmetered);
        }
        15 => {
            device.holm.suspend().await;
            world.pass(Duration::from_millis(random.below(5_000))).await;
            device.holm.resume().unwrap();
        }
        16 => world.crash_server(),
        18 if device.bounded => {
            let everything: Vec<String> = devices[0].view().into_keys().collect();
            if !everything.is_empty() {
                let mut fetch = device.tasks.fetch(random.pick::<String>(&everything), None);
                tokio::spawn(async move { while fetch.next().await.is_some() {} });
            }
        }
        17 => device.clock.set_skew_ms(random.below(1_000_000_000) as i64 - 500_000_000),
        _ => world.pass(Duration::from_millis(random.below(40_000))).await,
    }
    if random.one_in(3) {
        world.pass(Duration::from_millis(random.below(3_000))).await;
    }
}

async fn create(random: &Random, device: &Device, at: usize, done: &mut Vec<Done>, step: u64) {
    let (id, n) = (format!("{}{step}", device.name), random.below(5) as i64);
    let title = format!("made {step} by {}", device.name);
    let op = device.create(&id, json!({"title": title, "n": n, "tags": []})).await;
    done.push(Done { device: at, id: id.clone(), op, deed: Deed::Create { n } });
    done.push(Done { device: at, id, op, deed: Deed::Set { field: "title".into(), value: title } });
}

async fn edit(random: &Random, device: &Device, at: usize, id: &str, done: &mut Vec<Done>, step: u64) {
    let value = format!("{} at {step}", device.name);
    let (patch, deeds) = match random.below(5) {
        0 => (json!({"n": {"$inc": 1}}), vec![Deed::Inc { by: 1 }]),
        1 => (json!({"tags": {"$addToSet": [value]}}), vec![Deed::Add { token: value }]),
        2 => (json!({"note": value}), vec![Deed::Set { field: "note".into(), value }]),
        3 => (
            json!({"title": value, "n": {"$inc": 2}}),
            vec![Deed::Set { field: "title".into(), value }, Deed::Inc { by: 2 }],
        ),
        _ => (json!({"title": value}), vec![Deed::Set { field: "title".into(), value }]),
    };
    match device.tasks.update(id, &patch).await {
        Ok(receipt) => {
            let op = receipt.op_id.unwrap();
            done.extend(deeds.into_iter().map(|deed| Done { device: at, id: id.to_owned(), op, deed }));
        }
        // It was deleted by a sync between looking and writing, or evicted.
        Err(error) => assert!(matches!(error.code(), ErrorCode::NotFound | ErrorCode::Evicted), "{error}"),
    }
}

/// The network works again, and no person acts: what is queued must go by itself. Then each device reads what the others did.
async fn calm_down(world: &World, devices: &[Device]) {
    world.heal();
    world.pass(2 * BACKOFF).await;
    for _ in 0..30 {
        for device in devices {
            for conflict in device.holm.conflicts().unwrap() {
                let choices = [Resolution::KeepLocal, Resolution::KeepServer, Resolution::Merge];
                let choice = world.random.pick(&choices).clone();
                device.holm.resolve_conflict(conflict.id, choice).await.unwrap();
            }
        }
        world.pass(BACKOFF).await;
        for device in devices {
            assert_eq!(
                device.pending(),
                0,
                "device {} keeps writes although the network works: {:?}",
                device.name,
                device.holm.pending(5)
            );
            device.sync().await;
        }
        let asked = devices.iter().any(|device| !device.holm.conflicts().unwrap().is_empty());
        if !asked && alike(devices) {
            return;
        }
    }
    panic!("the devices do not come to rest");
}

/// `HOLM_TRACE=1` shows what happens in a history.
pub(super) fn trace() -> bool {
    std::env::var_os("HOLM_TRACE").is_some()
}
