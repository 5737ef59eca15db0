//! Devices of users, and how far each has confirmed that it knows its results.

use super::WriteTx;
use crate::model::DeviceId;
use rusqlite::{Connection, OptionalExtension, Result, params};

const HOUR_MS: i64 = 60 * 60 * 1000;
/// A device that was not seen for so long gives place to a new one, where the quota is reached.
const UNSEEN_MS: i64 = 30 * 24 * HOUR_MS;

/// A device as the ledger sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    /// Its row.
    pub(crate) row: i64,
    /// The greatest `opSeq` that it ever sent, -1 before the first.
    pub(crate) op_seq: i64,
    /// The greatest `opSeq` that it ever confirmed, -1 before the first. Never above the one sent.
    pub(crate) ack_op_seq: i64,
}

impl Device {
    fn new(row: i64) -> Self {
        Self { row, op_seq: -1, ack_op_seq: -1 }
    }

    /// The device after a push that confirms operations up to `ack_op_seq` and sends others up to `op_seq`.
    ///
    /// What it cannot have been told the result of, it does not confirm: a wrong number, of this device or of another session of the account
    /// in its name, would have all of its next operations refused.
    pub(crate) fn after(self, ack_op_seq: Option<i64>, op_seq: Option<i64>) -> Self {
        Self {
            ack_op_seq: ack_op_seq.map_or(self.ack_op_seq, |ack| self.ack_op_seq.max(ack.min(self.op_seq))),
            op_seq: op_seq.map_or(self.op_seq, |sent| self.op_seq.max(sent)),
            ..self
        }
    }
}

/// The row of a device that has written before.
pub(crate) fn find(connection: &Connection, user: i64, name: &DeviceId) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM devices WHERE user = ?1 AND name = ?2")?;
    statement.query_row(params![user, name.as_str()], |row| row.get(0)).optional()
}

/// The device, made if it is new. That it was seen is stored to the hour: a device that only asks should not make the disk turn.
///
/// A user has at most `most` devices: a new one takes the place of the one that was not seen for longest. `None` if that was seen lately.
pub(crate) fn seen(tx: &WriteTx<'_>, user: i64, name: &DeviceId, now: i64, most: i64) -> Result<Option<Device>> {
    let mut find =
        tx.prepare_cached("SELECT id, op_seq, ack_op_seq, last_seen_ts FROM devices WHERE user = ?1 AND name = ?2")?;
    let known = find.query_row(params![user, name.as_str()], |row| {
        Ok((Device { row: row.get(0)?, op_seq: row.get(1)?, ack_op_seq: row.get(2)? }, row.get::<_, i64>(3)?))
    });
    match known.optional()? {
        None if count(tx, user)? >= most => {
            // Its row stays, with the records that refer to it.
            let mut take_over = tx.prepare_cached(
                "UPDATE devices SET name = ?2, op_seq = -1, ack_op_seq = -1, last_seen_ts = ?3
                 WHERE id = (SELECT id FROM devices WHERE user = ?1 ORDER BY last_seen_ts LIMIT 1) AND last_seen_ts < ?4
                 RETURNING id",
            )?;
            let row = take_over.query_row(params![user, name.as_str(), now, now - UNSEEN_MS], |row| row.get(0));
            Ok(row.optional()?.map(Device::new))
        }
        None => {
            let mut insert = tx.prepare_cached("INSERT INTO devices (user, name, last_seen_ts) VALUES (?1, ?2, ?3)")?;
            Ok(Some(Device::new(insert.insert(params![user, name.as_str(), now])?)))
        }
        Some((device, last_seen)) => {
            if now - last_seen >= HOUR_MS {
                tx.prepare_cached("UPDATE devices SET last_seen_ts = ?2 WHERE id = ?1")?.execute([device.row, now])?;
            }
            Ok(Some(device))
        }
    }
}

/// How many devices a user has.
pub(crate) fn count(connection: &Connection, user: i64) -> Result<i64> {
    connection.prepare_cached("SELECT count(*) FROM devices WHERE user = ?1")?.query_row([user], |row| row.get(0))
}

/// Stores how far the device is.
pub(crate) fn save(tx: &WriteTx<'_>, device: Device) -> Result<()> {
    tx.prepare_cached("UPDATE devices SET op_seq = ?2, ack_op_seq = ?3 WHERE id = ?1")?.execute([
        device.row,
        device.op_seq,
        device.ack_op_seq,
    ])?;
    Ok(())
}

/// The name of the device.
pub(crate) fn name(connection: &Connection, device: i64) -> Result<Option<String>> {
    connection
        .prepare_cached("SELECT name FROM devices WHERE id = ?1")?
        .query_row([device], |row| row.get(0))
        .optional()
}
