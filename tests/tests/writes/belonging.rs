//! What belongs together stays together when documents are deleted, conflicts decided and references moved: members of a group, actions behind
//! a document's writes, children and their parents.

use crate::{STRICT, TOO_LONG, group, parked};
use holm_core::{CollectionConfig, Conflict, ErrorCode, OpId, Resolution, Strategy, WriteOutcome};
use holm_tests::fixture::{Device, Fault, Fixture, code, story, story_on};
use serde_json::{Value, json};

async fn open(world: &mut Fixture, name: &str, strategy: Strategy, ordered: bool) -> Device {
    let heroes = CollectionConfig::new("heroes").reference("rival", "heroes");
    let tasks = CollectionConfig::new("tasks").conflict(strategy).reference("hero", "heroes");
    let device = world.device(name).collection(heroes).collection(tasks);
    device.config(move |config| config.sync.ordered = ordered).open().await
}

async fn hero(device: &Device, id: &str, fields: Value) -> OpId {
    let mut document = fields;
    document["id"] = json!(id);
    device.holm.collection("heroes").unwrap().create(&document).await.unwrap().op_id.unwrap()
}

/// Syncs until each has seen what the others could send.
async fn sync_all(devices: &[&Device]) {
    for _ in 0..2 {
        for device in devices {
            device.sync().await;
        }
    }
}

fn conflict(device: &Device) -> Conflict {
    device.holm.conflicts().unwrap().remove(0)
}

fn heroes(device: &Device) -> Vec<String> {
    device.view_of("heroes").into_keys().collect()
}

/// A document `d` that `b` has deleted and `a` has edited, before a restart of `a`.
async fn edited_and_deleted(a: &mut Device, b: &Device) {
    a.create("d", json!({"n": 0})).await;
    sync_all(&[a, b]).await;
    b.delete("d").await;
    b.sync().await;
    a.update("d", json!({"title": "mine"})).await;
    a.restart().await;
}

/// A group of an edit of `d` and a create that the server refuses.
async fn group_with_refused(a: &Device) {
    group(a, |tx| {
        tx.update("tasks", "d", &json!({"g": 1}))?;
        tx.create("tasks", &json!({"id": "e", "title": TOO_LONG})).map(drop)
    })
    .await;
}

#[test]
fn a_member_stays_in_its_group_when_a_conflict_is_decided() {
    for decision in ["merge", "keep local", "document", "delete"] {
        story_on(STRICT, |mut world| async move {
            let strategy = if decision == "merge" { Strategy::Merge } else { Strategy::Prompt };
            let mut a = open(&mut world, "a", strategy, false).await;
            let b = open(&mut world, "b", strategy, false).await;
            edited_and_deleted(&mut a, &b).await;
            if decision != "merge" {
                a.sync().await;
            }
            group_with_refused(&a).await;
            match decision {
                "keep local" => a.holm.resolve_conflict(conflict(&a).id, Resolution::KeepLocal).await.unwrap(),
                "document" => {
                    let document = Resolution::Document(json!({"n": 1, "g": 1}).to_string());
                    a.holm.resolve_conflict(conflict(&a).id, document).await.unwrap();
                }
                "delete" => drop(a.delete("d").await),
                _ => {}
            }
            sync_all(&[&a, &b]).await;
            assert_eq!(b.view(), [].into(), "{decision}: one of a group is refused, so none of it is there");
            assert_eq!(parked(&a, "d").error.unwrap().code, "GROUP_ABORTED", "{decision}");
            a.update("e", json!({"title": "short"})).await;
            a.holm.retry(parked(&a, "e").op_id).await.unwrap();
            sync_all(&[&a, &b]).await;
            assert!(b.get("e").is_some() && a.pending().is_empty(), "{decision}: {:?}", a.pending());
            assert_eq!(b.get("d").is_some(), decision != "delete");
        });
    }
}

/// Each of two groups has an edit of the same document. Whatever becomes of that is one operation, so they are one group.
#[test]
fn two_groups_become_one_when_their_members_do() {
    story_on(STRICT, |mut world| async move {
        let mut a = open(&mut world, "a", Strategy::Merge, false).await;
        let b = open(&mut world, "b", Strategy::Merge, false).await;
        edited_and_deleted(&mut a, &b).await;
        group(&a, |tx| {
            tx.update("tasks", "d", &json!({"n": 5}))?;
            tx.create("tasks", &json!({"id": "first", "n": 1})).map(drop)
        })
        .await;
        group_with_refused(&a).await;
        sync_all(&[&a, &b]).await;
        assert_eq!(b.view(), [].into());
        a.holm.discard(parked(&a, "e").op_id).await.unwrap();
        sync_all(&[&a, &b]).await;
        assert_eq!((a.view(), b.view(), a.pending().len()), ([].into(), [].into(), 0));
    });
}

#[test]
fn an_action_behind_a_document_in_conflict_outlives_its_delete() {
    story(|mut world| async move {
        let mut a = open(&mut world, "a", Strategy::Prompt, false).await;
        let b = open(&mut world, "b", Strategy::Prompt, false).await;
        edited_and_deleted(&mut a, &b).await;
        a.sync().await;
        assert!(conflict(&a).server.is_none());
        let call = a.holm.action("note", Some("tasks"), Some("d"), &json!({})).await.unwrap().op_id.unwrap();
        a.delete("d").await;
        assert!(a.pending().iter().any(|op| op.op_id == call));
        sync_all(&[&a, &b]).await;
        // What the server does with an action on a deleted document is its handler's business: it was asked.
        let asked = !world.calls.lock().unwrap().is_empty();
        let refused = a.holm.parked().unwrap().iter().any(|op| op.op_id == call);
        assert!(asked || refused, "{:?}", a.pending());
        assert_eq!((a.get("d"), a.holm.conflicts().unwrap().len()), (None, 0));
    });
}

#[test]
fn in_one_order_a_parent_goes_before_the_child_that_was_written_first() {
    for early in [true, false] {
        story(|mut world| async move {
            let a = open(&mut world, "a", Strategy::Merge, true).await;
            let b = open(&mut world, "b", Strategy::Merge, false).await;
            a.create("child", json!({"hero": if early { "h" } else { "" }})).await;
            for at in 0..20 {
                a.create(&format!("between{at}"), json!({})).await;
            }
            hero(&a, "rival", json!({})).await;
            hero(&a, "h", json!({"rival": "rival"})).await;
            if !early {
                a.update("child", json!({"hero": "h"})).await;
            }
            a.create("after", json!({})).await;
            sync_all(&[&a, &b]).await;
            assert_eq!((a.pending().len(), b.view().len(), heroes(&b).len()), (0, 22, 2), "{:?}", a.pending());
            let sent: Vec<Value> = a.link.operations();
            let place = |id: &str| sent.iter().position(|op| op["clientId"] == id).unwrap();
            assert!(place("rival") < place("h") && place("h") < place("child") && place("child") < place("after"));
        });
    }
}

/// The parent's first try fails for a while: the timer must be armed for it, not for the child.
#[test]
fn in_one_order_a_parent_that_waits_is_tried_again() {
    story(|mut world| async move {
        let a = open(&mut world, "a", Strategy::Merge, true).await;
        let b = open(&mut world, "b", Strategy::Merge, false).await;
        a.create("child", json!({"hero": "h"})).await;
        hero(&a, "h", json!({})).await;
        a.link.once("batch", Fault::DropRequest);
        assert!(a.try_sync().await.is_err());
        world.seconds(120.0).await;
        sync_all(&[&a, &b]).await;
        assert_eq!((a.pending().len(), b.view().len(), heroes(&b).len()), (0, 1, 1));
    });
}

/// X waits for Y, Y's group waits behind A's first edit, and that waits for X while A refers to X.
#[test]
fn a_circle_over_a_documents_own_queue_is_refused() {
    for stays in [true, false] {
        story(|mut world| async move {
            let a = open(&mut world, "a", Strategy::Merge, false).await;
            let b = open(&mut world, "b", Strategy::Merge, false).await;
            let all = a.holm.collection("heroes").unwrap();
            hero(&a, "A", json!({})).await;
            sync_all(&[&a, &b]).await;
            hero(&a, "X", json!({})).await;
            all.update("A", &json!({"rival": "X"})).await.unwrap();
            group(&a, move |tx| {
                tx.update("heroes", "A", &if stays { json!({"n": 1}) } else { json!({"rival": null}) })?;
                tx.create("heroes", &json!({"id": "Y"})).map(drop)
            })
            .await;
            let closing = all.update("X", &json!({"rival": "Y"})).await;
            if stays {
                assert_eq!(code(closing), ErrorCode::InvalidDocument);
            } else {
                closing.unwrap();
            }
            sync_all(&[&a, &b]).await;
            assert_eq!((a.pending().len(), heroes(&b).len()), (0, 3), "{:?}", a.pending());
        });
    }
}

#[test]
fn a_delete_waits_for_nothing_that_the_document_referred_to() {
    for restarted in [false, true] {
        story_on("[collections.heroes.fields.name]\nmax_length = 10", |mut world| async move {
            let mut a = open(&mut world, "a", Strategy::Merge, false).await;
            let b = open(&mut world, "b", Strategy::Merge, false).await;
            a.create("s", json!({})).await;
            let refused = hero(&a, "h", json!({"name": TOO_LONG})).await;
            sync_all(&[&a, &b]).await;
            a.update("s", json!({"hero": "h"})).await;
            if restarted {
                a.restart().await;
            }
            a.delete("s").await;
            sync_all(&[&a, &b]).await;
            assert_eq!(b.get("s"), None);
            a.holm.discard(refused).await.unwrap();
            assert!(a.pending().is_empty(), "{:?}", a.pending());
        });
    }
}

#[test]
fn a_document_waits_no_longer_for_what_it_refers_to_no_longer() {
    for restarted in [false, true] {
        story_on("[collections.heroes.fields.name]\nmax_length = 10", |mut world| async move {
            let mut a = open(&mut world, "a", Strategy::Merge, false).await;
            let b = open(&mut world, "b", Strategy::Merge, false).await;
            hero(&a, "h", json!({"name": TOO_LONG})).await;
            a.create("s", json!({"hero": "h"})).await;
            a.sync().await;
            if restarted {
                a.restart().await;
            }
            a.update("s", json!({"hero": null})).await;
            sync_all(&[&a, &b]).await;
            assert_eq!(b.get("s"), Some(json!({})));
        });
    }
}

#[test]
fn a_parent_that_is_made_again_is_waited_for_again() {
    for child_first in [false, true] {
        story_on("[collections.heroes.fields.name]\nmax_length = 10", |mut world| async move {
            let a = open(&mut world, "a", Strategy::Merge, false).await;
            let b = open(&mut world, "b", Strategy::Merge, false).await;
            if child_first {
                a.create("s", json!({"hero": "h"})).await;
            }
            hero(&a, "h", json!({})).await;
            if !child_first {
                a.create("s", json!({"hero": "h"})).await;
            }
            a.holm.collection("heroes").unwrap().delete("h").await.unwrap();
            let refused = hero(&a, "h", json!({"name": TOO_LONG})).await;
            sync_all(&[&a, &b]).await;
            assert_eq!(b.get("s"), None, "its parent is parked");
            a.holm.collection("heroes").unwrap().update("h", &json!({"name": "short"})).await.unwrap();
            a.holm.retry(refused).await.unwrap();
            sync_all(&[&a, &b]).await;
            assert_eq!((b.get("s").is_some(), heroes(&b).len(), a.pending().len()), (true, 1, 0));
        });
    }
}

#[test]
fn a_document_that_decides_a_conflict_waits_for_what_it_refers_to() {
    story(|mut world| async move {
        let a = open(&mut world, "a", Strategy::Prompt, false).await;
        let b = open(&mut world, "b", Strategy::Prompt, false).await;
        a.create("s", json!({"n": 0})).await;
        sync_all(&[&a, &b]).await;
        b.update("s", json!({"n": 1})).await;
        a.update("s", json!({"n": 2})).await;
        sync_all(&[&b, &a]).await;
        let parent = hero(&a, "h", json!({})).await;
        let document = Resolution::Document(json!({"n": 3, "hero": "h"}).to_string());
        a.holm.resolve_conflict(conflict(&a).id, document).await.unwrap();
        a.holm.sync_collection("tasks").await.unwrap();
        b.sync().await;
        assert_eq!(b.get("s"), Some(json!({"n": 1})), "the parent is still here");
        sync_all(&[&a, &b]).await;
        assert!(matches!(a.holm.confirmed(parent).await.unwrap(), WriteOutcome::Accepted(_)));
        assert_eq!(b.get("s"), Some(json!({"n": 3, "hero": "h"})));
    });
}

/// What was queued first in a document is a member of a group that waits: what is queued behind it waits, too.
#[test]
fn a_circle_over_what_was_queued_first_is_refused() {
    story(|mut world| async move {
        let a = open(&mut world, "a", Strategy::Merge, false).await;
        let b = open(&mut world, "b", Strategy::Merge, false).await;
        hero(&a, "A", json!({})).await;
        sync_all(&[&a, &b]).await;
        hero(&a, "X", json!({})).await;
        for (n, created) in [(1, json!({"id": "Z", "rival": "X"})), (2, json!({"id": "Y"}))] {
            group(&a, move |tx| {
                tx.update("heroes", "A", &json!({"n": n}))?;
                tx.create("heroes", &created).map(drop)
            })
            .await;
        }
        let closing = a.holm.collection("heroes").unwrap().update("X", &json!({"rival": "Y"})).await;
        assert_eq!(code(closing), ErrorCode::InvalidDocument);
        sync_all(&[&a, &b]).await;
        assert_eq!((a.pending().len(), heroes(&b).len()), (0, 4), "{:?}", a.pending());
    });
}
