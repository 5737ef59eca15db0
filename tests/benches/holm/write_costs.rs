//! What local writes cost beside time on the clock: processor time, bytes, forced writes, idle observers. On a machine that others use, too, these
//! say more than the clock.

use crate::bench::{Bench, runtime};
use crate::documents::{Task, tasks};
use crate::raw::Raw;
use crate::report::Row;
use crate::timing::{Least, ROUNDS};
use crate::writes::{Client, each};
use holm_core::{Durability, Query};
use serde_json::json;

/// Documents in one bulk call, and in one transaction of the raw side where all are in one call.
const CALL: u32 = 1_000;
const LARGE: u32 = 20_000;

/// What a stretch of work took of the process: processor time of its threads that still run, ms; bytes handed to the system.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    cpu_ms: f64,
    bytes: f64,
}

/// `None` where the system does not say.
fn used() -> Option<Used> {
    let first = |text: String| text.split_whitespace().next().and_then(|n| n.parse::<f64>().ok());
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let times = tasks.filter_map(|task| first(std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?));
    let io = std::fs::read_to_string("/proc/self/io").ok()?;
    let bytes = io.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok())?;
    Some(Used { cpu_ms: times.sum::<f64>() / 1e6, bytes })
}

fn measured(work: impl FnOnce()) -> Used {
    let before = used();
    work();
    let (Some(before), Some(after)) = (before, used()) else { return Used::default() };
    Used { cpu_ms: after.cpu_ms - before.cpu_ms, bytes: after.bytes - before.bytes }
}

/// The least of several rounds of each side.
#[derive(Default)]
struct Sides {
    cpu: [Least; 2],
    bytes: [Least; 2],
}

impl Sides {
    fn take(&mut self, holm: Used, raw: Used) {
        for (at, used) in [holm, raw].into_iter().enumerate() {
            self.cpu[at].take(used.cpu_ms);
            self.bytes[at].take(used.bytes);
        }
    }

    /// Rows of one subject; the processor's time is for all documents.
    fn rows(&self, bench: &mut Bench, name: &str, documents: u32) {
        let each = |bytes: Least| bytes.0 / f64::from(documents) / 1e3;
        let ([cpu, raw_cpu], [bytes, raw_bytes]) = (self.cpu, self.bytes);
        bench.row(Row::new(format!("{name}_cpu"), cpu.0, Some(raw_cpu.0), "ms", "full"));
        bench.row(Row::new(format!("{name}_written"), each(bytes), Some(each(raw_bytes)), "kB each", "full"));
    }
}

pub fn run(bench: &mut Bench) {
    bulk(bench, "bulk_calls", CALL, CALL);
    bulk(bench, "bulk_once", u32::MAX, LARGE);
    single(bench);
    forced(bench);
    observers(bench);
}

/// Many documents in calls of `call`, against a raw side that writes an outbox row for each in transactions of `raw_call`.
fn bulk(bench: &mut Bench, name: &str, call: u32, raw_call: u32) {
    let count = bench.scaled(100_000);
    let (runtime, all, mut sides) = (runtime(), tasks(0..count), Sides::default());
    for _ in 0..ROUNDS {
        let raw = Raw::open(&bench.place.fresh("raw"), Durability::Full);
        let raw_used = measured(|| {
            for list in all.chunks(raw_call as usize) {
                raw.transaction(|| list.iter().for_each(|task| raw.insert_queued(task)));
            }
        });
        let client = Client::open(&bench.place.fresh("holm"), Durability::Full);
        let holm_used = measured(|| {
            for list in all.chunks(call as usize) {
                runtime.block_on(client.tasks.create_all(list)).unwrap();
            }
        });
        sides.take(holm_used, raw_used);
    }
    sides.rows(bench, name, count);
}

/// A new document a transaction.
fn single(bench: &mut Bench) {
    let (known, calls) = (bench.scaled(20_000), bench.scaled(20_000));
    let raw = Raw::open(&bench.place.fresh("raw"), Durability::Full);
    let client = Client::open(&bench.place.fresh("holm"), Durability::Full);
    let before = tasks(0..known);
    raw.transaction(|| before.iter().for_each(|task| raw.insert(task)));
    runtime().block_on(client.tasks.create_all(&before)).unwrap();
    let mut sides = Sides::default();
    for round in 0..ROUNDS as u32 {
        let list = tasks(known + round * calls..known + (round + 1) * calls);
        let raw_used = measured(|| list.iter().for_each(|task| raw.transaction(|| raw.insert_queued(task))));
        let holm_used = measured(|| list.iter().for_each(|task| client.create(task)));
        sides.take(holm_used, raw_used);
    }
    sides.rows(bench, "single_write", calls);
}

/// Forced writes for each acknowledged write, with eight writers at once.
fn forced(bench: &mut Bench) {
    const WRITERS: u32 = 8;
    let each = bench.scaled(4_000);
    let client = Client::open(&bench.place.fresh("holm"), Durability::Full);
    let runtime = runtime();
    let before = client.holm.stats();
    runtime.block_on(async {
        let writers = (0..WRITERS).map(|writer| {
            let tasks_of = client.tasks.clone();
            tokio::spawn(async move {
                for task in tasks(writer * each..(writer + 1) * each) {
                    tasks_of.create(&task).await.unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
    let after = client.holm.stats();
    let ratio = (after.forced_writes - before.forced_writes) as f64 / (after.writes - before.writes) as f64;
    bench.row(Row::new("forced_8_writers", ratio, None, "a write", "full").goal("≤ 0.25"));
}

/// What a hundred observers that a write cannot concern add to it; in the column of the raw side: the same without them.
fn observers(bench: &mut Bench) {
    let calls = bench.scaled(5_000);
    let client = Client::open(&bench.place.fresh("holm"), Durability::Full);
    let nothing = Query::parse(&json!({"where": {"eq": ["title", "no such title"]}})).unwrap();
    let (mut next, mut with, mut without) = (0, None, None);
    let mut block = || {
        next += calls;
        tasks(next - calls..next)
    };
    for _ in 0..ROUNDS {
        each(&block(), |task: &Task| client.create(task)).into_best(&mut without);
        let mut idle: Vec<_> = (0..100).map(|_| client.tasks.live(&nothing).unwrap()).collect();
        for observer in &mut idle {
            runtime().block_on(observer.next()).unwrap().unwrap();
        }
        each(&block(), |task: &Task| client.create(task)).into_best(&mut with);
    }
    let (with, without) = (with.unwrap(), without.unwrap());
    bench.row(Row::new("idle_observers_100", with.p50, Some(without.p50), "us", "full").goal("≤ 1.1"));
}
