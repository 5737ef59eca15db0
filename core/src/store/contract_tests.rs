//! What every store must do, whatever it rests on: one suite, run over each kind.

use super::documents::{self, DocumentRow};
use super::meta::{self, Key};
use super::operations::InQueue;
use super::{Committed, Durability, Location, Store, StoreEvent, collections, epoch, operations, wipes};
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Changes, Edit, Fields, OpId, OpKind, OpState, Operation, Path, Seen, Stamp};
use futures_util::FutureExt;
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
            100_000,
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

    fn single_thread() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::open(Location::SingleThread(directory.path().join("deep/down")), Some(directory))
    }

    /// Another process with the same store, if there can be one.
    fn other_process(&self) -> Option<Store> {
        let directory = self._directory.as_ref()?.path().join("deep/down");
        Some(open(&directory).unwrap())
    }

    /// Writes another body.
    fn change(&self, row: &DocumentRow, body: &str) -> DocumentRow {
        change(&self.store, row, body)
    }

    /// The body as a reader sees it, read so often that a copy is kept where copies are.
    fn bodies(&self, row: &DocumentRow) -> Option<String> {
        let read = || self.store.document(row.collection, &row.id).unwrap().map(|document| document.body);
        let first = read();
        assert!((0..3).all(|_| read() == first));
        first
    }

    /// Whether a copy of the document is in memory, and is what a read returns.
    fn is_kept(&self, row: &DocumentRow) -> bool {
        let mark = self.store.readers.mark();
        mark.and_then(|mark| self.store.rows.get(mark, row.collection, &row.id)).is_some()
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

fn change(store: &Store, row: &DocumentRow, body: &str) -> DocumentRow {
    let (was, now) = (row.clone(), DocumentRow { body: Some(body.into()), ..row.clone() });
    let row = now.clone();
    store.write_blocking(move |tx| documents::update(tx, &was, &row)).unwrap();
    now
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
            operations::insert(tx, InQueue::at(1, &op, None))?;
            Ok(operations::of_document(tx, row.row)?.pop().unwrap())
        })
        .unwrap();
    assert_eq!(stored, Operation { op_seq: stored.op_seq, ..made });
}

fn the_servers_state_stands_with_the_first_operation(subject: &Subject) {
    let row = subject.insert("e");
    let (first, second) = (Operation { op_seq: 901, ..operation(&row) }, Operation { op_seq: 902, ..operation(&row) });
    let (base, newer) = (Some("{\"a\":1}".to_owned()), Some("{\"a\":2}".to_owned()));
    let pending = DocumentRow { first_op: 901, base: base.clone(), ..row.clone() };
    let (was, now, ops) = (row.clone(), pending.clone(), (first.clone(), second.clone()));
    subject
        .store
        .write_blocking(move |tx| {
            documents::update(tx, &was, &now)?;
            operations::insert(tx, InQueue::at(0, &ops.0, now.base.as_ref()))?;
            operations::insert(tx, InQueue::at(1, &ops.1, now.base.as_ref()))
        })
        .unwrap();
    assert_eq!(subject.find(&row), Some(pending.clone()));
    // The first one ends: the next one is the first.
    let last = DocumentRow { first_op: 902, base: newer.clone(), ..row.clone() };
    let (was, now) = (pending, last.clone());
    subject
        .store
        .write_blocking(move |tx| {
            documents::update(tx, &was, &now)?;
            operations::remove(tx, first.op_seq)?;
            let (stored, moved) = (InQueue::at(1, &second, base.as_ref()), InQueue::at(0, &second, newer.as_ref()));
            operations::update(tx, stored, moved)
        })
        .unwrap();
    assert_eq!(subject.find(&row), Some(last));
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
                operations::insert(tx, InQueue::at(0, &Operation { op_seq, ..op }, None))?;
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

fn a_document_is_read_as_it_is_however_often_it_is_read(subject: &Subject) {
    let (mut row, other) = (subject.insert("a"), subject.insert("b"));
    for n in 0..50 {
        let body = format!("{{\"n\":{n}}}");
        row = subject.change(&row, &body);
        assert_eq!(subject.bodies(&row), Some(body));
        assert_eq!(subject.bodies(&other).as_deref(), Some("{}"));
    }
    let kept = subject.is_kept(&row);
    assert_eq!(kept, subject.store.readers.mark().is_some(), "a copy is kept where the log has an index");
    let hidden = DocumentRow { hidden: true, ..row.clone() };
    let (was, now) = (row.clone(), hidden.clone());
    subject.store.write_blocking(move |tx| documents::update(tx, &was, &now)).unwrap();
    assert_eq!((subject.bodies(&row), subject.is_kept(&row), subject.is_kept(&other)), (None, false, kept));
    subject.store.write_blocking(move |tx| documents::update(tx, &hidden, &row)).unwrap();
}

fn a_write_that_is_taken_back_changes_no_read(subject: &Subject) {
    let row = subject.insert("a");
    assert_eq!(subject.bodies(&row).as_deref(), Some("{}"));
    let (was, now) = (row.clone(), DocumentRow { body: Some("{\"n\":1}".into()), ..row.clone() });
    let failed: Result<()> = subject.store.write_blocking(move |tx| {
        documents::update(tx, &was, &now)?;
        Err(Error::document("on purpose"))
    });
    assert!(failed.is_err());
    assert_eq!(subject.bodies(&row).as_deref(), Some("{}"));
}

fn a_read_sees_what_another_process_has_committed(subject: &Subject) {
    let mut row = subject.insert("a");
    assert_eq!(subject.bodies(&row).as_deref(), Some("{}"));
    let Some(other) = subject.other_process() else { return };
    for n in 0..50 {
        let body = format!("{{\"n\":{n}}}");
        row = change(&other, &row, &body);
        // Once in a while a write of this process comes before the read.
        if n % 5 == 0 {
            subject.insert(&n.to_string());
        }
        assert_eq!(subject.bodies(&row), Some(body.clone()));
        assert_eq!(subject.find(&row), Some(row.clone()));
        // And its own write after that of the other one.
        if n % 7 == 0 {
            row = subject.change(&row, "{}");
            assert_eq!(subject.bodies(&row).as_deref(), Some("{}"));
        }
    }
}

fn the_end_of_an_epoch_and_a_suspension_empty_the_memory(subject: &Subject) {
    let row = subject.insert("a");
    subject.bodies(&row);
    let kept = subject.is_kept(&row);
    for end in [
        (|store| store.write_blocking(|tx| epoch::raise(tx, 0)).unwrap()) as fn(&Store),
        |store| {
            store.suspend();
            store.resume().unwrap();
        },
        |store| store.write_blocking(wipes::wipe).unwrap(),
    ] {
        subject.bodies(&row);
        assert_eq!(subject.is_kept(&row), kept);
        end(&subject.store);
        assert!(subject.store.rows.is_empty());
    }
    assert_eq!(subject.bodies(&row), None);
}

macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod memory { $(#[test] fn $name() { super::$name(&super::Subject::memory()); })* }
        mod single_thread { $(#[test] fn $name() { super::$name(&super::Subject::single_thread()); })* }
        mod file { $(#[test] fn $name() { super::$name(&super::Subject::file()); })* }
    };
}

contract!(
    an_acknowledged_write_is_read_at_once,
    a_failed_write_leaves_nothing,
    the_observer_hears_of_rows_that_changed_and_of_no_others,
    what_a_write_that_is_taken_back_has_changed_is_not_told,
    operations_come_back_as_they_were,
    the_servers_state_stands_with_the_first_operation,
    an_operations_number_is_never_used_again,
    a_suspended_store_says_so_and_comes_back_whole,
    a_document_is_read_as_it_is_however_often_it_is_read,
    a_write_that_is_taken_back_changes_no_read,
    a_read_sees_what_another_process_has_committed,
    the_end_of_an_epoch_and_a_suspension_empty_the_memory,
);

pub(super) fn open(directory: &std::path::Path) -> Result<Store> {
    Store::open(Location::Directory(directory.to_owned()), Durability::Full, 100_000, Arc::new(|_| {}))
}
