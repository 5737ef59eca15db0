//! Writing and reading on one device, without any server.

#![allow(clippy::unwrap_used)] // A test may fail that way.

use holm_core::{CollectionConfig, Config, Durability, ErrorCode, Holm, Query, SyncStatus};
use serde_json::{Value, json};

fn open() -> Holm {
    Holm::open(Config::in_memory()).unwrap()
}

/// (kind, doc_id) of what is queued.
fn queued(holm: &Holm) -> Vec<(&'static str, String)> {
    holm.pending(100).unwrap().into_iter().map(|op| (op.kind, op.doc_id)).collect()
}

fn value(holm: &Holm, id: &str) -> Option<Value> {
    holm.collection("tasks").unwrap().get(id).unwrap().map(|document| document.value().unwrap())
}

#[tokio::test]
async fn a_document_is_there_at_once_and_marked_as_unsynced() {
    let holm = open();
    let tasks = holm.collection("tasks").unwrap();
    let receipt = tasks.create(&json!({"id": "a", "title": "milk"})).await.unwrap();
    assert_eq!(receipt.doc_id, "a");
    let document = tasks.get("a").unwrap().unwrap();
    assert_eq!(
        (document.value().unwrap(), document.status, document.version),
        (json!({"title": "milk"}), SyncStatus::PendingCreate, None)
    );
    assert_eq!(document.decode::<Value>().unwrap(), json!({"id": "a", "title": "milk"}));
    assert_eq!(tasks.get("b").unwrap(), None);
}

#[tokio::test]
async fn bad_documents_are_refused_and_nothing_is_changed() {
    let holm = open();
    let tasks = holm.collection("tasks").unwrap();
    tasks.create(&json!({"id": "a"})).await.unwrap();
    for (document, code) in [
        (json!([1]), ErrorCode::InvalidDocument),
        (json!("x"), ErrorCode::InvalidDocument),
        (json!({"version": 1}), ErrorCode::InvalidDocument),
        (json!({"_sync": {}}), ErrorCode::InvalidDocument),
        (json!({"id": 7}), ErrorCode::InvalidDocument),
        (json!({"id": ""}), ErrorCode::InvalidName),
        (json!({"id": "a"}), ErrorCode::AlreadyExists),
    ] {
        assert_eq!(tasks.create(&document).await.unwrap_err().code(), code, "{document}");
    }
    for (patch, code) in [
        (json!({"id": "b"}), ErrorCode::InvalidDocument),
        (json!({"n": {"$inc": "1"}}), ErrorCode::InvalidDocument),
        (json!({"n": {"$push": 1}}), ErrorCode::Unsupported),
        (json!(null), ErrorCode::InvalidDocument),
    ] {
        assert_eq!(tasks.update("a", &patch).await.unwrap_err().code(), code, "{patch}");
    }
    assert_eq!(tasks.update("b", &json!({})).await.unwrap_err().code(), ErrorCode::NotFound);
    assert_eq!(tasks.delete("b").await.unwrap_err().code(), ErrorCode::NotFound);
    assert_eq!(holm.collection("no-name").err().unwrap().code(), ErrorCode::InvalidName);
    assert_eq!(queued(&holm), [("create", "a".to_owned())]);
}

#[tokio::test]
async fn writes_of_one_document_become_one_operation() {
    let holm = open();
    let tasks = holm.collection("tasks").unwrap();
    let create = tasks.create(&json!({"id": "a", "n": 1})).await.unwrap();
    let update = tasks.update("a", &json!({"n": {"$inc": 4}, "t": ["x"]})).await.unwrap();
    tasks.update("a", &json!({"t": {"$addToSet": ["y"]}})).await.unwrap();
    assert_eq!(create.op_id, update.op_id);
    assert_eq!(queued(&holm), [("create", "a".to_owned())]);
    assert_eq!(value(&holm, "a").unwrap(), json!({"n": 5, "t": ["x", "y"]}));
    tasks.delete("a").await.unwrap();
    assert_eq!(queued(&holm), []);
    assert_eq!(value(&holm, "a"), None);
    tasks.create(&json!({"id": "a", "again": true})).await.unwrap();
    assert_eq!(value(&holm, "a").unwrap(), json!({"again": true}));
}

#[tokio::test]
async fn a_replacement_is_the_difference_from_what_is_seen() {
    let holm = open();
    let tasks = holm.collection("tasks").unwrap();
    tasks.create(&json!({"id": "a", "x": 1, "y": 2})).await.unwrap();
    assert_eq!(tasks.replace("a", &json!({"y": 2, "x": 1})).await.unwrap().op_id, None);
    assert!(tasks.replace("a", &json!({"y": 3})).await.unwrap().op_id.is_some());
    assert_eq!(value(&holm, "a").unwrap(), json!({"y": 3}));
}

#[tokio::test]
async fn a_transaction_over_collections_is_all_or_nothing() {
    let holm = open();
    holm.collection("heroes").unwrap().create(&json!({"id": "h"})).await.unwrap();
    let failed = holm
        .write(|tx| {
            tx.create("tasks", &json!({"id": "t", "hero": "h"}))?;
            tx.update("heroes", "h", &json!({"tasks": 1}))?;
            assert!(tx.get("tasks", "t")?.is_some(), "a transaction sees its own writes");
            tx.delete("heroes", "missing")
        })
        .await;
    assert_eq!(failed.unwrap_err().code(), ErrorCode::NotFound);
    assert_eq!((value(&holm, "t"), queued(&holm).len()), (None, 1));
    holm.write(|tx| {
        tx.group();
        tx.create("tasks", &json!({"id": "t"}))?;
        tx.update("heroes", "h", &json!({"tasks": 1}))
    })
    .await
    .unwrap();
    assert_eq!(queued(&holm).len(), 3, "a group is not joined with what was there before");
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_restart_with_its_queue() {
    let directory = tempfile::tempdir().unwrap();
    let op = {
        let holm = Holm::open(Config::new(directory.path())).unwrap();
        let tasks = holm.collection("tasks").unwrap();
        tasks.create(&json!({"id": "a", "n": 1})).await.unwrap();
        let op = tasks.update("a", &json!({"n": 2})).await.unwrap().op_id.unwrap();
        let device = holm.device_id();
        holm.close().await;
        (op, device)
    };
    let holm = Holm::open(Config::new(directory.path())).unwrap();
    assert_eq!((holm.pending(9).unwrap()[0].op_id, holm.device_id()), op);
    assert_eq!(value(&holm, "a").unwrap(), json!({"n": 2}));
}

#[tokio::test]
async fn every_kind_of_write_is_forced_to_the_disk_once() {
    let directory = tempfile::tempdir().unwrap();
    let holm = Holm::open(Config::new(directory.path())).unwrap();
    let tasks = holm.collection("tasks").unwrap();
    let before = holm.stats();
    tasks.create(&json!({"id": "a"})).await.unwrap();
    tasks.update("a", &json!({"n": 2})).await.unwrap();
    tasks.delete("a").await.unwrap();
    let after = holm.stats();
    assert_eq!(after.forced_writes - before.forced_writes, 3);
    holm.close().await;
    let holm = Holm::open(Config { durability: Durability::Normal, ..Config::new(directory.path()) }).unwrap();
    holm.collection("tasks").unwrap().create(&json!({"id": "b"})).await.unwrap();
    assert_eq!(holm.stats().forced_writes, 0);
}

#[tokio::test]
async fn a_closed_client_says_so() {
    let holm = open();
    let tasks = holm.collection("tasks").unwrap();
    holm.close().await;
    assert_eq!(tasks.create(&json!({})).await.unwrap_err().code(), ErrorCode::Closed);
    assert_eq!(tasks.query(&Query::all()).unwrap_err().code(), ErrorCode::Closed);
    assert_eq!(holm.state().unwrap_err().code(), ErrorCode::Closed);
    assert_eq!(holm.resume().unwrap_err().code(), ErrorCode::Closed);
    holm.close().await;
}

#[tokio::test]
async fn numbers_and_texts_come_back_as_they_were() {
    let holm = open();
    let tasks = holm.collection("tasks").unwrap();
    let document = json!({
        "big": i64::MAX, "small": i64::MIN, "unsigned": u64::MAX, "real": 1e308, "tiny": 5e-324, "minus": -0.0,
        "nul": "a\u{0}b", "nfc": "é", "nfd": "e\u{301}", "emoji": "👩‍👩‍👧", "null": null, "empty": "", "nested": {"a": [null, {}]},
    });
    let id = tasks.create(&document).await.unwrap().doc_id;
    assert_eq!(value(&holm, &id).unwrap(), document);
    let long = json!({"text": "ü".repeat(100_000)});
    let id = tasks.create(&long).await.unwrap().doc_id;
    assert_eq!(value(&holm, &id).unwrap(), long);
}

#[tokio::test]
async fn declared_collections_are_checked() {
    let twice = Config::in_memory().collection(CollectionConfig::new("a")).collection(CollectionConfig::new("a"));
    assert_eq!(Holm::open(twice).err().unwrap().code(), ErrorCode::InvalidConfig);
    assert_eq!(Holm::open(Config::in_memory().server("nonsense")).err().unwrap().code(), ErrorCode::InvalidConfig);
}
