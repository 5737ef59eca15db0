//! Plain reads: one record, some records by id, and a list by offset.

use super::scope::Scope;
use super::{refusal, wire};
use crate::error::Failure;
use crate::model::{CollectionName, RecordId, write_string};
use crate::store::records::{self, Record};
use crate::store::streams;
use rusqlite::Connection;
use std::ops::ControlFlow;

/// A live record and its wire form.
pub(crate) struct Single {
    pub(crate) record: Record,
    pub(crate) json: Vec<u8>,
}

/// One record. A tombstone is `RECORD_DELETED` with status 410.
pub(crate) fn one(
    db: &Connection,
    scope: &Scope,
    collection: &CollectionName,
    id: &RecordId,
) -> Result<Single, Failure> {
    let head = streams::find(db, scope.space_row, collection)?;
    let record = records::find(db, head.row, id.as_str())?.ok_or_else(refusal::not_found)?;
    if record.body.is_none() {
        return Err(refusal::deleted(&record).with_status(410));
    }
    let json = wire::full_record(db, &scope.space, &record)?;
    Ok(Single { record, json })
}

/// Rows by id, as pieces of JSON text without their brackets.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) changes: Vec<u8>,
    pub(crate) deleted_ids: Vec<u8>,
    pub(crate) tombstones: Vec<u8>,
    /// Ids that the reply had no room for.
    pub(crate) missing: Vec<u8>,
    pub(crate) head_us: i64,
}

/// Records and tombstones with these ids, in their order, as many as `maxPageBytes` has room for and at least one. Unknown ids are left out, an id that is named twice comes once.
pub(crate) fn by_id(
    db: &Connection,
    scope: &Scope,
    collection: &CollectionName,
    ids: &[RecordId],
) -> Result<Found, Failure> {
    let device = scope.device_row(db)?;
    let head = streams::find(db, scope.space_row, collection)?;
    let mut found = Found { head_us: head.last_us, ..Found::default() };
    let mut seen = std::collections::BTreeSet::new();
    for id in ids.iter().filter(|id| seen.insert(*id)) {
        if found.changes.len() >= scope.config.limits.max_page_bytes {
            separate(&mut found.missing);
            write_string(&mut found.missing, id.as_str());
            continue;
        }
        let Some(record) = records::find(db, head.row, id.as_str())? else { continue };
        let row = record.as_page_row();
        if record.body.is_some() {
            separate(&mut found.changes);
            wire::write_row(&mut found.changes, &row, device);
        } else {
            separate(&mut found.deleted_ids);
            write_string(&mut found.deleted_ids, row.id);
            separate(&mut found.tombstones);
            wire::write_tombstone(&mut found.tombstones, &row);
        }
    }
    Ok(found)
}

/// A list by offset.
pub(crate) struct List {
    /// The records, without brackets.
    pub(crate) rows: Vec<u8>,
    /// Live records of the collection.
    pub(crate) total: i64,
    /// Whether there are records behind these.
    pub(crate) has_more: bool,
}

/// Live records in the order of their ids, which no write changes.
pub(crate) fn list(
    db: &Connection,
    scope: &Scope,
    collection: &CollectionName,
    limit: i64,
    offset: i64,
) -> Result<List, Failure> {
    let device = scope.device_row(db)?;
    let head = streams::find(db, scope.space_row, collection)?;
    let (mut rows, mut count) = (Vec::new(), 0);
    records::list(db, head.row, limit, offset, |row| {
        if count > 0 && rows.len() >= scope.config.limits.max_page_bytes {
            return ControlFlow::Break(());
        }
        separate(&mut rows);
        wire::write_row(&mut rows, &row, device);
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(List { rows, total: head.live_count, has_more: offset.saturating_add(count) < head.live_count })
}

fn separate(out: &mut Vec<u8>) {
    if !out.is_empty() {
        out.push(b',');
    }
}
