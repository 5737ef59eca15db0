//! What several devices have done comes to the same, whichever of them syncs first.

use crate::LATER;
use holm_core::Strategy;
use holm_tests::fixture::{Device, Fixture, in_step, story};
use serde_json::{Value, json};
use std::time::Duration;

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// Three devices that have `d` with this content.
async fn three(world: &mut Fixture, strategy: Strategy, document: Value) -> [Device; 3] {
    let mut devices = Vec::new();
    for name in ["a", "b", "c"] {
        devices.push(world.device(name).strategy(strategy).open().await);
    }
    devices[0].create("d", document).await;
    in_step(&devices.iter().collect::<Vec<_>>()).await;
    devices.try_into().ok().unwrap()
}

/// The devices edit in the order of `edits`, sync in that of `syncs` (each with its place in `edits`), and the document comes to this.
async fn outcome(devices: &[Device; 3], edits: &[Value; 3], syncs: [usize; 3], world: &Fixture) -> Value {
    for (device, edit) in devices.iter().zip(edits) {
        device.update("d", edit.clone()).await;
        world.pass(LATER).await;
    }
    for at in syncs {
        devices[at].sync().await;
    }
    let [a, b, c] = devices;
    in_step(&[a, b, c]).await;
    a.get("d").unwrap()
}

#[test]
fn audit_a2_older_set_never_beats_a_newer_one_around_an_increment() {
    let base = json!({"n": 0, "o": {"n": 0}});
    for strategy in [Strategy::Merge, Strategy::LastWriteWins] {
        for (increment, set) in [
            (json!({"n": {"$inc": 1}}), (|n| json!({"n": n})) as fn(i64) -> Value),
            (json!({"o": {"n": {"$inc": 1}}}), |n| json!({"o": {"n": n}})),
        ] {
            for place in 0..3 {
                for syncs in ORDERS {
                    let (base, increment) = (base.clone(), increment.clone());
                    story(|mut world| async move {
                        let devices = three(&mut world, strategy, base).await;
                        // The set of 7 is made after that of 50, the increment before, between or after them.
                        let mut edits = vec![set(50), set(7)];
                        edits.insert(place, increment);
                        let edits = edits.try_into().unwrap();
                        let end = outcome(&devices, &edits, syncs, &world).await;
                        let n = if edits[place].get("n").is_some() { &end["n"] } else { &end["o"]["n"] };
                        // The increment is on top of the later set, or below it.
                        assert!([json!(7), json!(8)].contains(n), "{strategy:?} {edits:?} {syncs:?}: {end}");
                        // What is on the server before the last set is below it.
                        let before = |a: usize, b: usize| {
                            syncs.iter().position(|at| *at == a) < syncs.iter().position(|at| *at == b)
                        };
                        let last_set = if place == 2 { 1 } else { 2 };
                        assert_eq!(*n == json!(8), before(last_set, place), "{strategy:?} {edits:?} {syncs:?}: {end}");
                    });
                }
            }
        }
    }
}

#[test]
fn audit_a2_late_increment_takes_no_stamp_back() {
    // The set at t2 comes last; the increment, which is older than both sets, between them.
    for (edits, expected) in [
        ([json!({"n": {"$inc": 1}}), json!({"n": 5}), json!({"n": 7})], json!({"n": 8})),
        ([json!({"n": {"$inc": 1}}), json!({"n": null}), json!({"n": 7})], json!({"n": 8})),
    ] {
        story(|mut world| async move {
            let devices = three(&mut world, Strategy::Merge, json!({"n": 0})).await;
            assert_eq!(outcome(&devices, &edits, [2, 0, 1], &world).await, expected);
        });
    }
}

#[test]
fn audit_a2_increment_on_a_slow_uplink_takes_no_stamp_back() {
    story(|mut world| async move {
        let [a, b, _] = three(&mut world, Strategy::Merge, json!({"n": 0})).await;
        a.update("d", json!({"n": {"$inc": 1}})).await;
        let held = a.link.hold_request("batch");
        let sync = a.start_sync();
        held.arrived().await;
        world.pass(LATER).await;
        a.update("d", json!({"n": 5})).await;
        world.pass(LATER).await;
        b.update("d", json!({"n": 7})).await;
        b.sync().await;
        held.release();
        sync.await.unwrap().unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(a.get("d"), Some(json!({"n": 8})));
    });
}

#[test]
fn audit_a2_older_delete_does_not_win_because_of_a_late_increment() {
    for syncs in ORDERS.into_iter().filter(|syncs| syncs[0] != 1) {
        story(|mut world| async move {
            let [a, b, c] = three(&mut world, Strategy::LastWriteWins, json!({"n": 0})).await;
            a.update("d", json!({"n": {"$inc": 1}})).await;
            world.pass(LATER).await;
            b.delete("d").await;
            world.pass(Duration::from_secs(5)).await;
            c.update("d", json!({"n": 7})).await;
            let devices = [&a, &b, &c];
            for at in syncs {
                devices[at].sync().await;
            }
            in_step(&devices).await;
            let n = a.get("d").map(|end| end["n"].clone());
            assert!([Some(json!(7)), Some(json!(8))].contains(&n), "{syncs:?}: {n:?}");
        });
    }
}
