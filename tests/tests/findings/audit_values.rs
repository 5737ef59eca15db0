//! Values that the device compared, kept or dated wrongly.

use crate::LATER;
use holm_tests::fixture::{in_step, story};
use serde_json::json;


#[test]
fn audit_b14_a_clock_beyond_all_reason_stops_no_device() {
    for offset_ms in [i64::MIN, i64::MAX, i64::MIN + 1, -(1 << 60), 1 << 60] {
        story(|mut world| async move {
            let mut a = world.device("a").offset_ms(offset_ms).open().await;
            let b = world.open("b").await;
            a.create("d", json!({"n": 1})).await;
            a.sync().await;
            a.clock.set_offset_ms(0);
            a.update("d", json!({"n": 2})).await;
            a.clock.set_offset_ms(offset_ms);
            a.update("d", json!({"m": 3})).await;
            a.restart().await;
            a.update("d", json!({"m": 4})).await;
            in_step(&[&a, &b]).await;
            world.pass(LATER).await;
            b.update("d", json!({"n": 5})).await;
            b.sync().await;
            in_step(&[&a, &b]).await;
            assert_eq!(a.get("d"), Some(json!({"n": 5, "m": 4})), "{offset_ms}");
        });
    }
}
