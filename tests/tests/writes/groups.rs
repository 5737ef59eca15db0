//! A group is one thing: whatever is lost, repaired, copied or refused, all of it has its effect once, or none of it has.

use crate::{STRICT, TOO_LONG, group, number, parked, why};
use holm_core::{ErrorCode, Strategy, WriteOutcome};
use holm_tests::fixture::{Device, Fault, code, in_step, story, story_on};
use serde_json::{Value, json};

/// A device with a counter `c`, and a group of an edit of that and a create that the server refuses.
async fn refused_group(a: &Device) {
    a.create("c", json!({"n": 0, "title": "c"})).await;
    a.sync().await;
    group(a, |tx| {
        tx.update("tasks", "c", &json!({"n": {"$inc": 1}, "title": "d"}))?;
        tx.create("tasks", &json!({"id": "bad", "title": TOO_LONG})).map(drop)
    })
    .await;
    a.sync().await;
    assert_eq!(why(a, "bad").as_deref(), Some("VALIDATION_ERROR"));
    assert_eq!(why(a, "c").as_deref(), Some("GROUP_ABORTED"));
}

#[test]
fn a_group_whose_reply_was_lost_goes_again_with_what_was_edited_since() {
    for losses in 1..3 {
        story(|mut world| async move {
            let (mut a, b) = (world.open("a").await, world.open("b").await);
            a.create("c", json!({"n": 0})).await;
            in_step(&[&a, &b]).await;
            group(&a, |tx| {
                tx.update("tasks", "c", &json!({"n": {"$inc": 1}}))?;
                tx.create("tasks", &json!({"id": "d", "n": 0})).map(drop)
            })
            .await;
            for _ in 0..losses {
                a.link.once("batch", Fault::DropReply);
                assert!(a.try_sync().await.is_err());
                a.update("d", json!({"n": {"$inc": 1}})).await;
                a.update("c", json!({"n": {"$inc": 10}})).await;
                a.restart().await;
            }
            in_step(&[&a, &b]).await;
            assert_eq!(number(&b, "c", "n"), json!(1 + 10 * losses));
            assert_eq!(number(&b, "d", "n"), json!(losses));
        });
    }
}

/// An increment that was queued behind a set in a refused group stays behind it; the group is sent all the same.
#[test]
fn a_repaired_group_is_sent_although_more_waits_behind_its_members() {
    for behind in ["increment", "action", "create"] {
        story_on(STRICT, |mut world| async move {
            let (a, b) = (world.open("a").await, world.open("b").await);
            for id in ["c", "gone"] {
                a.create(id, json!({"n": 0})).await;
            }
            in_step(&[&a, &b]).await;
            group(&a, |tx| {
                tx.update("tasks", "c", &json!({"n": 5}))?;
                tx.delete("tasks", "gone")?;
                tx.create("tasks", &json!({"id": "bad", "title": TOO_LONG})).map(drop)
            })
            .await;
            a.sync().await;
            let action = match behind {
                "increment" => {
                    a.update("c", json!({"n": {"$inc": 1}})).await;
                    None
                }
                "action" => a.holm.action("echo", Some("tasks"), Some("c"), &json!({})).await.unwrap().op_id,
                _ => {
                    a.create("gone", json!({"n": 7})).await;
                    None
                }
            };
            a.update("bad", json!({"title": "good"})).await;
            a.holm.retry(parked(&a, "bad").op_id).await.unwrap();
            a.sync().await;
            in_step(&[&a, &b]).await;
            let expected = if behind == "increment" { 6 } else { 5 };
            assert_eq!(number(&b, "c", "n"), json!(expected), "{behind}");
            assert_eq!(b.get("bad"), Some(json!({"title": "good"})), "{behind}");
            assert_eq!(b.get("gone"), (behind == "create").then(|| json!({"n": 7})), "{behind}");
            if let Some(action) = action {
                assert!(matches!(a.holm.confirmed(action).await.unwrap(), WriteOutcome::Accepted(_)));
            }
        });
    }
}

/// A member whose effect the server has from another copy of the store has it once, whatever becomes of the others here.
#[test]
fn what_a_copy_has_sent_of_a_group_stands_and_counts_once() {
    for strategy in [Strategy::Merge, Strategy::ServerWins, Strategy::LocalWins, Strategy::LastWriteWins] {
        story_on(STRICT, |mut world| async move {
            let a = world.device("a").strategy(strategy).open().await;
            refused_group(&a).await;
            let c = a.restore_copy(&mut world, "c");
            for (device, title) in [(&a, "original"), (&c, "copy")] {
                device.update("bad", json!({"title": title})).await;
                device.holm.retry(parked(device, "bad").op_id).await.unwrap();
                device.sync().await;
            }
            in_step(&[&a, &c]).await;
            assert_eq!(a.get("c"), Some(json!({"n": 1, "title": "d"})), "{strategy:?}");
        });
    }
}

/// The server has one member from an earlier request and refuses another one, which comes first: the refusal is that one's alone.
#[test]
fn a_refused_member_takes_nothing_along_that_the_server_has() {
    story(|mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        a.create("c", json!({"n": 0})).await;
        in_step(&[&a, &b]).await;
        group(&a, |tx| {
            tx.create("tasks", &json!({"id": "first", "n": 0}))?;
            tx.update("tasks", "c", &json!({"n": {"$inc": 1}})).map(drop)
        })
        .await;
        a.link.once("batch", Fault::DropReply);
        assert!(a.try_sync().await.is_err());
        let refused = json!({"success": false, "status": "rejected",
            "error": {"code": "FORBIDDEN", "message": "no", "retryable": false}});
        let refuse = move |reply: &mut Value| {
            let op_id = reply["results"][0]["opId"].clone();
            reply["results"][0] = refused.clone();
            reply["results"][0]["opId"] = op_id;
        };
        a.link.once("batch", Fault::rewrite(refuse));
        a.sync().await;
        // (The page that comes with the reply shows that `first` is there as well.)
        assert!(a.pending().is_empty() && a.journal().is_empty(), "{:?}", a.pending());
        in_step(&[&a, &b]).await;
        assert_eq!(number(&b, "c", "n"), 1);
    });
}

/// Whatever is decided about one member is decided about all.
#[test]
fn one_decision_counts_for_the_whole_group() {
    for decision in ["discard", "override", "retry"] {
        story_on(STRICT, |mut world| async move {
            let a = world.device("a").strategy(Strategy::ServerWins).open().await;
            let b = world.device("b").strategy(Strategy::ServerWins).open().await;
            for id in ["c", "d"] {
                a.create(id, json!({"title": "old"})).await;
            }
            in_step(&[&a, &b]).await;
            let bad = if decision == "override" { "fine" } else { TOO_LONG };
            group(&a, move |tx| {
                tx.update("tasks", "c", &json!({"title": "mine"}))?;
                tx.update("tasks", "d", &json!({"title": bad})).map(drop)
            })
            .await;
            match decision {
                "override" => {
                    b.update("d", json!({"title": "theirs"})).await;
                    b.sync().await;
                    a.sync().await;
                    assert_eq!(a.journal().len(), 2);
                }
                "discard" => {
                    a.sync().await;
                    a.holm.discard(parked(&a, "c").op_id).await.unwrap();
                    assert_eq!(a.journal().len(), 2);
                }
                _ => {
                    a.sync().await;
                    a.update("d", json!({"title": "mine"})).await;
                    a.holm.retry(parked(&a, "c").op_id).await.unwrap();
                }
            }
            in_step(&[&a, &b]).await;
            let titles = (number(&b, "c", "title"), number(&b, "d", "title"));
            let expected = match decision {
                "override" => (json!("old"), json!("theirs")),
                "discard" => (json!("old"), json!("old")),
                _ => (json!("mine"), json!("mine")),
            };
            assert_eq!(titles, expected, "{decision}");
        });
    }
}

/// The server's limits change while a group waits: it is refused where it is made by the limits that are known, and one that has become
/// too large waits for a person, whole.
#[test]
fn a_group_is_held_against_the_limits_that_are_known() {
    let limited = |most: usize| format!("[limits]\nmax_batch_ops = {most}");
    story_on(&limited(5), |mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        for (size, fits) in [(4, true), (5, true), (6, false)] {
            let made = a
                .holm
                .write(move |tx| {
                    tx.group();
                    (0..size).try_for_each(|n| tx.create("tasks", &json!({"size": size, "n": n})).map(drop))
                })
                .await;
            match fits {
                true => made.unwrap(),
                false => assert_eq!(code(made), ErrorCode::GroupTooLarge),
            }
        }
        world.restart_server_with(&limited(4));
        a.sync().await;
        assert_eq!(a.view().len(), 9);
        let parked = a.holm.parked().unwrap();
        assert_eq!((parked.len(), a.pending().len()), (5, 5), "the group of five is refused as a whole");
        world.restart_server_with(&limited(5));
        a.holm.retry(parked[3].op_id).await.unwrap();
        a.sync().await;
        let b = world.open("b").await;
        in_step(&[&a, &b]).await;
        assert_eq!(b.view().len(), 9);
    });
}

/// The server's own limits say why: no group of those that are too large now is tried over and over.
#[test]
fn groups_that_have_become_too_large_are_parked_at_once() {
    let limited = |most: usize| format!("[limits]\nmax_batch_ops = {most}");
    story_on(&limited(5), |mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        for _ in 0..3 {
            group(&a, |tx| (0..5).try_for_each(|n| tx.create("tasks", &json!({"n": n})).map(drop))).await;
        }
        world.restart_server_with(&limited(4));
        a.sync().await;
        assert_eq!((a.holm.parked().unwrap().len(), a.link.count("batch")), (15, 3));
        let codes = a.holm.parked().unwrap().into_iter().map(|op| op.error.unwrap().code);
        assert_eq!(codes.filter(|code| code == "PAYLOAD_TOO_LARGE").count(), 3, "the others are aborted with it");
    });
}
