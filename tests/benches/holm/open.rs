//! From a fresh process's first call to the result of the first query, on 100,000 documents: cleanly closed, and killed in the middle of a
//! bulk write. A killed store is copied for each measurement, because opening it mends it.

use crate::bench::Bench;
use crate::child::{self, Side};
use crate::raw::Raw;
use crate::report::Row;
use crate::server::Fixture;
use crate::timing::{ROUNDS, Rounds};
use holm_core::Durability;
use std::path::{Path, PathBuf};

pub fn run(bench: &mut Bench) {
    let fixture = bench.fixture();
    let [raw, holm] = stores(bench, &fixture);
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

/// Opens of clean stores with so many documents as the fixture has.
pub fn clean(bench: &mut Bench, fixture: &Fixture, size: &str) {
    let [raw, holm] = stores(bench, fixture);
    measure(bench, &format!("cold_open_{size}"), [&raw, &holm], "");
}

/// A closed store of each side.
fn stores(bench: &Bench, fixture: &Fixture) -> [PathBuf; 2] {
    let holm = bench.place.copy(&fixture.directory, "open-holm");
    let raw = bench.place.fresh("open-raw");
    Raw::open(&raw, Durability::Full).fill(fixture.documents);
    [raw, holm]
}

fn measure(bench: &mut Bench, name: &str, stores: [&Path; 2], goal: &'static str) {
    let (mut raw, mut holm) = (Rounds::default(), Rounds::default());
    for _ in 0..ROUNDS {
        for (side, rounds) in [(Side::Raw, &mut raw), (Side::Holm, &mut holm)] {
            let store = bench.place.copy(stores[side as usize], "opened");
            rounds.take(child::cold_open(side, &store));
        }
    }
    bench.row(Row::rounds(name, &holm, Some(&raw), "ms", "full").goal(goal));
}
