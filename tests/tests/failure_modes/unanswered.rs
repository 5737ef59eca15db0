//! A write that was sent and has no answer may be in every state that the server gives out: no reading shows it twice, and none waits for ever.

use holm_core::{Strategy, SyncStatus};
use holm_tests::fixture::{Device, Fault, Fixture, in_step, story};
use serde_json::{Value, json};
use std::time::Duration;

/// `a` has counted once and does not know that the server has it; `b` has seen that and changed the document since.
async fn counted_without_an_answer(world: &mut Fixture) -> (Device, Device) {
    let (a, b) = (world.open("a").await, world.open("b").await);
    a.create("counter", json!({"n": 0})).await;
    a.create("other", json!({})).await;
    in_step(&[&a, &b]).await;
    a.update("counter", json!({"n": {"$inc": 1}})).await;
    a.link.once("/sync/batch", Fault::DropReply);
    a.try_sync().await.unwrap_err();
    b.sync().await;
    b.update("counter", json!({"note": "b was here"})).await;
    b.update("other", json!({"note": "b was here"})).await;
    b.sync().await;
    assert_eq!(b.get("counter").unwrap()["n"], 1);
    (a, b)
}

/// The device has read what `b` wrote, and shows its own increment once; also when the answer has come.
async fn shows_once(a: &Device, b: &Device, reads_other: bool) {
    assert_eq!(a.get("counter").unwrap()["n"], 1, "the increment is shown twice");
    assert_eq!(a.status("counter"), Some(SyncStatus::PendingUpdate));
    if reads_other {
        assert_eq!(a.get("other").unwrap()["note"], "b was here", "another document waits");
    }
    a.link.heal();
    in_step(&[a, b]).await;
    assert_eq!(a.get("counter"), Some(json!({"n": 1, "note": "b was here"})));
}

#[test]
fn a_document_that_is_read_alone_shows_a_write_without_an_answer_once() {
    story(|mut world| async move {
        let (a, b) = counted_without_an_answer(&mut world).await;
        a.refresh("counter").await;
        a.refresh("counter").await;
        shows_once(&a, &b, false).await;
    });
}

#[test]
fn a_page_shows_a_write_without_an_answer_once() {
    story(|mut world| async move {
        let (a, b) = counted_without_an_answer(&mut world).await;
        a.link.always("/sync/batch", Fault::refusal(500, "INTERNAL_ERROR"));
        assert_eq!(a.sync().await.pushed, 0);
        shows_once(&a, &b, true).await;
    });
}

#[test]
fn a_collection_that_is_read_alone_or_anew_shows_a_write_without_an_answer_once() {
    for anew in [false, true] {
        story(|mut world| async move {
            let (a, b) = counted_without_an_answer(&mut world).await;
            a.link.always("/sync/batch", Fault::refusal(500, "INTERNAL_ERROR"));
            let read =
                if anew { a.holm.resync_collection("tasks").await } else { a.holm.sync_collection("tasks").await };
            assert_eq!(read.unwrap().pushed, 0);
            shows_once(&a, &b, true).await;
        });
    }
}

#[test]
fn the_pages_of_a_push_show_a_write_without_an_answer_once() {
    story(|mut world| async move {
        let (a, b) = counted_without_an_answer(&mut world).await;
        // The server puts the increment off; the reply brings what `b` has done.
        a.link.always("/sync/batch", Fault::rewrite(defer_first));
        a.create("third", json!({})).await;
        a.sync().await;
        shows_once(&a, &b, true).await;
    });
}

/// Rewrites a reply to a push: its first operation was not taken now.
fn defer_first(reply: &mut Value) {
    let operation = reply["results"][0]["opId"].clone();
    let error = json!({"code": "LOCKED", "message": "scripted", "retryable": true});
    reply["results"][0] = json!({"opId": operation, "status": "rejected", "error": error});
}

#[test]
fn a_restart_keeps_what_waits_for_an_answer() {
    story(|mut world| async move {
        let (mut a, b) = counted_without_an_answer(&mut world).await;
        a.refresh("counter").await;
        a.restart().await;
        shows_once(&a, &b, false).await;
    });
}

#[test]
fn a_server_that_never_answers_a_push_keeps_no_device_from_reading() {
    story(|mut world| async move {
        let (a, b) = (world.device("a").automatic().open().await, world.open("b").await);
        a.create("counter", json!({"n": 0})).await;
        world.seconds(10.0).await;
        b.sync().await;
        a.link.always("/sync/batch", Fault::DropRequest);
        a.update("counter", json!({"n": {"$inc": 1}})).await;
        world.seconds(10.0).await;
        b.create("news", json!({})).await;
        b.sync().await;
        b.update("counter", json!({"note": "b was here"})).await;
        b.sync().await;
        world.pass(Duration::from_secs(120)).await;
        assert!(a.get("news").is_some(), "nothing is read while pushes have no answer");
        assert_eq!(a.get("counter").unwrap()["n"], 1, "the increment is shown twice");
        a.link.heal();
        world.pass(Duration::from_secs(120)).await;
        in_step(&[&a, &b]).await;
        assert_eq!(a.get("counter"), Some(json!({"n": 1, "note": "b was here"})));
    });
}

#[test]
fn a_set_behind_an_increment_of_ones_own_clashes_with_no_other_device() {
    story(|mut world| async move {
        let a = world.device("a").strategy(Strategy::ServerWins).open().await;
        a.sync().await;
        a.create("d", json!({"n": 1})).await;
        a.link.once("/sync/batch", Fault::DropReply);
        a.try_sync().await.unwrap_err();
        a.holm
            .write(|tx| {
                tx.group();
                tx.create("tasks", &json!({"id": "other"}))?;
                tx.update("tasks", "d", &json!({"n": {"$inc": 1}}))
            })
            .await
            .unwrap();
        a.update("d", json!({"n": 7})).await;
        // The page shows that the create has arrived; the increment has not gone yet.
        a.sync().await;
        a.sync().await;
        assert_eq!((a.get("d"), a.journal().len()), (Some(json!({"n": 7})), 0));
    });
}
