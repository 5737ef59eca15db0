//! The first pull of an account, against plain SQLite that unpacks, parses and inserts the same bytes, which it has at hand.

use crate::bench::Bench;
use crate::child;
use crate::raw::Raw;
use crate::report::Row;
use crate::timing::{ROUNDS, Rounds, ms, timed};
use flate2::read::GzDecoder;
use holm_core::Durability;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Read;

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    streams: Vec<Stream<'a>>,
}

#[derive(Deserialize)]
struct Stream<'a> {
    #[serde(borrow)]
    changes: BTreeMap<&'a str, Vec<&'a RawValue>>,
}

/// What the raw table needs of a record; the record itself is stored as it came.
#[derive(Deserialize)]
struct Keys<'a> {
    id: &'a str,
    done: bool,
    created: i64,
}

/// Unpacks a page.
pub fn unpack(page: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(page.len() * 5);
    if page.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(page).read_to_end(&mut text).unwrap();
    } else {
        text.extend_from_slice(page);
    }
    text
}

/// The records of an unpacked page.
pub fn records(text: &[u8]) -> Vec<&RawValue> {
    let reply: Reply<'_> = serde_json::from_slice(text).unwrap();
    reply.data.streams.into_iter().flat_map(|stream| stream.changes.into_values().flatten()).collect()
}

/// Unpacks, parses and inserts a page in one transaction.
pub fn apply(raw: &Raw, page: &[u8]) {
    let text = unpack(page);
    let records = records(&text);
    raw.transaction(|| {
        for record in records {
            let keys: Keys<'_> = serde_json::from_str(record.get()).unwrap();
            raw.insert_text(keys.id, keys.done, keys.created, record.get());
        }
    });
}

pub fn speed(bench: &mut Bench) {
    let fixture = bench.fixture();
    let (mut raw_rounds, mut holm_rounds) = (Rounds::default(), Rounds::default());
    for _ in 0..ROUNDS {
        for turn in 0..2 {
            let raw = Raw::open(&bench.place.fresh("raw"), Durability::Full);
            raw_rounds.take(ms(timed(|| fixture.pages.iter().for_each(|page| apply(&raw, page))).0));
            assert_eq!(raw.count(), fixture.documents);
            if turn == 1 {
                break;
            }
            let device = fixture.new_device(&bench.place.fresh("holm"));
            holm_rounds.take(ms(timed(|| device.sync()).0));
            device.check(fixture.documents);
            device.close();
        }
    }
    bench.row(Row::rounds("pull_100k", &holm_rounds, Some(&raw_rounds), "ms", "full").goal("≤ 1.4 R"));
}

/// Peak memory of a process that does nothing but the pull.
pub fn memory(bench: &mut Bench) {
    let fixture = bench.fixture();
    let pages = bench.place.fresh("pages");
    for (number, page) in fixture.pages.iter().enumerate() {
        std::fs::write(pages.join(format!("{number:04}")), page).unwrap();
    }
    let (mut raw, mut holm) = (Rounds::default(), Rounds::default());
    for _ in 0..ROUNDS {
        raw.take(child::peak_of_raw_pull(&bench.place.fresh("raw"), &pages));
        holm.take(child::peak_of_pull(&bench.place.fresh("holm"), fixture.url()));
    }
    bench.row(Row::rounds("memory_pull_100k", &holm, Some(&raw), "MB", "full").goal("≤ 30 MB"));
}
