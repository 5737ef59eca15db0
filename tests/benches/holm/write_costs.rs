//! What local writes cost beside time on the clock: processor time, bytes, forced writes, statements, idle observers. On a machine that others use,
//! too, these say more than the clock.

use crate::bench::{Bench, runtime};
use crate::documents::{COLLECTION, Task, edited, id, patch, task, tasks};
use crate::raw::Raw;
use crate::report::Row;
use crate::timing::{ROUNDS, Rounds, Spreads};
use crate::writes::{Client, each};
use holm_core::{Durability, Query, Stats};
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

/// Several rounds of each side.
#[derive(Default)]
struct Sides {
    cpu: [Rounds; 2],
    bytes: [Rounds; 2],
    documents: f64,
}

impl Sides {
    /// Of work on so many documents in each round.
    fn of(documents: u32) -> Self {
        Self { documents: documents.into(), ..Self::default() }
    }
}

impl Sides {
    fn take(&mut self, holm: Used, raw: Used) {
        for (at, used) in [holm, raw].into_iter().enumerate() {
            self.cpu[at].take(used.cpu_ms);
            self.bytes[at].take(used.bytes / self.documents / 1e3);
        }
    }

    /// Rows of one subject; the processor's time is for all documents.
    fn rows(&self, bench: &mut Bench, name: &str) {
        let ([cpu, raw_cpu], [bytes, raw_bytes]) = (&self.cpu, &self.bytes);
        bench.row(Row::rounds(format!("{name}_cpu"), cpu, Some(raw_cpu), "ms", "full"));
        bench.row(Row::rounds(format!("{name}_written"), bytes, Some(raw_bytes), "kB each", "full"));
    }
}

pub fn run(bench: &mut Bench) {
    bulk(bench, "bulk_calls", CALL, CALL);
    bulk(bench, "bulk_once", u32::MAX, LARGE);
    single(bench);
    edits(bench);
    forced(bench);
    observers(bench);
}

/// Many documents in calls of `call`, against a raw side that writes an outbox row for each in transactions of `raw_call`.
fn bulk(bench: &mut Bench, name: &str, call: u32, raw_call: u32) {
    let count = bench.scaled(100_000);
    let (runtime, all, mut sides) = (runtime(), tasks(0..count), Sides::of(count));
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
    sides.rows(bench, name);
}

/// A new document a transaction.
fn single(bench: &mut Bench) {
    let (known, calls) = (bench.scaled(20_000), bench.scaled(20_000));
    let raw = Raw::open(&bench.place.fresh("raw"), Durability::Full);
    let client = Client::open(&bench.place.fresh("holm"), Durability::Full);
    let before = tasks(0..known);
    raw.transaction(|| before.iter().for_each(|task| raw.insert(task)));
    runtime().block_on(client.tasks.create_all(&before)).unwrap();
    let (mut sides, stats) = (Sides::of(calls), client.holm.stats());
    for round in 0..ROUNDS as u32 {
        let list = tasks(known + round * calls..known + (round + 1) * calls);
        let raw_used = measured(|| list.iter().for_each(|task| raw.transaction(|| raw.insert_queued(task))));
        let holm_used = measured(|| list.iter().for_each(|task| client.create(task)));
        sides.take(holm_used, raw_used);
    }
    sides.rows(bench, "single_write");
    statements(bench, &client, "single_write", stats);
}

/// SQL statements for each write since `before`.
fn statements(bench: &mut Bench, client: &Client, name: &str, before: Stats) {
    let after = client.holm.stats();
    let each = (after.statements - before.statements) as f64 / (after.writes - before.writes) as f64;
    bench.row(Row::new(format!("{name}_statements"), each, None, "a write", "full"));
}

/// An edit of a synced document a transaction. They lie all over the collection: hardly two of them meet in a page.
fn edits(bench: &mut Bench) {
    let fixture = bench.fixture();
    let calls = bench.scaled(5_000);
    let raw = Raw::open(&bench.place.fresh("raw"), Durability::Full);
    raw.fill(fixture.documents);
    let client = Client::open(&bench.place.copy(&fixture.directory, "holm"), Durability::Full);
    let (mut sides, stats) = (Sides::of(calls), client.holm.stats());
    for round in 0..ROUNDS as u32 {
        let far = |n: u32| (u64::from(n) * 7_919 % u64::from(fixture.documents)) as u32;
        let list: Vec<u32> = (round * calls..(round + 1) * calls).map(far).collect();
        let whole: Vec<Task> = list.iter().map(|n| edited(task(*n), *n)).collect();
        let patches: Vec<_> = list.iter().map(|n| (id(*n), patch(*n).to_string())).collect();
        let raw_used = measured(|| whole.iter().for_each(|task| raw.transaction(|| raw.update_queued(task))));
        let holm_used = measured(|| {
            for (id, text) in patches {
                client.holm.write_blocking(move |tx| tx.update_text(COLLECTION, &id, &text)).unwrap();
            }
        });
        sides.take(holm_used, raw_used);
    }
    sides.rows(bench, "single_edit_far");
    statements(bench, &client, "single_edit_far", stats);
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
    let (mut next, mut with, mut without) = (0, Spreads::default(), Spreads::default());
    let mut block = || {
        next += calls;
        tasks(next - calls..next)
    };
    for _ in 0..ROUNDS {
        each(&block(), |task: &Task| client.create(task)).into(&mut without);
        let mut idle: Vec<_> = (0..100).map(|_| client.tasks.live(&nothing).unwrap()).collect();
        for observer in &mut idle {
            runtime().block_on(observer.next()).unwrap().unwrap();
        }
        each(&block(), |task: &Task| client.create(task)).into(&mut with);
    }
    bench.row(Row::rounds("idle_observers_100", &with.p50, Some(&without.p50), "us", "full").goal("≤ 1.1"));
}
