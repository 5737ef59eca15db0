//! Random histories of a collection with limits, against a server in a few lines: whatever is evicted, fetched, pulled, edited and sent, the
//! count and the digest are those of the rows, and after a pull those of the server.

use super::apply::Reconciler;
use super::apply::{apply_page, restart};
use super::apply::{of_collection, term};
use crate::backend::{Outgoing, StreamPage};
use crate::conflict::{Rules, Strategy as Conflicts};
use crate::device::{Device, KnownTime};
use crate::error::{Error, ErrorCode};
use crate::model::{DocumentId, Fields, Outcome, RemoteChange};
use crate::outbox::{self, Edit, Place, RetryPolicy, Source};
use crate::platform::{SystemClock, SystemEntropy};
use crate::repository::CollectionInfo;
use crate::store::eviction::{Limits, evict};
use crate::store::{Durability, Location, Store, Tx, collections, documents, operations as queue, streams};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// A document on the server; a body that is none: a tombstone.
#[derive(Debug, Clone)]
struct Record {
    version: i64,
    seq: i64,
    body: Option<String>,
}

#[derive(Default)]
struct Server {
    records: BTreeMap<String, Record>,
    seq: i64,
}

impl Server {
    fn put(&mut self, id: &str, body: Option<String>) {
        self.seq += 1;
        let version = self.records.get(id).map_or(1, |record| record.version + 1);
        self.records.insert(id.to_owned(), Record { version, seq: self.seq, body });
    }

    fn change(&self, id: &str) -> Option<RemoteChange> {
        let record = self.records.get(id)?;
        Some(RemoteChange {
            id: id.to_owned(),
            body: record.body.clone(),
            version: Some(record.version),
            seq: Some(record.seq),
            updated_ms: Some(record.seq),
            origin_op: None,
            stamps: None,
        })
    }

    fn page_after(&self, cursor: Option<&str>) -> StreamPage {
        let after: i64 = cursor.map_or(0, |text| text.parse().unwrap());
        let mut changes: Vec<_> = self.records.keys().filter_map(|id| self.change(id)).collect();
        changes.retain(|change| change.seq > Some(after) && (cursor.is_some() || change.body.is_some()));
        changes.sort_by_key(|change| change.seq);
        let live = self.records.iter().filter(|(_, record)| record.body.is_some());
        let (count, digest) =
            live.fold((0, 0u64), |(n, sum), (id, record)| (n + 1, sum.wrapping_add(term(id, record.seq))));
        StreamPage {
            collection: "tasks".into(),
            space: Some("u:1".into()),
            changes,
            unreadable: Vec::new(),
            next_cursor: self.seq.to_string(),
            has_more: false,
            integrity: Some((count, digest)),
            total: None,
        }
    }
}

#[derive(Debug, Clone)]
enum Deed {
    ServerWrites(u8),
    ServerDeletes(u8),
    Pull,
    StartAnew,
    Evict(u64),
    Fetch(u8),
    Edit(u8),
    Send(u8),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0u8..6).prop_map(Deed::ServerWrites),
        1 => (0u8..6).prop_map(Deed::ServerDeletes),
        3 => Just(Deed::Pull),
        1 => Just(Deed::StartAnew),
        3 => (1u64..4).prop_map(Deed::Evict),
        2 => (0u8..6).prop_map(Deed::Fetch),
        2 => (0u8..6).prop_map(Deed::Edit),
        2 => (0u8..6).prop_map(Deed::Send),
    ]
}

fn rules() -> Rules {
    Rules::of(Conflicts::ServerWins)
}

fn info(collection: i64) -> Arc<CollectionInfo> {
    CollectionInfo::for_test(collection, Conflicts::ServerWins)
}

/// A device that knows this server.
struct World {
    store: Store,
    device: Arc<Device>,
    server: Server,
    collection: i64,
    edits: u64,
}

impl World {
    fn new() -> Self {
        let store = Store::open(Location::Memory, Durability::Full, 0, Arc::new(|_| {})).unwrap();
        let device =
            Arc::new(Device::new(Arc::new(SystemClock::new()), Arc::new(SystemEntropy), "d", KnownTime::default()));
        let collection = store.write_blocking(|tx| collections::ensure(tx, "tasks")).unwrap();
        Self { store, device, server: Server::default(), collection, edits: 0 }
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>, &Device) -> crate::error::Result<T> + Send + 'static,
    ) -> crate::error::Result<T> {
        let device = self.device.clone();
        self.store.write_blocking(move |tx| work(tx, &device))
    }

    fn act(&mut self, deed: &Deed) {
        let collection = self.collection;
        match deed {
            Deed::ServerWrites(n) => {
                let body = format!("{{\"n\":{}}}", self.server.seq);
                self.server.put(&format!("d{n}"), Some(body));
            }
            Deed::ServerDeletes(n) => {
                let id = format!("d{n}");
                if self.server.records.get(&id).is_some_and(|record| record.body.is_some()) {
                    self.server.put(&id, None);
                }
            }
            Deed::Pull => self.pull(),
            Deed::StartAnew => {
                self.write(move |tx, _| restart(tx, collection, None)).unwrap();
                self.pull();
            }
            Deed::Evict(most) => {
                let limits = Limits { documents: Some(*most), bytes: None };
                self.write(move |tx, _| evict(tx, collection, limits, &HashSet::new())).unwrap();
                let clean = "SELECT count(*) FROM documents WHERE hidden = 0 AND pending = 0";
                let left: i64 = self.store.read(|c| Ok(c.query_row(clean, [], |row| row.get(0))?)).unwrap();
                assert!(left.cast_unsigned() <= *most);
            }
            Deed::Fetch(n) => self.fetch(&format!("d{n}")),
            Deed::Edit(n) => self.edit(&format!("d{n}")),
            Deed::Send(n) => self.send(&format!("d{n}")),
        }
        let (stream, rows) =
            self.store.read(|c| Ok((streams::get(c, self.collection)?, of_collection(c, self.collection)?))).unwrap();
        assert_eq!((stream.live_count, stream.digest), rows, "after {deed:?}");
    }

    fn pull(&self) {
        let collection = self.collection;
        let cursor = self.store.read(|c| Ok(streams::get(c, collection)?.cursor)).unwrap();
        let page = self.server.page_after(cursor.as_deref());
        let applied =
            self.write(move |tx, device| apply_page(tx, device, &info(collection), cursor.as_deref(), &page)).unwrap();
        assert!(applied.in_step, "the device has not what the server has");
    }

    fn fetch(&self, id: &str) {
        let collection = self.collection;
        if !self.store.read(|c| documents::is_evicted(c, collection, id)).unwrap() {
            return;
        }
        let change = self.server.change(id).unwrap();
        let there = change.body.is_some();
        self.write(move |tx, device| {
            let info = info(collection);
            let mut reconciler = Reconciler::open(tx, device, &info)?;
            reconciler.apply(&change, Source::State)?;
            reconciler.close().map(drop)
        })
        .unwrap();
        let here = self.store.read(|c| documents::get(c, collection, id)).unwrap();
        assert_eq!(here.is_some(), there, "fetched, and yet not as on the server");
    }

    fn edit(&mut self, id: &str) {
        self.edits += 1;
        let (collection, key, n) = (self.collection, DocumentId::new(id).unwrap(), self.edits);
        let evicted = self.store.read(|c| documents::is_evicted(c, collection, id)).unwrap();
        let edit = Edit::Patch(Fields::from_iter([("n".to_owned(), (1_000 + n).into())]));
        match self.write(move |tx, device| {
            let references = Default::default();
            let place =
                Place { collection, name: "tasks", rules: &rules(), id: &key, group: None, references: &references };
            outbox::update(tx, device, &place, &edit)
        }) {
            Ok(_) => assert!(!evicted, "what is not here cannot be edited"),
            Err(error) => {
                let expected = if evicted { ErrorCode::Evicted } else { ErrorCode::NotFound };
                assert_eq!(error.code(), expected);
            }
        }
    }

    /// The first waiting edit of a document goes to the server, which takes it or says what it has.
    fn send(&mut self, id: &str) {
        let collection = self.collection;
        let find = |c: &rusqlite::Connection| {
            let Some(row) = documents::find(c, collection, id)? else { return Ok(None) };
            Ok(Some((queue::of_document(c, row.row)?, row.body)))
        };
        let Some((mut ops, body)) = self.store.read(find).unwrap() else { return };
        if ops.is_empty() {
            return;
        }
        let (op, is_alone) = (ops.remove(0), ops.is_empty());
        let live = self.server.records.get(id).is_some_and(|record| record.body.is_some());
        if live {
            self.server.put(id, body);
        }
        let Some(record) = self.server.change(id) else { return };
        let outcome = if live {
            Outcome::Applied {
                version: record.version,
                seq: record.seq,
                updated_ms: record.updated_ms,
                record: (!is_alone).then_some(record),
                server_id: None,
            }
        } else {
            Outcome::Conflict(record)
        };
        let outgoing = Outgoing { op, collection: "tasks".into(), remote_id: None, body: None };
        if is_alone {
            assert_eq!(self.settle(&outgoing, &outcome, true), self.settle(&outgoing, &outcome, false));
        }
        self.write(move |tx, device| take_answer(tx, device, collection, &outgoing, &outcome, true).map(drop)).unwrap();
    }

    /// What an answer makes of the store, which stays as it is: the row, the operations, the last number, the stream.
    fn settle(&self, outgoing: &Outgoing, outcome: &Outcome, at_once: bool) -> String {
        let (collection, outgoing, outcome) = (self.collection, outgoing.clone(), outcome.clone());
        let undone = self.write(move |tx, device| {
            let mut row = take_answer(tx, device, collection, &outgoing, &outcome, at_once)?;
            row.body = row.body.map(|body| outbox::body_text(&outbox::parse_body(&body).unwrap()));
            let (ops, last) = (queue::all(tx, u32::MAX)?, queue::last_number(tx)?);
            Err::<(), _>(Error::internal(format!("{row:?} {ops:?} {last} {:?}", streams::get(tx, collection)?)))
        });
        undone.unwrap_err().to_string()
    }
}

/// Sends an operation and takes its answer in. `at_once`: as one of many, if it can be.
fn take_answer(
    tx: &Tx<'_>,
    device: &Device,
    collection: i64,
    outgoing: &Outgoing,
    outcome: &Outcome,
    at_once: bool,
) -> crate::error::Result<documents::DocumentRow> {
    let op = &outgoing.op;
    queue::lease(tx, std::iter::once(op))?;
    let info = info(collection);
    let mut reconciler = Reconciler::open(tx, device, &info)?;
    let mut answers = vec![(outgoing, outcome)];
    if at_once {
        answers = reconciler.accept_sent(answers)?.1;
    }
    for (outgoing, outcome) in answers {
        reconciler.answer(outgoing.op.op_seq, outgoing.op.document, outcome, &RetryPolicy::default())?;
    }
    reconciler.close()?;
    Ok(documents::by_row(tx, op.document)?.unwrap())
}

#[test]
fn an_edit_that_was_taken_as_sent_is_accepted_at_once() {
    let mut world = World::new();
    world.act(&Deed::ServerWrites(1));
    world.pull();
    world.edit("d1");
    let collection = world.collection;
    let op = world.store.read(|c| queue::all(c, 1)).unwrap().remove(0);
    let outgoing = Outgoing { op: op.clone(), collection: "tasks".into(), remote_id: None, body: None };
    let taken = Outcome::Applied { version: Some(2), seq: Some(2), updated_ms: None, record: None, server_id: None };
    let accepted = world.write(move |tx, device| {
        queue::lease(tx, std::iter::once(&op))?;
        let info = info(collection);
        let mut reconciler = Reconciler::open(tx, device, &info)?;
        let (accepted, left) = reconciler.accept_sent(vec![(&outgoing, &taken)])?;
        assert!(left.is_empty());
        reconciler.close()?;
        Ok(accepted)
    });
    assert_eq!(accepted.unwrap(), 1);
    assert_eq!(world.store.read(queue::count).unwrap(), 0);
    assert_eq!(world.store.read(queue::last_number).unwrap(), 1, "numbers are not used again");
    let shown = world.store.read(|c| documents::get(c, collection, "d1")).unwrap().unwrap();
    assert_eq!((shown.body.as_str(), shown.version), (r#"{"n":1001}"#, Some(2)));
}

#[test]
fn core_p1_a_page_that_was_overtaken_is_dropped() {
    let mut world = World::new();
    world.act(&Deed::ServerWrites(1));
    world.pull();
    let collection = world.collection;
    let asked = world.store.read(|c| Ok(streams::get(c, collection)?.cursor)).unwrap();
    world.server.put("d2", Some("{}".into()));
    let late = world.server.page_after(asked.as_deref());
    // Another process of the same store begins to read the collection anew.
    world.write(move |tx, _| restart(tx, collection, None)).unwrap();
    world.write(move |tx, device| apply_page(tx, device, &info(collection), asked.as_deref(), &late)).unwrap();
    let (stream, rows) =
        world.store.read(|c| Ok((streams::get(c, collection)?, of_collection(c, collection)?))).unwrap();
    assert_eq!((stream.cursor, stream.loading), (None, true));
    assert_eq!(rows.0, 1, "what was here before stays in sight, and the late page brings nothing");
    world.pull();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_digest_is_that_of_the_rows_whatever_is_evicted_and_brought_back(deeds in prop::collection::vec(deed(), 1..40)) {
        let mut world = World::new();
        for deed in &deeds {
            world.act(deed);
        }
        world.act(&Deed::Pull);
    }
}
