//! Lives through as many random histories as one likes, and prints totals.
//!
//! `cargo run --release -p holm-tests --bin simulate -- --seeds 0..100000 --jobs 2`

#![allow(clippy::print_stdout)] // Printing is what it is for.

use holm_tests::histories::{Run, run_seed};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const USAGE: &str = "usage: simulate --seeds A..B [--jobs N] [--keep-going]";

/// After so many seeds a line says how far it is.
const PROGRESS: u64 = 1_000;

struct Options {
    first: u64,
    end: u64,
    jobs: usize,
    keep_going: bool,
}

fn options() -> Option<Options> {
    let mut options = Options { first: 0, end: 2_000, jobs: 2, keep_going: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seeds" => {
                let range = arguments.next()?;
                let (first, end) = range.split_once("..")?;
                (options.first, options.end) = (first.parse().ok()?, end.parse().ok()?);
            }
            "--jobs" => options.jobs = arguments.next()?.parse().ok()?,
            "--keep-going" => options.keep_going = true,
            _ => return None,
        }
    }
    Some(options)
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let (next, total, failed) = (AtomicU64::new(options.first), Mutex::new(Run::default()), Mutex::new(Vec::new()));
    let start = Instant::now();
    // Panics are told here, once each.
    std::panic::set_hook(Box::new(|_| {}));
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let stop = !options.keep_going && failed.lock().is_ok_and(|failed| !failed.is_empty());
                    if seed >= options.end || stop {
                        return;
                    }
                    let run = match std::panic::catch_unwind(|| run_seed(seed)) {
                        Ok(run) => run,
                        Err(panic) => {
                            println!("{}", panic.downcast_ref::<String>().map_or("a panic", String::as_str));
                            if let Ok(mut failed) = failed.lock() {
                                failed.push(seed);
                            }
                            continue;
                        }
                    };
                    if let Ok(mut total) = total.lock() {
                        total.add(&run);
                    }
                    if seed % PROGRESS == PROGRESS - 1 {
                        let failed = failed.lock().map(|failed| failed.clone()).unwrap_or_default();
                        println!(
                            "{:.0} s: seed {seed} is done; failed so far: {failed:?}",
                            start.elapsed().as_secs_f64()
                        );
                    }
                }
            });
        }
    });
    let total = total.into_inner().unwrap_or_default();
    let failed = failed.into_inner().unwrap_or_default();
    let seeds = next.into_inner().min(options.end) - options.first;
    println!("{seeds} seeds in {:.0} s: {total}", start.elapsed().as_secs_f64());
    println!("never happened: {:?}", total.missing());
    println!("{} failed: {failed:?}", failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
