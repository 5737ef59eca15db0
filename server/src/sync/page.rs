//! One page of one stream.
//!
//! Invariants:
//! - Rows come in the order of their sequence numbers, without gaps between a page and the next, whatever is written in between.
//! - The cursor behind a page has seen exactly the rows up to the last one in it.
//! - A page without more behind it leaves the reader at the head, with the head's count and digest.

use super::columns::Columns;
use super::own_rows::OwnRows;
use super::wire;
use crate::model::{Cursor, Mode, StreamName, write_string};
use crate::store::records::{self, PageRow, Span};
use crate::store::streams::{self, Head};
use holm_protocol::columns::LEAST_ROWS;
use rusqlite::Connection;
use std::ops::ControlFlow;

/// The rows of a page: which stream, from where, how many.
#[derive(Debug, Clone)]
pub(crate) struct PageRequest<'a> {
    /// The stream.
    pub(crate) stream: &'a StreamName,
    /// Its head in this snapshot.
    pub(crate) head: &'a Head,
    /// The position of the reader.
    pub(crate) cursor: Cursor,
    /// At most so many rows.
    pub(crate) rows: usize,
    /// The budget of bytes. A page ends with the row that reaches it.
    pub(crate) bytes: usize,
    /// Send one row even if it has more bytes than that.
    pub(crate) at_least_one: bool,
    /// The greatest sequence number to read.
    pub(crate) up_to: i64,
    /// Rows that the reader knows already.
    pub(crate) skip: Option<&'a OwnRows>,
    /// The reader's device.
    pub(crate) device: Option<i64>,
    /// Whether the reader takes many live rows in columns.
    pub(crate) compact: bool,
}

/// A page, as pieces of JSON text without their brackets.
#[derive(Debug)]
pub(crate) struct Page {
    /// Records; bodies alone, if there are columns.
    pub(crate) changes: Vec<u8>,
    /// The columns that belong to the bodies. While a page is read for a compact reader, its rows are here and the first few in `changes`,
    /// too.
    pub(crate) columns: Option<Columns>,
    pub(crate) deleted_ids: Vec<u8>,
    pub(crate) tombstones: Vec<u8>,
    /// Rows of both kinds.
    pub(crate) rows: usize,
    pub(crate) has_more: bool,
    /// Which mode the page was read in.
    pub(crate) mode: Mode,
    /// The position of the reader after the page.
    pub(crate) next: Cursor,
    /// The stamp to continue from for readers who go by time.
    pub(crate) server_us: i64,
}

/// The rows that a reader at `cursor` still needs, up to `up_to`.
pub(crate) fn span(cursor: &Cursor, up_to: i64) -> Span {
    let tombstones_after = match cursor.mode {
        Mode::Delta => 0,
        Mode::Snapshot { start } => start,
    };
    Span { after: cursor.seq, up_to, tombstones_after }
}

/// Reads a page.
pub(crate) fn read(connection: &Connection, request: PageRequest<'_>) -> rusqlite::Result<Page> {
    let PageRequest { stream, head, cursor, rows: most, bytes, at_least_one, up_to, skip, device, compact } = request;
    let mut page = Page {
        changes: Vec::new(),
        columns: compact.then(Columns::default),
        deleted_ids: Vec::new(),
        tombstones: Vec::new(),
        rows: 0,
        has_more: false,
        mode: cursor.mode,
        next: cursor.clone(),
        server_us: head.last_us,
    };
    let mut last_us = None;
    if up_to == head.last_seq && skip.is_some_and(|known| known.cover(cursor.seq, up_to)) {
        let next = page.next.at_head(head.last_seq);
        return Ok(Page { columns: None, next, ..page });
    }
    records::scan(connection, head.row, span(&cursor, up_to), |row| {
        if !skip.is_some_and(|known| known.contains(row.seq)) {
            let full = page.rows >= most || (page.len() >= bytes && (page.rows > 0 || !at_least_one));
            if full || !page.add(&row, device, bytes, at_least_one) {
                page.has_more = true;
                return ControlFlow::Break(());
            }
        }
        page.next.seq = row.seq;
        last_us = Some(row.updated_us);
        ControlFlow::Continue(())
    })?;
    if page.has_more {
        page.server_us = match last_us {
            Some(us) => us,
            None => streams::us_at(connection, head, cursor.seq)?,
        };
    } else if up_to < head.last_seq {
        page.has_more = true;
        page.next.seq = page.next.seq.max(up_to);
        page.server_us = streams::us_at(connection, head, page.next.seq)?;
    } else {
        page.next = page.next.at_head(head.last_seq);
    }
    page.columns = page.columns.filter(|columns| columns.rows() >= LEAST_ROWS);
    if let Some(columns) = &mut page.columns {
        page.changes = columns.take_bodies();
    }
    debug_assert!(page.next.collection == stream.collection && page.next.is_in(&stream.space));
    Ok(page)
}

impl Page {
    /// Bytes of rows so far.
    pub(crate) fn len(&self) -> usize {
        let live = match &self.columns {
            Some(columns) if columns.rows() >= LEAST_ROWS => columns.len(),
            _ => self.changes.len(),
        };
        live + self.tombstones.len() + self.deleted_ids.len()
    }

    /// Adds a row unless it goes over the budget and is not the one that is always sent.
    fn add(&mut self, row: &PageRow<'_>, device: Option<i64>, budget: usize, at_least_one: bool) -> bool {
        let before = (self.changes.len(), self.tombstones.len(), self.deleted_ids.len());
        if row.body.is_some() {
            let columns = self.columns.as_mut().map(|columns| {
                columns.add(row, device);
                columns.rows()
            });
            if columns.is_none_or(|rows| rows < LEAST_ROWS) {
                separate(&mut self.changes);
                wire::write_row(&mut self.changes, row, device);
            }
        } else {
            separate(&mut self.deleted_ids);
            write_string(&mut self.deleted_ids, row.id);
            separate(&mut self.tombstones);
            wire::write_tombstone(&mut self.tombstones, row);
        }
        if self.len() > budget && (self.rows > 0 || !at_least_one) {
            self.changes.truncate(before.0);
            if let (Some(columns), Some(_)) = (&mut self.columns, row.body) {
                columns.undo();
            }
            self.tombstones.truncate(before.1);
            self.deleted_ids.truncate(before.2);
            return false;
        }
        self.rows += 1;
        true
    }
}

fn separate(out: &mut Vec<u8>) {
    if !out.is_empty() {
        out.push(b',');
    }
}

/// Appends `,"integrity":{…}`: what the reader's copy must add up to at this head.
pub(crate) fn write_integrity(out: &mut Vec<u8>, head: &Head) {
    let text = format!(r#"{{"alg":"sx64","count":{},"digest":"{:016x}"}}"#, head.live_count, head.digest);
    out.extend_from_slice(text.as_bytes());
}
