//! Who wins, and what is a conflict at all.

use crate::{STRATEGIES, in_step, manual, tapped};
use holm_core::{Strategy, SyncStatus};
use holm_tests::sim::{Fate, World};
use serde_json::json;
use std::time::Duration;

const DAY_MS: i64 = 86_400_000;

/// The server's `updatedAt` is newer than the device's after every write of one's own: that is no conflict.
#[test]
fn trap_01_ones_own_success_is_no_conflict() {
    for strategy in STRATEGIES {
        for (skew, lost) in [(0, false), (-3_650 * DAY_MS, false), (3_650 * DAY_MS, false), (0, true)] {
            World::run(1, |mut world| async move {
                let a = world.device_with(strategy, skew, manual).await;
                for round in 0..5 {
                    match round {
                        0 => a.create("t", json!({"title": "0", "n": 0})).await,
                        4 => a.delete("t").await,
                        _ => a.update("t", json!({"title": round.to_string()})).await,
                    };
                    world.pass(Duration::from_secs(60)).await;
                    if lost {
                        // The server has it, and the device does not know.
                        world.network.set_script(|_, p| if p.contains("batch") { Fate::DropReply } else { Fate::Pass });
                        assert!(a.holm.sync().await.is_err());
                        world.heal();
                    }
                    // A write that was sent without an answer is confirmed by the state that is read first; a tombstone does not say whose it is.
                    for pushed in [u64::from(!lost || round == 4), 0] {
                        let report = a.sync().await;
                        let found = (report.conflicts, report.parked, report.pushed);
                        assert_eq!(found, (0, 0, pushed), "{strategy:?}, {skew} ms, round {round}");
                    }
                    assert!(round == 4 || a.status("t") == Some(SyncStatus::Synced));
                }
                assert!(a.holm.conflicts().unwrap().is_empty() && a.holm.journal(9).unwrap().is_empty());
            });
        }
    }
}

/// The later edit wins, not the one that arrives later and not the one with the faster clock.
#[test]
fn trap_07_the_later_edit_wins_in_any_order_of_syncs_and_whatever_the_clocks_say() {
    for (early_skew, late_skew) in [(0, 0), (10 * DAY_MS, 0), (0, -10 * DAY_MS), (DAY_MS, -DAY_MS)] {
        for early_syncs_last in [true, false] {
            World::run(7, |mut world| async move {
                let early = world.device_with(Strategy::LastWriteWins, early_skew, manual).await;
                let late = world.device_with(Strategy::LastWriteWins, late_skew, manual).await;
                early.create("t", json!({"title": "base"})).await;
                in_step(&[&early, &late]).await;
                early.update("t", json!({"title": "early"})).await;
                world.pass(Duration::from_secs(60)).await;
                late.update("t", json!({"title": "late"})).await;
                let order = if early_syncs_last { [&late, &early] } else { [&early, &late] };
                for device in order {
                    world.pass(Duration::from_secs(60)).await;
                    device.sync().await;
                }
                in_step(&[&early, &late]).await;
                let told = format!("skews {early_skew} and {late_skew}, the earlier syncs last: {early_syncs_last}");
                assert_eq!(late.doc("t").unwrap()["title"], "late", "{told}");
                let journal = early.holm.journal(9).unwrap().into_iter().chain(late.holm.journal(9).unwrap());
                assert_eq!(journal.filter(|entry| entry.lost.contains("early")).count(), 1, "{told}: it is kept");
            });
        }
    }
}

/// Two devices count from the same value. A sum of what both hold would count that twice, and the last one to write would lose the other's.
#[test]
fn trap_12_increments_travel_as_increments() {
    for strategy in STRATEGIES {
        World::run(12, |mut world| async move {
            let (a, tap) = tapped(&mut world, strategy, 0).await;
            let b = world.device_with(strategy, 0, manual).await;
            a.create("song", json!({"playCount": 10})).await;
            in_step(&[&a, &b]).await;
            tap.notes();
            for _ in 0..5 {
                a.update("song", json!({"playCount": {"$inc": 1}})).await;
            }
            b.update("song", json!({"playCount": {"$inc": 3}})).await;
            b.sync().await;
            // The server has counted, but its reply was lost: counting again would be the second mistake.
            world.network.set_script(|_, path| if path.contains("batch") { Fate::DropReply } else { Fate::Pass });
            assert!(a.holm.sync().await.is_err());
            world.heal();
            in_step(&[&a, &b]).await;
            assert_eq!(b.doc("song").unwrap(), json!({"playCount": 18}), "{strategy:?}");
            for operation in tap.operations() {
                let expected = json!([{"op": "inc", "path": "/playCount", "by": 5}]);
                assert_eq!((&operation["data"], &operation["fieldOps"]), (&json!(null), &expected), "{strategy:?}");
            }
            assert!(a.holm.journal(9).unwrap().is_empty() && b.holm.journal(9).unwrap().is_empty());
        });
    }
}
