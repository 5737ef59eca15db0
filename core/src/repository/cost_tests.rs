//! What a read costs: how often each statement runs.

use super::CollectionConfig;
use crate::cache::CachePolicy;
use crate::client::{Config, Holm};
use crate::error::Result;
use crate::store::Store;
use crate::store::documents::DOCUMENT_COLUMNS;
use rusqlite::StatementStatus;
use serde_json::json;

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
        format!("SELECT {DOCUMENT_COLUMNS} FROM documents d WHERE collection = 1 AND id = ?1 AND hidden = 0");
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
