//! What every store must do, whatever it rests on: one suite, run over each kind.

use super::db::migrate;
use super::db::remembered::Remembered;
use super::documents::{self, DocumentRow};
use super::meta::{self, Key};
use super::{
    Committed, Durability, Location, Store, StoreEvent, Tx, collections, operations, unreadable, waiting_states,
};
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Changes, Edit, Fields, OpId, OpKind, OpState, Operation, Path, Seen, Stamp};
use futures_util::FutureExt;
use rusqlite::Connection;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A store under test and what it told its observer.
struct Subject {
    store: Store,
    told: Arc<Mutex<Vec<Committed>>>,
    /// Keeps the directory.
    _directory: Option<tempfile::TempDir>,
}

impl Subject {
    fn open(location: Location, directory: Option<tempfile::TempDir>) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let notes = told.clone();
        let store = Store::open(
            location,
            Durability::Full,
            Arc::new(move |event| {
                if let StoreEvent::Committed(committed) = event {
                    notes.lock().unwrap().push(committed);
                }
            }),
        )
        .unwrap();
        Self { store, told, _directory: directory }
    }

    fn memory() -> Self {
        Self::open(Location::Memory, None)
    }

    fn file() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::open(Location::Directory(directory.path().join("deep/down")), Some(directory))
    }

    fn insert(&self, id: &str) -> DocumentRow {
        let id = id.to_owned();
        self.store
            .write_blocking(move |tx| {
                let collection = collections::ensure(tx, "tasks")?;
                let mut row = DocumentRow { body: Some("{}".into()), ..DocumentRow::new(collection, id) };
                documents::insert(tx, &mut row)?;
                Ok(row)
            })
            .unwrap()
    }

    fn find(&self, row: &DocumentRow) -> Option<DocumentRow> {
        self.store.read(|connection| documents::find(connection, row.collection, &row.id)).unwrap()
    }
}

fn operation(row: &DocumentRow) -> Operation {
    Operation {
        op_seq: 0,
        op_id: OpId::from_bytes(*b"0123456789abcdef"),
        document: row.row,
        collection: row.collection,
        doc_id: row.id.clone(),
        kind: OpKind::Update,
        state: OpState::Open,
        base_version: Some(3),
        changes: Some(changes()),
        before: Seen::of(&changes(), &Fields::from_iter([("a".to_owned(), 1.into())])),
        stamp: Stamp { ms: 5, counter: 2 },
        group: Some("g".into()),
        attempts: 1,
        rounds: 2,
        not_before_ms: 77,
        last_error: None,
        absorbed: vec![OpId::from_bytes([8; 16])],
        action: None,
    }
}

/// Every kind of edit, and two stamps.
fn changes() -> Changes {
    let patch = r#"{"a":null,"c":{"$inc":2},"o":{"x":1},"t":{"$addToSet":[1],"$removeFromSet":[2]}}"#;
    let patch: Fields = serde_json::from_str(patch).unwrap();
    let current = Fields::from_iter([("a".to_owned(), 1.into())]);
    let earlier = Changes::from_patch(&patch, &current, Stamp { ms: 3, counter: 7 }).unwrap();
    let set_null = Changes::one(Path::field("b"), Edit::Set(serde_json::Value::Null), Stamp { ms: 5, counter: 2 });
    earlier.then(set_null)
}

fn an_acknowledged_write_is_read_at_once(subject: &Subject) {
    for n in 0..50 {
        let row = subject.insert(&format!("d{n}"));
        assert_eq!(subject.find(&row).unwrap(), row);
    }
}

fn a_failed_write_leaves_nothing(subject: &Subject) {
    let row = subject.insert("kept");
    let gone = row.clone();
    for panics in [false, true] {
        let gone = gone.clone();
        let result: Result<()> = subject.store.write_blocking(move |tx| {
            documents::remove(tx, &gone)?;
            assert!(!panics, "on purpose");
            Err(Error::document("on purpose"))
        });
        let expected = if panics { ErrorCode::Internal } else { ErrorCode::InvalidDocument };
        assert_eq!(result.unwrap_err().code(), expected);
        assert_eq!(subject.find(&row).unwrap(), row);
    }
}

fn the_observer_hears_of_rows_that_changed_and_of_no_others(subject: &Subject) {
    let (a, b) = (subject.insert("a"), subject.insert("b"));
    subject.told.lock().unwrap().clear();
    let (kept, gone) = (a.clone(), b.clone());
    subject
        .store
        .write_blocking(move |tx| {
            let hidden = DocumentRow { hidden: true, ..kept.clone() };
            documents::update(tx, &kept, &hidden)?;
            documents::update(tx, &hidden, &kept)?;
            documents::remove(tx, &gone)
        })
        .unwrap();
    let told: Vec<_> = subject.told.lock().unwrap().iter().map(|c| c.rows.clone()).collect();
    assert_eq!(told, [vec![(a.collection, a.row), (b.collection, b.row)]]);
    subject.told.lock().unwrap().clear();
    subject.store.write_blocking(|tx| meta::get(tx, Key::UserId)).unwrap();
    assert!(subject.told.lock().unwrap().is_empty());
}

fn what_a_write_that_is_taken_back_has_changed_is_not_told(subject: &Subject) {
    let (a, b) = (subject.insert("a"), subject.insert("b"));
    subject.told.lock().unwrap().clear();
    let hidden = |row: &DocumentRow| DocumentRow { hidden: true, ..row.clone() };
    let (store, kept, taken_back) = (subject.store.clone(), (a.clone(), hidden(&a)), (b.clone(), hidden(&b)));
    subject
        .store
        .write_blocking(move |tx| {
            let failing = store.write(move |tx| {
                documents::update(tx, &taken_back.0, &taken_back.1)?;
                Err::<(), _>(Error::document("on purpose"))
            });
            // Queued while this one runs: they share a transaction.
            assert!(failing.now_or_never().is_none());
            documents::update(tx, &kept.0, &kept.1)
        })
        .unwrap();
    let told: Vec<_> = subject.told.lock().unwrap().iter().map(|c| c.rows.clone()).collect();
    assert_eq!(told, [vec![(a.collection, a.row)]]);
    assert_eq!(subject.find(&b).unwrap(), b);
}

fn operations_come_back_as_they_were(subject: &Subject) {
    let row = subject.insert("d");
    let made = operation(&row);
    let op = made.clone();
    let stored = subject
        .store
        .write_blocking(move |tx| {
            operations::insert(tx, &op, true)?;
            Ok(operations::of_document(tx, row.row)?.pop().unwrap())
        })
        .unwrap();
    assert_eq!(stored, Operation { op_seq: stored.op_seq, ..made });
}

fn an_operations_number_is_never_used_again(subject: &Subject) {
    let row = subject.insert("d");
    let mut seen = 0;
    for _ in 0..3 {
        let op = operation(&row);
        let op_seq = subject
            .store
            .write_blocking(move |tx| {
                let op_seq = operations::last_number(tx)? + 1;
                operations::insert(tx, &Operation { op_seq, ..op }, false)?;
                operations::remove(tx, op_seq)?;
                Ok(op_seq)
            })
            .unwrap();
        assert!(op_seq > seen);
        seen = op_seq;
        assert_eq!(subject.store.read(operations::acknowledged).unwrap(), seen);
    }
}

fn a_suspended_store_says_so_and_comes_back_whole(subject: &Subject) {
    let row = subject.insert("d");
    subject.store.suspend();
    let code = |result: Result<()>| result.unwrap_err().code();
    assert_eq!(code(subject.store.write_blocking(|_| Ok(()))), ErrorCode::Suspended);
    assert_eq!(code(subject.store.read(|_| Ok(()))), ErrorCode::Suspended);
    subject.store.resume().unwrap();
    assert_eq!(subject.find(&row).unwrap(), row);
    subject.store.close();
    assert_eq!(code(subject.store.write_blocking(|_| Ok(()))), ErrorCode::Closed);
    assert_eq!(code(subject.store.read(|_| Ok(()))), ErrorCode::Closed);
    assert_eq!(subject.store.resume().unwrap_err().code(), ErrorCode::Closed);
}

macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod memory { $(#[test] fn $name() { super::$name(&super::Subject::memory()); })* }
        mod file { $(#[test] fn $name() { super::$name(&super::Subject::file()); })* }
    };
}

contract!(
    an_acknowledged_write_is_read_at_once,
    a_failed_write_leaves_nothing,
    the_observer_hears_of_rows_that_changed_and_of_no_others,
    what_a_write_that_is_taken_back_has_changed_is_not_told,
    operations_come_back_as_they_were,
    an_operations_number_is_never_used_again,
    a_suspended_store_says_so_and_comes_back_whole,
);

fn open(directory: &std::path::Path) -> Result<Store> {
    Store::open(Location::Directory(directory.to_owned()), Durability::Full, Arc::new(|_| {}))
}

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

#[test]
fn what_waits_is_counted_without_reading_the_rest_of_the_queue() {
    let subject = Subject::memory();
    let sql = format!("EXPLAIN QUERY PLAN SELECT count(*) FROM operations o WHERE {}", operations::WAITS);
    let plan = subject.store.read(|connection| Ok(connection.query_row(&sql, (1, 2), |row| row.get::<_, String>(3))?));
    assert!(plan.as_ref().unwrap().contains("operations_waiting"), "{plan:?}");
}

/// After each page and with each look at the status: whatever the planner knows of the tables.
#[test]
fn looking_for_what_waits_reads_no_document() {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate::run(&mut connection).unwrap();
    let steps = Arc::new(AtomicU64::new(0));
    let counted = steps.clone();
    let count = move || counted.fetch_add(1, Ordering::Relaxed) == u64::MAX;
    connection.progress_handler(1, Some(count)).unwrap();
    let remembered = Remembered::default();
    let tx = Tx::new(&connection, &remembered);
    let collection = collections::ensure(&tx, "tasks").unwrap();
    for n in 0..2_000 {
        let mut row = DocumentRow { body: Some("{}".into()), ..DocumentRow::new(collection, n.to_string()) };
        documents::insert(&tx, &mut row).unwrap();
    }
    unreadable::note(&tx, collection, "7", 1, false).unwrap();
    tx.execute_batch("ANALYZE").unwrap();
    let before = steps.load(Ordering::Relaxed);
    assert!(waiting_states::take_ready(&tx, collection).unwrap().is_empty());
    assert!(waiting_states::ready_in(&tx).unwrap().is_empty());
    assert_eq!(unreadable::count(&tx), Ok(0));
    assert_eq!(operations::counts(&tx), Ok((0, 0)));
    assert_eq!(operations::group_size(&tx, "none"), Ok((0, 0)));
    let steps = steps.load(Ordering::Relaxed) - before;
    assert!((1..1_000).contains(&steps), "{steps}");
}
