//! Local writes. An observer of the collection exists throughout: it is told of every commit.

use crate::bench::{Bench, runtime};
use crate::documents::{COLLECTION, Task, collection, edited, id, newest_open, patch, task, tasks};
use crate::raw::Raw;
use crate::report::Row;
use crate::timing::{Least, ROUNDS, Spread, ms, timed};
use holm_core::{Collection, Config, Durability, Holm, LiveQuery};
use std::path::Path;
use std::time::Duration;

/// Documents in one bulk call.
const CALL: u32 = 1_000;

/// An open client with an observer.
pub struct Client {
    pub holm: Holm,
    pub tasks: Collection,
    _observer: LiveQuery,
}

impl Client {
    pub fn open(directory: &Path, durability: Durability) -> Self {
        let mut config = Config::new(directory).collection(collection());
        config.durability = durability;
        let holm = Holm::open(config).unwrap();
        let tasks = holm.collection(COLLECTION).unwrap();
        let mut observer = tasks.live(&newest_open()).unwrap();
        runtime().block_on(observer.next()).unwrap().unwrap();
        Self { holm, tasks, _observer: observer }
    }

    /// Makes a document in a transaction of its own, on this thread.
    pub fn create(&self, task: &Task) {
        let text = serde_json::to_string(task).unwrap();
        self.holm.write_blocking(move |tx| tx.create_text(COLLECTION, None, &text)).unwrap();
    }
}

/// A new document a transaction, with its outbox row.
pub fn create(bench: &mut Bench) {
    create_in(bench, Durability::Full, "single_write", "full");
    create_in(bench, Durability::Normal, "single_write_normal", "normal");
}

fn create_in(bench: &mut Bench, durability: Durability, name: &str, mode: &'static str) {
    let (calls, known) = (bench.scaled(5_000), bench.scaled(20_000));
    let runtime = runtime();
    let raw = Raw::open(&bench.place.fresh("raw"), durability);
    let client = Client::open(&bench.place.fresh("holm"), durability);
    let before = tasks(0..known);
    raw.transaction(|| before.iter().for_each(|task| raw.insert(task)));
    runtime.block_on(client.tasks.create_all(&before)).unwrap();
    let mut next = known;
    let mut block = || {
        next += calls;
        tasks(next - calls..next)
    };
    let (mut raw_best, mut best, mut best_async) = (None, None, None);
    for _ in 0..ROUNDS {
        each(&block(), |task| raw.transaction(|| raw.insert_queued(task))).into_best(&mut raw_best);
        each(&block(), |task| client.create(task)).into_best(&mut best);
        each(&block(), |task| drop(runtime.block_on(client.tasks.create(task)).unwrap())).into_best(&mut best_async);
        each(&block(), |task| raw.transaction(|| raw.insert_queued(task))).into_best(&mut raw_best);
    }
    rows(bench, name, best.unwrap(), raw_best.unwrap(), mode);
    rows(bench, &format!("{name}_async"), best_async.unwrap(), raw_best.unwrap(), mode);
}

/// An edit of three fields of a synced document a transaction, with its outbox row.
pub fn edit(bench: &mut Bench) {
    let fixture = bench.fixture();
    let calls = bench.scaled(5_000);
    let raw = Raw::open(&bench.place.fresh("raw"), Durability::Full);
    let all = tasks(0..fixture.documents);
    raw.transaction(|| all.iter().for_each(|task| raw.insert(task)));
    let client = Client::open(&bench.place.copy(&fixture.directory, "holm"), Durability::Full);
    let mut next = 0;
    let mut block = || {
        next += calls;
        next - calls..next
    };
    let (mut raw_best, mut best) = (None, None);
    for _ in 0..ROUNDS {
        for turn in 0..2 {
            let whole: Vec<_> = block().map(|n| edited(task(n), n)).collect();
            each(&whole, |task| raw.transaction(|| raw.update_queued(task))).into_best(&mut raw_best);
            if turn == 1 {
                break;
            }
            let patches: Vec<_> = block().map(|n| (id(n), patch(n))).collect();
            each(&patches, |(id, patch)| {
                let (id, text) = (id.clone(), patch.to_string());
                client.holm.write_blocking(move |tx| tx.update_text(COLLECTION, &id, &text)).unwrap();
            })
            .into_best(&mut best);
        }
    }
    rows(bench, "single_edit", best.unwrap(), raw_best.unwrap(), "full");
}

fn rows(bench: &mut Bench, name: &str, holm: Spread, raw: Spread, mode: &'static str) {
    let (p50, p99) = match name {
        // A thread waits for another one to wake, twice: some 24 us each where cores are idle.
        name if name.ends_with("async") => ("≤ 1.25 R + two wakes", "≤ 2.6 R"),
        "single_edit" => ("≤ 1.3 R", "≤ 1.3 R"),
        _ => ("≤ 1.2 R", "≤ 1.3 R"),
    };
    bench.row(Row::new(name, holm.p50, Some(raw.p50), "us", mode).goal(p50));
    bench.row(Row::new(format!("{name}_p99"), holm.p99, Some(raw.p99), "us", mode).goal(p99));
}

/// Each call's time.
pub fn each<T>(list: &[T], mut call: impl FnMut(&T)) -> Spread {
    Spread::of(list.iter().map(|one| timed(|| call(one)).0).collect())
}

/// Many documents in calls of [`CALL`]. The raw side of `bulk_write` has the index and no outbox; `bulk_write_queued` holds the same against
/// a raw side that writes an outbox row for each document, as Holm does.
pub fn bulk(bench: &mut Bench) {
    let count = bench.scaled(100_000);
    let runtime = runtime();
    let (mut plain, mut queued, mut holm) = (Least::default(), Least::default(), Least::default());
    for _ in 0..ROUNDS {
        let directory = bench.place.fresh("raw");
        plain.take(ms(bulk_raw(&directory, count, Raw::insert)));
        let directory = bench.place.fresh("raw");
        queued.take(ms(bulk_raw(&directory, count, Raw::insert_queued)));
        let client = Client::open(&bench.place.fresh("holm"), Durability::Full);
        let mut total = Duration::ZERO;
        for from in (0..count).step_by(CALL as usize) {
            let list = tasks(from..(from + CALL).min(count));
            total += timed(|| runtime.block_on(client.tasks.create_all(&list)).unwrap()).0;
        }
        holm.take(ms(total));
        assert_eq!(client.tasks.count(&holm_core::Query::all()).unwrap(), u64::from(count));
        drop(client);
        let directory = bench.place.fresh("raw");
        plain.take(ms(bulk_raw(&directory, count, Raw::insert)));
    }
    bench.row(Row::new("bulk_write", holm.0, Some(plain.0), "ms", "full").goal("≤ 1.3 R"));
    bench.row(Row::new("bulk_write_queued", holm.0, Some(queued.0), "ms", "full").goal("≤ 1.1 R"));
}

fn bulk_raw(directory: &Path, count: u32, insert: fn(&Raw, &Task)) -> Duration {
    let raw = Raw::open(directory, Durability::Full);
    let mut total = Duration::ZERO;
    for from in (0..count).step_by(CALL as usize) {
        let list = tasks(from..(from + CALL).min(count));
        total += timed(|| raw.transaction(|| list.iter().for_each(|task| insert(&raw, task)))).0;
    }
    assert_eq!(raw.count(), count);
    total
}
