//! Stores that were restored from a backup or copied, and go on beside the original or after it.

use crate::pair;
use holm_core::{SignOutMode, WriteOutcome};
use holm_tests::fixture::{Fault, in_step, story};
use serde_json::json;
use std::time::Duration;

/// Counters, values and new documents in one batch, of which the original has sent a part, with and without its reply.
#[test]
fn core_l5_overlapping_batches_have_each_effect_once() {
    for reply_lost in [false, true] {
        story(|mut world| async move {
            let (mut a, b) = pair(&mut world, json!({"n": 0})).await;
            for n in 0..3 {
                a.update("d", json!({"n": {"$inc": 1}})).await;
                a.create(&format!("early-{n}"), json!({"n": n})).await;
                a.restart().await;
            }
            let c = a.restore_copy(&mut world, "c");
            for device in [&a, &c] {
                device.create(&format!("late-{}", device.name), json!({})).await;
                device.update("d", json!({"by": device.name})).await;
            }
            if reply_lost {
                a.link.once("batch", Fault::DropReply);
                assert!(a.try_sync().await.is_err());
            } else {
                a.sync().await;
            }
            c.sync().await;
            in_step(&[&a, &c, &b]).await;
            assert_eq!(b.get("d").unwrap()["n"], 3, "{reply_lost}");
            assert_eq!(
                b.view().into_keys().collect::<Vec<_>>(),
                ["d", "early-0", "early-1", "early-2", "late-a", "late-c"]
            );
        });
    }
}

#[test]
fn core_l5_backup_restored_twice_has_each_effect_once() {
    story(|mut world| async move {
        let (mut a, b) = pair(&mut world, json!({"n": 0})).await;
        a.update("d", json!({"n": {"$inc": 1}})).await;
        let backup = a.backup(&mut world, "backup");
        for round in 0..3 {
            a.create(&format!("r{round}"), json!({})).await;
            a.sync().await;
            a.update(&format!("r{round}"), json!({"n": {"$inc": 1}})).await;
            a.sync().await;
            a.restore(&backup).await;
        }
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"n": 1})));
        for round in 0..3 {
            assert_eq!(b.get(&format!("r{round}")), Some(json!({"n": 1})));
        }
    });
}

/// It reads before it sends: what it reads was made by a write that it does not know, so what is queued may be in it.
#[test]
fn core_l5_restored_store_never_shows_an_effect_twice() {
    story(|mut world| async move {
        let (mut a, b) = pair(&mut world, json!({"n": 0})).await;
        a.update("d", json!({"n": {"$inc": 1}})).await;
        let backup = a.backup(&mut world, "backup");
        a.sync().await;
        a.update("d", json!({"title": "of another life"})).await;
        a.sync().await;
        a.restore(&backup).await;
        for _ in 0..2 {
            a.link.once("batch", Fault::DropRequest);
            assert!(a.try_sync().await.is_err());
            assert_eq!(a.get("d").unwrap()["n"], 1);
        }
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"n": 1, "title": "of another life"})));
    });
}

/// The same, and what it reads was made by a write that waits behind one whose answer was lost.
#[test]
fn core_l5_restored_store_never_shows_a_write_behind_another_one_twice() {
    story(|mut world| async move {
        let (mut a, b) = pair(&mut world, json!({"n": 0})).await;
        a.update("d", json!({"title": "sent"})).await;
        a.link.once("batch", Fault::DropReply);
        assert!(a.try_sync().await.is_err());
        a.update("d", json!({"n": {"$inc": 1}})).await;
        let backup = a.backup(&mut world, "backup");
        a.sync().await;
        a.restore(&backup).await;
        // It reads, then has the first one answered, then the second one.
        a.link.once("batch", Fault::DropRequest);
        assert!(a.try_sync().await.is_err());
        let sync = a.start_sync();
        for at_ms in 0..40 {
            assert_eq!(a.get("d").unwrap()["n"], 1, "{at_ms} ms");
            world.pass(Duration::from_millis(1)).await;
        }
        sync.await.unwrap().unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"n": 1, "title": "sent"})));
    });
}

/// The same behind a call of the server: what is read may show the write while the call waits for its answer.
#[test]
fn core_l5_restored_store_never_shows_a_write_behind_a_call_twice() {
    for later in [false, true] {
        story(|mut world| async move {
            let (mut a, b) = pair(&mut world, json!({"n": 0})).await;
            a.holm.action("note", Some("tasks"), Some("d"), &json!({})).await.unwrap();
            a.update("d", json!({"n": {"$inc": 1}})).await;
            let backup = a.backup(&mut world, "backup");
            a.sync().await;
            if later {
                a.update("d", json!({"title": "of another life"})).await;
                a.sync().await;
            }
            a.restore(&backup).await;
            a.link.once("actions", Fault::DropReply);
            a.sync().await;
            assert_eq!(a.get("d").unwrap()["n"], 1);
            world.seconds(60.0).await;
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d").unwrap()["n"], 1);
            assert_eq!((a.journal().len(), a.pending().len()), (0, 0));
        });
    }
}

/// What is edited after a restore is a write of its own, also if a page is read before it is sent.
#[test]
fn core_l5_an_edit_after_a_restore_is_not_joined_to_one_of_the_backup() {
    story(|mut world| async move {
        let (mut a, b) = pair(&mut world, json!({"n": 0})).await;
        for _ in 0..3 {
            a.update("d", json!({"n": {"$inc": 1}})).await;
        }
        let backup = a.backup(&mut world, "backup");
        a.sync().await;
        for copy in 1..4 {
            a.restore(&backup).await;
            a.update("d", json!({"n": {"$inc": 10}})).await;
            a.sync().await;
            in_step(&[&a, &b]).await;
            assert_eq!((b.get("d"), a.journal().len()), (Some(json!({"n": 3 + 10 * copy})), 0));
        }
    });
}

/// An operation was edited on both sides after the copy. Values arrive, increments are never doubled, and what is not sent is in the journal.
#[test]
fn core_l5_operation_edited_on_both_sides_doubles_nothing() {
    for original_first in [true, false] {
        story(|mut world| async move {
            let (a, b) = pair(&mut world, json!({"n": 0})).await;
            let op = a.update("d", json!({"n": {"$inc": 1}, "x": 1})).await.unwrap();
            let c = a.restore_copy(&mut world, "c");
            a.update("d", json!({"n": {"$inc": 10}, "by-a": true})).await;
            let order = if original_first { [&a, &c] } else { [&c, &a] };
            order[0].sync().await;
            order[1].sync().await;
            in_step(&[&a, &c, &b]).await;
            let d = b.get("d").unwrap();
            assert_eq!((&d["x"], &d["by-a"]), (&json!(1), &json!(true)), "{original_first}");
            assert_eq!(d["n"], if original_first { 11 } else { 1 });
            assert_eq!(order[1].journal().len(), 1);
            assert!(order[0].journal().is_empty());
            for device in [&a, &c] {
                let outcome = device.holm.confirmed(op).await.unwrap();
                assert!(matches!(outcome, WriteOutcome::Accepted(_)), "{}: {outcome:?}", device.name);
            }
        });
    }
}

/// Both write new operations under one device id and the same numbers at the same time.
#[test]
fn core_l5_copy_beside_the_original_loses_nothing() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"n": 0})).await;
        let c = a.restore_copy(&mut world, "c");
        for round in 0..4 {
            for device in [&a, &c] {
                device.create(&format!("{}{round}", device.name), json!({})).await;
                device.update("d", json!({"n": {"$inc": 1}})).await;
            }
            let order = if round % 2 == 0 { [&a, &c] } else { [&c, &a] };
            order[0].sync().await;
            order[1].sync().await;
        }
        in_step(&[&a, &c, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"n": 8})));
        assert_eq!(b.view().len(), 9);
    });
}

/// The backup is older than the last sign-in; the keychain was not restored.
#[test]
fn restored_store_goes_on_with_a_session_of_a_later_sign_in() {
    story(|mut world| async move {
        let (mut a, b) = pair(&mut world, json!({"n": 0})).await;
        let backup = a.backup(&mut world, "backup");
        a.holm.sign_out(SignOutMode::Keep).await.unwrap();
        a.sign_in("first").await;
        a.restore(&backup).await;
        a.create("after", json!({})).await;
        in_step(&[&a, &b]).await;
        a.holm.sign_out(SignOutMode::Keep).await.unwrap();
        a.restart().await;
        assert_eq!((a.holm.user(), a.keychain.names().len()), (None, 0));
    });
}
