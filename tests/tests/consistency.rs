//! Writes of a confirmed collection: they return with the server's word, are judged whole, and leave nothing behind where they fail.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

use holm_core::{
    CollectionConfig, Config, Connectivity, Consistency, Error, ErrorCode, Holm, LossReason, Network, OpId, Receipt,
    Result, Strategy, WriteOutcome,
};
use holm_tests::fixture::{Device, Fault, Fixture, Hold, code, in_step, story, story_on};
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A device whose `tasks` are confirmed and whose `notes` are not.
async fn open(world: &mut Fixture, name: &str) -> Device {
    open_with(world, name, Consistency::confirmed()).await
}

async fn open_with(world: &mut Fixture, name: &str, consistency: Consistency) -> Device {
    let tasks = CollectionConfig::new("tasks").consistency(consistency);
    let device = world.device(name).collection(tasks).collection(CollectionConfig::new("notes")).open().await;
    device.sync().await;
    device.link.forget();
    device
}

/// Changes the title of `t`, and holds the reply that confirms it.
async fn held(device: &Device) -> (Hold, JoinHandle<Result<Receipt>>) {
    let hold = device.link.hold_reply("/sync/batch");
    let tasks = device.tasks.clone();
    let call = tokio::spawn(async move { tasks.update("t", &json!({"title": "y"})).await });
    hold.arrived().await;
    (hold, call)
}

fn unconfirmed<T: std::fmt::Debug>(result: Result<T>) -> OpId {
    match result {
        Err(Error::Unconfirmed { op, .. }) => op,
        other => panic!("{other:?}"),
    }
}

/// Nothing of a write is left.
fn assert_traceless(device: &Device) {
    assert!(device.pending().is_empty() && device.journal().is_empty(), "{:?}", device.pending());
}

#[test]
fn confirmed_write_returns_when_the_server_has_it() {
    story(|mut world| async move {
        let (a, b) = (open(&mut world, "a").await, open(&mut world, "b").await);
        let op = a.create("t", json!({"title": "x", "n": 0})).await;
        assert!(a.pending().is_empty());
        assert_eq!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Accepted(None));
        b.sync().await;
        assert_eq!(b.get("t"), Some(json!({"title": "x", "n": 0})));
        b.update("t", json!({"n": {"$inc": 1}})).await;
        a.sync().await;
        a.replace("t", json!({"title": "y", "n": 1})).await;
        a.delete("t").await;
        b.sync().await;
        assert_eq!(b.get("t"), None);
        assert!(a.link.operations().iter().all(|op| op["exact"] == true));
        in_step(&[&a, &b]).await;
    });
}

#[test]
fn stale_write_is_refused_whole_and_never_merged() {
    story(|mut world| async move {
        let (a, b) = (open(&mut world, "a").await, open(&mut world, "b").await);
        a.create("t", json!({"title": "x", "note": "", "n": 0})).await;
        b.sync().await;
        for patch in [json!({"note": "other field"}), json!({"n": {"$inc": 1}})] {
            a.update("t", patch.clone()).await;
            let stale = b.tasks.update("t", &json!({"title": "b"})).await;
            assert_eq!(code(stale), ErrorCode::VersionMismatch, "{patch}");
            assert_eq!(b.get("t"), a.get("t"));
            assert!(b.pending().is_empty() && b.conflicts().is_empty());
        }
        a.update("t", json!({"note": "again"})).await;
        assert_eq!(code(b.tasks.update("t", &json!({"n": {"$inc": 1}})).await), ErrorCode::VersionMismatch);
        a.update("t", json!({"note": "and again"})).await;
        assert_eq!(code(b.tasks.delete("t").await), ErrorCode::VersionMismatch);
        assert_eq!(b.get("t"), Some(json!({"title": "x", "note": "and again", "n": 1})));
        b.create("u", json!({})).await;
        assert_eq!(code(a.try_create("u", json!({"other": 1})).await), ErrorCode::VersionMismatch);
        assert_eq!(a.get("u"), Some(json!({})));
        // What lost is kept; what the server has stands on both.
        assert!(b.journal().iter().all(|entry| entry.reason == LossReason::ServerKept) && b.journal().len() == 4);
        b.update("t", json!({"title": "now"})).await;
        in_step(&[&a, &b]).await;
    });
}

#[test]
fn strategy_does_not_matter_where_writes_are_confirmed() {
    for strategy in [Strategy::LocalWins, Strategy::Prompt, Strategy::LastWriteWins] {
        story(|mut world| async move {
            let tasks = CollectionConfig::new("tasks").conflict(strategy).consistency(Consistency::confirmed());
            let a = world.device("a").collection(tasks.clone()).open().await;
            let b = world.device("b").collection(tasks).open().await;
            a.create("t", json!({"title": "x"})).await;
            b.sync().await;
            a.update("t", json!({"title": "a"})).await;
            assert_eq!(code(b.tasks.update("t", &json!({"title": "b"})).await), ErrorCode::VersionMismatch);
            assert_eq!((b.get("t"), b.conflicts().len()), (Some(json!({"title": "a"})), 0));
        });
    }
}

#[test]
fn write_without_a_network_or_a_session_leaves_nothing_behind() {
    story(|mut world| async move {
        let a = open(&mut world, "a").await;
        a.create("t", json!({"title": "x"})).await;
        a.link.forget();
        a.holm.connectivity().set(Network::Offline);
        assert_eq!(code(a.tasks.update("t", &json!({"title": "y"})).await), ErrorCode::Offline);
        assert_eq!(code(a.try_create("u", json!({})).await), ErrorCode::Offline);
        assert_eq!((a.get("t"), a.get("u")), (Some(json!({"title": "x"})), None));
        assert_traceless(&a);
        assert!(a.link.sent().is_empty());
        // The other collection does not care.
        a.holm.collection("notes").unwrap().create(&json!({"id": "n"})).await.unwrap();
        a.holm.connectivity().set(Network::Unmetered);
        a.sync().await;

        // The host knows nothing of it: the server's address does not answer.
        a.link.always("/sync/batch", Fault::Unreachable);
        assert_eq!(code(a.tasks.update("t", &json!({"title": "y"})).await), ErrorCode::Offline);
        assert_eq!(code(a.tasks.delete("t").await), ErrorCode::Offline);
        assert_eq!(a.get("t"), Some(json!({"title": "x"})));
        assert_traceless(&a);
        a.link.heal();

        a.holm.sign_out(holm_core::SignOutMode::Keep).await.unwrap();
        assert_eq!(code(a.tasks.update("t", &json!({"title": "y"})).await), ErrorCode::SignedOut);
        assert_traceless(&a);
    });
}

#[test]
fn lost_reply_is_asked_for_again_and_doubles_nothing() {
    story(|mut world| async move {
        let (a, b) = (open(&mut world, "a").await, open(&mut world, "b").await);
        a.create("t", json!({"n": 0})).await;
        a.link.once("/sync/batch", Fault::DropReply);
        let before = world.now();
        a.tasks.update("t", &json!({"n": {"$inc": 1}})).await.unwrap();
        assert!(world.now() - before < Duration::from_secs(5));
        assert!(a.pending().is_empty());
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("t"), Some(json!({"n": 1})));
    });
}

#[test]
fn write_without_an_answer_stays_queued_and_says_so() {
    story(|mut world| async move {
        let (a, b) = (open(&mut world, "a").await, open(&mut world, "b").await);
        a.create("t", json!({"n": 0})).await;
        // A pull would show that the write has arrived.
        a.link.always("/sync/", Fault::DropReply);
        let before = world.now();
        let op = unconfirmed(a.tasks.update("t", &json!({"n": {"$inc": 1}})).await);
        assert_eq!((world.now() - before).as_secs(), 30);
        assert_eq!((a.pending().len(), a.get("t")), (1, Some(json!({"n": 1}))));
        // A later write of the document goes after it.
        a.link.heal();
        world.pass(Duration::from_secs(60)).await;
        a.tasks.update("t", &json!({"n": {"$inc": 1}})).await.unwrap();
        assert_eq!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Accepted(None));
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("t"), Some(json!({"n": 2})));
    });
}

#[test]
fn write_without_an_answer_is_confirmed_by_a_reading_that_shows_it() {
    story(|mut world| async move {
        let a = open(&mut world, "a").await;
        a.create("t", json!({"n": 0})).await;
        a.link.always("/sync/batch", Fault::DropReply);
        let before = world.now();
        a.tasks.update("t", &json!({"n": {"$inc": 1}})).await.unwrap();
        assert!((world.now() - before).as_secs() < 30);
        assert_eq!((a.pending().len(), a.get("t")), (0, Some(json!({"n": 1}))));
    });
}

#[test]
fn write_that_never_went_out_is_withdrawn_after_the_timeout() {
    story(|mut world| async move {
        let timeout = Duration::from_secs(7);
        let a = open_with(&mut world, "a", Consistency::Confirmed { timeout }).await;
        a.create("t", json!({"title": "x"})).await;
        // The collection is being read anew, and that takes too long: until then nothing is sent.
        let resync = {
            let holm = a.holm.clone();
            tokio::spawn(async move { holm.resync_collection("tasks").await })
        };
        a.link.always("/sync/pull", Fault::Timeout);
        tokio::task::yield_now().await;
        let before = world.now();
        assert_eq!(code(a.tasks.update("t", &json!({"title": "y"})).await), ErrorCode::Timeout);
        assert_eq!(world.now() - before, timeout);
        assert_eq!(a.get("t"), Some(json!({"title": "x"})));
        assert_traceless(&a);
        a.link.heal();
        let _ = resync.await;
        a.sync().await;
        a.update("t", json!({"title": "z"})).await;
    });
}

#[test]
fn cancelled_call_takes_back_what_was_not_sent() {
    story(|mut world| async move {
        let (a, b) = (open(&mut world, "a").await, open(&mut world, "b").await);
        a.create("t", json!({"title": "x"})).await;
        for (sent, expected) in [(false, "x"), (true, "y")] {
            let hold = match sent {
                false => a.link.hold_request("/sync/pull"),
                true => a.link.hold_reply("/sync/batch"),
            };
            let running = (!sent).then(|| {
                let holm = a.holm.clone();
                tokio::spawn(async move { holm.resync_collection("tasks").await })
            });
            if running.is_some() {
                hold.arrived().await;
            }
            let tasks = a.tasks.clone();
            let call = tokio::spawn(async move { tasks.update("t", &json!({"title": "y"})).await });
            if sent {
                hold.arrived().await;
            } else {
                world.seconds(1.0).await;
            }
            assert_eq!(a.get("t"), Some(json!({"title": "y"})));
            call.abort();
            world.seconds(1.0).await;
            assert_eq!((a.get("t"), a.pending().len()), (Some(json!({"title": expected})), usize::from(sent)));
            hold.release();
            if let Some(running) = running {
                running.await.unwrap().unwrap();
            }
            world.seconds(1.0).await;
        }
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("t"), Some(json!({"title": "y"})));
    });
}

#[test]
fn suspended_or_closed_client_ends_the_wait() {
    story(|mut world| async move {
        let a = open(&mut world, "a").await;
        a.create("t", json!({"title": "x"})).await;
        let (hold, call) = held(&a).await;
        a.holm.suspend().await;
        let op = unconfirmed(call.await.unwrap());
        assert_eq!(code(a.tasks.update("t", &json!({"title": "z"})).await), ErrorCode::Suspended);
        a.holm.resume().unwrap();
        hold.release();
        a.sync().await;
        assert_eq!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Accepted(None));

        let hold = a.link.hold_request("/sync/pull");
        let holm = a.holm.clone();
        let reading = tokio::spawn(async move { holm.resync_collection("tasks").await });
        hold.arrived().await;
        let tasks = a.tasks.clone();
        let call = tokio::spawn(async move { tasks.update("t", &json!({"title": "z"})).await });
        world.seconds(1.0).await;
        a.holm.suspend().await;
        assert_eq!(code(call.await.unwrap()), ErrorCode::Suspended);
        drop(reading);
        a.holm.resume().unwrap();
        assert_eq!(a.get("t"), Some(json!({"title": "y"})));
        assert_traceless(&a);
    });
}

#[test]
fn death_of_the_process_loses_nothing_and_doubles_nothing() {
    story(|mut world| async move {
        let (mut a, b) = (open(&mut world, "a").await, open(&mut world, "b").await);
        a.create("t", json!({"n": 0})).await;
        for (n, part) in [(1, "request"), (2, "reply")] {
            let hold = match part {
                "request" => a.link.hold_request("/sync/batch"),
                _ => a.link.hold_reply("/sync/batch"),
            };
            let tasks = a.tasks.clone();
            let call = tokio::spawn(async move { tasks.update("t", &json!({"n": {"$inc": 1}})).await });
            hold.arrived().await;
            a.crash(&mut world);
            call.abort();
            assert_eq!((a.pending().len(), a.get("t")), (1, Some(json!({"n": n}))), "{part}");
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("t"), Some(json!({"n": n})), "{part}");
        }
    });
}

#[test]
fn unconfirmed_write_that_was_overtaken_is_overridden_later() {
    story(|mut world| async move {
        let (a, b) = (open(&mut world, "a").await, open(&mut world, "b").await);
        a.create("t", json!({"title": "x", "note": ""})).await;
        b.sync().await;
        b.link.always("/sync/batch", Fault::DropRequest);
        let op = unconfirmed(b.tasks.update("t", &json!({"title": "b"})).await);
        a.update("t", json!({"note": "a"})).await;
        b.link.heal();
        // So many requests came to nothing that the next ones have to wait.
        world.pass(Duration::from_secs(60)).await;
        b.sync().await;
        assert_eq!(b.holm.confirmed(op).await.unwrap(), WriteOutcome::Overridden);
        assert_eq!((b.get("t"), b.pending().len()), (a.get("t"), 0));
        assert_eq!(b.journal()[0].op_id, Some(op.to_string()));
    });
}

#[test]
fn refused_write_shows_the_servers_state_and_the_reason() {
    story_on("[collections.tasks.fields.title]\nmax_length = 10\n", |mut world| async move {
        let a = open(&mut world, "a").await;
        a.create("t", json!({"title": "short"})).await;
        match a.tasks.update("t", &json!({"title": "much too long for this server"})).await {
            Err(Error::Refused { server_code, .. }) => assert_eq!(server_code, "VALIDATION_ERROR"),
            other => panic!("{other:?}"),
        }
        assert_eq!(a.get("t"), Some(json!({"title": "short"})));
        assert!(a.holm.parked().unwrap().is_empty() && a.pending().is_empty());
        assert_eq!(a.journal().len(), 1);

        // A group is refused with its reason, and all of it is gone.
        let group = a.holm.write(|tx| {
            tx.create("notes", &json!({"id": "n", "text": "kept?"}))?;
            tx.update("tasks", "t", &json!({"title": "again much too long"}))
        });
        assert_eq!(code(group.await), ErrorCode::Refused);
        assert_eq!(a.holm.collection("notes").unwrap().get("n").unwrap(), None);
        assert!(a.holm.parked().unwrap().is_empty() && a.pending().is_empty());
    });
}

#[test]
fn transaction_that_touches_a_confirmed_collection_is_one_group() {
    story(|mut world| async move {
        let (a, b) = (open(&mut world, "a").await, open(&mut world, "b").await);
        let notes = a.holm.collection("notes").unwrap();
        notes.create(&json!({"id": "n", "text": "first"})).await.unwrap();
        a.holm
            .write(|tx| {
                tx.update("notes", "n", &json!({"text": "second"}))?;
                tx.create("tasks", &json!({"id": "t", "title": "x"}))
            })
            .await
            .unwrap();
        assert!(a.pending().is_empty());
        let groups: Vec<_> = a.link.operations().into_iter().map(|op| op["group"].clone()).collect();
        assert!(groups[0].is_null() && groups[1].is_string() && groups[1] == groups[2], "{groups:?}");
        b.sync().await;

        // A stale member takes the group with it, also what would merge by itself.
        a.update("t", json!({"note": "a"})).await;
        let stale = b.holm.write(|tx| {
            tx.update("notes", "n", &json!({"text": "third"}))?;
            tx.update("tasks", "t", &json!({"title": "b"}))
        });
        assert_eq!(code(stale.await), ErrorCode::VersionMismatch);
        assert_eq!(
            b.holm.collection("notes").unwrap().get("n").unwrap().unwrap().value().unwrap(),
            json!({"text": "second"})
        );
        assert!(b.pending().is_empty());

        // Without one, it is as ever, and coalesces with nothing that it should not.
        b.holm.connectivity().set(Network::Offline);
        b.holm.write(|tx| tx.update("notes", "n", &json!({"text": "fourth"}))).await.unwrap();
        let action = b.holm.write(|tx| {
            tx.action("x", Some("notes"), Some("n"), &json!({}))?;
            tx.create("tasks", &json!({}))
        });
        assert_eq!(code(action.await), ErrorCode::Offline);
        b.holm.connectivity().set(Network::Unmetered);
        let action = b.holm.write(|tx| {
            tx.action("x", Some("notes"), Some("n"), &json!({}))?;
            tx.create("tasks", &json!({}))
        });
        assert_eq!(code(action.await), ErrorCode::Unsupported);
        in_step(&[&a, &b]).await;
    });
}

#[test]
fn waiting_write_holds_up_no_other() {
    story(|mut world| async move {
        let a = open(&mut world, "a").await;
        a.create("t", json!({"title": "x"})).await;
        let (hold, call) = held(&a).await;
        let before = world.now();
        a.holm.collection("notes").unwrap().create(&json!({"id": "n"})).await.unwrap();
        assert_eq!(world.now(), before);
        hold.release();
        call.await.unwrap().unwrap();
    });
}

#[test]
fn restored_value_is_confirmed_too() {
    story(|mut world| async move {
        let (a, b) = (open(&mut world, "a").await, open(&mut world, "b").await);
        a.create("t", json!({"title": "x"})).await;
        b.sync().await;
        a.update("t", json!({"title": "a"})).await;
        assert!(b.tasks.update("t", &json!({"title": "b"})).await.is_err());
        b.holm.restore(b.journal()[0].id).await.unwrap();
        assert!(b.pending().is_empty());
        a.sync().await;
        assert_eq!(a.get("t"), Some(json!({"title": "b"})));
    });
}

#[test]
fn confirmed_collection_needs_a_server() {
    let mut config =
        Config::in_memory().collection(CollectionConfig::new("tasks").consistency(Consistency::confirmed()));
    config.connectivity = Connectivity::default();
    assert_eq!(Holm::open(config).err().map(|error| error.code()), Some(ErrorCode::InvalidConfig));
}
