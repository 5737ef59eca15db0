//! Pulling: pages of one or more streams from one snapshot.

use super::cursors::Check;
use super::page::{self, Page, PageRequest};
use super::scope::Scope;
use super::wire;
use crate::error::Failure;
use crate::model::{CollectionName, Cursor, Mode, StreamName, write_string};
use crate::store::records;
use crate::store::streams::{self, Head};
use rusqlite::Connection;
use std::collections::BTreeSet;

/// Pending rows are counted up to here.
pub(crate) const MOST_PENDING: i64 = 1000;

/// One stream of a pull.
#[derive(Debug, Clone)]
pub(crate) struct StreamRequest {
    pub(crate) collection: CollectionName,
    pub(crate) start: Start,
    pub(crate) limit: usize,
    pub(crate) priority: u8,
    /// Count and digest of what the reader has, if it says.
    pub(crate) holds: Option<(i64, u64)>,
}

/// The start of a read.
#[derive(Debug, Clone)]
pub(crate) enum Start {
    /// The beginning, as a snapshot.
    Snapshot,
    /// The position of the reader.
    At(Cursor),
    /// Everything that was written after this point in time.
    Since(i64),
}

/// A page and the head it was read under.
pub(crate) struct StreamPage {
    pub(crate) stream: StreamName,
    pub(crate) head: Head,
    pub(crate) page: Page,
}

/// The pages of a pull.
pub(crate) struct Pulled {
    /// In the order of the request; then those that it did not name.
    pub(crate) pages: Vec<StreamPage>,
    /// Whether every stream has reached its head, and no stream is left to be discovered.
    pub(crate) complete: bool,
    /// Rows that are left, at most [`MOST_PENDING`].
    pub(crate) pending: i64,
    /// Whether the reader stands at the head of every stream, and has what it holds.
    pub(crate) nothing_new: bool,
}

/// A pull.
#[derive(Debug, Clone)]
pub(crate) struct PullRequest {
    pub(crate) streams: Vec<StreamRequest>,
    /// Whether the space's other streams are wanted, too.
    pub(crate) discover: bool,
    /// Streams that the device knows and asks for in other requests: they are not to be discovered.
    pub(crate) known: BTreeSet<String>,
    /// The budget of bytes for rows.
    pub(crate) max_bytes: usize,
    /// Whether the reader takes the compact form.
    pub(crate) compact: bool,
}

/// Reads pages until `max_bytes`, the most urgent streams first. One row is always sent.
pub(crate) fn pull(db: &Connection, scope: &Scope, request: PullRequest) -> Result<Pulled, Failure> {
    let PullRequest { streams: mut requests, discover, known, max_bytes, compact } = request;
    let all_told = !discover || add_unknown(db, scope, &known, &mut requests)?;
    let device = scope.device_row(db)?;
    let mut check = Check::default();
    let mut places = Vec::with_capacity(requests.len());
    for request in &requests {
        let stream = scope.stream(&request.collection);
        let head = streams::find(db, scope.space_row, &request.collection)?;
        let cursor = place(db, scope, &request.start, &stream, &head, &mut check)?;
        places.push((stream, head, cursor));
    }
    check.finish()?;

    let mut order: Vec<usize> = (0..requests.len()).collect();
    order.sort_by_key(|index| requests[*index].priority);
    let mut pages: Vec<Option<StreamPage>> = requests.iter().map(|_| None).collect();
    let (mut bytes, mut rows) = (0, 0);
    for index in order {
        let (stream, head, cursor) = &places[index];
        let page = page::read(
            db,
            PageRequest {
                stream,
                head,
                cursor: cursor.clone(),
                rows: requests[index].limit,
                bytes: max_bytes.saturating_sub(bytes),
                at_least_one: rows == 0,
                up_to: head.last_seq,
                skip: None,
                device,
                compact,
            },
        )?;
        bytes += page.len();
        rows += page.rows;
        pages[index] = Some(StreamPage { stream: stream.clone(), head: *head, page });
    }
    let pages: Vec<StreamPage> = pages.into_iter().flatten().collect();
    let mut pending = 0;
    for StreamPage { head, page, .. } in pages.iter().filter(|read| read.page.has_more) {
        let span = page::span(&page.next, head.last_seq);
        pending += records::count(db, head.row, span, MOST_PENDING - pending)?;
    }
    let complete = all_told && pages.iter().all(|read| !read.page.has_more);
    let nothing_new = pages.iter().zip(&requests).all(|(read, request)| is_at_head(read, request));
    Ok(Pulled { complete, nothing_new: nothing_new && !pages.is_empty(), pages, pending })
}

/// Whether the reader of a stream stands at its head, and has what it holds.
fn is_at_head(read: &StreamPage, request: &StreamRequest) -> bool {
    let stands = matches!(&request.start, Start::At(cursor) if *cursor == read.page.next);
    stands && read.page.rows == 0 && request.holds == Some((read.head.live_count, read.head.digest))
}

/// Adds the streams that the request does not name and the device does not know, as snapshots, as far as one request may have streams. Returns
/// whether those are all.
fn add_unknown(
    db: &Connection,
    scope: &Scope,
    known: &BTreeSet<String>,
    requests: &mut Vec<StreamRequest>,
) -> Result<bool, Failure> {
    let limits = &scope.config.limits;
    let mut all_told = true;
    let mut named: BTreeSet<String> = requests.iter().map(|request| request.collection.to_string()).collect();
    named.extend(known.iter().cloned());
    for (collection, _) in streams::of_space(db, scope.space_row)? {
        if named.contains(collection.as_str()) {
            continue;
        }
        if requests.len() >= limits.max_streams {
            all_told = false;
            break;
        }
        let priority = scope.config.collection(&collection).priority;
        let limit = limits.max_page_records;
        requests.push(StreamRequest { collection, start: Start::Snapshot, limit, priority, holds: None });
    }
    Ok(all_told)
}

/// The cursor to read from.
pub(crate) fn place(
    db: &Connection,
    scope: &Scope,
    start: &Start,
    stream: &StreamName,
    head: &Head,
    check: &mut Check,
) -> Result<Cursor, Failure> {
    Ok(match start {
        Start::Snapshot => Cursor::snapshot(&scope.epoch, stream, head.last_seq),
        Start::At(cursor) => {
            check.cursor(cursor, stream, head, &scope.epoch)?;
            cursor.clone()
        }
        Start::Since(us) => {
            check.since(*us, stream, head);
            Cursor::delta(&scope.epoch, stream, streams::seq_at(db, head, *us)?)
        }
    })
}

/// Appends the element of `streams`.
pub(crate) fn write_element(out: &mut Vec<u8>, scope: &Scope, read: &StreamPage) {
    out.extend_from_slice(b"{\"space\":");
    write_string(out, read.stream.space.as_str());
    out.extend_from_slice(b",\"collection\":");
    write_string(out, read.stream.collection.as_str());
    out.extend_from_slice(b",\"changes\":{");
    write_members(out, scope, read, b"},");
    out.push(b'}');
}

/// Appends the element of `streams` in its compact form: without what is empty, what says the same twice, and what only readers by time need.
pub(crate) fn write_compact_element(out: &mut Vec<u8>, read: &StreamPage) {
    let StreamPage { stream, head, page } = read;
    let collection = stream.collection.as_str();
    out.extend_from_slice(b"{\"space\":");
    write_string(out, stream.space.as_str());
    out.extend_from_slice(b",\"collection\":");
    write_string(out, collection);
    for (key, rows) in [(b",\"changes\":{".as_slice(), &page.changes), (b",\"tombstones\":{", &page.tombstones)] {
        if !rows.is_empty() {
            out.extend_from_slice(key);
            write_list(out, collection, rows);
            out.push(b'}');
        }
    }
    if let Some(columns) = &page.columns {
        out.extend_from_slice(b",\"columns\":");
        columns.write(out);
    }
    out.extend_from_slice(b",\"syncMetadata\":{\"hasMore\":");
    write_progress(out, head, page);
    out.extend_from_slice(b"}}");
}

/// Appends the delta shape of a plain call.
pub(crate) fn write_delta(out: &mut Vec<u8>, scope: &Scope, read: &StreamPage) {
    out.push(b'{');
    write_members(out, scope, read, b",");
    out.push(b'}');
}

/// Appends the rows, `behind_rows`, and what both shapes have after them.
fn write_members(out: &mut Vec<u8>, scope: &Scope, read: &StreamPage, behind_rows: &[u8]) {
    let StreamPage { stream, head, page } = read;
    let collection = stream.collection.as_str();
    write_list(out, collection, &page.changes);
    out.extend_from_slice(behind_rows);
    write_list(out, &scope.deleted_key(&stream.collection), &page.deleted_ids);
    out.extend_from_slice(b",\"tombstones\":{");
    write_list(out, collection, &page.tombstones);
    out.extend_from_slice(b"},\"syncMetadata\":{\"serverTimestamp\":");
    wire::write_stamp(out, page.server_us);
    out.extend_from_slice(b",\"hasMore\":");
    write_progress(out, head, page);
    out.extend_from_slice(b",\"epoch\":");
    write_string(out, &scope.epoch);
    out.extend_from_slice(match page.mode {
        Mode::Delta => b",\"mode\":\"delta\"".as_slice(),
        Mode::Snapshot { .. } => b",\"mode\":\"snapshot\"",
    });
    out.push(b'}');
}

/// Appends the value of `hasMore`, and what every reader must know of the head.
fn write_progress(out: &mut Vec<u8>, head: &Head, page: &Page) {
    out.extend_from_slice(if page.has_more { b"true" } else { b"false" });
    out.extend_from_slice(b",\"nextCursor\":");
    write_string(out, &page.next.encode());
    out.extend_from_slice(b",\"count\":");
    wire::write_integer(out, head.live_count);
    if !page.has_more {
        out.extend_from_slice(b",\"integrity\":");
        page::write_integrity(out, head);
    }
}

/// Appends `"key":[…]`.
pub(crate) fn write_list(out: &mut Vec<u8>, key: &str, elements: &[u8]) {
    write_string(out, key);
    out.extend_from_slice(b":[");
    out.extend_from_slice(elements);
    out.push(b']');
}
