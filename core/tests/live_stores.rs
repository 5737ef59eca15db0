//! Live queries on stores in directories: random histories, reads that fail, suspension, and other processes on the same store.

#![allow(clippy::unwrap_used)] // A test may fail that way.

use futures_util::FutureExt;
use holm_core::testing::VirtualClock;
use holm_core::{CollectionConfig, Config, Document, Event, Holm, LiveQuery, Query, Snapshot};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn query(json: Value) -> Query {
    Query::parse(&json).unwrap()
}

/// The next snapshot, if there is one now.
fn poll(live: &mut LiveQuery) -> Option<Snapshot> {
    live.next().now_or_never().map(|snapshot| snapshot.unwrap().unwrap())
}

fn ids(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.documents.iter().map(|document| document.id.as_str()).collect()
}

/// A client on a directory. Several of them stand for the processes of one app.
fn process(directory: &Path) -> (Holm, Arc<VirtualClock>) {
    let clock = Arc::new(VirtualClock::new(1_700_000_000_000));
    let config = Config { clock: clock.clone(), ..Config::new(directory) };
    (Holm::open(config).unwrap(), clock)
}

async fn create(holm: &Holm, id: &str) {
    holm.collection("tasks").unwrap().create(&json!({"id": id})).await.unwrap();
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, Value),
    Update(u8, Value),
    Delete(u8),
    Poll,
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        6 => (-2i64..4).prop_map(Value::from),
        2 => prop_oneof![Just(0.5), Just(1.0), Just(9007199254740993.0)].prop_map(Value::from),
        1 => Just(json!(9007199254740993i64)),
        3 => "[ab\u{e9}]{0,2}".prop_map(Value::from),
        1 => Just(json!([1, "a"])),
        1 => Just(json!({"k": 1})),
    ]
}

fn fields() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[xyz]", scalar(), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 0u8..30;
    prop_oneof![
        4 => (id(), fields()).prop_map(|(id, doc)| Step::Put(id, doc)),
        4 => (id(), fields()).prop_map(|(id, doc)| Step::Update(id, doc)),
        3 => id().prop_map(Step::Delete),
        4 => Just(Step::Poll),
    ]
}

/// Every other id is a UUID, which is stored in another way.
fn id_of(number: u8) -> String {
    if number.is_multiple_of(2) { number.to_string() } else { format!("{number:08x}-abcd-7abc-8def-0123456789ab") }
}

/// Queries with ties, mixed types, limits and offsets.
fn queries() -> Vec<Value> {
    vec![
        json!({}),
        json!({"order": ["x"]}),
        json!({"order": [["x", "desc"], "y"]}),
        json!({"where": {"gt": ["x", 0]}, "order": [["y", "desc"]]}),
        json!({"order": ["x"], "limit": 3}),
        json!({"order": [["x", "desc"]], "limit": 9}),
        json!({"where": {"isNull": "y"}, "order": ["z", ["x", "desc"]], "limit": 1}),
        json!({"order": ["x"], "limit": 4, "offset": 2}),
        json!({"where": {"contains": ["z", "a"]}}),
        json!({"includeDeleted": true, "order": ["y"], "limit": 5}),
        json!({"where": {"in": ["id", [id_of(3), id_of(6), id_of(7)]]}}),
        json!({"order": ["id"], "limit": 5}),
        json!({"order": [["id", "desc"]], "limit": 0}),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn every_snapshot_is_the_query_run_anew(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let declared = CollectionConfig::new("tasks").index(&["x"]).unwrap();
            let holm = Holm::open(Config::in_memory().collection(declared)).unwrap();
            let tasks = holm.collection("tasks").unwrap();
            let mut live: Vec<_> =
                queries().into_iter().map(query).map(|q| (tasks.live(&q).unwrap(), q, Vec::<Arc<Document>>::new())).collect();
            let mut first = true;
            for step in steps.into_iter().chain([Step::Poll]) {
                match step {
                    Step::Put(id, doc) => drop(holm.write(move |tx| tx.create_with_id("tasks", &id_of(id), &doc)).await),
                    Step::Update(id, doc) => drop(tasks.update(&id_of(id), &doc).await),
                    Step::Delete(id) => drop(tasks.delete(&id_of(id)).await),
                    Step::Poll => {
                        for (live, query, shown) in &mut live {
                            let now = tasks.query(query).unwrap();
                            let before = shown.clone();
                            let Some(snapshot) = poll(live) else {
                                prop_assert!(!first);
                                prop_assert!(now.iter().eq(before.iter().map(AsRef::as_ref)), "{query:?} is stale");
                                continue;
                            };
                            prop_assert!(now.iter().eq(snapshot.documents.iter().map(AsRef::as_ref)), "{query:?}");
                            check(&before, &snapshot)?;
                            *shown = snapshot.documents.to_vec();
                        }
                        first = false;
                    }
                }
            }
            Ok(())
        })?;
    }
}

/// Checks that a snapshot's differences lead from one list to the next.
fn check(before: &[Arc<Document>], snapshot: &Snapshot) -> Result<(), TestCaseError> {
    let old: Vec<&str> = before.iter().map(|document| document.id.as_str()).collect();
    let new = ids(snapshot);
    let only = |a: &[&str], b: &[&str]| {
        let mut left: Vec<String> = a.iter().filter(|id| !b.contains(id)).map(|id| (*id).to_owned()).collect();
        left.sort();
        left
    };
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    prop_assert_eq!(sorted(&snapshot.inserted), only(&new, &old));
    prop_assert_eq!(sorted(&snapshot.removed), only(&old, &new));
    let updated: Vec<String> = snapshot
        .documents
        .iter()
        .filter(|now| before.iter().any(|was| was.id == now.id && was != *now))
        .map(|now| now.id.clone())
        .collect();
    prop_assert_eq!(sorted(&snapshot.updated), sorted(&updated));
    let still = |list: &[&str], other: &[&str]| {
        let stays = |id: &&&str| other.contains(id) && !snapshot.moved.iter().any(|moved| moved == **id);
        list.iter().filter(stays).map(|id| (*id).to_owned()).collect::<Vec<_>>()
    };
    prop_assert_eq!(still(&old, &new), still(&new, &old));
    Ok(())
}

#[tokio::test]
async fn core_v12_resume_wakes_a_query_begun_while_suspended() {
    let directory = tempfile::tempdir().unwrap();
    let (holm, _clock) = process(directory.path());
    create(&holm, "a").await;
    let tasks = holm.collection("tasks").unwrap();
    holm.suspend().await;
    let mut live = tasks.live(&Query::all()).unwrap();
    assert_eq!(poll(&mut live), None);
    holm.resume().unwrap();
    assert_eq!(ids(&poll(&mut live).unwrap()), ["a"]);
}

#[tokio::test]
async fn core_a5_an_open_list_shows_another_processs_write_in_a_second() {
    let directory = tempfile::tempdir().unwrap();
    let ((app, clock), (extension, _)) = (process(directory.path()), process(directory.path()));
    create(&app, "a").await;
    let tasks = app.collection("tasks").unwrap();
    let mut live = tasks.live(&Query::all()).unwrap();
    assert_eq!(ids(&poll(&mut live).unwrap()), ["a"]);
    let mut other = tasks.live(&query(json!({"limit": 5}))).unwrap();
    poll(&mut other).unwrap();

    let (list, rest) = tokio::join!(wait_for(&mut live), async {
        let rest = wait_for(&mut other);
        let mut rest = Box::pin(rest);
        // Both wait; one of them looks for both.
        assert!((&mut rest).now_or_never().is_none());
        create(&extension, "b").await;
        clock.advance(Duration::from_secs(1));
        rest.await
    });
    assert_eq!((list, rest), (vec!["a".to_owned(), "b".to_owned()], vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(poll(&mut live), None);
}

async fn wait_for(live: &mut LiveQuery) -> Vec<String> {
    ids(&live.next().await.unwrap().unwrap()).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn core_a5_the_next_observer_goes_on_looking() {
    let directory = tempfile::tempdir().unwrap();
    let ((app, clock), (extension, _)) = (process(directory.path()), process(directory.path()));
    let tasks = app.collection("tasks").unwrap();
    let (mut first, mut second) = (tasks.live(&Query::all()).unwrap(), tasks.live(&Query::all()).unwrap());
    assert!(poll(&mut first).is_some() && poll(&mut second).is_some());
    let mut looking = Box::pin(first.next());
    let mut waiting = Box::pin(second.next());
    assert!((&mut looking).now_or_never().is_none() && (&mut waiting).now_or_never().is_none());
    drop(looking);
    // It has the turn now.
    assert!((&mut waiting).now_or_never().is_none());
    create(&extension, "b").await;
    clock.advance(Duration::from_secs(1));
    assert_eq!(ids(&waiting.await.unwrap().unwrap()), ["b"]);
}

#[tokio::test]
async fn core_a5_an_own_write_shows_what_another_process_wrote_before() {
    let directory = tempfile::tempdir().unwrap();
    let ((app, _), (extension, _)) = (process(directory.path()), process(directory.path()));
    let mut live = app.collection("tasks").unwrap().live(&Query::all()).unwrap();
    poll(&mut live).unwrap();
    create(&extension, "b").await;
    create(&app, "a").await;
    assert_eq!(ids(&poll(&mut live).unwrap()), ["a", "b"]);
}

#[tokio::test]
async fn core_a5_in_the_background_nothing_is_looked_for() {
    let directory = tempfile::tempdir().unwrap();
    let ((app, clock), (extension, _)) = (process(directory.path()), process(directory.path()));
    let mut live = app.collection("tasks").unwrap().live(&Query::all()).unwrap();
    poll(&mut live).unwrap();
    app.report(Event::Background);
    create(&extension, "b").await;
    for _ in 0..10 {
        assert_eq!(poll(&mut live), None);
        clock.advance(Duration::from_secs(60));
    }
    app.report(Event::Foreground);
    assert_eq!(ids(&poll(&mut live).unwrap()), ["b"]);
}

#[tokio::test]
async fn report_32_foreground_and_resume_show_what_an_extension_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let ((app, _), (extension, _)) = (process(directory.path()), process(directory.path()));
    let mut live = app.collection("tasks").unwrap().live(&Query::all()).unwrap();
    poll(&mut live).unwrap();
    create(&extension, "a").await;
    app.report(Event::Foreground);
    assert_eq!(ids(&poll(&mut live).unwrap()), ["a"]);
    app.suspend().await;
    create(&extension, "b").await;
    assert_eq!(poll(&mut live), None);
    app.resume().unwrap();
    assert_eq!(ids(&poll(&mut live).unwrap()), ["a", "b"]);
    app.report(Event::Foreground);
    assert_eq!(poll(&mut live), None);
}

#[tokio::test]
async fn core_suspected_2_a_note_outlives_a_failed_read() {
    let directory = tempfile::tempdir().unwrap();
    let (holm, clock) = process(directory.path());
    let mut live = holm.collection("tasks").unwrap().live(&Query::all()).unwrap();
    poll(&mut live).unwrap();
    create(&holm, "a").await;
    // A table that is not there makes the read fail.
    let file = directory.path().join("holm.db");
    let other = rusqlite::Connection::open(file).unwrap();
    other.execute_batch("ALTER TABLE documents RENAME TO away").unwrap();
    assert!(live.next().now_or_never().unwrap().unwrap().is_err());
    // It does not try again and again: only after a change, or a second.
    let mut again = Box::pin(live.next());
    assert!((&mut again).now_or_never().is_none());
    other.execute_batch("ALTER TABLE away RENAME TO documents").unwrap();
    assert!((&mut again).now_or_never().is_none());
    clock.advance(Duration::from_secs(1));
    assert_eq!(ids(&again.now_or_never().unwrap().unwrap().unwrap()), ["a"]);
}

#[test]
fn a_snapshot_taken_beside_commits_never_shows_half_of_one() {
    const ROUNDS: i64 = 400;
    let directory = tempfile::tempdir().unwrap();
    let holm = Holm::open(Config::new(directory.path())).unwrap();
    holm.write_blocking(|tx| {
        for id in ["a", "b", "c", "d"] {
            tx.create_with_id("tasks", id, &json!({"n": 0}))?;
        }
        Ok(())
    })
    .unwrap();
    let mut live = holm.collection("tasks").unwrap().live(&Query::all()).unwrap();
    let observer = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            loop {
                let snapshot = live.next().await.unwrap().unwrap();
                let numbers: Vec<i64> = snapshot
                    .documents
                    .iter()
                    .map(|document| document.value().unwrap()["n"].as_i64().unwrap())
                    .collect();
                assert!(numbers.iter().all(|n| *n == numbers[0]), "{numbers:?}");
                if numbers[0] == ROUNDS {
                    return;
                }
            }
        });
    });
    for n in 1..=ROUNDS {
        holm.write_blocking(move |tx| {
            for id in ["a", "b", "c", "d"] {
                tx.update("tasks", id, &json!({"n": n}))?;
            }
            Ok(())
        })
        .unwrap();
    }
    observer.join().unwrap();
}
