//! Mistakes that look right and are made again and again in sync code: one test for each, named after it.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

mod conflicts;
mod outbox;
mod sessions;
mod wire;

use holm_core::{Config, Strategy};
use holm_tests::sim::{Device, Tap, World};

const STRATEGIES: [Strategy; 5] =
    [Strategy::ServerWins, Strategy::LocalWins, Strategy::LastWriteWins, Strategy::Merge, Strategy::Prompt];

fn manual(config: &mut Config) {
    config.sync.automatic = false;
}

/// A device that syncs when asked, with a tap on its wire.
async fn tapped(world: &mut World, strategy: Strategy, skew_ms: i64) -> (Device, Tap) {
    let tap = Tap::new(&world.network);
    let transport = tap.clone();
    let device = world
        .device_with(strategy, skew_ms, |config| {
            manual(config);
            config.transport = Some(std::sync::Arc::new(transport));
        })
        .await;
    tap.notes();
    (device, tap)
}

/// Sends and reads until both have everything, and compares.
async fn in_step(devices: &[&Device]) {
    for _ in 0..2 {
        for device in devices {
            device.sync().await;
        }
    }
    for pair in devices.windows(2) {
        assert_eq!((pair[0].view(), pair[0].digest()), (pair[1].view(), pair[1].digest()));
    }
    assert!(devices.iter().all(|device| device.pending() == 0));
}
