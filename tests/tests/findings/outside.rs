//! What a tester found who drove the devices and the server from outside, with a proxy between.

use crate::liveness::spoil;
use holm_core::{CachePolicy, CollectionConfig, Config, ErrorCode, Query, SignOutMode, Strategy};
use holm_tests::fixture::{Fault, in_step, story, story_on, story_on_files};
use serde_json::{Value, json};
use std::time::Duration;

const TITLES: &str = "[collections.tasks.fields.title]\nmax_length = 10";

#[test]
fn outside_1_a_second_page_that_is_refused_is_no_storm() {
    story_on("[limits]\nmax_page_records = 2", |mut world| async move {
        let b = world.open("b").await;
        for n in 0..5 {
            b.create(&format!("b{n}"), json!({})).await;
        }
        b.sync().await;
        let others = || CollectionConfig::new("others");
        let a =
            world.device("a").collection(CollectionConfig::new("tasks")).collection(others()).automatic().open().await;
        // The first page is read, and the next one refused.
        let refused = |_: usize, body: &Value| {
            let streams = body["streams"].as_array().into_iter().flatten();
            let mut later = streams.filter(|stream| stream["collection"] == "tasks" && stream["cursor"].is_string());
            later.next().map(|_| Fault::refusal(403, "FORBIDDEN"))
        };
        a.link.always("pull", Fault::choose(refused));
        a.holm.collection("others").unwrap().create(&json!({"id": "o"})).await.unwrap();
        world.pass(Duration::from_secs(3_600)).await;
        assert!(a.link.in_the_last_hour() <= 130, "{}", a.link.in_the_last_hour());
        assert!(a.pending().is_empty(), "the write of another collection goes");
        a.link.heal();
        world.pass(Duration::from_secs(3_600)).await;
        in_step(&[&a, &b]).await;
    });
}

#[test]
fn outside_2_a_group_that_goes_again_takes_no_later_edit_of_a_document_that_was_not_refused() {
    story_on(TITLES, |mut world| async move {
        let b = world.device("b").strategy(Strategy::Merge).open().await;
        let a = world.device("a").strategy(Strategy::Merge).open().await;
        b.create("hero", json!({"name": "Ada", "plays": 0, "stories": 0})).await;
        in_step(&[&a, &b]).await;
        let group = |tx: &mut holm_core::Transaction<'_>| {
            tx.group();
            tx.create("tasks", &json!({"id": "story", "title": "much too long for this server"}))?;
            tx.update("tasks", "hero", &json!({"stories": {"$inc": 1}})).map(drop)
        };
        b.holm.write(group).await.unwrap();
        b.sync().await;
        let refused = b.holm.parked().unwrap().into_iter().find(|op| op.doc_id == "story").unwrap();
        b.update("hero", json!({"name": "Bea"})).await;
        b.update("hero", json!({"plays": {"$inc": 7}})).await;
        world.pass(Duration::from_secs(5)).await;
        a.update("hero", json!({"name": "Cleo"})).await;
        a.sync().await;
        b.update("story", json!({"title": "short"})).await;
        b.holm.retry(refused.op_id).await.unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(a.get("hero"), Some(json!({"name": "Cleo", "plays": 7, "stories": 1})));
        assert_eq!(a.get("story").unwrap()["title"], "short");
    });
}

#[test]
fn outside_3_pages_of_own_writes_are_progress() {
    story_on("[limits]\nmax_page_bytes = 4000\nmax_record_bytes = 2000", |mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        a.sync().await;
        for n in 0..60 {
            b.create(&format!("b{n}"), json!({"text": "x".repeat(1_000)})).await;
            a.create(&format!("a{n}"), json!({"text": "x".repeat(1_000)})).await;
        }
        b.sync().await;
        // The answer to the push has room for a few of the other's documents; behind them are its own.
        a.try_sync().await.unwrap();
        in_step(&[&a, &b]).await;
    });
}

#[test]
fn outside_4_a_write_whose_request_was_held_back_was_not_sent() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.create("x", json!({})).await;
        a.sync().await;
        a.link.always("", Fault::refusal(500, "SERVER_ERROR"));
        for _ in 0..20 {
            let _ = a.try_sync().await;
        }
        a.link.heal();
        let made = a.create("y", json!({})).await;
        let sent = a.link.count("");
        assert!(a.try_sync().await.is_err());
        assert_eq!(a.link.count(""), sent, "the request was held back");
        assert_eq!(a.pending()[0].state, "queued");
        a.holm.discard(made).await.unwrap();
        assert!(a.pending().is_empty());
    });
}

#[test]
fn outside_5_a_record_that_could_not_be_read_is_asked_for_again() {
    story(|mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        a.create("balance", json!({"n": 0})).await;
        in_step(&[&a, &b]).await;
        let damaged = || Fault::rewrite(|reply| spoil(reply, "balance"));
        let fetched = async || {
            let mut fetch = b.tasks.fetch("balance", Some(CachePolicy::NetworkOnly));
            fetch.next().await.unwrap().map(|fetched| fetched.value.unwrap().value().unwrap()["n"].clone())
        };
        let partial = async || {
            let mut fetch = b.tasks.fetch_query(&Query::all(), Some(CachePolicy::NetworkOnly)).unwrap();
            fetch.next().await.unwrap().unwrap().partial
        };
        let aside = || b.holm.state().unwrap().set_aside;
        a.update("balance", json!({"n": 100})).await;
        a.sync().await;
        b.link.always("pull", damaged());
        b.sync().await;
        b.link.heal();
        assert!(partial().await);
        // What must not be old is the server's, or a failure.
        b.link.always("", damaged());
        assert!(fetched().await.is_err());
        b.link.heal();
        assert_eq!((fetched().await.unwrap(), aside()), (json!(100), 0));
        assert!(!partial().await);
        // So is it after the collection was read anew.
        a.update("balance", json!({"n": 200})).await;
        a.sync().await;
        b.link.always("pull", damaged());
        b.sync().await;
        assert_eq!(aside(), 1);
        b.link.heal();
        b.holm.resync_collection("tasks").await.unwrap();
        assert_eq!((b.get("balance").unwrap()["n"].clone(), aside()), (json!(200), 0));
        in_step(&[&a, &b]).await;
    });
}

/// The build that can read it comes with an upgrade of the app.
#[test]
fn outside_5_a_new_build_asks_again_for_what_the_one_before_could_not_read() {
    story_on_files(|mut world| async move {
        let (a, mut b) = (world.open("a").await, world.open("b").await);
        a.create("balance", json!({"n": 0})).await;
        a.sync().await;
        b.link.always("pull", Fault::rewrite(|reply| spoil(reply, "balance")));
        b.sync().await;
        b.link.heal();
        b.restart().await;
        b.sync().await;
        assert_eq!(b.holm.state().unwrap().set_aside, 1);
        let file = b.directory().join("holm.db");
        let older = move |_: &mut Config| {
            let store = rusqlite::Connection::open(file).unwrap();
            assert_eq!(store.execute("UPDATE meta SET value = '0.0.1' WHERE key = 'build'", []).unwrap(), 1);
        };
        b.restart_after(older).await;
        b.sync().await;
        assert_eq!(b.holm.state().unwrap().set_aside, 0);
        in_step(&[&a, &b]).await;
    });
}

#[test]
fn outside_7_a_collection_that_may_not_be_read_is_shown_and_keeps_no_write() {
    story_on("", |mut world| async move {
        let b = world.open("b").await;
        b.create("old", json!({})).await;
        b.sync().await;
        let a = world.device("a").automatic().open().await;
        a.link.always("pull", Fault::refusal(403, "FORBIDDEN"));
        a.create("event", json!({"name": "opened"})).await;
        world.pass(Duration::from_secs(600)).await;
        assert!(a.pending().is_empty(), "what may be written goes");
        assert_eq!(a.holm.state().unwrap().set_aside, 1);
        assert!(a.link.in_the_last_hour() <= 60, "{}", a.link.in_the_last_hour());
        a.update("event", json!({"name": "closed"})).await;
        world.pass(Duration::from_secs(600)).await;
        assert!(a.pending().is_empty());
        a.link.heal();
        world.pass(Duration::from_secs(3_600)).await;
        assert_eq!(a.holm.state().unwrap().set_aside, 0);
        in_step(&[&a, &b]).await;
        assert_eq!(a.view().len(), 2);
    });
}

/// What the server refuses to one account says nothing of the next one.
#[test]
fn outside_7_a_sign_in_asks_again_for_what_was_refused() {
    story_on("", |mut world| async move {
        let a = world.device("a").automatic().open().await;
        a.sync().await;
        a.link.always("pull", Fault::refusal(403, "FORBIDDEN"));
        world.pass(Duration::from_secs(7_200)).await;
        assert_eq!(a.holm.state().unwrap().set_aside, 1);
        a.link.heal();
        a.holm.sign_out(SignOutMode::Wipe).await.unwrap();
        a.holm.sign_up("next@example.com", "password").await.unwrap();
        assert_eq!(a.holm.state().unwrap().set_aside, 0);
        world.pass(Duration::from_secs(60)).await;
        assert!(a.holm.state().unwrap().last_sync_ms.is_some());
    });
}

#[test]
fn outside_10_a_token_that_no_header_carries_is_refused_at_once() {
    story(|mut world| async move {
        let a = world.device("a").signed_out().open().await;
        for token in ["", " ", "a\nb", "ü"] {
            assert_eq!(a.holm.set_token(token).unwrap_err().code(), ErrorCode::InvalidConfig, "{token:?}");
        }
        a.holm.set_token("a.b-c_d").unwrap();
    });
}
