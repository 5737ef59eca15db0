//! What a store finds in its directory, and leaves there.

use super::contract_tests::open;
use super::db::migrate;
use super::documents::{self, DocumentRow};
use super::meta::{self, Key};
use crate::error::ErrorCode;
use rusqlite::Connection;

#[test]
fn f53_a_newer_database_is_refused_and_left_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("holm.db");
    open(directory.path()).unwrap().close();
    let newer = migrate::NEWEST + 1;
    Connection::open(&file).unwrap().execute_batch(&format!("PRAGMA user_version = {newer}")).unwrap();
    let before = std::fs::read(&file).unwrap();
    let error = open(directory.path()).err().unwrap();
    assert_eq!(error.code(), ErrorCode::SchemaTooNew);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn f53_a_newer_schema_that_is_still_in_the_log_is_seen_and_the_log_is_not_folded() {
    let directory = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    store.write_blocking(|tx| Ok(tx.execute_batch("PRAGMA user_version = 1000")?)).unwrap();
    // As a killed process leaves it: the number is in the log only.
    for name in ["holm.db", "holm.db-wal"] {
        std::fs::copy(directory.path().join(name), copy.path().join(name)).unwrap();
    }
    let (file, log) = (copy.path().join("holm.db"), copy.path().join("holm.db-wal"));
    let before = (std::fs::read(&file).unwrap(), std::fs::read(&log).unwrap());
    assert_eq!(open(copy.path()).err().unwrap().code(), ErrorCode::SchemaTooNew);
    assert_eq!((std::fs::read(&file).unwrap(), std::fs::read(&log).unwrap()), before);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("holm.db");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = std::fs::read(&file).unwrap();
    assert_eq!(open(directory.path()).err().unwrap().code(), ErrorCode::NotAStore);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    std::fs::write(&file, "not a database at all, but long enough to look like one".repeat(40)).unwrap();
    assert_eq!(open(directory.path()).err().unwrap().code(), ErrorCode::NotAStore);
}

#[test]
fn what_was_acknowledged_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    store.write_blocking(|tx| meta::set(tx, Key::UserId, "u1")).unwrap();
    store.close();
    let store = open(directory.path()).unwrap();
    assert_eq!(store.read(|connection| meta::get(connection, Key::UserId)).unwrap().as_deref(), Some("u1"));
}

#[test]
fn the_log_is_folded_away_from_commits_and_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let text = "x".repeat(100_000);
    for round in 0..400 {
        let text = text.clone();
        store
            .write_blocking(move |tx| {
                let mut row = DocumentRow { body: Some(text), ..DocumentRow::new(1, format!("d{round}")) };
                documents::insert(tx, &mut row)
            })
            .unwrap();
        let size = std::fs::metadata(directory.path().join("holm.db-wal")).unwrap().len();
        // The hard limit and one transaction.
        assert!(size < 17 << 20, "{size}");
    }
}
