//! Reading what was synced: one document by id, one of a few that are read again and again, and the top 50 of all.

use crate::bench::Bench;
use crate::documents::{COLLECTION, Task, collection, id, mix, newest_open};
use crate::raw::Raw;
use crate::report::Row;
use crate::server::Fixture;
use crate::timing::{ROUNDS, Rounds, timed};
use holm_core::{Config, Durability, Holm};
use std::hint::black_box;

pub fn run(bench: &mut Bench) {
    let fixture = bench.fixture();
    of(bench, &fixture, "");
}

/// The same for any fixture. `size` ends the rows' names.
pub fn of(bench: &mut Bench, fixture: &Fixture, size: &str) {
    let count = fixture.documents;
    let raw = Raw::open(&bench.place.fresh("raw"), Durability::Full);
    raw.fill(count);
    let directory = bench.place.copy(&fixture.directory, "holm");
    let holm = Holm::open(Config::new(directory).collection(collection())).unwrap();
    let held = holm.collection(COLLECTION).unwrap();
    let query = newest_open();
    let plan = held.query_plan(&query).unwrap().join(" ");
    assert!(plan.contains("ix_") && !plan.contains("TEMP B-TREE"), "the index is not used: {plan}");

    let ids: Vec<String> =
        (0..bench.scaled(50_000)).map(|n| id((mix(u64::from(n)) % u64::from(count)) as u32)).collect();
    let queries = bench.scaled(2_000);
    let mut rounds: [Rounds; 8] = Default::default();
    let (hot, mut hot_reads) = (&ids[..ids.len().min(HOT)], Rounds::default());
    let read_hot = || hot.iter().for_each(|id| drop(black_box(held.get(id).unwrap().unwrap())));
    for _ in 0..ROUNDS {
        for turn in 0..2 {
            rounds[0].take(per(ids.len(), || ids.iter().for_each(|id| drop(black_box(raw.get(id))))));
            rounds[1].take(per(ids.len(), || {
                ids.iter().for_each(|id| drop(black_box(serde_json::from_str::<Task>(&raw.get(id)).unwrap())));
            }));
            rounds[2].take(per(queries as usize, || (0..queries).for_each(|_| drop(black_box(raw.newest_open())))));
            rounds[3].take(per(queries as usize, || {
                for _ in 0..queries {
                    let rows = raw.newest_open();
                    let parsed = rows.iter().map(|(_, body)| serde_json::from_str::<Task>(body).unwrap());
                    assert_eq!(black_box(parsed.collect::<Vec<_>>()).len(), rows.len());
                }
            }));
            if turn == 1 {
                break;
            }
            // A document is kept in memory when it is read again.
            (0..2).for_each(|_| read_hot());
            hot_reads.take(per(hot.len() * 100, || (0..100).for_each(|_| read_hot())));
            rounds[4]
                .take(per(ids.len(), || ids.iter().for_each(|id| drop(black_box(held.get(id).unwrap().unwrap())))));
            rounds[5].take(per(ids.len(), || {
                ids.iter().for_each(|id| drop(black_box(held.get(id).unwrap().unwrap().decode::<Task>().unwrap())));
            }));
            rounds[6].take(per(queries as usize, || {
                (0..queries).for_each(|_| drop(black_box(held.query(&query).unwrap())));
            }));
            rounds[7].take(per(queries as usize, || {
                for _ in 0..queries {
                    let rows = held.query(&query).unwrap();
                    let parsed = rows.iter().map(|document| document.decode::<Task>().unwrap());
                    assert_eq!(black_box(parsed.collect::<Vec<_>>()).len(), rows.len());
                }
            }));
        }
    }
    let names = [
        ("point_read", "≤ 0.95 R"),
        ("point_read_typed", "≤ 0.95 R"),
        ("top50_query", "≤ 1.2 R"),
        ("top50_query_typed", "≤ 1.05 R"),
    ];
    for (at, (name, goal)) in names.into_iter().enumerate() {
        bench.row(Row::rounds(format!("{name}{size}"), &rounds[at + 4], Some(&rounds[at]), "us", "full").goal(goal));
    }
    bench
        .row(Row::rounds(format!("point_read_hot{size}"), &hot_reads, Some(&rounds[0]), "us", "full").goal("≤ 0.2 us"));
}

/// Documents that a screen reads again and again.
const HOT: usize = 200;

/// µs for each of `count`.
fn per(count: usize, work: impl FnOnce()) -> f64 {
    timed(work).0.as_secs_f64() * 1e6 / count as f64
}
