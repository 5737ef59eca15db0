//! Edits that got lost, and effects that were there twice.

use crate::{LATER, pair};
use holm_core::{LossReason, Strategy, SyncStatus};
use holm_tests::fixture::{Fault, in_step, story, story_on};
use serde_json::json;

#[test]
fn core_l1_undone_delete_keeps_the_edit_before_it() {
    for made_again in
        [json!({"title": "new", "n": 1}), json!({"title": "new", "n": 2}), json!({"title": "old", "n": 1})]
    {
        story(|mut world| async move {
            let (a, b) = pair(&mut world, json!({"title": "old", "n": 1})).await;
            a.update("d", json!({"title": "new"})).await;
            a.delete("d").await;
            a.try_create("d", made_again.clone()).await.unwrap();
            assert_eq!(a.get("d"), Some(made_again.clone()));
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d"), Some(made_again));
        });
    }
}

#[test]
fn core_l1_undone_delete_does_not_bring_removed_fields_back() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"title": "old", "note": "to be removed"})).await;
        a.replace("d", json!({"title": "new"})).await;
        a.delete("d").await;
        a.create("d", json!({"title": "new"})).await;
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"title": "new"})));
    });
}

#[test]
fn core_l1_undone_delete_with_a_lost_or_late_reply_shows_what_was_written() {
    for lost in [true, false] {
        story(|mut world| async move {
            let (a, b) = pair(&mut world, json!({"title": "old"})).await;
            a.update("d", json!({"title": "new"})).await;
            a.delete("d").await;
            let late = a.link.hold_reply("batch");
            if lost {
                a.link.heal();
                a.link.once("batch", Fault::DropReply);
            }
            let sync = a.start_sync();
            if !lost {
                late.arrived().await;
            } else {
                world.seconds(0.5).await;
            }
            a.try_create("d", json!({"title": "again"})).await.unwrap();
            assert_eq!(a.get("d"), Some(json!({"title": "again"})));
            late.release();
            let _ = sync.await.unwrap();
            assert_eq!(a.get("d"), Some(json!({"title": "again"})));
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d"), Some(json!({"title": "again"})));
        });
    }
}

#[test]
fn core_l2_delete_behind_unanswered_write_survives_a_refresh() {
    for strategy in [Strategy::Merge, Strategy::ServerWins, Strategy::LastWriteWins] {
        story(|mut world| async move {
            let a = world.device("a").strategy(strategy).open().await;
            let b = world.device("b").strategy(strategy).open().await;
            a.create("d", json!({"title": "old"})).await;
            a.create("other", json!({})).await;
            in_step(&[&a, &b]).await;
            a.update("d", json!({"title": "new"})).await;
            a.link.once("batch", Fault::DropReply);
            assert!(a.try_sync().await.is_err());
            a.delete("d").await;
            a.refresh("other").await;
            assert_eq!(a.get("d"), None, "{strategy:?}");
            in_step(&[&a, &b]).await;
            assert_eq!((a.get("d"), b.get("d")), (None, None), "{strategy:?}");
        });
    }
}

#[test]
fn core_l2_delete_behind_unanswered_create_survives_a_refresh() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({})).await;
        a.create("new", json!({"title": "short-lived"})).await;
        a.link.once("batch", Fault::DropReply);
        assert!(a.try_sync().await.is_err());
        a.delete("new").await;
        a.refresh("d").await;
        assert_eq!(a.get("new"), None);
        in_step(&[&a, &b]).await;
        assert_eq!((a.get("new"), b.get("new")), (None, None));
    });
}

#[test]
fn core_l3_a_servers_default_does_not_override_a_delete() {
    let server = "[collections.tasks.fields.state]\ndefault = \"open\"\n";
    story_on(server, |mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        a.create("d", json!({"title": "x"})).await;
        let late = a.link.hold_reply("batch");
        let sync = a.start_sync();
        late.arrived().await;
        a.delete("d").await;
        late.release();
        let report = sync.await.unwrap().unwrap();
        assert_eq!((report.conflicts, a.get("d")), (0, None));
        a.sync().await;
        let b = world.open("b").await;
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), None);
    });
}

#[test]
fn core_l4_increment_behind_a_set_survives_an_agreement() {
    for (theirs, expected) in [(5, 6), (7, 8)] {
        story(|mut world| async move {
            let (a, b) = pair(&mut world, json!({"n": 0, "title": ""})).await;
            a.update("d", json!({"n": 5, "title": "A"})).await;
            a.link.once("batch", Fault::DropRequest);
            assert!(a.try_sync().await.is_err());
            a.update("d", json!({"n": {"$inc": 1}})).await;
            world.pass(LATER).await;
            b.update("d", json!({"n": theirs, "title": "B"})).await;
            b.sync().await;
            in_step(&[&a, &b]).await;
            assert_eq!(a.get("d"), Some(json!({"n": expected, "title": "B"})));
            assert_eq!(a.status("d"), Some(SyncStatus::Synced));
        });
    }
}

#[test]
fn core_l4_member_added_behind_a_set_survives_an_agreement() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"tags": []})).await;
        a.update("d", json!({"tags": ["x"]})).await;
        a.link.once("batch", Fault::DropRequest);
        assert!(a.try_sync().await.is_err());
        a.update("d", json!({"tags": {"$addToSet": ["y"]}})).await;
        world.pass(LATER).await;
        b.update("d", json!({"tags": ["x"]})).await;
        b.sync().await;
        in_step(&[&a, &b]).await;
        assert_eq!(a.get("d"), Some(json!({"tags": ["x", "y"]})));
    });
}

#[test]
fn core_l5_increment_of_a_restored_backup_counts_once() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"n": 0, "title": ""})).await;
        a.update("d", json!({"n": {"$inc": 1}})).await;
        let c = a.restore_copy(&mut world, "c");
        a.sync().await;
        a.update("d", json!({"title": "goes on"})).await;
        a.sync().await;
        a.create("more", json!({})).await;
        a.sync().await;
        c.sync().await;
        in_step(&[&a, &b, &c]).await;
        assert_eq!(b.get("d").unwrap()["n"], 1);
    });
}

#[test]
fn core_l5_both_copies_of_a_store_keep_their_own_edits() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"n": 0})).await;
        a.update("d", json!({"n": {"$inc": 1}})).await;
        let c = a.restore_copy(&mut world, "c");
        a.update("d", json!({"n": {"$inc": 10}})).await;
        c.create("from-c", json!({})).await;
        a.create("from-a", json!({})).await;
        for device in [&a, &c, &a, &c] {
            device.sync().await;
        }
        // The copy's increment has the id of the original's, which holds more: what became of it cannot be told any more.
        for op in c.holm.parked().unwrap() {
            c.holm.discard(op.op_id).await.unwrap();
        }
        in_step(&[&a, &b, &c]).await;
        assert_eq!(b.view().into_keys().collect::<Vec<_>>(), ["d", "from-a", "from-c"]);
        assert_eq!(b.get("d"), Some(json!({"n": 11})));
    });
}

#[test]
fn core_l6_a_group_that_loses_one_member_is_not_sent_in_part() {
    story(|mut world| async move {
        let a = world.device("a").strategy(Strategy::LastWriteWins).open().await;
        let b = world.device("b").strategy(Strategy::LastWriteWins).open().await;
        a.create("account", json!({"balance": 100})).await;
        in_step(&[&a, &b]).await;
        a.holm
            .write(|tx| {
                tx.group();
                tx.update("tasks", "account", &json!({"balance": 90}))?;
                tx.create("tasks", &json!({"id": "booking", "amount": -10}))
            })
            .await
            .unwrap();
        world.pass(LATER).await;
        b.update("account", json!({"balance": 50})).await;
        b.sync().await;
        a.sync().await;
        a.sync().await;
        b.sync().await;
        assert_eq!(b.get("account"), Some(json!({"balance": 50})));
        assert_eq!(b.get("booking"), None, "a part of the group was sent");
    });
}

#[test]
fn core_l6_discarding_one_member_of_a_group_gives_up_the_group() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"balance": 100})).await;
        let receipts = a
            .holm
            .write(|tx| {
                tx.group();
                let first = tx.update("tasks", "d", &json!({"balance": 90}))?;
                let second = tx.create("tasks", &json!({"id": "booking", "amount": -10}))?;
                Ok([first, second])
            })
            .await
            .unwrap();
        a.holm.discard(receipts[0].op_id.unwrap()).await.unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!((b.get("d"), b.get("booking")), (Some(json!({"balance": 100})), None));
    });
}

#[test]
fn core_l2_group_refused_after_it_arrived_is_accepted() {
    for other_edits in [false, true] {
        story(|mut world| async move {
            let (a, b) = pair(&mut world, json!({"n": 1})).await;
            a.holm
                .write(|tx| {
                    tx.group();
                    tx.create("tasks", &json!({"id": "one"}))?;
                    tx.update("tasks", "d", &json!({"n": {"$inc": 1}}))
                })
                .await
                .unwrap();
            a.link.once("batch", Fault::DropReply);
            a.try_sync().await.unwrap_err();
            if other_edits {
                b.sync().await;
                b.update("d", json!({"n": {"$inc": 10}})).await;
                b.sync().await;
            }
            a.link.once("batch", Fault::refusal(413, "PAYLOAD_TOO_LARGE"));
            let _ = a.try_sync().await;
            a.sync().await;
            assert!(a.pending().is_empty(), "{:#?}", a.pending());
            assert_eq!(a.get("d").unwrap()["n"], json!(if other_edits { 12 } else { 2 }));
            in_step(&[&a, &b]).await;
        });
    }
}

#[test]
fn core_l2_write_parked_after_it_arrived_goes_again_unchanged() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"n": 1})).await;
        let counted = a.update("d", json!({"n": {"$inc": 1}})).await.unwrap();
        a.link.once("batch", Fault::DropReply);
        a.try_sync().await.unwrap_err();
        b.sync().await;
        b.update("d", json!({"n": {"$inc": 10}})).await;
        b.sync().await;
        // The question what became of it is refused, too.
        a.link.times(2, "batch", Fault::refusal(413, "PAYLOAD_TOO_LARGE"));
        let _ = a.try_sync().await;
        assert_eq!(a.holm.parked().unwrap().len(), 1);
        a.update("d", json!({"n": {"$inc": 100}, "title": "later"})).await;
        a.holm.retry(counted).await.unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"n": 112, "title": "later"})));
    });
}

#[test]
fn strict_order_stops_everything_behind_a_refused_write() {
    for ordered in [false, true] {
        story_on("[collections.tasks.fields.title]\nmax_length = 10\n", |mut world| async move {
            let a = world.device("a").config(move |config| config.sync.ordered = ordered).open().await;
            let refused = a.create("first", json!({"title": "much too long"})).await;
            let _ = a.try_sync().await;
            a.create("second", json!({})).await;
            let _ = a.try_sync().await;
            let waits = a.pending().iter().any(|op| op.doc_id == "second");
            assert_eq!(waits, ordered);
            a.holm.discard(refused).await.unwrap();
            a.sync().await;
            assert!(a.pending().is_empty());
        });
    }
}

/// The reply to an increment was lost, and the device comes back after the server has forgotten what became of it. It may count no second time.
#[test]
fn core_l5_increment_that_the_server_has_forgotten_counts_once() {
    for (arrives, in_two) in [(true, false), (true, true), (false, false)] {
        story(|mut world| async move {
            let (mut a, b) = pair(&mut world, json!({"n": 0})).await;
            a.update("d", json!({"n": {"$inc": 1}})).await;
            a.link.once("batch", if arrives { Fault::DropReply } else { Fault::DropRequest });
            assert!(a.try_sync().await.is_err());
            b.update("d", json!({"title": "later"})).await;
            b.sync().await;
            let days = 200 * 86_400_000;
            world.set_server_skew_ms(days);
            world.maintain_server().await;
            if in_two {
                a.update("d", json!({"title": "behind it"})).await;
                // Its battery was empty, and its date is wrong.
                a.set_date_while_closed(-days).await;
            } else {
                a.clock.jump_ms(days);
            }
            for device in [&a, &b] {
                device.sign_in("first").await;
            }
            in_step(&[&a, &b]).await;
            let title = if in_two { "behind it" } else { "later" };
            assert_eq!(b.get("d"), Some(json!({"n": i32::from(arrives), "title": title})));
            let journal = a.journal();
            assert!(a.pending().is_empty());
            let lost = journal.iter().find(|entry| entry.reason == LossReason::ServerKept).unwrap();
            assert_eq!(journal.len(), 1 + usize::from(in_two), "and the title that it overwrote: {journal:?}");
            a.holm.restore(lost.id).await.unwrap();
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d").unwrap()["n"], 1 + i32::from(arrives), "a person may count it again");
        });
    }
}
