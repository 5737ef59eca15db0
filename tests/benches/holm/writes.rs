//! Local writes. An observer of the collection exists throughout: it is told of every commit.

use crate::bench::{Bench, runtime};
use crate::busy;
use crate::documents::{COLLECTION, Task, collection, edited, id, newest_open, patch, task, tasks};
use crate::raw::Raw;
use crate::report::Row;
use crate::timing::{ROUNDS, Rounds, Spread, Spreads, ms, timed};
use holm_core::{Collection, Config, Durability, Holm, LiveQuery};
use std::path::Path;
use std::sync::mpsc::channel;
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
    let mut idle: [Spreads; 3] = Default::default();
    let mut with_busy_cores: [Spreads; 3] = Default::default();
    let mut wakes = Spreads::default();
    let mut round = |spreads: &mut [Spreads; 3]| {
        let [raw_spreads, here, from_async] = spreads;
        each(&block(), |task| raw.transaction(|| raw.insert_queued(task))).into(raw_spreads);
        each(&block(), |task| client.create(task)).into(here);
        each(&block(), |task| drop(runtime.block_on(client.tasks.create(task)).unwrap())).into(from_async);
        each(&block(), |task| raw.transaction(|| raw.insert_queued(task))).into(raw_spreads);
    };
    for _ in 0..ROUNDS {
        round(&mut idle);
        two_wakes(calls).into(&mut wakes);
        busy::while_cores_are_busy(|| round(&mut with_busy_cores));
    }
    let [raw, here, from_async] = &idle;
    rows(bench, name, here, raw, mode);
    rows(bench, &format!("{name}_async"), from_async, raw, mode);
    let [raw, _, from_async] = &with_busy_cores;
    rows(bench, &format!("{name}_busy_async"), from_async, raw, mode);
    bench.row(Row::rounds(format!("{name}_two_wakes"), &wakes.p50, None, "us", mode));
    bench.row(Row::rounds(format!("{name}_two_wakes_p99"), &wakes.p99, None, "us", mode));
}

/// What the system takes to wake a thread that sleeps, and to be woken by it.
fn two_wakes(calls: u32) -> Spread {
    let (ask, asked) = channel::<tokio::sync::oneshot::Sender<()>>();
    let other = std::thread::spawn(move || asked.iter().for_each(|answer| answer.send(()).unwrap()));
    let runtime = runtime();
    let calls: Vec<u32> = (0..calls).collect();
    let spread = each(&calls, |_| {
        let (answer, answered) = tokio::sync::oneshot::channel();
        ask.send(answer).unwrap();
        runtime.block_on(answered).unwrap();
    });
    drop(ask);
    other.join().unwrap();
    spread
}

/// An edit of three fields of a synced document a transaction, with its outbox row.
pub fn edit(bench: &mut Bench) {
    let fixture = bench.fixture();
    let raw = Raw::open(&bench.place.fresh("raw"), Durability::Full);
    raw.fill(fixture.documents);
    let client = Client::open(&bench.place.copy(&fixture.directory, "holm"), Durability::Full);
    spread_edits(bench, &raw, &client, "single_edit", |n| n);
    // All over the collection: hardly two of them meet in a page.
    let far = |n: u32| (u64::from(n) * 7_919 % u64::from(fixture.documents)) as u32;
    let raw = Raw::open(&bench.place.fresh("raw"), Durability::Full);
    raw.fill(fixture.documents);
    let client = Client::open(&bench.place.copy(&fixture.directory, "holm"), Durability::Full);
    spread_edits(bench, &raw, &client, "single_edit_far", far);
}

fn spread_edits(bench: &mut Bench, raw: &Raw, client: &Client, name: &str, place: impl Fn(u32) -> u32) {
    let calls = bench.scaled(5_000);
    let mut next = 0;
    let mut block = || {
        next += calls;
        (next - calls..next).map(&place)
    };
    let (mut raw_rounds, mut rounds) = (Spreads::default(), Spreads::default());
    for _ in 0..ROUNDS {
        for turn in 0..2 {
            let whole: Vec<_> = block().map(|n| edited(task(n), n)).collect();
            each(&whole, |task| raw.transaction(|| raw.update_queued(task))).into(&mut raw_rounds);
            if turn == 1 {
                break;
            }
            let patches: Vec<_> = block().map(|n| (id(n), patch(n))).collect();
            each(&patches, |(id, patch)| {
                let (id, text) = (id.clone(), patch.to_string());
                client.holm.write_blocking(move |tx| tx.update_text(COLLECTION, &id, &text)).unwrap();
            })
            .into(&mut rounds);
        }
    }
    rows(bench, name, &rounds, &raw_rounds, "full");
}

fn rows(bench: &mut Bench, name: &str, holm: &Spreads, raw: &Spreads, mode: &'static str) {
    let (p50, p99) = match name {
        // A thread waits for another one to wake, twice: some 24 us each where cores are idle.
        name if name.ends_with("async") => ("≤ 1.25 R + two wakes", "≤ 2.6 R"),
        name if name.starts_with("single_edit") => ("≤ 1.3 R", "≤ 1.3 R"),
        _ => ("≤ 1.2 R", "≤ 1.3 R"),
    };
    bench.row(Row::rounds(name, &holm.p50, Some(&raw.p50), "us", mode).goal(p50));
    bench.row(Row::rounds(format!("{name}_p99"), &holm.p99, Some(&raw.p99), "us", mode).goal(p99));
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
    let (mut plain, mut queued, mut holm) = (Rounds::default(), Rounds::default(), Rounds::default());
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
    bench.row(Row::rounds("bulk_write", &holm, Some(&plain), "ms", "full").goal("≤ 1.3 R"));
    bench.row(Row::rounds("bulk_write_queued", &holm, Some(&queued), "ms", "full").goal("≤ 1.1 R"));
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
