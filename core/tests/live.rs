//! Live queries.

#![allow(clippy::unwrap_used)] // A test may fail that way.

use futures_util::FutureExt;
use holm_core::{CollectionConfig, Config, Holm, LiveQuery, Query, Snapshot, SyncStatus};
use serde_json::{Value, json};

fn open() -> Holm {
    let tasks = CollectionConfig::new("tasks").index(&["done", "rank"]).unwrap();
    Holm::open(Config::in_memory().collection(tasks)).unwrap()
}

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

#[tokio::test]
async fn an_observer_gets_the_result_and_then_what_changes() {
    let holm = open();
    let tasks = holm.collection("tasks").unwrap();
    tasks.create(&json!({"id": "a", "done": false, "rank": 1})).await.unwrap();
    let mut live = tasks.live(&query(json!({"where": {"eq": ["done", false]}, "order": ["rank"]}))).unwrap();
    let first = poll(&mut live).unwrap();
    assert_eq!((ids(&first), &first.inserted[..]), (vec!["a"], &["a".to_owned()][..]));
    assert_eq!(poll(&mut live), None);

    tasks.create(&json!({"id": "b", "done": false, "rank": 0})).await.unwrap();
    let next = poll(&mut live).unwrap();
    assert_eq!((ids(&next), next.inserted.clone(), next.moved.clone()), (vec!["b", "a"], vec!["b".to_owned()], vec![]));

    tasks.update("b", &json!({"rank": 2})).await.unwrap();
    let next = poll(&mut live).unwrap();
    assert_eq!((ids(&next), next.updated.clone(), next.moved.len()), (vec!["a", "b"], vec!["b".to_owned()], 1));

    tasks.update("a", &json!({"done": true})).await.unwrap();
    let next = poll(&mut live).unwrap();
    assert_eq!((ids(&next), next.removed.clone()), (vec!["b"], vec!["a".to_owned()]));
}

#[tokio::test]
async fn a_slow_observer_sees_the_latest_state_only() {
    let holm = open();
    let tasks = holm.collection("tasks").unwrap();
    let mut live = tasks.live(&Query::all()).unwrap();
    poll(&mut live).unwrap();
    for n in 0..500 {
        tasks.create(&json!({"id": format!("{n:03}")})).await.unwrap();
        if n % 2 == 0 {
            tasks.delete(&format!("{n:03}")).await.unwrap();
        }
    }
    let next = poll(&mut live).unwrap();
    assert_eq!((next.documents.len(), next.inserted.len()), (250, 250));
    assert_eq!(poll(&mut live), None);
}

#[tokio::test]
async fn a_write_outside_the_result_gives_no_snapshot() {
    let holm = open();
    let (tasks, notes) = (holm.collection("tasks").unwrap(), holm.collection("notes").unwrap());
    tasks.create(&json!({"id": "a", "done": false, "rank": 1})).await.unwrap();
    let mut live =
        tasks.live(&query(json!({"where": {"eq": ["done", false]}, "order": ["rank"], "limit": 1}))).unwrap();
    poll(&mut live).unwrap();
    notes.create(&json!({"done": false})).await.unwrap();
    tasks.create(&json!({"id": "b", "done": true})).await.unwrap();
    tasks.create(&json!({"id": "c", "done": false, "rank": 9})).await.unwrap();
    tasks.replace("a", &json!({"done": false, "rank": 1})).await.unwrap();
    assert_eq!(poll(&mut live), None);
    tasks.delete("a").await.unwrap();
    assert_eq!(ids(&poll(&mut live).unwrap()), ["c"]);
}

#[tokio::test]
async fn a_window_behind_an_offset_shifts_with_what_is_before_it() {
    let holm = open();
    let tasks = holm.collection("tasks").unwrap();
    for id in ["a", "b", "c", "d"] {
        tasks.create(&json!({"id": id})).await.unwrap();
    }
    let mut live = tasks.live(&query(json!({"offset": 1, "limit": 2}))).unwrap();
    assert_eq!(ids(&poll(&mut live).unwrap()), ["b", "c"]);
    tasks.delete("a").await.unwrap();
    assert_eq!(ids(&poll(&mut live).unwrap()), ["c", "d"]);
}

#[tokio::test]
async fn a_transaction_is_seen_whole_or_not_at_all() {
    let holm = open();
    let mut live = holm.collection("tasks").unwrap().live(&Query::all()).unwrap();
    poll(&mut live).unwrap();
    holm.write(|tx| {
        for n in 0..10 {
            tx.create("tasks", &json!({"rank": n}))?;
        }
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(poll(&mut live).unwrap().documents.len(), 10);
    let failed: holm_core::Result<()> = holm
        .write(|tx| {
            tx.create("tasks", &json!({}))?;
            tx.create("tasks", &json!({"version": 1})).map(drop)
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(poll(&mut live), None);
}

#[tokio::test]
async fn the_status_of_a_document_is_part_of_what_is_watched() {
    let holm = open();
    let tasks = holm.collection("tasks").unwrap();
    let mut live = tasks.live(&Query::all()).unwrap();
    poll(&mut live).unwrap();
    tasks.create(&json!({"id": "a"})).await.unwrap();
    assert_eq!(poll(&mut live).unwrap().documents[0].status, SyncStatus::PendingCreate);
}

#[tokio::test]
async fn closing_ends_a_wait() {
    let holm = open();
    let tasks = holm.collection("tasks").unwrap();
    let (mut one, mut two) = (tasks.live(&Query::all()).unwrap(), tasks.live(&Query::all()).unwrap());
    poll(&mut one).unwrap();
    poll(&mut two).unwrap();
    let closer = one.closer();
    let wait = tokio::spawn(async move { one.next().await.is_none() });
    closer.close();
    assert!(wait.await.unwrap());
    let wait = tokio::spawn(async move { two.next().await.is_none() });
    holm.close().await;
    assert!(wait.await.unwrap());
}

#[tokio::test]
async fn an_observer_waits_through_a_suspension() {
    let directory = tempfile::tempdir().unwrap();
    let holm = Holm::open(Config::new(directory.path())).unwrap();
    let tasks = holm.collection("tasks").unwrap();
    let mut live = tasks.live(&Query::all()).unwrap();
    assert!(live.next().await.unwrap().unwrap().documents.is_empty());
    tasks.create(&json!({"id": "a"})).await.unwrap();
    holm.suspend().await;
    assert_eq!(poll(&mut live), None);
    holm.resume().unwrap();
    tasks.create(&json!({"id": "b"})).await.unwrap();
    assert_eq!(live.next().await.unwrap().unwrap().documents.len(), 2);
}
