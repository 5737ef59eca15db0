//! Status: the heads of a space, and how many rows a device lacks.

use super::cursors::Check;
use super::page;
use super::pull::{self, MOST_PENDING, Start};
use super::scope::Scope;
use super::wire;
use crate::error::Failure;
use crate::model::{CollectionName, Cursor, write_string};
use crate::store::streams;
use crate::store::{records, spaces};
use rusqlite::Connection;

/// The positions that a status request names.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatusRequest {
    /// The positions in streams.
    pub(crate) cursors: Vec<(CollectionName, Cursor)>,
    /// The position in all streams, if it is a time.
    pub(crate) since: Option<i64>,
}

/// The answer.
#[derive(Debug)]
pub(crate) struct Status {
    /// The stamp of the newest write in the space, 0 before the first.
    pub(crate) last_us: i64,
    /// Rows that the device does not have, counted up to [`MOST_PENDING`].
    pub(crate) pending: i64,
    /// The list `streams`, without brackets.
    pub(crate) streams: Vec<u8>,
}

/// Reads heads, and rows only to count what is pending.
pub(crate) fn read(db: &Connection, scope: &Scope, request: &StatusRequest) -> Result<Status, Failure> {
    let mut check = Check::default();
    let mut behind = Vec::new();
    for (collection, cursor) in &request.cursors {
        let head = streams::find(db, scope.space_row, collection)?;
        check.cursor(cursor, &scope.stream(collection), &head, &scope.epoch)?;
        behind.push((head, cursor.clone()));
    }
    let mut list = Vec::new();
    for (collection, head) in streams::of_space(db, scope.space_row)? {
        let stream = scope.stream(&collection);
        if let Some(us) = request.since {
            let cursor = pull::place(db, scope, &Start::Since(us), &stream, &head, &mut check)?;
            behind.push((head, cursor));
        }
        let cursor = Cursor::delta(&scope.epoch, &stream, head.last_seq);
        list.extend_from_slice(if list.is_empty() { b"{\"space\":" } else { b",{\"space\":" });
        write_string(&mut list, stream.space.as_str());
        list.extend_from_slice(b",\"collection\":");
        write_string(&mut list, stream.collection.as_str());
        list.extend_from_slice(b",\"head\":");
        write_string(&mut list, &cursor.encode());
        list.extend_from_slice(b",\"count\":");
        wire::write_integer(&mut list, head.live_count);
        list.extend_from_slice(format!(",\"digest\":\"{:016x}\"}}", head.digest).as_bytes());
    }
    check.finish()?;
    let mut pending = 0;
    for (head, cursor) in behind {
        pending += records::count(db, head.row, page::span(&cursor, head.last_seq), MOST_PENDING - pending)?;
    }
    Ok(Status { last_us: spaces::last_us(db, scope.space_row)?, pending, streams: list })
}
