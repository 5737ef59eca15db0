//! Thousands of random histories of several devices, each the same whenever its seed is tried again.
//!
//! `HOLM_SEED=n` lives through one history; `HOLM_SEEDS=n` tries so many. For more of them there is `simulate` (see `README.md`).

use holm_tests::histories::{Run, run_seed};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many histories are tried by default.
const SEEDS: u64 = 2_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn histories_lose_no_write_double_no_effect_and_come_to_rest() {
    if let Some(seed) = number("HOLM_SEED") {
        run_seed(seed);
        return;
    }
    let (next, seeds) = (AtomicU64::new(0), number("HOLM_SEEDS").unwrap_or(SEEDS));
    let total = Mutex::new(Run::default());
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let run = run_seed(seed);
                    total.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(&run);
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    println!("{seeds} histories: {total}");
    if seeds >= SEEDS {
        assert!(total.missing().is_empty(), "no history meets {:?}", total.missing());
    }
}

#[test]
fn a_seed_gives_the_same_history_every_time() {
    for seed in 0..40 {
        assert_eq!(run_seed(seed), run_seed(seed), "seed {seed} has two histories");
    }
}
