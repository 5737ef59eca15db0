//! `deltaUpdates`: the changes of other devices, in the reply to a push.
//!
//! Invariants:
//! - Records whose last write is an operation of the batch are left out; the results speak for them, and the cursors pass them.
//! - Rows of all streams are taken in the order of their stamps. So where the reply is cut short, one point in time says where to go
//!   on in every stream, for clients that know nothing else.
//! - Each collection has a list of deleted ids of its own, also where two names have one singular.

use super::cursors::Check;
use super::own_rows::OwnRows;
use super::page::{self, PageRequest};
use super::pull::{self, Start, write_list};
use super::scope::Scope;
use crate::error::Failure;
use crate::model::{CollectionName, Cursor, StreamName, write_string};
use crate::store::records::{self, Outline};
use crate::store::spaces;
use crate::store::streams::{self, Head};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// An upper bound of the bytes that a row has beside its body.
const ROW_OVERHEAD: i64 = 256;

/// The position of the reader.
#[derive(Debug, Clone)]
pub(crate) enum Position {
    /// In streams that it names.
    Cursors(Vec<(CollectionName, Cursor)>),
    /// At a point in time, in all streams of the space.
    Since(i64),
    /// It does not say, and gets nothing.
    Unstated,
}

/// Rows that a batch wrote, by stream.
pub(crate) type Written = BTreeMap<CollectionName, OwnRows>;

/// The updates and the time to go on from.
pub(crate) struct Updates {
    /// The object `deltaUpdates`.
    pub(crate) json: Vec<u8>,
    /// `serverTimestamp` of the reply.
    pub(crate) server_us: i64,
}

struct Stream {
    name: StreamName,
    head: Head,
    cursor: Cursor,
}

/// Refuses a position that has expired or belongs to another database.
pub(crate) fn check(db: &Connection, scope: &Scope, position: &Position) -> Result<(), Failure> {
    let Position::Since(us) = position else { return streams_at(db, scope, position).map(|_| ()) };
    let mut check = Check::default();
    for (collection, head) in streams::of_space(db, scope.space_row)? {
        check.since(*us, &scope.stream(&collection), &head);
    }
    check.finish()
}

/// Reads the updates.
pub(crate) fn read(db: &Connection, scope: &Scope, position: &Position, written: &Written) -> Result<Updates, Failure> {
    let streams = streams_at(db, scope, position)?;
    let device = scope.device_row(db)?;
    let none = OwnRows::default();
    let known = |stream: &Stream| written.get(&stream.name.collection).unwrap_or(&none);
    let cut = cut(db, scope, &streams, known)?;

    let keys = DeletedKeys::of(scope, &streams::names(db, scope.space_row)?);
    let mut lists: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let (mut tombstones, mut cursors, mut integrity) = (Vec::new(), Vec::new(), Vec::new());
    for (stream, up_to) in streams.iter().zip(&cut.up_to) {
        let request = PageRequest {
            stream: &stream.name,
            head: &stream.head,
            cursor: stream.cursor.clone(),
            rows: usize::MAX,
            bytes: usize::MAX,
            at_least_one: true,
            up_to: *up_to,
            skip: Some(known(stream)),
            device,
            compact: false,
        };
        let page = page::read(db, request)?;
        let collection = &stream.name.collection;
        extend(lists.entry(collection.to_string()).or_default(), &page.changes);
        extend(lists.entry(keys.key(scope, collection)).or_default(), &page.deleted_ids);
        member(&mut tombstones, |out| write_list(out, collection.as_str(), &page.tombstones));
        let name = stream.name.to_string();
        member(&mut cursors, |out| write_pair(out, &name, |out| write_string(out, &page.next.encode())));
        if !page.has_more {
            member(&mut integrity, |out| write_pair(out, &name, |out| page::write_integrity(out, &stream.head)));
        }
    }

    let mut json = vec![b'{'];
    for (key, elements) in &lists {
        write_list(&mut json, key, elements);
        json.push(b',');
    }
    for (key, members) in [("tombstones", &tombstones), ("cursors", &cursors), ("integrity", &integrity)] {
        write_string(&mut json, key);
        json.extend_from_slice(b":{");
        json.extend_from_slice(members);
        json.extend_from_slice(b"},");
    }
    json.extend_from_slice(if cut.at.is_some() { b"\"hasMore\":true}" } else { b"\"hasMore\":false}" });
    let server_us = match cut.at {
        Some(us) => us,
        None => spaces::last_us(db, scope.space_row)?,
    };
    Ok(Updates { json, server_us })
}

/// The keys of the lists of deleted ids that would stand for two collections of the account, or are a collection's name.
struct DeletedKeys {
    ambiguous: BTreeSet<String>,
}

impl DeletedKeys {
    fn of(scope: &Scope, names: &[String]) -> Self {
        let (mut known, mut ambiguous) = (BTreeSet::new(), BTreeSet::new());
        for name in names {
            let key = scope.config.deleted_key(name);
            if names.contains(&key) || !known.insert(key.clone()) {
                ambiguous.insert(key);
            }
        }
        Self { ambiguous }
    }

    /// The key of a collection's list: where the usual one is ambiguous, its name stands in it as it is.
    fn key(&self, scope: &Scope, collection: &CollectionName) -> String {
        let key = scope.deleted_key(collection);
        if self.ambiguous.contains(&key) { format!("deleted{collection}Ids") } else { key }
    }
}

fn streams_at(db: &Connection, scope: &Scope, position: &Position) -> Result<Vec<Stream>, Failure> {
    let mut check = Check::default();
    let mut found = Vec::new();
    let mut add = |collection: &CollectionName, head: Head, start: &Start| -> Result<(), Failure> {
        let name = scope.stream(collection);
        let cursor = pull::place(db, scope, start, &name, &head, &mut check)?;
        found.push(Stream { name, head, cursor });
        Ok(())
    };
    match position {
        Position::Unstated => {}
        Position::Cursors(cursors) => {
            for (collection, cursor) in cursors {
                let head = streams::find(db, scope.space_row, collection)?;
                add(collection, head, &Start::At(cursor.clone()))?;
            }
        }
        Position::Since(us) => {
            for (collection, head) in streams::of_space(db, scope.space_row)? {
                add(&collection, head, &Start::Since(*us))?;
            }
        }
    }
    check.finish()?;
    Ok(found)
}

/// The last row of each stream that fits the reply.
struct Cut {
    up_to: Vec<i64>,
    /// The stamp of the last row, if rows are left.
    at: Option<i64>,
}

/// Takes rows in the order of their stamps until the reply is full.
fn cut<'w>(
    db: &Connection,
    scope: &Scope,
    streams: &[Stream],
    known: impl Fn(&Stream) -> &'w OwnRows,
) -> Result<Cut, Failure> {
    let most = scope.config.sync.max_delta_rows;
    let budget = i64::try_from(scope.config.limits.max_page_bytes).unwrap_or(i64::MAX);
    let mut rows: Vec<(usize, Outline)> = Vec::new();
    for (index, stream) in streams.iter().enumerate() {
        let (skip, span) = (known(stream), page::span(&stream.cursor, stream.head.last_seq));
        if skip.cover(span.after, span.up_to) {
            continue;
        }
        let enough = i64::try_from(most + skip.count() + 1).unwrap_or(i64::MAX);
        let unknown =
            records::outlines(db, stream.head.row, span, enough)?.into_iter().filter(|row| !skip.contains(row.seq));
        rows.extend(unknown.map(|row| (index, row)));
    }
    rows.sort_by_key(|(_, row)| row.updated_us);
    let mut bytes = 0;
    let full = rows.iter().enumerate().position(|(taken, (_, row))| {
        bytes += row.bytes + ROW_OVERHEAD;
        taken == most || (taken > 0 && bytes > budget)
    });
    let mut up_to: Vec<i64> = streams.iter().map(|stream| stream.head.last_seq).collect();
    // Backwards, so that the first row that is left over in a stream has the last word.
    for (index, row) in rows.iter().skip(full.unwrap_or(rows.len())).rev() {
        up_to[*index] = row.seq - 1;
    }
    let last = full.and_then(|full| full.checked_sub(1)).and_then(|last| rows.get(last));
    Ok(Cut { up_to, at: last.map(|(_, row)| row.updated_us) })
}

fn member(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    if !out.is_empty() {
        out.push(b',');
    }
    write(out);
}

fn write_pair(out: &mut Vec<u8>, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
    write_string(out, key);
    out.push(b':');
    write(out);
}

fn extend(list: &mut Vec<u8>, elements: &[u8]) {
    if !list.is_empty() && !elements.is_empty() {
        list.push(b',');
    }
    list.extend_from_slice(elements);
}
