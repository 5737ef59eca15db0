//! What a sign-out ends.

use crate::{held, manual};
use holm_core::{ErrorCode, MemorySecrets, SecretStore, SignOutMode, Strategy, WriteOutcome};
use holm_tests::fixture::{Fault, story};
use holm_tests::sim::World;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn core_p1_wipe_during_first_pull_leaves_nothing() {
    World::run(1, |mut world| async move {
        let writer = world.device_with(Strategy::Merge, 0, manual).await;
        for id in ["d1", "d2", "d3"] {
            writer.create(id, json!({"text": "private of the first account"})).await;
        }
        writer.sync().await;
        let (a, wire) = held(&mut world, Strategy::Merge).await;
        wire.hold("/v1/sync/pull");
        let holm = a.holm.clone();
        let sync = tokio::spawn(async move { holm.sync().await });
        wire.here.notified().await;
        a.holm.sign_out(SignOutMode::Wipe).await.unwrap();
        wire.go.notify_one();
        assert_eq!(sync.await.unwrap().unwrap_err().code(), ErrorCode::SignedOut);
        let state = a.holm.state().unwrap();
        assert_eq!(state.last_error.map(|error| error.code()), Some(ErrorCode::SignedOut));
        assert!(a.view().is_empty(), "{:?}", a.view());
        // The next account begins with nothing, syncs, and its writes arrive.
        a.holm.sign_up("second@example.com", "password").await.unwrap();
        a.create("own", json!({"n": 1})).await;
        assert_eq!(a.sync().await.pushed, 1);
        assert_eq!(a.view().keys().collect::<Vec<_>>(), ["own"]);
    });
}

#[test]
fn core_p2_sign_out_during_refresh_stays_signed_out() {
    World::run(2, |mut world| async move {
        let secrets = Arc::new(MemorySecrets::default());
        let (kept, wire) = (secrets.clone(), crate::HeldWire::new(&world.network));
        let transport = wire.clone();
        let a = world
            .device_with(Strategy::Merge, 0, |config| {
                manual(config);
                config.secrets = Some(kept);
                config.transport = Some(Arc::new(transport));
            })
            .await;
        a.create("d", json!({"text": "private"})).await;
        a.sync().await;
        let names = secrets.names();
        assert_eq!(names.len(), 1);
        // For each way to go on: no account signs in, or another one does.
        for other in [None, Some("other@example.com")] {
            world.pass(Duration::from_secs(86_400)).await;
            wire.hold("/session/refresh");
            let holm = a.holm.clone();
            let sync = tokio::spawn(async move { holm.sync().await });
            wire.here.notified().await;
            a.holm.sign_out(SignOutMode::Wipe).await.unwrap();
            assert_eq!(secrets.get(&names[0]).unwrap(), None);
            let user = match other {
                Some(email) => Some(a.holm.sign_up(email, "password").await.unwrap()),
                None => None,
            };
            wire.go.notify_one();
            assert_eq!(sync.await.unwrap().unwrap_err().code(), ErrorCode::SignedOut);
            assert_eq!(a.holm.user(), user);
            if user.is_none() {
                assert_eq!(secrets.get(&names[0]).unwrap(), None, "the session is back");
                assert_eq!(a.holm.sync().await.unwrap_err().code(), ErrorCode::SignedOut);
                a.holm.sign_in("sim@example.com", "password").await.unwrap();
                a.sync().await;
            } else {
                a.sync().await;
                assert!(a.view().is_empty());
            }
        }
    });
}

#[test]
fn core_p2_sign_in_overtaken_by_sign_out_is_cancelled() {
    World::run(3, |mut world| async move {
        let (a, wire) = held(&mut world, Strategy::Merge).await;
        a.holm.sign_out(SignOutMode::Wipe).await.unwrap();
        wire.hold("/auth/sign-in");
        let holm = a.holm.clone();
        let sign_in = tokio::spawn(async move { holm.sign_in("sim@example.com", "password").await });
        wire.here.notified().await;
        a.holm.sign_out(SignOutMode::Keep).await.unwrap();
        wire.go.notify_one();
        assert_eq!(sign_in.await.unwrap().unwrap_err().code(), ErrorCode::Cancelled);
        assert_eq!(a.holm.user(), None);
    });
}

#[test]
fn core_r6_waiter_of_wiped_write_is_told_discarded() {
    World::run(6, |mut world| async move {
        let a = world.device_with(Strategy::Merge, 0, manual).await;
        let op = a.create("d", json!({})).await;
        let holm = a.holm.clone();
        let waiting = tokio::spawn(async move { holm.confirmed(op).await });
        tokio::task::yield_now().await;
        assert_eq!(a.holm.sign_out(SignOutMode::Wipe).await.unwrap_err().code(), ErrorCode::PendingWrites);
        assert!(a.holm.user().is_some(), "a refused sign-out changes nothing");
        a.holm.sign_out(SignOutMode::WipeDiscardingPending).await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), WriteOutcome::Discarded);
        assert_eq!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Discarded);
    });
}

#[test]
fn sign_out_that_is_given_up_lets_the_engine_go_on() {
    World::run(7, |mut world| async move {
        let (a, wire) = held(&mut world, Strategy::Merge).await;
        wire.hold("/auth/sign-out");
        let holm = a.holm.clone();
        let sign_out = tokio::spawn(async move { holm.sign_out(SignOutMode::Keep).await });
        wire.here.notified().await;
        sign_out.abort();
        assert_eq!(a.holm.sync().await.unwrap_err().code(), ErrorCode::SignedOut);
        a.holm.sign_in("sim@example.com", "password").await.unwrap();
        a.sync().await;
    });
}

#[test]
fn a_sign_in_after_many_failures_starts_the_sync_again() {
    // However near to its bound on requests the device is when it finds that there is no session.
    for failures in 5..=12 {
        story(|mut world| async move {
            let a = world.device("a").automatic().open().await;
            a.create("d", json!({})).await;
            world.seconds(10.0).await;
            a.link.always("", Fault::DropRequest);
            a.update("d", json!({"n": 1})).await;
            for _ in 0..failures {
                a.try_sync().await.unwrap_err();
            }
            a.holm.sign_out(SignOutMode::Keep).await.unwrap();
            a.try_sync().await.unwrap_err();
            a.link.heal();
            a.sign_in("first").await;
            world.seconds(120.0).await;
            assert!(a.pending().is_empty(), "after {failures} failures: {:?}", a.holm.state().unwrap());
        });
    }
}
