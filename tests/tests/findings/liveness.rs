//! Syncs that stalled, and storms of requests.

use holm_core::ErrorCode;
use holm_tests::fixture::{Fault, code, story};
use serde_json::json;

#[test]
#[ignore = "red until the mend lands"]
fn core_v7_a_portals_401_signs_nobody_out() {
    story(|mut world| async move {
        let a = world.device("a").automatic().open().await;
        a.link.always("", Fault::html(401));
        a.create("d", json!({"title": "kept"})).await;
        world.seconds(20.0).await;
        assert_ne!(a.holm.state().unwrap().phase, holm_core::Phase::SignedOut);
        assert_eq!(code(a.try_sync().await), ErrorCode::Captive);
        a.link.heal();
        world.seconds(120.0).await;
        assert_eq!(a.status("d"), Some(holm_core::SyncStatus::Synced));
    });
}
