//! Thousands of random histories of several devices behind a bad network, each the same whenever its seed is tried again.
//!
//! `HOLM_SEED=n` lives through one history; `HOLM_SEEDS=n` tries so many.

use holm_tests::sim::run_seed;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many histories are tried if nobody says otherwise.
const SEEDS: u64 = 2_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_history_ends_with_everybody_in_step_and_no_write_lost_or_doubled() {
    if let Some(seed) = number("HOLM_SEED") {
        return run_seed(seed);
    }
    let (next, seeds) = (AtomicU64::new(0), number("HOLM_SEEDS").unwrap_or(SEEDS));
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    run_seed(seed);
                }
            });
        }
    });
}
