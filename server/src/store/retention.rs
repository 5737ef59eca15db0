//! Deletes rows whose retention has passed, a bounded number at a time so that writers need not wait.

use super::{WriteTx, facts, idempotency, jobs, spaces, streams};
use crate::model::Timestamp;
use rusqlite::{Result, params};
use std::collections::BTreeMap;

/// The time that a round of clean-up goes by: `now`, but at most `step` later than in the round before.
pub(crate) fn step(tx: &WriteTx<'_>, now: i64, step: i64) -> Result<i64> {
    let before: Option<i64> = facts::find(tx, facts::CLEANED)?.and_then(|text| text.parse().ok());
    let as_of = before.map_or(now, |before| now.min(before.saturating_add(step)));
    facts::put(tx, facts::CLEANED, &as_of.to_string())?;
    Ok(as_of)
}

/// Deletes tombstones that are older than `before`, in milliseconds, and raises the horizon of their streams in the same transaction.
///
/// Stamps rise with sequence numbers, so the oldest tombstones of a stream are those with the smallest numbers: after each call all of
/// them up to `min_seq` are gone.
pub(crate) fn delete_tombstones(tx: &WriteTx<'_>, before: i64, most: usize) -> Result<usize> {
    let mut oldest = tx.prepare_cached(
        "SELECT row, stream, seq, updated_us FROM records WHERE body IS NULL AND updated_us < ?1 ORDER BY updated_us LIMIT ?2",
    )?;
    let rows = oldest.query_map(params![Timestamp::from_ms(before).micros(), most as i64], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
    })?;
    let rows = rows.collect::<Result<Vec<_>>>()?;
    let mut delete = tx.prepare_cached("DELETE FROM records WHERE row = ?1")?;
    let mut horizons: BTreeMap<i64, (i64, i64, i64)> = BTreeMap::new();
    for (row, stream, seq, us) in &rows {
        delete.execute([row])?;
        let (count, _, _) = horizons.get(stream).copied().unwrap_or((0, 0, 0));
        horizons.insert(*stream, (count + 1, *seq, *us));
    }
    for (stream, (count, seq, us)) in horizons {
        streams::raise_horizon(tx, stream, seq, us)?;
        spaces::rows_gone(tx, stream, count)?;
    }
    Ok(rows.len())
}

/// Deletes ledger rows that were written before `before`, the oldest first.
pub(crate) fn delete_ledger_rows(tx: &WriteTx<'_>, before: i64, most: usize) -> Result<usize> {
    let mut delete = tx.prepare_cached(
        "DELETE FROM op_ledger WHERE ts < ?1 AND row IN (SELECT row FROM op_ledger ORDER BY row LIMIT ?2) RETURNING user",
    )?;
    let mut gone: BTreeMap<i64, i64> = BTreeMap::new();
    for user in delete.query_map(params![before, most as i64], |row| row.get(0))? {
        *gone.entry(user?).or_default() += 1;
    }
    for (user, rows) in &gone {
        spaces::operations_gone(tx, *user, *rows)?;
    }
    Ok(gone.values().sum::<i64>() as usize)
}

/// Deletes jobs that ended before `before`.
pub(crate) fn delete_jobs(tx: &WriteTx<'_>, before: i64, most: usize) -> Result<usize> {
    let mut delete = tx.prepare_cached(
        "DELETE FROM jobs WHERE row IN (SELECT row FROM jobs WHERE state <> 0 AND updated_ts < ?1 ORDER BY updated_ts LIMIT ?2)
         RETURNING user, octet_length(params), coalesce(octet_length(outcome), 0)",
    )?;
    let rows = delete.query_map(params![before, most as i64], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)? + row.get::<_, i64>(2)?))
    })?;
    let rows = rows.collect::<Result<Vec<_>>>()?;
    for (user, bytes) in &rows {
        jobs::add(tx, *user, -(bytes + jobs::ROW_BYTES))?;
    }
    Ok(rows.len())
}

/// Deletes stored replies that are older than `before`.
pub(crate) fn delete_replies(tx: &WriteTx<'_>, before: i64, most: usize) -> Result<usize> {
    let mut oldest = tx.prepare_cached(
        "SELECT user, key, coalesce(octet_length(data), 0) FROM idempotency WHERE ts < ?1 ORDER BY ts LIMIT ?2",
    )?;
    let rows = oldest.query_map(params![before, most as i64], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
    })?;
    let rows = rows.collect::<Result<Vec<_>>>()?;
    let mut delete = tx.prepare_cached("DELETE FROM idempotency WHERE user = ?1 AND key = ?2")?;
    for (user, key, bytes) in &rows {
        delete.execute(params![user, key])?;
        idempotency::add(tx, *user, -(bytes + idempotency::ROW_BYTES))?;
    }
    Ok(rows.len())
}

/// Deletes pairs whose refresh token expired before `before`, and families that have none left.
pub(crate) fn delete_pairs(tx: &WriteTx<'_>, before: i64, most: usize) -> Result<usize> {
    let mut expired = tx.prepare_cached(
        "SELECT id, family FROM pairs WHERE refresh_expires_ts < ?1 ORDER BY refresh_expires_ts LIMIT ?2",
    )?;
    let rows =
        expired.query_map(params![before, most as i64], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let rows = rows.collect::<Result<Vec<_>>>()?;
    let mut delete = tx.prepare_cached("DELETE FROM pairs WHERE id = ?1")?;
    let mut prune = tx.prepare_cached(
        "DELETE FROM families WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM pairs WHERE pairs.family = ?1)",
    )?;
    for (pair, family) in &rows {
        delete.execute([pair])?;
        prune.execute([family])?;
    }
    Ok(rows.len())
}
