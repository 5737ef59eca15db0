//! What broke in comparable systems, row by row. Each name begins with the row of the list that it stands for. (Rows that concern the server
//! alone are in `server/tests`.)

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

mod clocks;
mod pulls;
mod pushes;
mod refused;
mod unanswered;

use holm_core::Config;
use holm_tests::sim::Device;
use std::time::Duration;

const BACKOFF: Duration = Duration::from_secs(30);

/// Both devices have the same, and so has the server (a digest that differs would start a repair, and that would show in the requests).
async fn in_step(devices: &[&Device]) {
    for _ in 0..2 {
        for device in devices {
            device.sync().await;
        }
    }
    for pair in devices.windows(2) {
        assert_eq!(pair[0].view(), pair[1].view());
        assert_eq!(pair[0].digest(), pair[1].digest());
    }
    assert!(devices.iter().all(|device| device.pending() == 0));
}

fn manual(config: &mut Config) {
    config.sync.automatic = false;
}
