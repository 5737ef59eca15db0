//! Wrong answers.

use crate::{LATER, pair};
use holm_core::{CollectionConfig, Config, ErrorCode, Holm, OpId, Query, SignOutMode, SyncStatus, WriteOutcome};
use holm_tests::fixture::{Fault, code, in_step, story};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn core_r3_a_number_in_another_notation_is_no_edit() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"n": 1, "title": "x"})).await;
        b.update("d", json!({"n": 2})).await;
        b.sync().await;
        world.pass(LATER).await;
        a.replace("d", json!({"n": 1.0, "title": "y"})).await;
        assert_eq!(a.sync().await.conflicts, 0);
        in_step(&[&a, &b]).await;
        let document = b.get("d").unwrap();
        assert_eq!((document["n"].as_f64(), &document["title"]), (Some(2.0), &json!("y")));
    });
}

#[test]
fn core_r4_objects_merge_member_by_member_where_one_clashes() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"o": {"x": 0, "y": 0, "z": 0}})).await;
        a.update("d", json!({"o": {"x": 1, "y": 1}})).await;
        world.pass(LATER).await;
        b.update("d", json!({"o": {"x": 2, "z": 2}})).await;
        b.sync().await;
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"o": {"x": 2, "y": 1, "z": 2}})));
    });
}

#[test]
fn core_r4_two_members_of_an_object_are_two_fields() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"address": {"city": "", "street": ""}})).await;
        a.update("d", json!({"address": {"city": "Paris"}})).await;
        b.update("d", json!({"address": {"street": "Rue"}})).await;
        assert_eq!(b.sync().await.conflicts + a.sync().await.conflicts, 0);
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"address": {"city": "Paris", "street": "Rue"}})));
    });
}

#[test]
fn core_r5_collections_that_come_later_are_discovered() {
    story(|mut world| async move {
        let a = world
            .device("a")
            .collection(CollectionConfig::new("tasks"))
            .collection(CollectionConfig::new("notes"))
            .open()
            .await;
        let mut b = world.device("b").undeclared().open().await;
        a.create("d", json!({})).await;
        in_step(&[&a, &b]).await;
        a.holm.collection("notes").unwrap().create(&json!({"id": "n", "text": "new"})).await.unwrap();
        a.sync().await;
        b.sync().await;
        b.sync().await;
        assert!(b.holm.collection("notes").unwrap().get("n").unwrap().is_some());
        b.restart().await;
        a.holm.collection("notes").unwrap().create(&json!({"id": "m"})).await.unwrap();
        a.sync().await;
        b.sync().await;
        assert!(b.holm.collection("notes").unwrap().get("m").unwrap().is_some());
    });
}

#[test]
fn core_r6_an_operation_that_never_was_is_not_confirmed() {
    story(|mut world| async move {
        let a = world.open("a").await;
        let unknown = OpId::parse("01900000-0000-7000-8000-000000000001").unwrap();
        assert_eq!(code(a.holm.confirmed(unknown).await), ErrorCode::NotFound);
    });
}

#[test]
fn core_r6_a_wipe_tells_those_who_wait() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        let op = a.create("d", json!({})).await;
        let holm = a.holm.clone();
        let waiter = tokio::spawn(async move { holm.confirmed(op).await });
        world.seconds(1.0).await;
        a.holm.sign_out(SignOutMode::WipeDiscardingPending).await.unwrap();
        let told =
            tokio::time::timeout(Duration::from_secs(60), waiter).await.expect("the waiter got no outcome").unwrap();
        assert_eq!(told.unwrap(), WriteOutcome::Discarded);
    });
}

#[test]
fn core_r7_a_discarded_write_takes_its_nested_change_along() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"o": {"x": 0, "y": 0}})).await;
        let given_up = a
            .holm
            .write(|tx| {
                tx.group();
                tx.update("tasks", "d", &json!({"o": {"x": 666}}))
            })
            .await
            .unwrap();
        a.update("d", json!({"o": {"y": 1}})).await;
        a.holm.discard(given_up.op_id.unwrap()).await.unwrap();
        assert_eq!(a.get("d"), Some(json!({"o": {"x": 0, "y": 1}})));
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"o": {"x": 0, "y": 1}})));
    });
}

/// A store on disk with threads of its own, as apps have it.
fn on_disk(work: impl AsyncFnOnce(&std::path::Path, Holm)) {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let holm = Holm::open(Config::new(directory.path())).unwrap();
        work(directory.path(), holm.clone()).await;
        holm.close().await;
    });
}

#[test]
fn core_r8_a_locked_file_is_unavailable_and_may_be_tried_again() {
    on_disk(async |directory, holm| {
        let tasks = holm.collection("tasks").unwrap();
        let other = rusqlite::Connection::open(directory.join("holm.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let error = tasks.create(&json!({"id": "d"})).await.unwrap_err();
        assert_eq!((error.code(), error.retryable()), (ErrorCode::StorageUnavailable, true));
        other.execute_batch("ROLLBACK").unwrap();
        tasks.create(&json!({"id": "d"})).await.unwrap();
    });
}

#[test]
fn core_c1_a_foreign_reader_delays_no_write() {
    on_disk(async |directory, holm| {
        let tasks = holm.collection("tasks").unwrap();
        let reader = rusqlite::Connection::open(directory.join("holm.db")).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        let _: i64 = reader.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        for n in 0..8 {
            tasks.create(&json!({"id": format!("large{n}"), "text": "x".repeat(200_000)})).await.unwrap();
            tasks
                .create_all(
                    &(0..5)
                        .map(|m| json!({"id": format!("l{n}-{m}"), "text": "x".repeat(200_000)}))
                        .collect::<Vec<_>>(),
                )
                .await
                .unwrap();
        }
        let start = Instant::now();
        for n in 0..5 {
            tasks.create(&json!({"id": format!("small{n}")})).await.unwrap();
        }
        // One wait for the reader takes five seconds.
        assert!(start.elapsed() < Duration::from_secs(4), "{:?} for five writes", start.elapsed());
        drop(reader);
    });
}

#[test]
fn core_r10_contains_matches_texts_only() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.create("list", json!({"tags": [[1]]})).await;
        a.create("object", json!({"tags": [{"a": 1}]})).await;
        a.create("text", json!({"tags": ["[1]"]})).await;
        assert_eq!(a.find(json!({"contains": ["tags", "[1]"]})), ["text"]);
        assert!(a.find(json!({"contains": ["tags", "{\"a\":1}"]})).is_empty());
    });
}

#[test]
fn core_r10_prefix_finds_texts_that_go_on_with_any_character() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.create("last", json!({"t": "case.\u{10FFFF}x"})).await;
        a.create("other", json!({"t": "casf"})).await;
        assert_eq!(a.find(json!({"prefix": ["t", "case."]})), ["last"]);
        assert_eq!(a.find(json!({"prefix": ["t", ""]})), ["last", "other"]);
    });
}

#[test]
fn core_r10_increments_are_exact_in_integers() {
    story(|mut world| async move {
        let cases = [
            (json!(u64::MAX), json!(0), json!(u64::MAX)),
            (json!(1u64 << 63), json!(-1), json!(i64::MAX)),
            (json!(i64::MAX), json!(1), json!(1u64 << 63)),
            (json!(9_007_199_254_740_993i64), json!(1), json!(9_007_199_254_740_994i64)),
        ];
        let a = world.open("a").await;
        for (n, (before, by, after)) in cases.into_iter().enumerate() {
            let id = format!("d{n}");
            a.create(&id, json!({"n": before})).await;
            a.sync().await;
            a.update(&id, json!({"n": {"$inc": by}})).await;
            assert_eq!(a.get(&id).unwrap()["n"], after);
            a.sync().await;
            assert_eq!(a.get(&id).unwrap()["n"], after);
        }
        let b = world.open("b").await;
        in_step(&[&a, &b]).await;
    });
}

#[test]
fn core_r10_an_increment_without_a_finite_result_is_refused() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.create("d", json!({"n": 1e308})).await;
        let refused = a.tasks.update("d", &json!({"n": {"$inc": 1e308}})).await;
        assert_eq!(code(refused), ErrorCode::InvalidDocument);
        assert_eq!(a.get("d"), Some(json!({"n": 1e308})));
    });
}

#[test]
fn core_r10_an_unknown_operator_is_refused_at_any_depth() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.create("d", json!({"o": {"n": 1}})).await;
        for patch in [json!({"x": {"$foo": 1}}), json!({"o": {"x": {"$foo": 1}}})] {
            let refused = a.tasks.update("d", &patch).await;
            assert_eq!(code(refused), ErrorCode::Unsupported, "{patch}");
        }
        a.update("d", json!({"o": {"n": {"$inc": 1}}})).await;
        assert_eq!(a.get("d"), Some(json!({"o": {"n": 2}})));
        a.sync().await;
        assert_eq!(a.status("d"), Some(SyncStatus::Synced));
        // A lost request changes nothing of that.
        a.update("d", json!({"o": {"n": {"$inc": 1}}})).await;
        a.link.once("batch", Fault::DropReply);
        assert!(a.try_sync().await.is_err());
        a.sync().await;
        assert_eq!(a.get("d"), Some(json!({"o": {"n": 3}})));
    });
}

#[tokio::test]
async fn core_c2_a_commit_costs_a_live_query_what_changed() {
    let holm = Holm::open(Config::in_memory()).unwrap();
    let tasks = holm.collection("tasks").unwrap();
    for n in 0..500 {
        tasks.create(&json!({"id": format!("t{n:03}"), "n": n})).await.unwrap();
    }
    let query = Query::parse(&json!({"where": {"gte": ["n", 0]}, "order": ["n"]})).unwrap();
    let mut live = tasks.live(&query).unwrap();
    let first = live.next().await.unwrap().unwrap().documents;
    tasks.update("t250", &json!({"note": "changed"})).await.unwrap();
    let next = live.next().await.unwrap().unwrap();
    assert_eq!((next.updated.as_slice(), next.documents.len()), (&["t250".to_owned()][..], 500));
    // What did not change was not read again: it is the same object.
    let read: Vec<usize> =
        (0..500).filter(|at| !Arc::ptr_eq(first.get(*at).unwrap(), next.documents.get(*at).unwrap())).collect();
    assert_eq!(read, [250]);
}
