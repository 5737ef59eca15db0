//! Databases that earlier versions of Holm have written: each opens with everything intact.
//!
//! `fixtures/schema-1.db` was written by schema 1: twelve tasks read from a server (one since deleted there), a conflict that waits for a
//! person, a refused write, five writes that were never sent, and notes.

#![allow(clippy::unwrap_used)] // A test may fail that way.

use holm_core::{CollectionConfig, Config, Holm, Query, Strategy};
use serde_json::json;
use std::path::Path;

const OLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/schema-1.db");

fn open(directory: &Path) -> Holm {
    let tasks = CollectionConfig::new("tasks").conflict(Strategy::Prompt).index(&["done", "title"]).unwrap();
    Holm::open(Config::new(directory).collection(tasks).collection(CollectionConfig::new("notes"))).unwrap()
}

#[tokio::test]
async fn a_store_of_schema_1_opens_with_documents_queue_conflict_and_parked_write_intact() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(OLD, directory.path().join("holm.db")).unwrap();
    let holm = open(directory.path());
    let pending: Vec<_> = holm.pending(100).unwrap().into_iter().map(|op| (op.doc_id, op.kind, op.state)).collect();
    let expected = [
        ("t1", "update", "conflict"),
        ("t2", "update", "parked"),
        ("new", "create", "queued"),
        ("t3", "update", "queued"),
        ("t4", "delete", "queued"),
        ("n1", "create", "queued"),
        ("t5", "update", "queued"),
    ];
    assert_eq!(pending, expected.map(|(id, kind, state)| (id.to_owned(), kind, state)));
    let conflict = holm.conflicts().unwrap().remove(0);
    assert_eq!(conflict.server.as_deref().map(|text| text.contains("theirs")), Some(true));
    assert_eq!(holm.parked().unwrap()[0].error.as_ref().unwrap().code, "VALIDATION_ERROR");

    // Count and digest over what the server has, as schema 1 had computed them.
    let digests: Vec<_> = holm.dump().unwrap().into_iter().map(|d| (d.name, d.documents.len(), d.digest)).collect();
    assert_eq!(
        digests,
        [("tasks".into(), 11, "30e12f7f146cce4b".into()), ("notes".into(), 2, "753da719783565c3".to_owned())]
    );
    // Nothing is known of when it was read: the reading counts as never made.
    let tasks = holm.collection("tasks").unwrap();
    let first = tasks.fetch("t0", None).next().await.unwrap().unwrap();
    assert_eq!((first.age, first.stale, first.value.is_some()), (None, true, true));
    // And it goes on as any other store does.
    tasks.update("t0", &json!({"title": "after the step"})).await.unwrap();
    holm.close().await;
    let holm = open(directory.path());
    assert_eq!(holm.pending(100).unwrap().len(), 8);
    assert_eq!(holm.collection("tasks").unwrap().query(&Query::all()).unwrap().len(), 11);
}

#[tokio::test]
async fn f53_the_file_says_the_schema_that_it_has_now_so_that_an_older_build_leaves_it_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("holm.db");
    std::fs::copy(OLD, &file).unwrap();
    let number = || -> u32 {
        rusqlite::Connection::open(&file).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(number(), 1);
    open(directory.path()).close().await;
    assert_eq!(number(), Holm::schema_version());
}
