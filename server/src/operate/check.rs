//! Whether what the server keeps beside the records is what the records say.

use super::{OperateError, damage, database_of};
use crate::store::{self, Location, idempotency, jobs};
use holm_protocol::digest;
use rusqlite::{Connection, params};
use std::path::Path;

/// What is derived from other rows, and how: a table, a column, and its value for the row `outer`.
///
/// Stamps of the newest write may be later than that of any row: a tombstone that was deleted may have had it.
const DERIVED: [(&str, &str, &str); 7] = [
    ("streams", "live_count", "(SELECT count(*) FROM records WHERE stream = outer.id AND body IS NOT NULL)"),
    (
        "spaces",
        "live_records",
        "(SELECT count(*) FROM records JOIN streams ON streams.id = stream WHERE space = outer.id AND body IS NOT NULL)",
    ),
    ("spaces", "all_rows", "(SELECT count(*) FROM records JOIN streams ON streams.id = stream WHERE space = outer.id)"),
    (
        "spaces",
        "live_bytes",
        "(SELECT coalesce(sum(octet_length(body)), 0) FROM records JOIN streams ON streams.id = stream WHERE space = outer.id)",
    ),
    ("spaces", "operations", "(SELECT count(*) FROM op_ledger WHERE user = outer.owner)"),
    (
        "spaces",
        "reply_bytes",
        "(SELECT coalesce(sum(coalesce(octet_length(data), 0) + :reply), 0) FROM idempotency WHERE user = outer.owner)",
    ),
    (
        "spaces",
        "job_bytes",
        "(SELECT coalesce(sum(octet_length(params) + coalesce(octet_length(outcome), 0) + :job), 0) FROM jobs WHERE user = outer.owner)",
    ),
];

/// [`DERIVED`] with what a stored reply and a job take beside their texts.
fn derived() -> impl Iterator<Item = (&'static str, &'static str, String)> {
    let (reply, job) = (idempotency::ROW_BYTES.to_string(), jobs::ROW_BYTES.to_string());
    DERIVED
        .into_iter()
        .map(move |(table, column, value)| (table, column, value.replace(":reply", &reply).replace(":job", &job)))
}

/// What must not be found: a sentence, and a query for the rows that it is true of.
const FORBIDDEN: [(&str, &str); 5] = [
    ("a record is beyond the head of its stream", "SELECT row FROM records JOIN streams ON streams.id = stream WHERE seq > last_seq OR updated_us > last_us"),
    ("a stream is beyond its space", "SELECT streams.id FROM streams JOIN spaces ON spaces.id = space WHERE streams.last_us > spaces.last_us"),
    (
        "stamps do not rise with the order of a stream",
        "SELECT row FROM (SELECT row, updated_us, lag(updated_us) OVER (PARTITION BY stream ORDER BY seq) AS before FROM records)
         WHERE updated_us <= before",
    ),
    ("a record is no JSON object", "SELECT row FROM records WHERE body IS NOT NULL AND (NOT json_valid(body) OR json_type(body) <> 'object')"),
    ("a device has confirmed more than it sent", "SELECT id FROM devices WHERE ack_op_seq > op_seq"),
];

/// Reads all of the database in `folder`, and says what is wrong with it, a sentence for each fault; nothing if it is sound. Blocks, and sees
/// one moment of a server that runs.
///
/// # Errors
/// If it cannot be read at all.
pub fn check(folder: &Path) -> Result<Vec<String>, OperateError> {
    database_of(folder)?;
    let connection = store::open_beside(&Location::Directory(folder.to_owned()))?;
    connection.execute_batch("BEGIN")?;
    let mut faults = Vec::new();
    if let Some(fault) = damage(&connection)? {
        // What else there is to say rests on what SQLite reads.
        return Ok(vec![fault]);
    }
    let mut references = connection.prepare("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check")?;
    let dangling = references.query_map([], |row| {
        let (table, row, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(format!("{table} {} refers to a row of {parent} that is not there", row.unwrap_or_default()))
    })?;
    for fault in dangling {
        faults.push(fault?);
    }
    for (what, sql) in FORBIDDEN {
        let rows: i64 = connection.query_row(&format!("SELECT count(*) FROM ({sql})"), [], |row| row.get(0))?;
        if rows > 0 {
            faults.push(format!("{what}: {rows} times"));
        }
    }
    for (table, column, value) in derived() {
        let sql = format!("SELECT count(*) FROM {table} AS outer WHERE {column} <> {value}");
        let rows: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        if rows > 0 {
            faults.push(format!("{column} of {table} is wrong: {rows} times"));
        }
    }
    for (stream, kept, right) in digests(&connection)? {
        if kept != right {
            faults.push(format!("the digest of stream {stream} is {kept:016x}, and should be {right:016x}"));
        }
    }
    Ok(faults)
}

/// Makes indexes, counts, sums and digests anew from the records, which it leaves as they are, in one transaction; returns what [`check`] still finds.
/// The server must not run. Blocks.
///
/// # Errors
/// If the database cannot be written; it is then as it was.
pub fn repair(folder: &Path) -> Result<Vec<String>, OperateError> {
    database_of(folder)?;
    let location = Location::Directory(folder.to_owned());
    let lock = store::lock(&location)?;
    let mut connection = store::open_alone(&location)?;
    let tx = connection.transaction()?;
    tx.execute_batch("REINDEX")?;
    for (table, column, value) in derived() {
        tx.execute(&format!("UPDATE {table} AS outer SET {column} = {value} WHERE {column} <> {value}"), [])?;
    }
    for (stream, kept, right) in digests(&tx)? {
        if kept != right {
            tx.execute("UPDATE streams SET digest = ?2 WHERE id = ?1", params![stream, right.cast_signed()])?;
        }
    }
    tx.commit()?;
    drop((connection, lock));
    check(folder)
}

/// Of each stream: its row, the digest that is kept, the digest of its records.
fn digests(connection: &Connection) -> rusqlite::Result<Vec<(i64, u64, u64)>> {
    let mut streams = connection.prepare("SELECT id, digest FROM streams ORDER BY id")?;
    let kept = streams.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
    let mut live = connection.prepare("SELECT id, seq FROM records WHERE stream = ?1 AND body IS NOT NULL")?;
    let mut all = Vec::new();
    for stream in kept {
        let (stream, kept) = stream?;
        let mut right = 0u64;
        let mut rows = live.query([stream])?;
        while let Some(row) = rows.next()? {
            let id = row.get_ref(0)?.as_str().map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
            })?;
            right = right.wrapping_add(digest::term(id, row.get(1)?));
        }
        all.push((stream, kept, right));
    }
    Ok(all)
}
