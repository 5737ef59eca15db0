//! A push of several requests: while one is out the next one is made ready, and it goes when the answer is here.

use crate::{STRICT, TOO_LONG, parked};
use holm_core::SyncStatus::{Failed, PendingCreate, Synced, Syncing};
use holm_core::{Config, Holm};
use holm_tests::fixture::{Device, Fault, in_step, story, story_on};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn by_twos(config: &mut Config) {
    config.sync.batch = 2;
}

async fn create_five(device: &Device) {
    for n in 0..5 {
        device.create(&format!("d{n}"), json!({"title": "fine"})).await;
    }
}

/// From now on notes how many operations the device has queued when a push leaves it.
fn watch(device: &Device) -> Arc<Mutex<Vec<usize>>> {
    let queued = Arc::new(Mutex::new(Vec::new()));
    let (holm, notes): (Holm, _) = (device.holm.clone(), queued.clone());
    let note = move |_, _: &Value| {
        notes.lock().unwrap().push(holm.pending(100).unwrap().len());
        None
    };
    device.link.always("batch", Fault::choose(note));
    queued
}

#[test]
fn next_request_goes_before_an_answer_of_acceptances_is_taken_in() {
    story(|mut world| async move {
        let a = world.device("a").config(by_twos).open().await;
        let b = world.open("b").await;
        a.sync().await;
        create_five(&a).await;
        let queued = watch(&a);
        assert_eq!(a.sync().await.pushed, 5);
        assert_eq!(*queued.lock().unwrap(), [5, 5, 3], "the answer to the request before was taken in already");
        in_step(&[&a, &b]).await;
        assert_eq!(b.view().len(), 5);
        assert!((0..5).all(|n| a.status(&format!("d{n}")) == Some(Synced)));
    });
}

#[test]
fn next_request_waits_until_a_refusal_is_taken_in() {
    story_on(STRICT, |mut world| async move {
        let a = world.device("a").config(by_twos).open().await;
        a.sync().await;
        a.create("d", json!({"title": TOO_LONG})).await;
        create_five(&a).await;
        let queued = watch(&a);
        a.sync().await;
        // The refused one stays, and so does what follows until it is sent.
        assert_eq!(*queued.lock().unwrap(), [6, 5, 5]);
        assert_eq!((a.status("d"), a.pending().len()), (Some(Failed), 1));
    });
}

#[test]
fn what_was_made_ready_and_not_sent_may_still_be_joined() {
    story_on(STRICT, |mut world| async move {
        let a = world.device("a").config(by_twos).open().await;
        a.sync().await;
        a.create("d", json!({"title": TOO_LONG})).await;
        create_five(&a).await;
        let first = a.link.hold_reply("batch");
        let sync = a.start_sync();
        first.arrived().await;
        assert_eq!(
            [a.status("d1"), a.status("d2"), a.status("d3")],
            [Some(Syncing), Some(Syncing), Some(PendingCreate)]
        );
        a.link.once("batch", Fault::DropRequest);
        first.release();
        assert!(sync.await.unwrap().is_err());
        // Made ready for the request after the refusal, given back, and then carried by a request that was lost: that one is frozen.
        a.update("d1", json!({"title": "behind"})).await;
        // Neither of these was ever in a request.
        a.update("d4", json!({"title": "joined"})).await;
        assert_eq!(a.pending().iter().filter(|op| op.doc_id == "d1").count(), 2);
        assert_eq!(a.pending().iter().filter(|op| op.doc_id == "d4").count(), 1);
        a.holm.discard(parked(&a, "d").op_id).await.unwrap();
        let b = world.open("b").await;
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d1").unwrap()["title"], "behind");
        assert_eq!(b.get("d4").unwrap()["title"], "joined");
    });
}

#[test]
fn lost_answer_to_the_second_request_repeats_nothing_of_the_first() {
    story(|mut world| async move {
        let a = world.device("a").config(by_twos).open().await;
        let b = world.open("b").await;
        a.sync().await;
        create_five(&a).await;
        let first = a.link.hold_reply("batch");
        let sync = a.start_sync();
        first.arrived().await;
        a.link.once("batch", Fault::DropReply);
        first.release();
        assert!(sync.await.unwrap().is_err());
        assert_eq!([a.status("d0"), a.status("d1")], [Some(Synced); 2], "the answer before was taken in all the same");
        in_step(&[&a, &b]).await;
        let sent: Vec<Value> = a.link.operations().iter().map(|op| op["clientId"].clone()).collect();
        // What follows reads first, and so sees that the server has taken those two as well.
        assert_eq!(sent, ["d0", "d1", "d2", "d3", "d4"]);
        assert_eq!(b.view().len(), 5);
    });
}

#[test]
fn device_that_dies_with_an_answer_not_taken_in_has_each_effect_once() {
    story(|mut world| async move {
        let mut a = world.device("a").config(by_twos).open().await;
        let b = world.open("b").await;
        a.sync().await;
        for n in 0..6 {
            a.create(&format!("d{n}"), json!({"n": 0})).await;
        }
        a.sync().await;
        for n in 0..6 {
            a.update(&format!("d{n}"), json!({"n": {"$inc": 1}})).await;
        }
        let second = {
            let first = a.link.hold_reply("batch");
            drop(a.start_sync());
            first.arrived().await;
            let second = a.link.hold_reply("batch");
            first.release();
            second
        };
        second.arrived().await;
        a.crash(&mut world);
        in_step(&[&a, &b]).await;
        assert!((0..6).all(|n| b.get(&format!("d{n}")).unwrap()["n"] == 1), "{:?}", b.view());
    });
}

#[test]
fn operations_that_a_page_ends_while_they_are_out_do_not_end_the_run() {
    story(|mut world| async move {
        let mut a = world.device("a").config(|config| config.sync.batch = 4).open().await;
        a.sync().await;
        for n in 0..6 {
            a.create(&format!("d{n}"), json!({"n": n})).await;
        }
        let first = a.link.hold_reply("batch");
        drop(a.start_sync());
        first.arrived().await;
        // The server has four of them, and the next process does not know.
        a.crash(&mut world);
        a.restart_after(by_twos).await;
        a.link.forget();
        a.sync().await;
        let sent: Vec<Value> = a.link.operations().iter().map(|op| op["clientId"].clone()).collect();
        assert_eq!(sent, ["d0", "d1", "d2", "d3", "d4", "d5"], "the answer to the first two shows the next two");
        assert_eq!(a.pending().len(), 0);
    });
}
