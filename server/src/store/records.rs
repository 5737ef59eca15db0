//! Records and tombstones.

use super::WriteTx;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Row, params};
use std::ops::ControlFlow;

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its row.
    pub(crate) row: i64,
    /// Its place in the stream.
    pub(crate) seq: i64,
    /// Its id.
    pub(crate) id: String,
    /// 1 at its creation, one more with each accepted write that changed it.
    pub(crate) version: i64,
    /// The time of its creation.
    pub(crate) created_us: i64,
    /// The time of its last write.
    pub(crate) updated_us: i64,
    /// Which stamps are the app's own fields.
    pub(crate) own_stamps: OwnStamps,
    /// The device that wrote it last.
    pub(crate) origin_device: Option<i64>,
    /// The operation that wrote it last.
    pub(crate) origin_op: Option<String>,
    /// The app's fields as a JSON object; `None`: deleted.
    pub(crate) body: Option<String>,
    /// The version that made it, or the version that counts for paths without an entry, if stamps were forgotten.
    pub(crate) created_version: i64,
    /// The stamp of the last write.
    pub(crate) hlc: String,
    /// The stamp of the version that counts so; `None`: that of the last write.
    pub(crate) create_hlc: Option<String>,
    /// Stamps of fields that were changed since, as stored.
    pub(crate) path_stamps: Option<String>,
    /// The id that the creating device gave it, where the server assigns ids.
    pub(crate) client_id: Option<String>,
}

/// Which of `createdAt` and `updatedAt` are fields of the app in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct OwnStamps {
    /// `createdAt` is.
    pub(crate) created: bool,
    /// `updatedAt` is.
    pub(crate) updated: bool,
}

impl OwnStamps {
    fn from_bits(bits: i64) -> Self {
        Self { created: bits & 1 != 0, updated: bits & 2 != 0 }
    }

    fn bits(self) -> i64 {
        i64::from(self.created) | i64::from(self.updated) << 1
    }
}

macro_rules! columns {
    () => {
        "row, seq, id, version, created_us, updated_us, own_stamps, origin_device, origin_op, body, created_version, hlc, create_hlc, \
         path_stamps, client_id"
    };
}

fn record(row: &Row<'_>) -> Result<Record> {
    Ok(Record {
        row: row.get(0)?,
        seq: row.get(1)?,
        id: row.get(2)?,
        version: row.get(3)?,
        created_us: row.get(4)?,
        updated_us: row.get(5)?,
        own_stamps: OwnStamps::from_bits(row.get(6)?),
        origin_device: row.get(7)?,
        origin_op: row.get(8)?,
        body: row.get(9)?,
        created_version: row.get(10)?,
        hlc: row.get(11)?,
        create_hlc: row.get(12)?,
        path_stamps: row.get(13)?,
        client_id: row.get(14)?,
    })
}

/// The record or tombstone with this id.
pub(crate) fn find(connection: &Connection, stream: i64, id: &str) -> Result<Option<Record>> {
    let sql = concat!("SELECT ", columns!(), " FROM records WHERE stream = ?1 AND id = ?2");
    connection.prepare_cached(sql)?.query_row(params![stream, id], record).optional()
}

/// The record or tombstone that a device calls so, where the server assigns ids.
pub(crate) fn find_by_client_id(connection: &Connection, stream: i64, client_id: &str) -> Result<Option<Record>> {
    let sql = concat!("SELECT ", columns!(), " FROM records WHERE stream = ?1 AND client_id = ?2");
    connection.prepare_cached(sql)?.query_row(params![stream, client_id], record).optional()
}

/// Stores a new record. Its `row` is chosen here.
pub(crate) fn insert(tx: &WriteTx<'_>, stream: i64, record: &Record) -> Result<i64> {
    let mut statement = tx.prepare_cached(
        "INSERT OR FAIL INTO records (stream, seq, id, version, created_us, updated_us, own_stamps, origin_device, origin_op, body, created_version,
                              hlc, create_hlc, path_stamps, client_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?;
    statement.insert(params![
        stream,
        record.seq,
        record.id,
        record.version,
        record.created_us,
        record.updated_us,
        record.own_stamps.bits(),
        record.origin_device,
        record.origin_op,
        record.body,
        record.created_version,
        record.hlc,
        record.create_hlc,
        record.path_stamps,
        record.client_id,
    ])
}

macro_rules! update_sql {
    ($device:literal) => {
        concat!(
            "UPDATE OR FAIL records SET ",
            $device,
            "seq = ?2, version = ?3, created_us = ?4, updated_us = ?5, own_stamps = ?6, origin_op = ?7, body = ?8, created_version = ?9, \
             hlc = ?10, create_hlc = ?11, path_stamps = ?12 WHERE row = ?1"
        )
    };
}

/// Stores what a write made of a record. Its id and what devices call it never change.
pub(crate) fn update(tx: &WriteTx<'_>, before: &Record, record: &Record) -> Result<()> {
    // A column that is named is checked against what it refers to, even if it stays as it is.
    let device = before.origin_device == record.origin_device;
    let mut statement =
        tx.prepare_cached(if device { update_sql!("") } else { update_sql!("origin_device = ?13, ") })?;
    let params = params![
        record.row,
        record.seq,
        record.version,
        record.created_us,
        record.updated_us,
        record.own_stamps.bits(),
        record.origin_op,
        record.body,
        record.created_version,
        record.hlc,
        record.create_hlc,
        record.path_stamps,
        record.origin_device,
    ];
    statement.execute(if device { &params[..12] } else { params })?;
    Ok(())
}

/// A row as a page shows it, borrowed from SQLite's page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRow<'r> {
    pub(crate) seq: i64,
    pub(crate) id: &'r str,
    pub(crate) version: i64,
    pub(crate) created_us: i64,
    pub(crate) updated_us: i64,
    pub(crate) own_stamps: OwnStamps,
    pub(crate) origin_device: Option<i64>,
    pub(crate) origin_op: Option<&'r str>,
    pub(crate) body: Option<&'r str>,
}

macro_rules! page_columns {
    () => {
        "seq, id, version, created_us, updated_us, own_stamps, origin_device, origin_op, body"
    };
}

fn page_row<'r>(row: &'r Row<'_>) -> Result<PageRow<'r>> {
    Ok(PageRow {
        seq: row.get(0)?,
        id: row.get_ref(1)?.as_str()?,
        version: row.get(2)?,
        created_us: row.get(3)?,
        updated_us: row.get(4)?,
        own_stamps: OwnStamps::from_bits(row.get(5)?),
        origin_device: row.get(6)?,
        origin_op: row.get_ref(7)?.as_str_or_null()?,
        body: row.get_ref(8)?.as_str_or_null()?,
    })
}

impl Record {
    /// The same in a page.
    pub(crate) fn as_page_row(&self) -> PageRow<'_> {
        PageRow {
            seq: self.seq,
            id: &self.id,
            version: self.version,
            created_us: self.created_us,
            updated_us: self.updated_us,
            own_stamps: self.own_stamps,
            origin_device: self.origin_device,
            origin_op: self.origin_op.as_deref(),
            body: self.body.as_deref(),
        }
    }
}

/// Rows of a stream after a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// Rows after this sequence number.
    pub(crate) after: i64,
    /// Rows up to this one.
    pub(crate) up_to: i64,
    /// Tombstones only after this one.
    pub(crate) tombstones_after: i64,
}

/// Shows rows in the order of their sequence numbers until `visit` has seen enough.
pub(crate) fn scan(
    connection: &Connection,
    stream: i64,
    span: Span,
    visit: impl FnMut(PageRow<'_>) -> ControlFlow<()>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        page_columns!(),
        " FROM records WHERE stream = ?1 AND seq > ?2 AND seq <= ?3 AND (body IS NOT NULL OR seq > ?4) ORDER BY seq"
    ))?;
    show(&mut statement, [stream, span.after, span.up_to, span.tombstones_after], visit)
}

/// Shows live rows in the order of their ids.
pub(crate) fn list(
    connection: &Connection,
    stream: i64,
    limit: i64,
    offset: i64,
    visit: impl FnMut(PageRow<'_>) -> ControlFlow<()>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        page_columns!(),
        " FROM records WHERE stream = ?1 AND body IS NOT NULL ORDER BY id LIMIT ?2 OFFSET ?3"
    ))?;
    show(&mut statement, [stream, limit, offset], visit)
}

fn show(
    statement: &mut CachedStatement<'_>,
    parameters: impl rusqlite::Params,
    mut visit: impl FnMut(PageRow<'_>) -> ControlFlow<()>,
) -> Result<()> {
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        if visit(page_row(row)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// How many rows a span has, counted up to `most`.
pub(crate) fn count(connection: &Connection, stream: i64, span: Span, most: i64) -> Result<i64> {
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM records WHERE stream = ?1 AND seq > ?2 AND seq <= ?3
                               AND (body IS NOT NULL OR seq > ?4) LIMIT ?5)",
    )?;
    statement.query_row([stream, span.after, span.up_to, span.tombstones_after, most], |row| row.get(0))
}

/// The size and stamp of a row, without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) seq: i64,
    pub(crate) updated_us: i64,
    pub(crate) bytes: i64,
}

/// Outlines of the first rows of a span, at most `most`.
pub(crate) fn outlines(connection: &Connection, stream: i64, span: Span, most: i64) -> Result<Vec<Outline>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, updated_us, coalesce(octet_length(body), 0) FROM records WHERE stream = ?1 AND seq > ?2 AND seq <= ?3
         AND (body IS NOT NULL OR seq > ?4) ORDER BY seq LIMIT ?5",
    )?;
    let rows = statement.query_map([stream, span.after, span.up_to, span.tombstones_after, most], |row| {
        Ok(Outline { seq: row.get(0)?, updated_us: row.get(1)?, bytes: row.get(2)? })
    })?;
    rows.collect()
}
