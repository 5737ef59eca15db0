//! From a fresh process's first call to the result of the first query, on 100,000 documents: cleanly closed, and killed in the middle of a
//! bulk write. A killed store is copied for each measurement, because opening it mends it.

use crate::bench::Bench;
use crate::child::{self, Side};
use crate::documents::tasks;
use crate::raw::Raw;
use crate::report::Row;
use crate::timing::{Least, ROUNDS};
use holm_core::Durability;
use std::path::{Path, PathBuf};

pub fn run(bench: &mut Bench) {
    let fixture = bench.fixture();
    let holm = bench.place.copy(&fixture.directory, "open-holm");
    let raw = bench.place.fresh("open-raw");
    {
        let filled = Raw::open(&raw, Durability::Full);
        let all = tasks(0..fixture.documents);
        filled.transaction(|| all.iter().for_each(|task| filled.insert(task)));
    }
    measure(bench, "cold_open", [&raw, &holm], "≤ 1.2 ms");

    let calls = bench.scaled(40).max(1);
    for (side, directory) in [(Side::Raw, &raw), (Side::Holm, &holm)] {
        child::kill_in_bulk_write(side, directory, fixture.documents, calls);
    }
    let log = |path: PathBuf| std::fs::metadata(path).map_or(0.0, |meta| meta.len() as f64 / f64::from(1 << 20));
    let logs = (log(holm.join("holm.db-wal")), log(raw.join("raw.db-wal")));
    measure(bench, "cold_open_after_kill", [&raw, &holm], "≤ 12 ms");
    bench.row(Row::new("log_after_kill", logs.0, Some(logs.1), "MB", "full").goal("≤ 6 MB"));
}

fn measure(bench: &mut Bench, name: &str, stores: [&Path; 2], goal: &'static str) {
    let (mut raw, mut holm) = (Least::default(), Least::default());
    for _ in 0..ROUNDS {
        for (side, least) in [(Side::Raw, &mut raw), (Side::Holm, &mut holm)] {
            let store = bench.place.copy(stores[side as usize], "opened");
            least.take(child::cold_open(side, &store));
        }
    }
    bench.row(Row::new(name, holm.0, Some(raw.0), "ms", "full").goal(goal));
}
