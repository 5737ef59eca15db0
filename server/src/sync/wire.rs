//! Records on the wire, spliced from their stored text.
//!
//! Invariant: nothing here parses a record. A page of 5,000 rows is a copy of bytes with some numbers in between.

use crate::model::{PathStamps, Space, Timestamp, write_string};
use crate::store::devices;
use crate::store::records::{OwnStamps, PageRow, Record};
use holm_protocol::columns;
use rusqlite::Connection;

/// Appends a row of a page: the app's fields, the five names of the server, and the operation that wrote it last if that came from
/// `device`.
pub(crate) fn write_row(out: &mut Vec<u8>, row: &PageRow<'_>, device: Option<i64>) {
    write_fields(out, row);
    out.extend_from_slice(b",\"_sync\":{\"seq\":");
    write_integer(out, row.seq);
    write_app_names(out, row.own_stamps);
    if let Some(op_id) = origin_op(row, device) {
        out.extend_from_slice(b",\"originOpId\":");
        write_string(out, op_id);
    }
    out.extend_from_slice(b"}}");
}

/// The operation that wrote a row last, if it came from `device`.
pub(crate) fn origin_op<'r>(row: &PageRow<'r>, device: Option<i64>) -> Option<&'r str> {
    row.origin_op.filter(|_| device.is_some() && device == row.origin_device)
}

/// A single record with everything that is known of it: `serverData`, `record` and the replies to plain calls.
pub(crate) fn full_record(connection: &Connection, space: &Space, record: &Record) -> rusqlite::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(512 + record.body.as_ref().map_or(0, String::len));
    let row = record.as_page_row();
    write_fields(&mut out, &row);
    out.extend_from_slice(b",\"_sync\":{\"space\":");
    write_string(&mut out, space.as_str());
    out.extend_from_slice(b",\"seq\":");
    write_integer(&mut out, record.seq);
    write_app_names(&mut out, record.own_stamps);
    let device = record.origin_device.map(|device| devices::name(connection, device)).transpose()?.flatten();
    write_optional(&mut out, ",\"originOpId\":", record.origin_op.as_deref());
    write_optional(&mut out, ",\"originDeviceId\":", device.as_deref());
    write_optional(&mut out, ",\"hlc\":", Some(&record.hlc));
    let create_hlc = record.create_hlc.as_deref().unwrap_or(&record.hlc);
    write_optional(&mut out, ",\"createHlc\":", Some(create_hlc));
    write_stamps(&mut out, record, create_hlc);
    out.extend_from_slice(b"}}");
    Ok(out)
}

/// Appends `{"id":…,"version":…,"seq":…,"deletedAt":…,"reason":"deleted"}`.
pub(crate) fn write_tombstone(out: &mut Vec<u8>, row: &PageRow<'_>) {
    write_tombstone_start(out, row);
    out.extend_from_slice(b",\"reason\":\"deleted\"}");
}

/// A single tombstone with the stamp of the delete.
pub(crate) fn full_tombstone(record: &Record) -> Vec<u8> {
    let mut out = Vec::with_capacity(192);
    write_tombstone_start(&mut out, &record.as_page_row());
    out.extend_from_slice(b",\"hlc\":");
    write_string(&mut out, &record.hlc);
    out.push(b'}');
    out
}

/// The entity tag of a record: `"<version>-<seq>"`.
pub(crate) fn etag(record: &Record) -> String {
    format!("\"{}-{}\"", record.version, record.seq)
}

/// Appends a number.
pub(crate) fn write_integer(out: &mut Vec<u8>, number: i64) {
    // Writing a number into memory cannot fail.
    let _ = serde_json::to_writer(out, &number);
}

/// Appends numbers as a column, without brackets.
pub(crate) fn write_column(out: &mut Vec<u8>, numbers: impl Iterator<Item = i64>) {
    for (position, difference) in columns::differences(numbers).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_integer(out, difference);
    }
}

/// Appends a stamp, in microseconds, as a JSON string.
pub(crate) fn write_stamp(out: &mut Vec<u8>, micros: i64) {
    out.push(b'"');
    Timestamp::from_micros(micros).write_micros(out);
    out.push(b'"');
}

/// Appends another time as a JSON string.
pub(crate) fn write_time(out: &mut Vec<u8>, at: Timestamp) {
    out.push(b'"');
    at.write(out);
    out.push(b'"');
}

/// Appends `{"id":…,<fields>,"version":…,"createdAt":…,"updatedAt":…` without the closing brace.
fn write_fields(out: &mut Vec<u8>, row: &PageRow<'_>) {
    out.extend_from_slice(b"{\"id\":");
    write_string(out, row.id);
    let body = row.body.unwrap_or("{}");
    let members = body.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    if !members.is_empty() {
        out.push(b',');
        out.extend_from_slice(members.as_bytes());
    }
    out.extend_from_slice(b",\"version\":");
    write_integer(out, row.version);
    if !row.own_stamps.created {
        out.extend_from_slice(b",\"createdAt\":");
        write_stamp(out, row.created_us);
    }
    if !row.own_stamps.updated {
        out.extend_from_slice(b",\"updatedAt\":");
        write_stamp(out, row.updated_us);
    }
}

fn write_app_names(out: &mut Vec<u8>, own: OwnStamps) {
    match (own.created, own.updated) {
        (false, false) => {}
        (true, false) => out.extend_from_slice(b",\"app\":[\"createdAt\"]"),
        (false, true) => out.extend_from_slice(b",\"app\":[\"updatedAt\"]"),
        (true, true) => out.extend_from_slice(b",\"app\":[\"createdAt\",\"updatedAt\"]"),
    }
}

fn write_optional(out: &mut Vec<u8>, key: &str, value: Option<&str>) {
    out.extend_from_slice(key.as_bytes());
    match value {
        Some(text) => write_string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

/// Appends `,"fieldHlcs":{…},"fieldVersions":{…}`, by JSON Pointer. A path without an entry on its line has version 1 and the stamp of
/// the creation, so a record that was made anew over a tombstone names all of its fields.
fn write_stamps(out: &mut Vec<u8>, record: &Record, create_hlc: &str) {
    // Stamps that the server stored are readable. If they were not, the conflict policy of clients is still sound without them.
    let mut stamps = PathStamps::from_stored(record.path_stamps.as_deref()).unwrap_or_default();
    if record.created_version > 1
        && let Some(body) = &record.body
    {
        let fields = serde_json::from_str(body).unwrap_or_default();
        stamps.name_all(&fields, record.created_version, create_hlc);
    }
    out.extend_from_slice(b",\"fieldHlcs\":{");
    for (position, (path, stamp)) in stamps.iter().enumerate() {
        write_key(out, position, &path.to_string());
        write_string(out, &stamp.1);
    }
    out.extend_from_slice(b"},\"fieldVersions\":{");
    for (position, (path, stamp)) in stamps.iter().enumerate() {
        write_key(out, position, &path.to_string());
        write_integer(out, stamp.0);
    }
    out.push(b'}');
}

fn write_key(out: &mut Vec<u8>, position: usize, key: &str) {
    if position > 0 {
        out.push(b',');
    }
    write_string(out, key);
    out.push(b':');
}

fn write_tombstone_start(out: &mut Vec<u8>, row: &PageRow<'_>) {
    out.extend_from_slice(b"{\"id\":");
    write_string(out, row.id);
    out.extend_from_slice(b",\"version\":");
    write_integer(out, row.version);
    out.extend_from_slice(b",\"seq\":");
    write_integer(out, row.seq);
    out.extend_from_slice(b",\"deletedAt\":");
    write_stamp(out, row.updated_us);
}
