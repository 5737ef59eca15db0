//! What a newcomer met: writes and actions that were given up, waited for each other, or were miscounted.

use crate::{noise, pair};
use holm_core::{CollectionConfig, ErrorCode, Phase, SignOutMode, Strategy, SyncStatus};
use holm_tests::fixture::{Device, Fixture, clash, code, in_step, story, story_on};
use serde_json::json;

/// A server that refuses long titles.
const STRICT: &str = "[collections.tasks.fields.title]\nmax_length = 10\n";
/// What it refuses.
const REFUSED: &str = "much too long";

/// A device whose documents name their parent.
async fn family(world: &mut Fixture) -> Device {
    world.device("a").collection(CollectionConfig::new("tasks").reference("parent", "tasks")).open().await
}

#[test]
fn use_02_an_action_that_was_given_up_is_called_again() {
    story(|mut world| async move {
        let (a, _) = pair(&mut world, json!({"title": "old"})).await;
        for (collection, id) in [(None, None), (Some("tasks"), None), (Some("tasks"), Some("d"))] {
            let called = a.holm.action("print", collection, id, &json!({"copies": 2})).await.unwrap();
            a.holm.discard(called.op_id.unwrap()).await.unwrap();
            let entry = a.journal().remove(0);
            assert_eq!((entry.doc_id.as_str(), &entry.fields), (id.unwrap_or_default(), &Vec::new()));
            assert_eq!(entry.collection, collection.unwrap_or_default());
            assert_eq!(entry.lost, r#"{"action":"print","params":{"copies":2}}"#);
            let again = a.holm.restore(entry.id).await.unwrap().op_id.unwrap();
            let pending = a.pending();
            assert_eq!((pending.len(), pending[0].op_id, pending[0].kind), (1, again, "action"));
            assert_eq!((&pending[0].collection, &pending[0].doc_id), (&entry.collection, &entry.doc_id));
            assert_ne!(Some(again), called.op_id);
            let action = pending[0].action.as_ref().unwrap();
            assert_eq!((action.name.as_str(), &action.params), ("print", &json!({"copies": 2})));
            a.holm.discard(again).await.unwrap();
        }
        assert_eq!(a.get("d"), Some(json!({"title": "old"})));
    });
}

#[test]
fn use_03_a_loss_is_restored_into_a_collection_of_this_process() {
    story(|mut world| async move {
        let a = world.device("a").undeclared().open().await;
        let made = a.holm.write(|tx| tx.create("notes", &json!({"id": "n", "title": "x"}))).await.unwrap();
        a.holm.discard(made.op_id.unwrap()).await.unwrap();
        a.holm.restore(a.journal()[0].id).await.unwrap();
        let restored = a.holm.collection("notes").unwrap().get("n").unwrap().unwrap();
        assert_eq!(restored.value().unwrap(), json!({"title": "x"}));
    });
}

#[test]
fn use_04_a_restored_child_waits_for_its_parent() {
    story_on(STRICT, |mut world| async move {
        let a = family(&mut world).await;
        a.create("parent", json!({"title": REFUSED})).await;
        let child = a.create("child", json!({"parent": "parent"})).await;
        a.holm.discard(child).await.unwrap();
        a.holm.restore(a.journal()[0].id).await.unwrap();
        a.sync().await;
        assert_eq!(a.status("child"), Some(SyncStatus::PendingCreate));
    });
}

#[test]
fn use_04_a_restored_document_is_measured() {
    story(|mut world| async move {
        let a = world.open("a").await;
        let made = a.create("d", json!({"text": noise(1, 5_000)})).await;
        a.holm.discard(made).await.unwrap();
        world.restart_server_with("[limits]\nmax_record_bytes = 2000\n");
        a.sync().await;
        assert_eq!(code(a.holm.restore(a.journal()[0].id).await), ErrorCode::DocumentTooLarge);
    });
}

#[test]
fn use_07_a_sign_out_counts_all_that_the_server_does_not_have() {
    story_on(STRICT, |mut world| async move {
        let a = world.open("a").await;
        a.create("refused", json!({"title": REFUSED})).await;
        a.sync().await;
        a.update("refused", json!({"n": 1})).await;
        a.create("other", json!({})).await;
        assert_eq!(a.holm.sign_out(SignOutMode::Keep).await.unwrap(), 3);
    });
}

#[test]
fn use_07_a_refused_sign_out_says_how_many() {
    story(|mut world| async move {
        let a = world.device("a").strategy(Strategy::Prompt).open().await;
        let b = world.open("b").await;
        clash(&a, &b).await;
        a.sync().await;
        let refused = a.holm.sign_out(SignOutMode::Wipe).await.unwrap_err();
        assert_eq!(refused.to_string(), "1 write is not on the server yet");
        a.create("other", json!({})).await;
        let refused = a.holm.sign_out(SignOutMode::Wipe).await.unwrap_err();
        assert_eq!(refused.to_string(), "2 writes are not on the server yet");
        assert_eq!(a.holm.sign_out(SignOutMode::Keep).await.unwrap(), 2);
    });
}

#[test]
fn use_08_a_child_that_was_made_first_waits_too() {
    story_on(STRICT, |mut world| async move {
        let a = family(&mut world).await;
        a.create("child", json!({"parent": "parent"})).await;
        let parent = a.create("parent", json!({"title": REFUSED})).await;
        a.sync().await;
        assert_eq!(a.status("child"), Some(SyncStatus::PendingCreate));
        a.update("parent", json!({"title": "short"})).await;
        a.holm.retry(parent).await.unwrap();
        a.sync().await;
        assert!(a.pending().is_empty(), "{:?}", a.pending());
    });
}

#[test]
fn use_08_a_refused_child_that_is_mended_by_a_reference_waits() {
    story_on(STRICT, |mut world| async move {
        let a = family(&mut world).await;
        let child = a.create("child", json!({"title": REFUSED})).await;
        a.create("parent", json!({"title": REFUSED})).await;
        a.sync().await;
        a.update("child", json!({"title": "short", "parent": "parent"})).await;
        a.holm.retry(child).await.unwrap();
        a.sync().await;
        assert_eq!(a.status("child"), Some(SyncStatus::PendingCreate));
    });
}

#[test]
fn use_08_a_circle_is_refused_whichever_comes_first() {
    story(|mut world| async move {
        let a = family(&mut world).await;
        let circle = a.holm.write(|tx| {
            tx.create("tasks", &json!({"id": "one", "parent": "two"}))?;
            tx.create("tasks", &json!({"id": "two", "parent": "one"}))
        });
        assert_eq!(code(circle.await), ErrorCode::InvalidDocument);
        assert!(a.view().is_empty() && a.pending().is_empty());
        // A group goes together, so its members need not wait for each other.
        let group = a.holm.write(|tx| {
            tx.group();
            tx.create("tasks", &json!({"id": "one", "parent": "two"}))?;
            tx.create("tasks", &json!({"id": "two", "parent": "one"}))
        });
        group.await.unwrap();
        a.sync().await;
        assert!(a.pending().is_empty(), "{:?}", a.pending());
    });
}

#[test]
fn use_08_a_circle_over_a_group_is_refused() {
    story(|mut world| async move {
        let a = family(&mut world).await;
        a.create("outside", json!({"parent": "second"})).await;
        let group = a.holm.write(|tx| {
            tx.group();
            tx.create("tasks", &json!({"id": "first", "parent": "outside"}))?;
            tx.create("tasks", &json!({"id": "second"}))
        });
        assert_eq!(code(group.await), ErrorCode::InvalidDocument);
        a.sync().await;
        assert!(a.pending().is_empty(), "{:?}", a.pending());
    });
}

#[test]
fn use_08_children_of_a_parent_that_was_given_up_are_parked() {
    story_on(STRICT, |mut world| async move {
        let a = family(&mut world).await;
        let parent = a.create("parent", json!({"title": REFUSED})).await;
        let child = a.create("child", json!({"parent": "parent"})).await;
        a.create("grandchild", json!({"parent": "child"})).await;
        a.sync().await;
        a.holm.discard(parent).await.unwrap();
        a.sync().await;
        let parked = a.holm.parked().unwrap();
        assert_eq!((parked.len(), parked[0].op_id), (1, child));
        assert_eq!(parked[0].error.as_ref().unwrap().code, "REFERENCE_DISCARDED");
        assert_eq!(a.pending().len(), 2);
        // The parent comes back: its child waits for it again once the app says so.
        a.holm.restore(a.journal()[0].id).await.unwrap();
        a.update("parent", json!({"title": "short"})).await;
        a.holm.retry(child).await.unwrap();
        let b = world.open("b").await;
        in_step(&[&a, &b]).await;
        assert_eq!(b.view().into_keys().collect::<Vec<_>>(), ["child", "grandchild", "parent"]);
    });
}

#[test]
fn use_09_parameters_of_an_action_are_measured() {
    story(|mut world| async move {
        let a = world.open("a").await;
        let large = json!({"text": noise(1, 300_000)});
        assert_eq!(code(a.holm.action("print", None, None, &large).await), ErrorCode::DocumentTooLarge);
        assert!(a.pending().is_empty());
    });
}

#[test]
fn use_11_a_sign_in_ends_the_phase_signed_out() {
    story(|mut world| async move {
        let a = world.device("a").signed_out().open().await;
        assert_eq!(code(a.try_sync().await), ErrorCode::SignedOut);
        assert_eq!(a.holm.state().unwrap().phase, Phase::SignedOut);
        a.sign_in("first").await;
        let state = a.holm.state().unwrap();
        assert_eq!((state.phase, state.last_error), (Phase::Idle, None));
    });
}
