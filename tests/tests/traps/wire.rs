//! What is asked of the server.

use crate::{in_step, manual, tapped};
use holm_core::Strategy;
use holm_tests::sim::{Tap, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const DAY_MS: i64 = 86_400_000;

/// Every cursor in a value, under whatever name it stands.
fn cursors(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("cursor" | "nextCursor", Value::String(cursor)) => drop(found.insert(cursor.clone())),
                    ("cursors", Value::Object(all)) => {
                        found.extend(all.values().filter_map(Value::as_str).map(str::to_owned))
                    }
                    _ => cursors(member, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|member| cursors(member, found)),
        _ => {}
    }
}

/// Every cursor that was sent had come from the server before.
fn assert_echoed(tap: &Tap) {
    let mut given = BTreeSet::new();
    let mut sent = 0;
    for exchange in tap.notes() {
        let mut asked = BTreeSet::new();
        cursors(&exchange.request, &mut asked);
        assert!(asked.is_subset(&given), "{asked:?} came from nowhere");
        assert!(exchange.request["lastSyncTimestamp"].is_null(), "a time is no cursor");
        sent += asked.len();
        cursors(&exchange.reply, &mut given);
    }
    assert!(sent > 0, "no cursor was ever sent");
}

/// The device's clock is no cursor, and what was deleted elsewhere goes away here by an ordinary pull.
#[test]
fn trap_04_the_cursor_is_the_servers_and_a_pull_learns_of_deletions() {
    for skew in [0, 3_650 * DAY_MS, -3_650 * DAY_MS] {
        World::run(4, |mut world| async move {
            let a = world.device_with(Strategy::Merge, 0, manual).await;
            let (b, tap) = tapped(&mut world, Strategy::Merge, skew).await;
            for n in 0..50 {
                a.create(&format!("t{n:02}"), json!({"n": 0})).await;
            }
            in_step(&[&a, &b]).await;
            for round in 0..5 {
                // A second is a long time for a server and none for a clock that is set by hand.
                b.clock.set_skew_ms(skew + (round % 3 - 1) * 40 * DAY_MS);
                a.create(&format!("u{round}"), json!({"n": 0})).await;
                a.update(&format!("t{:02}", round + 20), json!({"n": round + 1})).await;
                a.delete(&format!("t{round:02}")).await;
                a.sync().await;
                world.pass(Duration::from_millis(1)).await;
                let report = b.sync().await;
                assert_eq!(report.pulled, 3, "{skew} ms, round {round}: what is new, and nothing else");
                assert_eq!((b.view(), b.digest()), (a.view(), a.digest()), "{skew} ms, round {round}");
                assert_eq!(b.doc(&format!("t{round:02}")), None);
            }
            assert_echoed(&tap);
        });
    }
}
