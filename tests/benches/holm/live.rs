//! From a write to its observer: write, commit, wake another thread, query again there, decode. The raw side writes no outbox row.

use crate::bench::{Bench, runtime};
use crate::documents::{COLLECTION, Task, collection, hot, newest_open, task, tasks};
use crate::raw::Raw;
use crate::report::Row;
use crate::timing::{ROUNDS, Spread, Spreads};
use holm_core::{Config, Direction, Durability, Holm, Query};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

/// Documents that are there.
const KNOWN: u32 = 10_000;

/// Documents of the long list.
const LONG: u32 = 20_000;

pub fn run(bench: &mut Bench) {
    let known = bench.scaled(KNOWN);
    short_list(bench, known, "live_query");
    long_list(bench);
}

/// One of 20,000 shown documents changes: the observer decodes what is new. What it costs is not to depend on the length of the list.
fn long_list(bench: &mut Bench) {
    let (known, writes) = (bench.scaled(LONG), bench.scaled(1_000));
    let holm = Holm::open(Config::new(bench.place.fresh("holm")).collection(collection())).unwrap();
    let held = holm.collection(COLLECTION).unwrap();
    runtime().block_on(held.create_all(&tasks(0..known))).unwrap();
    let mut live = held.live(&Query::all().order_by("created", Direction::Descending).unwrap()).unwrap();
    let closer = live.closer();
    let (tell, seen) = channel();
    let observer = std::thread::spawn(move || {
        runtime().block_on(async {
            while let Some(snapshot) = live.next().await {
                let snapshot = snapshot.unwrap();
                assert_eq!(snapshot.documents.len(), known as usize);
                tell.send(snapshot.updated.first().or(snapshot.inserted.first()).unwrap().clone()).unwrap();
            }
        });
    });
    seen.recv().unwrap();
    let mut rounds = Spreads::default();
    for round in 0..ROUNDS as u32 {
        let list: Vec<Task> = (0..writes).map(|n| Task { created: i64::from(round), ..task(n) }).collect();
        let write = |task: &Task| {
            let (id, patch) =
                (task.id.clone(), format!("{{\"created\":{},\"title\":\"round {round}\"}}", task.created));
            holm.write_blocking(move |tx| tx.update_text(COLLECTION, &id, &patch)).unwrap();
        };
        latencies(&list, &seen, write).into(&mut rounds);
    }
    closer.close();
    observer.join().unwrap();
    bench.row(Row::rounds("live_20000_p50", &rounds.p50, None, "us", "full").goal("≤ 1 ms"));
    bench.row(Row::rounds("live_20000_p99", &rounds.p99, None, "us", "full"));
}

/// A list of 50 over `known` documents.
pub fn short_list(bench: &mut Bench, known: u32, name: &str) {
    let writes = bench.scaled(2_000);

    let directory = bench.place.fresh("raw");
    let (raw, reader) = (Raw::open(&directory, Durability::Full), Raw::open(&directory, Durability::Full));
    raw.fill(known);
    let (wake, woken) = channel::<()>();
    let (tell, raw_seen) = channel();
    let raw_observer = std::thread::spawn(move || {
        while woken.recv().is_ok() {
            let rows = reader.newest_open();
            let list: Vec<Task> = rows.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
            tell.send(list[0].id.clone()).unwrap();
        }
    });

    let holm = Holm::open(Config::new(bench.place.fresh("holm")).collection(collection())).unwrap();
    let held = holm.collection(COLLECTION).unwrap();
    for from in (0..known).step_by(5_000) {
        runtime().block_on(held.create_all(&tasks(from..(from + 5_000).min(known)))).unwrap();
    }
    let mut live = held.live(&newest_open()).unwrap();
    let closer = live.closer();
    let (tell, holm_seen) = channel();
    let holm_observer = std::thread::spawn(move || {
        runtime().block_on(async {
            while let Some(snapshot) = live.next().await {
                let snapshot = snapshot.unwrap();
                let list: Vec<Task> = snapshot.documents.iter().map(|one| one.decode().unwrap()).collect();
                tell.send(list[0].id.clone()).unwrap();
            }
        });
    });
    holm_seen.recv().unwrap();

    let (mut raw_rounds, mut holm_rounds) = (Spreads::default(), Spreads::default());
    let mut next = known;
    let mut block = || {
        next += writes;
        (next - writes..next).map(hot).collect::<Vec<_>>()
    };
    for _ in 0..ROUNDS {
        for turn in 0..2 {
            let write = |task: &Task| {
                raw.transaction(|| raw.insert(task));
                wake.send(()).unwrap();
            };
            latencies(&block(), &raw_seen, write).into(&mut raw_rounds);
            if turn == 1 {
                break;
            }
            let write = |task: &Task| {
                let text = serde_json::to_string(task).unwrap();
                holm.write_blocking(move |tx| tx.create_text(COLLECTION, None, &text)).unwrap();
            };
            latencies(&block(), &holm_seen, write).into(&mut holm_rounds);
        }
    }
    drop(wake);
    closer.close();
    raw_observer.join().unwrap();
    holm_observer.join().unwrap();
    let (raw, holm) = (raw_rounds, holm_rounds);
    bench.row(Row::rounds(name, &holm.p50, Some(&raw.p50), "us", "full").goal("≤ 0.9 R"));
    bench.row(Row::rounds(format!("{name}_p50"), &holm.p50, Some(&raw.p50), "us", "full").goal("≤ 0.9 R"));
    bench.row(Row::rounds(format!("{name}_p99"), &holm.p99, Some(&raw.p99), "us", "full").goal("≤ 1 R"));
}

/// Times from each write until the observer has shown it.
fn latencies(list: &[Task], seen: &Receiver<String>, mut write: impl FnMut(&Task)) -> Spread {
    let one = |task: &Task| {
        let start = Instant::now();
        write(task);
        assert_eq!(seen.recv().unwrap(), task.id);
        start.elapsed()
    };
    Spread::of(list.iter().map(one).collect())
}
