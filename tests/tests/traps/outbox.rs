//! What becomes of queued writes.

use crate::{in_step, manual, tapped};
use holm_core::{Strategy, SyncStatus, WriteOutcome};
use holm_server::FieldRule;
use holm_tests::sim::{Device, Fate, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A server that takes no title longer than 10 characters.
fn strict() -> holm_server::Config {
    let mut config = holm_server::Config::default();
    config.accounts.argon2.memory_kib = 8;
    config.accounts.argon2.iterations = 1;
    let rule = FieldRule { max_length: Some(10), ..FieldRule::default() };
    config.collections.entry("tasks".to_owned()).or_default().fields.insert("title".to_owned(), rule);
    config
}

/// What a device shows, without versions.
fn contents(device: &Device) -> BTreeMap<String, Value> {
    device.view().into_iter().map(|(id, (document, _))| (id, document)).collect()
}

/// A refused write stays what it was: a create goes again as a create, a delete as a delete.
#[test]
fn trap_02_a_refused_write_keeps_its_kind() {
    World::run(2, |mut world| async move {
        let (a, tap) = tapped(&mut world, Strategy::Merge, 0).await;
        for id in ["changed", "deleted"] {
            a.create(id, json!({"title": "old"})).await;
        }
        a.sync().await;
        a.create("created", json!({"title": "new"})).await;
        a.update("changed", json!({"title": "new"})).await;
        a.delete("deleted").await;
        tap.answer(|path, body| {
            let refuse = |op: &Value| {
                json!({"opId": op["opId"], "success": false, "status": "rejected",
                    "error": {"code": "FORBIDDEN", "message": "not today", "retryable": false}})
            };
            let results: Vec<Value> = body["operations"].as_array()?.iter().map(refuse).collect();
            path.contains("batch").then(|| (200, json!({"results": results, "meta": {}})))
        });
        assert_eq!(a.sync().await.parked, 3);
        tap.pass();
        let parked = a.holm.parked().unwrap();
        let mut kinds: Vec<(&str, &str)> = parked.iter().map(|op| (op.doc_id.as_str(), op.kind)).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, [("changed", "update"), ("created", "create"), ("deleted", "delete")]);
        assert_eq!((a.status("created"), a.status("changed")), (Some(SyncStatus::Failed), Some(SyncStatus::Failed)));
        tap.notes();
        for op in &parked {
            a.holm.retry(op.op_id).await.unwrap();
        }
        assert_eq!(
            (a.status("created"), a.status("changed")),
            (Some(SyncStatus::PendingCreate), Some(SyncStatus::PendingUpdate))
        );
        assert_eq!(a.sync().await.pushed, 3);
        let mut sent: Vec<String> = tap.operations().iter().map(|op| op["type"].as_str().unwrap().to_owned()).collect();
        sent.sort_unstable();
        assert_eq!(sent, ["create", "delete", "update"]);
        let b = world.device_with(Strategy::Merge, 0, manual).await;
        in_step(&[&a, &b]).await;
        assert_eq!(b.view().into_keys().collect::<Vec<_>>(), ["changed", "created"]);
        assert_eq!(b.doc("changed"), b.doc("created"));
    });
}

/// An edit of a document that the server does not know yet waits for the create, whatever becomes of that.
#[test]
fn trap_03_an_edit_before_the_create_is_confirmed_is_kept() {
    // The create's request is lost, its answer is lost, or it is on its way while the edit is made.
    for fate in [Fate::DropRequest, Fate::DropReply, Fate::Pass] {
        World::run(3, |mut world| async move {
            let (a, tap) = tapped(&mut world, Strategy::Merge, 0).await;
            a.sync().await;
            a.create("t", json!({"title": "new", "n": 0})).await;
            world.network.set_script(move |_, path| if path.contains("batch") { fate } else { Fate::Pass });
            let holm = a.holm.clone();
            let sync = tokio::spawn(async move { holm.sync().await });
            world.pass(Duration::from_millis(1)).await;
            let edit = a.update("t", json!({"title": "edited", "n": {"$inc": 1}})).await;
            assert_eq!(sync.await.unwrap().is_ok(), fate == Fate::Pass);
            let again = a.update("t", json!({"note": "more"})).await;
            world.heal();
            a.sync().await;
            let expected = json!({"title": "edited", "n": 1, "note": "more"});
            assert_eq!((a.doc("t").unwrap(), a.status("t")), (expected.clone(), Some(SyncStatus::Synced)), "{fate:?}");
            for op in [edit, again] {
                assert!(matches!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Accepted(_)), "{fate:?}");
            }
            let kinds: Vec<Value> = tap.operations().into_iter().map(|op| op["type"].clone()).collect();
            let first_edit = kinds.iter().position(|kind| kind != "create").unwrap();
            assert!(first_edit > 0 && kinds[first_edit..].iter().all(|kind| kind != "create"), "{fate:?}: {kinds:?}");
            let b = world.device_with(Strategy::Merge, 0, manual).await;
            in_step(&[&a, &b]).await;
            assert_eq!(b.doc("t"), Some(expected), "{fate:?}");
        });
    }
}

/// Several writes in one request are taken one by one; only a group is all or nothing.
#[test]
fn trap_05_a_batch_is_taken_one_by_one_and_a_group_as_a_whole() {
    for group in [false, true] {
        World::configured(5, strict(), |mut world| async move {
            let a = world.device_with(Strategy::Merge, 0, manual).await;
            let b = world.device_with(Strategy::Merge, 0, manual).await;
            a.create("counter", json!({"n": 0})).await;
            in_step(&[&a, &b]).await;
            a.holm
                .write(move |tx| {
                    if group {
                        tx.group();
                    }
                    tx.create("tasks", &json!({"id": "first", "title": "fine"}))?;
                    tx.update("tasks", "counter", &json!({"n": {"$inc": 1}}))?;
                    tx.create("tasks", &json!({"id": "bad", "title": "much too long"}))?;
                    tx.create("tasks", &json!({"id": "last", "title": "fine"}))
                })
                .await
                .unwrap();
            let report = a.sync().await;
            b.sync().await;
            let there: Vec<String> = b.view().into_keys().collect();
            let state = a.holm.state().unwrap();
            let why = |id: &str| {
                let parked = a.holm.parked().unwrap().into_iter().find(|op| op.doc_id == id);
                parked.map(|op| op.error.unwrap().code)
            };
            assert_eq!(report.parked, 1, "the server refused only the culprit");
            assert_eq!(why("bad").as_deref(), Some("VALIDATION_ERROR"));
            if group {
                assert_eq!((there, b.doc("counter")), (vec!["counter".to_owned()], Some(json!({"n": 0}))));
                assert_eq!((state.pending, state.failed), (0, 4), "a group is parked as a whole");
                for id in ["first", "counter", "last"] {
                    assert_eq!(why(id).as_deref(), Some("GROUP_ABORTED"), "{id}");
                }
            } else {
                assert_eq!(
                    (there.join(" "), b.doc("counter")),
                    ("counter first last".to_owned(), Some(json!({"n": 1})))
                );
                assert_eq!((state.pending, state.failed), (0, 1));
            }
            // Repaired, all of it goes.
            a.update("bad", json!({"title": "good"})).await;
            a.holm.retry(a.holm.parked().unwrap()[0].op_id).await.unwrap();
            a.sync().await;
            in_step(&[&a, &b]).await;
            assert_eq!((b.view().len(), b.doc("counter").unwrap()), (4, json!({"n": 1})));
        });
    }
}

/// The reply to a create is lost: the document that comes with the next pull is that one and no other.
#[test]
fn trap_08_a_lost_reply_makes_no_second_document() {
    for losses in 1..4_usize {
        World::run(8, |mut world| async move {
            let (a, tap) = tapped(&mut world, Strategy::Merge, 0).await;
            let b = world.device_with(Strategy::Merge, 0, manual).await;
            a.sync().await;
            let id = a.tasks.create(&json!({"title": "once"})).await.unwrap().doc_id;
            // Every second attempt reads, in vain.
            world.network.set_script(|_, path| if path.contains("/sync/") { Fate::DropReply } else { Fate::Pass });
            for _ in 0..losses {
                assert!(a.holm.sync().await.is_err());
            }
            world.heal();
            // Others have it and change it before its maker knows that it has arrived.
            b.sync().await;
            b.update(&id, json!({"note": "seen"})).await;
            b.sync().await;
            // Now the maker reads before it sends again: the server wants its stream to be read anew.
            let expired = json!({"error": {"code": "CURSOR_EXPIRED", "message": "read anew", "retryable": false}});
            let (asked, sent) = (Arc::new(AtomicBool::new(false)), tap.operations());
            tap.answer(move |path, _| {
                let first = path.contains("batch") && !asked.swap(true, Ordering::SeqCst);
                first.then(|| (410, expired.clone()))
            });
            a.sync().await;
            let pulls = tap.notes().into_iter().filter(|exchange| exchange.path.contains("/sync/pull"));
            assert!(pulls.count() > 0 && a.pending() == 0);
            assert_eq!(a.view().into_keys().collect::<Vec<_>>(), std::slice::from_ref(&id));
            world.heal();
            in_step(&[&a, &b]).await;
            let view = a.view();
            assert_eq!((view.len(), &view[&id].0), (1, &json!({"title": "once", "note": "seen"})), "{losses} losses");
            assert_eq!(sent.len(), losses.div_ceil(2), "each attempt is the same");
            assert!(sent.iter().all(|op| *op == sent[0] && op["clientId"] == json!(id)), "{sent:?}");
        });
    }
}

/// Creates, updates and deletes go in the order in which they were made: whatever breaks off, others see a state that once was.
#[test]
fn trap_09_writes_arrive_in_the_order_in_which_they_were_made() {
    for arrived in 0..6 {
        World::run(9, |mut world| async move {
            let a = world
                .device_with(Strategy::Merge, 0, |config| {
                    manual(config);
                    config.sync.batch = 1;
                })
                .await;
            let b = world.device_with(Strategy::Merge, 0, manual).await;
            a.create("old chapter", json!({"title": "old"})).await;
            a.create("book", json!({"chapter": "old chapter"})).await;
            in_step(&[&a, &b]).await;
            let mut states = vec![contents(&a)];
            for step in 0..5 {
                match step {
                    0 => a.update("old chapter", json!({"title": "to be replaced"})).await,
                    1 => a.create("new chapter", json!({"title": "new"})).await,
                    2 => a.update("book", json!({"chapter": "new chapter"})).await,
                    3 => a.create("index", json!({"of": "new chapter"})).await,
                    _ => a.create("notes", json!({"on": "index"})).await,
                };
                states.push(contents(&a));
            }
            let first = world.network.requests();
            world.network.set_script(move |n, _| if n - first < arrived { Fate::Pass } else { Fate::DropRequest });
            let _ = a.holm.sync().await;
            world.heal();
            b.sync().await;
            assert_eq!(contents(&b), states[usize::try_from(arrived).unwrap().min(5)], "{arrived} requests arrived");
            in_step(&[&a, &b]).await;
        });
    }
}
