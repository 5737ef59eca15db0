//! What Holm costs beside plain SQLite that does the same rows.
//!
//! `cargo bench` measures everything, `cargo bench -- single_write pull` what has such a name. The figures are printed as a table and written
//! to `target/bench/core.jsonl`, one object a line.
//!
//! Invariants:
//! - Raw figures come from the same run, the same file system and the same durability class as Holm's, taken in turn with them; of several
//!   rounds the best counts on both sides, with the median beside it.
//! - The server is a process of its own. What is said of fresh processes is measured in fresh processes.
//! - `HOLM_BENCH_SCALE` (0.01 to 1) makes a quick look: its figures go to another file and the table says so.

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that fails is none")]

mod bench;
mod busy;
mod child;
mod documents;
mod live;
mod open;
mod place;
mod pull;
mod push;
mod raw;
mod raw_push;
mod reads;
mod relay;
mod report;
mod scale;
mod server;
mod timing;
mod traffic;
mod write_costs;
mod writes;

use bench::Bench;

/// A subject: the rows that it makes, and how.
type Subject = (&'static [&'static str], fn(&mut Bench));

const SUBJECTS: [Subject; 12] = [
    (&["single_write"], writes::create),
    (&["single_edit"], writes::edit),
    (&["bulk_write"], writes::bulk),
    (&["write_costs"], write_costs::run),
    (&["point_read", "top50_query"], reads::run),
    (&["live_query", "live_20000"], live::run),
    (&["pull_100k"], pull::speed),
    (&["memory_pull_100k"], pull::memory),
    (&["push_10k"], push::run),
    (&["cold_open"], open::run),
    (&["scale"], scale::run),
    (&["requests_and_bytes"], traffic::run),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = args.split_first()
        && first == child::FLAG
    {
        return child::run(rest);
    }
    // Cargo adds options of its own.
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let mut bench = Bench::new();
    for (names, run) in SUBJECTS {
        let asked = |name: &&str| wanted.iter().any(|part| name.contains(part.as_str()) || part.starts_with(*name));
        if wanted.is_empty() || names.iter().any(asked) {
            eprintln!("measuring {}", names.join(", "));
            run(&mut bench);
        }
    }
    bench.finish(wanted.is_empty());
}
