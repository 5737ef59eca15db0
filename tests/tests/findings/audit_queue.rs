//! What the queue did with writes that lost, were refused, or wait behind those.

use crate::{LATER, pair};
use holm_core::{Result, Strategy, SyncReport, SyncStatus};
use holm_tests::fixture::{Device, Fixture, Hold, clash, in_step, story, story_on};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

const SHORT_TITLES: &str = "[collections.tasks.fields.title]\nmax_length = 10\n";
const STRATEGIES: [Strategy; 4] = [Strategy::Merge, Strategy::ServerWins, Strategy::LocalWins, Strategy::LastWriteWins];

/// A transfer: the account is changed and its booking made, in one group.
async fn transfer(a: &Device) {
    a.holm
        .write(|tx| {
            tx.group();
            tx.update("tasks", "account", &json!({"balance": 90}))?;
            tx.create("tasks", &json!({"id": "booking", "amount": -10, "n": 0}))
        })
        .await
        .unwrap();
}

#[test]
fn audit_a4_an_edit_behind_a_create_goes_with_the_group_that_lost() {
    for strategy in STRATEGIES {
        for edit in [json!({"memo": "lunch"}), json!({"n": {"$inc": 5}}), Value::Null] {
            story(|mut world| async move {
                let a = world.device("a").strategy(strategy).open().await;
                let b = world.device("b").strategy(strategy).open().await;
                a.create("account", json!({"balance": 100})).await;
                in_step(&[&a, &b]).await;
                transfer(&a).await;
                match edit {
                    Value::Null => drop(a.delete("booking").await),
                    ref edit => drop(a.update("booking", edit.clone()).await),
                }
                world.pass(LATER).await;
                b.update("account", json!({"balance": 50})).await;
                b.sync().await;
                in_step(&[&a, &b]).await;
                assert!(a.holm.parked().unwrap().is_empty(), "{strategy:?}");
                if strategy == Strategy::LocalWins {
                    assert_eq!(b.get("account"), Some(json!({"balance": 90})));
                    return;
                }
                assert_eq!(b.get("account"), Some(json!({"balance": 50})), "{strategy:?}");
                assert_eq!((a.get("booking"), b.get("booking")), (None, None), "{strategy:?}");
                let lost: Vec<_> = a.journal().into_iter().filter(|entry| entry.doc_id == "booking").collect();
                assert_eq!(lost.len(), 2, "the create and what was edited after it: {lost:#?}");
            });
        }
    }
}

#[test]
fn audit_a4_an_edit_behind_a_member_starts_from_what_stands() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"balance": 100})).await;
        a.create("other", json!({"amount": 0, "n": 0})).await;
        in_step(&[&a, &b]).await;
        a.holm
            .write(|tx| {
                tx.group();
                tx.update("tasks", "d", &json!({"balance": 90}))?;
                tx.update("tasks", "other", &json!({"amount": -10, "n": 1}))
            })
            .await
            .unwrap();
        a.update("other", json!({"amount": -20})).await;
        world.pass(LATER).await;
        b.update("d", json!({"balance": 50})).await;
        b.sync().await;
        let report = a.sync().await;
        in_step(&[&a, &b]).await;
        assert_eq!(report.conflicts, 1, "no other device has changed the other document");
        assert_eq!(b.get("other"), Some(json!({"amount": -20, "n": 0})));
    });
}

#[test]
fn audit_a4_a_group_behind_a_create_that_lost_goes_whole() {
    story(|mut world| async move {
        let a = world.device("a").open().await;
        let b = world.device("b").open().await;
        a.create("account", json!({"balance": 100})).await;
        a.create("third", json!({"n": 0})).await;
        in_step(&[&a, &b]).await;
        transfer(&a).await;
        a.holm
            .write(|tx| {
                tx.group();
                tx.update("tasks", "booking", &json!({"memo": "lunch"}))?;
                tx.update("tasks", "third", &json!({"n": 1}))
            })
            .await
            .unwrap();
        world.pass(LATER).await;
        b.update("account", json!({"balance": 50})).await;
        b.sync().await;
        in_step(&[&a, &b]).await;
        assert_eq!((b.get("booking"), b.get("third")), (None, Some(json!({"n": 0}))));
    });
}

/// What one device edits, what the other one sets later, and what both come to.
async fn counts_on(world: &mut Fixture, strategy: Strategy, edits: &[Value], theirs: Value, end: Value) {
    let a = world.device("a").strategy(strategy).open().await;
    let b = world.device("b").strategy(strategy).open().await;
    a.create("d", json!({"n": 0, "tags": [], "o": {"n": 0}})).await;
    in_step(&[&a, &b]).await;
    for edit in edits {
        a.update("d", edit.clone()).await;
    }
    world.pass(LATER).await;
    b.update("d", theirs).await;
    b.sync().await;
    in_step(&[&a, &b]).await;
    let shown = b.get("d").unwrap();
    for (name, value) in end.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{strategy:?} {edits:?}");
    }
}

#[test]
fn audit_a3_an_edit_that_commutes_is_not_joined_to_a_set() {
    let cases = [
        (vec![json!({"n": 5}), json!({"n": {"$inc": 1}})], json!({"n": 7}), json!({"n": 8})),
        (vec![json!({"n": 5}), json!({"n": {"$inc": 1}})], json!({"n": 5}), json!({"n": 6})),
        (
            vec![json!({"n": 5}), json!({"n": {"$inc": 1}}), json!({"n": {"$inc": 2}})],
            json!({"n": 7}),
            json!({"n": 10}),
        ),
        (vec![json!({"n": {"$inc": 1}}), json!({"n": 5}), json!({"n": {"$inc": 1}})], json!({"n": 7}), json!({"n": 8})),
        (vec![json!({"n": 5}), json!({"n": {"$inc": 1}}), json!({"n": 9})], json!({"n": 7}), json!({"n": 7})),
        (
            vec![json!({"tags": ["x"]}), json!({"tags": {"$addToSet": ["y"]}})],
            json!({"tags": ["z"]}),
            json!({"tags": ["z", "y"]}),
        ),
        (
            vec![json!({"o": {"n": 5}}), json!({"o": {"n": {"$inc": 1}}})],
            json!({"o": {"n": 7}}),
            json!({"o": {"n": 8}}),
        ),
    ];
    for strategy in [Strategy::Merge, Strategy::ServerWins, Strategy::LastWriteWins] {
        for (edits, theirs, end) in cases.clone() {
            story(|mut world| async move { counts_on(&mut world, strategy, &edits, theirs, end).await });
        }
    }
}

#[test]
fn audit_a3_sets_and_increments_in_turn_stay_two_operations() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"n": 0})).await;
        for n in 1..20 {
            a.update("d", json!({"n": n * 10})).await;
            a.update("d", json!({"n": {"$inc": 1}})).await;
        }
        assert_eq!(a.pending().len(), 2);
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"n": 191})));
    });
}

#[test]
fn audit_a3_a_delete_behind_a_set_and_an_increment_is_one_operation() {
    for again in [None, Some(json!({"n": 9})), Some(json!({"n": 6}))] {
        story(|mut world| async move {
            let (a, b) = pair(&mut world, json!({"n": 0})).await;
            a.update("d", json!({"n": 5})).await;
            a.update("d", json!({"n": {"$inc": 1}})).await;
            a.delete("d").await;
            assert_eq!(a.pending().len(), 1);
            if let Some(again) = &again {
                a.create("d", again.clone()).await;
            }
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d"), again);
        });
    }
}

#[test]
fn audit_a3_a_group_joins_what_it_does_to_one_document() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"n": 0})).await;
        a.holm
            .write(|tx| {
                tx.group();
                tx.update("tasks", "d", &json!({"n": 5}))?;
                tx.create("tasks", &json!({"id": "e"}))?;
                tx.update("tasks", "d", &json!({"n": {"$inc": 1}}))
            })
            .await
            .unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"n": 6})));
    });
}

/// Begins a sync. `late`: its reply has arrived, and is held; else it has had its time.
async fn sync_until(world: &Fixture, device: &Device, late: bool) -> (Option<Hold>, JoinHandle<Result<SyncReport>>) {
    let reply = late.then(|| device.link.hold_reply("batch"));
    let sync = device.start_sync();
    match &reply {
        Some(reply) => reply.arrived().await,
        None => world.seconds(1.0).await,
    }
    (reply, sync)
}

#[test]
fn audit_a7_a_refused_create_of_a_group_is_withdrawn_with_its_document() {
    for members in [1, 2] {
        for late in [false, true] {
            story_on(SHORT_TITLES, |mut world| async move {
                let a = world.open("a").await;
                a.holm
                    .write(move |tx| {
                        tx.group();
                        tx.create("tasks", &json!({"id": "0", "title": "much too long"}))?;
                        (1..members).try_for_each(|n| tx.create("tasks", &json!({"id": n.to_string()})).map(drop))
                    })
                    .await
                    .unwrap();
                let (reply, sync) = sync_until(&world, &a, late).await;
                for n in 0..members {
                    a.delete(&n.to_string()).await;
                }
                if let Some(reply) = reply {
                    reply.release();
                }
                let _ = sync.await.unwrap();
                a.sync().await;
                assert!(a.pending().is_empty(), "{members} {late} {:#?}", a.pending());
                assert!(a.view().is_empty());
            });
        }
    }
}

#[test]
fn audit_a7_a_refused_edit_of_a_group_goes_with_the_delete() {
    for late in [false, true] {
        for grouped in [false, true] {
            story_on(SHORT_TITLES, |mut world| async move {
                let (a, b) = pair(&mut world, json!({"title": "short"})).await;
                a.create("other", json!({"title": "x"})).await;
                in_step(&[&a, &b]).await;
                a.holm
                    .write(|tx| {
                        tx.group();
                        tx.update("tasks", "d", &json!({"title": "much too long"}))?;
                        tx.update("tasks", "other", &json!({"title": "y"}))
                    })
                    .await
                    .unwrap();
                let (reply, sync) = sync_until(&world, &a, late).await;
                a.holm
                    .write(move |tx| {
                        if grouped {
                            tx.group();
                        }
                        tx.delete("tasks", "d")?;
                        tx.delete("tasks", "other")
                    })
                    .await
                    .unwrap();
                if let Some(reply) = reply {
                    reply.release();
                }
                let _ = sync.await.unwrap();
                in_step(&[&a, &b]).await;
                assert!(b.view().is_empty(), "{:#?}", b.view());
            });
        }
    }
}

#[test]
fn audit_a7_what_is_left_of_a_group_waits_for_a_decision() {
    story_on(SHORT_TITLES, |mut world| async move {
        let (a, b) = pair(&mut world, json!({"n": 1})).await;
        a.holm
            .write(|tx| {
                tx.group();
                tx.create("tasks", &json!({"id": "bad", "title": "much too long"}))?;
                tx.update("tasks", "d", &json!({"n": 2}))
            })
            .await
            .unwrap();
        let _ = a.try_sync().await;
        a.delete("bad").await;
        a.sync().await;
        let parked = a.holm.parked().unwrap();
        assert_eq!(parked.iter().map(|op| op.doc_id.as_str()).collect::<Vec<_>>(), ["d"]);
        a.holm.retry(parked[0].op_id).await.unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(b.view().into_iter().collect::<Vec<_>>(), [("d".to_owned(), json!({"n": 2}))]);
    });
}

#[test]
fn audit_a8_what_waits_in_one_order_behind_a_refused_write_is_not_pending() {
    story_on(SHORT_TITLES, |mut world| async move {
        let a = world.device("a").config(|config| config.sync.ordered = true).open().await;
        a.create("before", json!({})).await;
        let refused = a.create("first", json!({"title": "much too long"})).await;
        let _ = a.try_sync().await;
        a.create("second", json!({})).await;
        a.create("third", json!({})).await;
        a.update("third", json!({"n": 1})).await;
        let _ = a.try_sync().await;
        let status = a.holm.state().unwrap();
        assert_eq!((status.pending, status.failed), (0, 1), "at rest");
        a.holm.discard(refused).await.unwrap();
        assert_eq!(a.holm.state().unwrap().pending, 2, "what waited is to be sent");
        a.sync().await;
        assert_eq!((a.holm.state().unwrap().pending, a.pending().len()), (0, 0));
    });
}

#[test]
fn audit_a8_what_waits_in_one_order_behind_a_conflict_is_not_pending() {
    story(|mut world| async move {
        let open = |config: &mut holm_core::Config| config.sync.ordered = true;
        let a = world.device("a").strategy(Strategy::Prompt).config(open).open().await;
        let b = world.device("b").strategy(Strategy::Prompt).open().await;
        clash(&a, &b).await;
        a.create("second", json!({})).await;
        a.sync().await;
        a.create("third", json!({})).await;
        let status = a.holm.state().unwrap();
        assert_eq!((status.pending, status.conflicts, a.status("d")), (0, 1, Some(SyncStatus::Conflict)));
        a.holm.resolve_conflict(a.conflicts()[0].id, holm_core::Resolution::KeepServer).await.unwrap();
        assert!(a.holm.state().unwrap().pending > 0);
        in_step(&[&a, &b]).await;
    });
}
