//! Traps of the interface.

use crate::LATER;
use holm_core::{CacheConfig, CollectionConfig, Config, ErrorCode, Holm, Query, Strategy, WriteOutcome};
use holm_tests::fixture::{code, in_step, story, story_on};
use serde_json::{Value, json};
use std::time::Duration;

/// A server that takes titles of up to ten characters.
const STRICT: &str = "[collections.tasks.fields.title]\nmax_length = 10\n";

#[test]
fn core_a1_what_the_server_refuses_for_its_form_is_refused_here() {
    story(|mut world| async move {
        let a = world.open("a").await;
        for id in
            ["x".repeat(129), "é".repeat(65), "$a".to_owned(), "fetch".to_owned(), ".".to_owned(), "..".to_owned()]
        {
            assert_eq!(code(a.try_create(&id, json!({})).await), ErrorCode::InvalidName, "{id}");
        }
        let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({"x": inner}));
        assert_eq!(code(a.try_create("deep", deep(65)).await), ErrorCode::InvalidDocument);
        let large = a.try_create("large", json!({"text": "x".repeat(256 * 1024 + 1)})).await;
        assert_eq!(code(large).as_str(), "DOCUMENT_TOO_LARGE");
        a.create(&"x".repeat(128), json!({})).await;
        a.create("deepest", deep(63)).await;
        a.create("larger", json!({"text": "x".repeat(250 * 1024)})).await;
        // What an edit makes of a document counts, too.
        let grown = a.tasks.update("larger", &json!({"more": "x".repeat(20_000)})).await;
        assert_eq!(code(grown).as_str(), "DOCUMENT_TOO_LARGE");
        let report = a.sync().await;
        assert_eq!((report.pushed, report.parked), (3, 0));
    });
}

#[test]
fn core_a1_a_changed_limit_of_the_server_is_obeyed() {
    story_on("[limits]\nmax_record_bytes = 2000\n", |mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        assert_eq!(code(a.try_create("d", json!({"text": "x".repeat(3_000)})).await).as_str(), "DOCUMENT_TOO_LARGE");
        a.create("small", json!({"text": "x".repeat(1_000)})).await;
        assert_eq!(a.sync().await.parked, 0);
    });
}

#[test]
fn core_a2_idle_ends_with_a_write_behind_a_parked_one() {
    story_on(STRICT, |mut world| async move {
        let a = world.device("a").automatic().open().await;
        world.seconds(10.0).await;
        // The edit is made while the create is on its way, so that the two are not joined.
        a.create("d", json!({"title": "much too long"})).await;
        let late = a.link.hold_reply("batch");
        late.arrived().await;
        a.update("d", json!({"note": "behind it"})).await;
        late.release();
        tokio::time::timeout(Duration::from_secs(60), a.holm.idle()).await.expect("idle never ends").unwrap();
        let state = a.holm.state().unwrap();
        assert_eq!((state.pending, state.failed > 0), (0, true));
    });
}

#[test]
fn core_a3_deleting_a_document_whose_create_was_refused_withdraws_both() {
    story_on(STRICT, |mut world| async move {
        let a = world.open("a").await;
        a.create("d", json!({"title": "much too long"})).await;
        assert_eq!(a.sync().await.parked, 1);
        a.delete("d").await;
        assert!(a.pending().is_empty() && a.holm.parked().unwrap().is_empty(), "{:?}", a.pending());
        assert_eq!(a.sync().await.pushed, 0);
    });
}

/// The document is deleted while the write that is refused is on its way, or after that: there is nothing to repair.
#[test]
fn core_a3_what_is_refused_goes_with_the_delete_behind_it() {
    for (known, in_flight) in [(false, true), (true, true), (true, false)] {
        story_on(STRICT, |mut world| async move {
            let (mut a, b) = (world.open("a").await, world.open("b").await);
            if known {
                a.create("d", json!({"title": "short", "n": 0})).await;
                in_step(&[&a, &b]).await;
                a.update("d", json!({"title": "much too long"})).await;
            } else {
                a.create("d", json!({"title": "much too long", "n": 0})).await;
            }
            if in_flight {
                let hold = a.link.hold_reply("batch");
                let sync = a.start_sync();
                hold.arrived().await;
                a.update("d", json!({"n": {"$inc": 1}})).await;
                a.delete("d").await;
                hold.release();
                sync.await.unwrap().unwrap();
            } else {
                assert_eq!(a.sync().await.parked, 1);
                a.restart().await;
                a.update("d", json!({"n": {"$inc": 1}})).await;
                let delete = a.delete("d").await;
                a.create("next", json!({})).await;
                a.delete("next").await;
                in_step(&[&a, &b]).await;
                assert!(matches!(a.holm.confirmed(delete.unwrap()).await.unwrap(), WriteOutcome::Accepted(_)));
            }
            in_step(&[&a, &b]).await;
            assert!(a.pending().is_empty() && a.holm.parked().unwrap().is_empty(), "{known}: {:?}", a.pending());
            assert_eq!((a.get("d"), b.get("d")), (None, None));
        });
    }
}

#[test]
fn core_a4_a_collection_named_inside_a_transaction_has_its_name() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.holm.write(|tx| tx.create("first_named_here", &json!({"id": "d"}))).await.unwrap();
        assert_eq!(a.pending()[0].collection, "first_named_here");
        a.holm.explain("first_named_here", "d").unwrap();
    });
}

#[test]
fn report_51_what_waits_has_the_name_of_its_collection() {
    story(|mut world| async move {
        let mut a = world.open("a").await;
        a.holm.write(|tx| tx.create("undeclared", &json!({"id": "d"}))).await.unwrap();
        a.restart().await;
        assert_eq!(a.pending()[0].collection, "undeclared");
    });
}

/// Two clients of one store, as an app and its extension are.
fn two_processes(work: impl AsyncFnOnce(Holm, Holm)) {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let open = || Holm::open(Config::new(directory.path()).collection(CollectionConfig::new("tasks"))).unwrap();
        let (app, extension) = (open(), open());
        work(app.clone(), extension.clone()).await;
        app.close().await;
        extension.close().await;
    });
}

#[test]
fn core_a5_a_live_query_hears_of_another_process() {
    two_processes(async |app, extension| {
        let mut live = app.collection("tasks").unwrap().live(&Query::all()).unwrap();
        assert!(live.next().await.unwrap().unwrap().documents.is_empty());
        extension.collection("tasks").unwrap().create(&json!({"id": "d"})).await.unwrap();
        let next = tokio::time::timeout(Duration::from_secs(10), live.next()).await.expect("nothing is heard");
        assert_eq!(next.unwrap().unwrap().documents.len(), 1);
    });
}

#[test]
fn report_32_resume_shows_what_another_process_wrote() {
    two_processes(async |app, extension| {
        let mut live = app.collection("tasks").unwrap().live(&Query::all()).unwrap();
        assert!(live.next().await.unwrap().unwrap().documents.is_empty());
        app.suspend().await;
        extension.collection("tasks").unwrap().create(&json!({"id": "d"})).await.unwrap();
        app.resume().unwrap();
        let next = tokio::time::timeout(Duration::from_secs(10), live.next()).await.expect("nothing is heard");
        assert_eq!(next.unwrap().unwrap().documents.len(), 1);
    });
}

#[test]
fn core_a6_an_evicted_document_can_be_deleted_offline() {
    story(|mut world| async move {
        let b = world.open("b").await;
        for n in 0..6 {
            b.create(&format!("d{n}"), json!({"n": n})).await;
        }
        b.sync().await;
        let cache = CacheConfig { max_documents: Some(2), ..CacheConfig::default() };
        let a = world.device("a").collection(CollectionConfig::new("tasks").cache(cache)).open().await;
        a.sync().await;
        a.sync().await;
        let evicted = (0..6).map(|n| format!("d{n}")).find(|id| a.get(id).is_none()).expect("nothing was evicted");
        a.tasks.delete(&evicted).await.unwrap();
        a.sync().await;
        b.sync().await;
        assert_eq!(b.get(&evicted), None);
    });
}

#[test]
fn core_a8_the_strategies_lose_the_clashing_field_alone() {
    for strategy in [Strategy::ServerWins, Strategy::LastWriteWins] {
        story(|mut world| async move {
            let a = world.device("a").strategy(strategy).open().await;
            let b = world.device("b").strategy(strategy).open().await;
            a.create("d", json!({"title": "", "n": 0, "note": ""})).await;
            in_step(&[&a, &b]).await;
            a.update("d", json!({"title": "A", "n": {"$inc": 1}})).await;
            world.pass(LATER).await;
            b.update("d", json!({"title": "B"})).await;
            b.sync().await;
            in_step(&[&a, &b]).await;
            let expected: Value = json!({"title": "B", "n": 1, "note": ""});
            assert_eq!(b.get("d"), Some(expected), "{strategy:?}: an increment never conflicts");
        });
    }
}
