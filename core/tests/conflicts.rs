//! Writes that depend on each other, groups and their limits, actions: what an app sees without a server.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

use holm_core::{CollectionConfig, Config, ErrorCode, FieldRule, Holm, WriteOutcome};
use serde_json::json;

fn open(config: Config) -> Holm {
    Holm::open(config).unwrap()
}

fn ops(holm: &Holm) -> Vec<(String, &'static str)> {
    holm.pending(100).unwrap().into_iter().map(|op| (op.doc_id, op.kind)).collect()
}

#[tokio::test]
async fn report_07_a_group_over_the_limits_is_refused_whole() {
    let holm = open(Config::in_memory());
    for (most, fits) in [(999usize, true), (1_000, true), (1_001, false)] {
        let group = holm
            .write(move |tx| {
                tx.group();
                (0..most).try_for_each(|n| tx.create("tasks", &json!({"n": n})).map(drop))
            })
            .await;
        assert_eq!(group.map_err(|error| error.code()), if fits { Ok(()) } else { Err(ErrorCode::GroupTooLarge) });
    }
    assert_eq!(holm.pending(10_000).unwrap().len(), 1_999);
    let large = holm
        .write(|tx| {
            tx.group();
            (0..50).try_for_each(|n| tx.create("tasks", &json!({"n": n, "text": "x".repeat(100_000)})).map(drop))
        })
        .await;
    assert_eq!(large.unwrap_err().code(), ErrorCode::GroupTooLarge);
}

#[tokio::test]
async fn references_that_close_a_circle_are_refused() {
    let stories = CollectionConfig::new("stories").reference("hero", "heroes");
    let heroes = CollectionConfig::new("heroes").reference("stories", "stories");
    let holm = open(Config::in_memory().collection(stories).collection(heroes));
    holm.write(|tx| tx.create_with_id("heroes", "h", &json!({"name": "Mia"}))).await.unwrap();
    holm.write(|tx| tx.create_with_id("stories", "s", &json!({"hero": "h"}))).await.unwrap();
    let circle = holm.write(|tx| tx.update("heroes", "h", &json!({"stories": ["s"]}))).await;
    assert_eq!(circle.unwrap_err().code(), ErrorCode::InvalidDocument);
    // Nothing of the refused write is left.
    assert_eq!(holm.collection("heroes").unwrap().get("h").unwrap().unwrap().body, r#"{"name":"Mia"}"#);
    assert_eq!(ops(&holm), [("h".into(), "create"), ("s".into(), "create")]);
}

#[tokio::test]
async fn core_r6_an_unknown_write_is_not_found() {
    let holm = open(Config::in_memory());
    let receipt = holm.collection("tasks").unwrap().create(&json!({})).await.unwrap();
    for unknown in ["01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-0000ffffffff"] {
        let error = holm.confirmed(holm_core::OpId::parse(unknown).unwrap()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotFound);
    }
    holm.discard(receipt.op_id.unwrap()).await.unwrap();
    assert_eq!(holm.confirmed(receipt.op_id.unwrap()).await.unwrap(), WriteOutcome::Discarded);
}

#[tokio::test]
async fn a_discarded_write_is_restored_from_the_journal() {
    let holm = open(Config::in_memory());
    let tasks = holm.collection("tasks").unwrap();
    let made = tasks.create(&json!({"id": "a", "title": "x", "n": {"$x": 1}})).await.unwrap();
    holm.discard(made.op_id.unwrap()).await.unwrap();
    assert!(tasks.get("a").unwrap().is_none());
    let entry = holm.journal(10).unwrap().remove(0);
    assert_eq!(entry.fields, ["/n", "/title"]);
    assert_eq!(holm.restore(entry.id).await.unwrap().doc_id, "a");
    assert_eq!(tasks.get("a").unwrap().unwrap().value().unwrap(), json!({"title": "x", "n": {"$x": 1}}));
    assert_eq!(holm.restore(entry.id).await.unwrap().op_id, None, "it is there already");
    assert_eq!(holm.restore(99).await.unwrap_err().code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn core_a4_a_collection_made_in_a_transaction_has_its_name_in_the_queue() {
    let holm = open(Config::in_memory().collection(CollectionConfig::new("tasks")));
    holm.write(|tx| tx.create_with_id("notes", "n", &json!({}))).await.unwrap();
    assert_eq!(holm.pending(10).unwrap()[0].collection, "notes");
    assert_eq!(holm.explain("notes", "n").unwrap().operations.len(), 1);
}

#[tokio::test]
async fn setting_a_sum_sends_what_was_added() {
    let tasks = CollectionConfig::new("tasks").rule("stats.plays", FieldRule::Sum).rule("/tags", FieldRule::Union);
    let holm = open(Config::in_memory().collection(tasks));
    let tasks = holm.collection("tasks").unwrap();
    tasks.create(&json!({"id": "a", "stats": {"plays": 5}, "tags": ["x"]})).await.unwrap();
    // In a group of its own, so that it does not join the create.
    holm.write(|tx| {
        tx.group();
        tx.replace("tasks", "a", &json!({"stats": {"plays": 8}, "tags": ["x", "y"]}))
    })
    .await
    .unwrap();
    let changes = holm.pending(10).unwrap().pop().unwrap().changes;
    assert_eq!(changes, json!({"stats": {"plays": {"$inc": 3}}, "tags": {"$addToSet": ["y"]}}));
}

#[tokio::test]
async fn an_action_waits_in_its_documents_queue() {
    let holm = open(Config::in_memory());
    holm.collection("tasks").unwrap().create(&json!({"id": "a"})).await.unwrap();
    let shared = holm.action("share", Some("tasks"), Some("a"), &json!({"with": "b"})).await.unwrap();
    let alone = holm.action("refresh_all", None, None, &json!({})).await.unwrap();
    assert_eq!(ops(&holm), [("a".into(), "create"), ("a".into(), "action"), (String::new(), "action")]);
    assert_eq!(holm.action_result(shared.op_id.unwrap()).unwrap(), None);
    holm.discard(alone.op_id.unwrap()).await.unwrap();
    holm.discard(shared.op_id.unwrap()).await.unwrap();
    assert_eq!(ops(&holm), [("a".into(), "create")]);
    let error = holm.action("no-such", None, None, &json!({})).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidName);
}
