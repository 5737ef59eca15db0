//! Ten thousand offline edits go to the server, against two plain SQLite files that store the same.

use crate::bench::Bench;
use crate::documents::{COLLECTION, id, patch};
use crate::raw_push::RawPush;
use crate::report::Row;
use crate::server::{Device, Fixture};
use crate::timing::{ROUNDS, Rounds, ms, timed};
use serde_json::Value;

/// Edits.
pub const EDITS: u32 = 10_000;

pub fn run(bench: &mut Bench) {
    let fixture = bench.fixture();
    let edits = bench.scaled(EDITS);
    let raw = RawPush::new(&bench.place.fresh("raw"), fixture.documents);
    // An own device of the account: the fixture's is only ever copied.
    let device = fixture.new_device(&bench.place.fresh("holm"));
    device.sync();
    let (mut raw_rounds, mut holm_rounds) = (Rounds::default(), Rounds::default());
    for round in 0..ROUNDS as u32 {
        for turn in 0..2 {
            raw.edit_offline(edits, 2 * round + turn);
            raw_rounds.take(raw.push(edits));
            if turn == 1 {
                break;
            }
            edit_offline(&device, &fixture, edits, round);
            let (time, report) = timed(|| device.sync());
            assert_eq!((report.pushed, report.conflicts), (u64::from(edits), 0));
            holm_rounds.take(ms(time));
        }
    }
    device.close();
    bench.row(Row::rounds("push_10k", &holm_rounds, Some(&raw_rounds), "ms", "full").goal("≤ 1.4 R"));
}

/// Edits so many documents, three fields each, a transaction for each. `salt`: or else the same edits again would change nothing.
pub fn edit_offline(device: &Device, fixture: &Fixture, edits: u32, salt: u32) {
    for (id, patch) in offline_edits(fixture, edits, salt) {
        let patch = patch.to_string();
        device.holm.write_blocking(move |tx| tx.update_text(COLLECTION, &id, &patch)).unwrap();
    }
}

/// Those edits: ids and merge patches. The documents lie all over the account.
pub fn offline_edits(fixture: &Fixture, edits: u32, salt: u32) -> impl Iterator<Item = (String, Value)> {
    let step = fixture.documents / edits;
    (0..edits).map(move |n| (id(n * step), patch(n + (salt + 1) * 1_000_000)))
}
