//! Whether reads, the top 50, live queries and opens take as long with ten times as many documents.

use crate::bench::Bench;
use crate::server::Fixture;
use crate::{live, open, reads};
use std::rc::Rc;

/// Numbers of documents, and how the rows of each end.
const SIZES: [(u32, &str); 3] = [(10_000, "10k"), (100_000, "100k"), (1_000_000, "1m")];

/// The last size takes some minutes: it is measured if `HOLM_BENCH_MILLION` is set.
pub fn run(bench: &mut Bench) {
    let million = std::env::var_os("HOLM_BENCH_MILLION").is_some();
    for (documents, size) in SIZES {
        if documents == 1_000_000 && !million {
            eprintln!("1,000,000 documents are not measured: HOLM_BENCH_MILLION is not set");
            continue;
        }
        let documents = bench.scaled(documents);
        let fixture = match size {
            "100k" => bench.fixture(),
            _ => Rc::new(Fixture::new(&bench.place, documents)),
        };
        reads::of(bench, &fixture, &format!("_{size}"));
        open::clean(bench, &fixture, size);
        live::short_list(bench, documents, &format!("live_query_{size}"));
    }
}
