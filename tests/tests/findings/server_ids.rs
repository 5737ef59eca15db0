//! The server gives documents ids of its own, and the device learns them late.

use crate::LATER;
use holm_core::Strategy;
use holm_tests::fixture::{Device, Fault, Fixture, in_step, story_on};
use serde_json::{Value, json};

const ASSIGNS: &str = "[collections.tasks]\nid_assignment = \"server\"\n";

/// `a` has made `p`, the reply was lost, and `b` has it under the server's id, which is returned.
async fn reply_lost(a: &Device, b: &Device) -> String {
    a.create("p", json!({"n": 0})).await;
    a.link.once("batch", Fault::DropReply);
    assert!(a.try_sync().await.is_err());
    b.sync().await;
    b.view().into_keys().next().unwrap()
}

async fn devices(world: &mut Fixture) -> (Device, Device) {
    (world.open("a").await, world.open("b").await)
}

/// Both devices have one document with this content, `a` under its own id.
async fn one_document(a: &Device, b: &Device, content: &Value) {
    for _ in 0..2 {
        a.sync().await;
        b.sync().await;
    }
    assert_eq!(a.view().into_iter().collect::<Vec<_>>(), [("p".to_owned(), content.clone())]);
    assert_eq!(b.view().into_values().collect::<Vec<_>>(), [content.clone()]);
    assert_eq!(a.digest(), b.digest());
    assert!(a.pending().is_empty() && b.pending().is_empty());
}

#[test]
fn audit_a1_edit_by_another_device_before_the_repeat_leaves_one_document() {
    for (edited_here, restarted) in [(false, false), (true, false), (false, true), (true, true)] {
        story_on(ASSIGNS, |mut world| async move {
            let (mut a, b) = devices(&mut world).await;
            let id = reply_lost(&a, &b).await;
            if edited_here {
                a.update("p", json!({"n": {"$inc": 10}})).await;
            }
            b.update(&id, json!({"n": {"$inc": 1}})).await;
            b.sync().await;
            if restarted {
                a.restart().await;
            }
            a.sync().await;
            assert_eq!(a.view().len(), 1, "{:?}", a.view());
            one_document(&a, &b, &json!({"n": 1 + 10 * i64::from(edited_here)})).await;
            assert_eq!(a.link.count("snapshot"), 0);
        });
    }
}

#[test]
fn audit_a1_record_that_is_here_under_the_servers_id_is_read_anew_without_end() {
    story_on(ASSIGNS, |mut world| async move {
        let (a, b) = devices(&mut world).await;
        let id = reply_lost(&a, &b).await;
        b.update(&id, json!({"n": {"$inc": 1}})).await;
        b.sync().await;
        a.sync().await;
        // A snapshot that confirms nothing: all that is here is looked at, once.
        a.holm.resync_collection("tasks").await.unwrap();
        b.delete(&id).await;
        b.sync().await;
        a.holm.resync_collection("tasks").await.unwrap();
        assert!(a.view().is_empty() && b.view().is_empty());
        assert_eq!(a.digest(), b.digest());
    });
}

#[test]
fn audit_a1_delete_by_another_device_before_the_repeat_deletes_it_here() {
    story_on(ASSIGNS, |mut world| async move {
        let (a, b) = devices(&mut world).await;
        let id = reply_lost(&a, &b).await;
        b.delete(&id).await;
        b.sync().await;
        for _ in 0..2 {
            a.sync().await;
            b.sync().await;
        }
        assert!(a.pending().is_empty(), "{:?}", a.pending());
        assert_eq!((a.view(), a.digest()), (b.view(), b.digest()));
    });
}

#[test]
fn audit_a1_copy_of_the_store_learns_the_servers_id() {
    for (original_edits, copy_edits) in [(true, true), (true, false), (false, true), (false, false)] {
        story_on(ASSIGNS, |mut world| async move {
            let (mut a, b) = devices(&mut world).await;
            a.create("p", json!({"n": 0})).await;
            a.restart().await;
            let c = a.restore_copy(&mut world, "c");
            a.sync().await;
            if original_edits {
                a.update("p", json!({"n": {"$inc": 1}})).await;
                a.sync().await;
            }
            if copy_edits {
                c.update("p", json!({"n": {"$inc": 10}})).await;
            }
            c.sync().await;
            let content = json!({"n": i64::from(original_edits) + 10 * i64::from(copy_edits)});
            one_document(&c, &b, &content).await;
            one_document(&a, &b, &content).await;
        });
    }
}

/// Until the repeat is answered, the device shows the server's record beside its own, and the person edits that.
#[test]
fn audit_a1_what_was_done_under_the_servers_id_goes_on_under_the_local_one() {
    for strategy in [Strategy::Merge, Strategy::ServerWins, Strategy::LastWriteWins] {
        for (here, there, content) in [
            (None, json!({"n": {"$inc": 100}}), json!({"n": 101})),
            (Some(json!({"n": {"$inc": 10}})), json!({"n": {"$inc": 100}}), json!({"n": 111})),
            (Some(json!({"t": "p"})), json!({"u": "x"}), json!({"n": 1, "t": "p", "u": "x"})),
        ] {
            story_on(ASSIGNS, |mut world| async move {
                let a = world.device("a").strategy(strategy).open().await;
                let b = world.device("b").strategy(strategy).open().await;
                let id = reply_lost(&a, &b).await;
                b.update(&id, json!({"n": {"$inc": 1}})).await;
                b.sync().await;
                if let Some(here) = here {
                    a.update("p", here).await;
                }
                // It reads, and what it sends does not arrive.
                a.link.once("batch", Fault::DropRequest);
                assert!(a.try_sync().await.is_err());
                assert_eq!(a.view().len(), 2);
                world.pass(LATER).await;
                a.update(&id, there).await;
                a.sync().await;
                assert_eq!(a.view().into_keys().collect::<Vec<_>>(), ["p"]);
                one_document(&a, &b, &content).await;
            });
        }
    }
}

#[test]
fn audit_a1_delete_under_the_servers_id_deletes_the_document() {
    story_on(ASSIGNS, |mut world| async move {
        let (a, b) = devices(&mut world).await;
        let id = reply_lost(&a, &b).await;
        b.update(&id, json!({"n": {"$inc": 1}})).await;
        b.sync().await;
        a.link.once("batch", Fault::DropRequest);
        assert!(a.try_sync().await.is_err());
        a.delete(&id).await;
        in_step(&[&a, &b]).await;
        assert!(b.view().is_empty());
    });
}

/// Another device has made a record of the same client id, which is here and edited under the server's id.
#[test]
fn audit_a1_create_that_meets_an_edited_record_joins_it() {
    story_on(ASSIGNS, |mut world| async move {
        let (a, b) = devices(&mut world).await;
        a.create("p", json!({"n": 1, "by-a": true})).await;
        a.sync().await;
        b.sync().await;
        let id = b.view().into_keys().next().unwrap();
        b.update(&id, json!({"n": {"$inc": 5}})).await;
        world.pass(LATER).await;
        b.create("p", json!({"by-b": true})).await;
        b.sync().await;
        one_document(&b, &a, &json!({"n": 6, "by-a": true, "by-b": true})).await;
        one_document(&a, &b, &json!({"n": 6, "by-a": true, "by-b": true})).await;
    });
}
