//! Wrong clocks, and devices that disagree.

use crate::{in_step, manual};
use holm_core::Strategy;
use holm_tests::sim::World;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

#[test]
fn f27_wrong_and_jumping_clocks_change_no_outcome() {
    let day = 86_400_000;
    let mut outcomes = BTreeSet::new();
    for skew in [0, 60_000, -60_000, 3 * day, -3 * day, 3_650 * day, -3_650 * day] {
        for jump in [0, 40 * day, -40 * day] {
            let outcome = World::run(27, |mut world| async move {
                let a = world.device_with(Strategy::LastWriteWins, skew, manual).await;
                let b = world.device_with(Strategy::LastWriteWins, 0, manual).await;
                for id in ["a-later", "b-later"] {
                    a.create(id, json!({"title": "base"})).await;
                }
                in_step(&[&a, &b]).await;
                a.update("b-later", json!({"title": "by a"})).await;
                world.pass(Duration::from_secs(10)).await;
                a.clock.set_skew_ms(skew + jump);
                b.update("b-later", json!({"title": "by b"})).await;
                b.update("a-later", json!({"title": "by b"})).await;
                world.pass(Duration::from_secs(10)).await;
                a.update("a-later", json!({"title": "by a"})).await;
                b.sync().await;
                in_step(&[&a, &b]).await;
                a.view()
            });
            assert_eq!(outcome["a-later"].0["title"], "by a", "skew {skew}, jump {jump}");
            assert_eq!(outcome["b-later"].0["title"], "by b", "skew {skew}, jump {jump}");
            outcomes.insert(format!("{outcome:?}"));
        }
    }
    assert_eq!(outcomes.len(), 1);
}

#[test]
fn f28_devices_that_disagree_come_to_rest() {
    for strategy in [Strategy::ServerWins, Strategy::LocalWins, Strategy::LastWriteWins, Strategy::Merge] {
        World::run(28, |mut world| async move {
            let mut devices = Vec::new();
            for _ in 0..5 {
                devices.push(world.device(strategy).await);
            }
            devices[0].create("t", json!({"title": "base"})).await;
            world.pass(Duration::from_secs(1_200)).await;
            for device in &devices {
                device.update("t", json!({"title": device.name.to_string()})).await;
            }
            world.pass(Duration::from_secs(1_200)).await;
            for _ in 0..2 {
                for device in &devices {
                    device.sync().await;
                }
            }
            let version = devices[0].view()["t"].1.unwrap();
            assert!(version <= 11, "{strategy:?}: {version} writes for six edits");
            world.pass(Duration::from_secs(3_600)).await;
            for device in &devices {
                let report = device.sync().await;
                assert_eq!(report.pushed, 0, "{strategy:?}");
                assert_eq!(device.view(), devices[0].view(), "{strategy:?}");
            }
            assert_eq!(devices[0].view()["t"].1.unwrap(), version);
        });
    }
}
