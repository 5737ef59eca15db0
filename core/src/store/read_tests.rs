//! How much the store reads for what it is asked often.

use super::db::migrate;
use super::db::remembered::Remembered;
use super::documents::{self, DocumentRow};
use super::{Durability, Location, Store, Tx, collections, operations, outcomes, unreadable, waiting_states};
use crate::model::{OpId, Stamp};
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[test]
fn what_waits_is_counted_without_reading_the_rest_of_the_queue() {
    let store = Store::open(Location::Memory, Durability::Full, 0, Arc::new(|_| {})).unwrap();
    let sql = format!("EXPLAIN QUERY PLAN SELECT count(*) FROM operations o WHERE {}", operations::WAITS);
    let plan = store.read(|connection| Ok(connection.query_row(&sql, (1, 2), |row| row.get::<_, String>(3))?));
    assert!(plan.as_ref().unwrap().contains("operations_waiting"), "{plan:?}");
}

/// A database, and the steps that SQLite's machine has made on it.
fn counted() -> (Connection, Arc<AtomicU64>) {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate::run(&mut connection).unwrap();
    let steps = Arc::new(AtomicU64::new(0));
    let counted = steps.clone();
    let count = move || counted.fetch_add(1, Ordering::Relaxed) == u64::MAX;
    connection.progress_handler(1, Some(count)).unwrap();
    (connection, steps)
}

/// Stores a document. Returns its row.
fn store(tx: &Tx<'_>, collection: i64, n: i64) -> i64 {
    let mut row = DocumentRow { body: Some("{}".into()), ..DocumentRow::new(collection, n.to_string()) };
    documents::insert(tx, &mut row).unwrap();
    row.row
}

#[test]
fn a_look_up_by_operation_id_reads_no_other_operation() {
    let (connection, steps) = counted();
    let remembered = Remembered::default();
    let tx = Tx::new(&connection, &remembered);
    let collection = collections::ensure(&tx, "tasks").unwrap();
    let id = |op_seq: u128| OpId::from_bytes((7 << 32 | op_seq).to_be_bytes());
    for n in 1..=2_000 {
        let row = store(&tx, collection, n);
        operations::insert_create(&tx, n, id(n.unsigned_abs().into()), row, Stamp::default()).unwrap();
    }
    let before = steps.load(Ordering::Relaxed);
    assert_eq!(operations::by_id(&tx, id(1_234)).unwrap().unwrap().op_seq, 1_234);
    assert_eq!(operations::by_id(&tx, id(5_000)), Ok(None));
    assert_eq!(outcomes::get(&tx, id(1_234)), Ok(None));
    let steps = steps.load(Ordering::Relaxed) - before;
    assert!((1..300).contains(&steps), "{steps}");
}

/// After each page and with each look at the status: whatever the planner knows of the tables.
#[test]
fn looking_for_what_waits_reads_no_document() {
    let (connection, steps) = counted();
    let remembered = Remembered::default();
    let tx = Tx::new(&connection, &remembered);
    let collection = collections::ensure(&tx, "tasks").unwrap();
    for n in 0..2_000 {
        store(&tx, collection, n);
    }
    unreadable::note(&tx, collection, "7", 1, false).unwrap();
    tx.execute_batch("ANALYZE").unwrap();
    let before = steps.load(Ordering::Relaxed);
    assert!(waiting_states::take_ready(&tx, collection).unwrap().is_empty());
    assert!(waiting_states::ready_in(&tx).unwrap().is_empty());
    assert_eq!(unreadable::count(&tx), Ok(0));
    assert_eq!(operations::counts(&tx, false), Ok((0, 0)));
    assert_eq!(operations::group_size(&tx, "none"), Ok((0, 0)));
    let steps = steps.load(Ordering::Relaxed) - before;
    assert!((1..1_000).contains(&steps), "{steps}");
}
