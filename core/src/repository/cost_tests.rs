//! What a read costs: how often each statement runs.

use super::query::LiveSelect;
use super::{CollectionConfig, DocumentList, Query};
use crate::cache::CachePolicy;
use crate::client::{Config, Holm};
use crate::error::Result;
use crate::store::Store;
use crate::store::documents::DOCUMENT_COLUMNS;
use rusqlite::StatementStatus;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;

/// How often a statement has run on the one connection of a store in memory.
fn runs(store: &Store, sql: &str) -> Result<i32> {
    store.read(|connection| Ok(connection.prepare_cached(sql)?.get_status(StatementStatus::Run)))
}

#[tokio::test]
async fn a_plain_read_is_one_statement_and_one_under_a_policy_asks_for_its_age_besides() {
    let holm = Holm::open(Config::in_memory().collection(CollectionConfig::new("tasks"))).unwrap();
    let tasks = holm.collection("tasks").unwrap();
    tasks.create(&json!({"id": "d"})).await.unwrap();
    let store = &tasks.context.store;
    let document =
        format!("SELECT {DOCUMENT_COLUMNS}, d.row FROM documents d WHERE collection = 1 AND id = ?1 AND hidden = 0");
    let others = [
        "SELECT collection, space, cursor, generation, loading, live_count, digest, repaired_at, read_at FROM streams WHERE collection = ?1",
        "SELECT 1 FROM documents WHERE collection = ?1 AND evicted = 1 LIMIT 1",
        "SELECT 1 FROM documents WHERE collection = 1 AND id = ?1 AND evicted = 1",
    ];
    let costs = || {
        let others = others.map(|sql| runs(store, sql).unwrap());
        (runs(store, &document).unwrap(), others)
    };
    tasks.get("d").unwrap();
    assert_eq!(costs(), (1, [0, 0, 0]));
    tasks.fetch("d", Some(CachePolicy::CacheOnly)).next().await.unwrap().unwrap();
    assert_eq!(costs(), (2, [1, 0, 0]));
}

#[tokio::test]
async fn core_c2_a_change_reads_its_row_and_not_the_result() {
    let holm = Holm::open(Config::in_memory()).unwrap();
    let tasks = holm.collection("tasks").unwrap();
    let documents: Vec<_> = (0..2_000).map(|n| json!({"id": format!("{n:04}"), "rank": n})).collect();
    tasks.create_all(&documents).await.unwrap();
    let query = Query::parse(&json!({"order": ["rank"]})).unwrap();
    let select = LiveSelect::compile(1, &query, None).unwrap();
    let store = &tasks.context.store;
    let mut live = tasks.live(&query).unwrap();
    let mut snapshot = live.next().await.unwrap().unwrap();
    assert_eq!((snapshot.documents.len(), runs(store, &select.select).unwrap()), (2_000, 1));
    for n in 0..50 {
        let id = format!("{:04}", n * 37);
        tasks.update(&id, &json!({"rank": 5_000 - n})).await.unwrap();
        let next = live.next().await.unwrap().unwrap();
        assert_eq!((&next.updated, &next.moved), (&vec![id.clone()], &vec![id.clone()]));
        // What did not change is the same object.
        let known = |list: &DocumentList| list.iter().map(Arc::as_ptr).collect::<HashSet<_>>();
        assert_eq!(known(&snapshot.documents).intersection(&known(&next.documents)).count(), 1_999);
        snapshot = next;
    }
    assert_eq!((runs(store, &select.select).unwrap(), runs(store, &select.changed).unwrap()), (1, 50));
    assert!(snapshot.documents.iter().map(AsRef::as_ref).eq(&tasks.query(&query).unwrap()));
}
