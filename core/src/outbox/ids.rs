//! Minting operation ids.
//!
//! An operation's id is a UUID of version 7 that carries the operation's number, so a look-up by id needs no index, and a check value,
//! so an id that this store has never minted is told apart from one whose operation has ended:
//!
//! ```text
//! 48 bits milliseconds · version · 12 bits random · variant · 14 bits random · 16 bits check · 32 bits op_seq
//! ```
//!
//! All before the number is the same for the ids that one process mints within some minutes, so a request says it once. A store that
//! was copied or restored is opened by another process and goes on with other random bits: what it writes under a number that the
//! original has used, too, has another id. So has what is written under the number of a write whose transaction failed: that one may be on
//! the disk all the same, and in a backup that is taken then.

use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::{OpId, Stamp, WriteOutcome};
use crate::store::{Tx, meta, operations, outcomes};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What a new operation is made with. Nothing is used up by making one: the number is taken when the operation is stored.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub op_seq: i64,
    pub op_id: OpId,
    pub stamp: Stamp,
    pub group: Option<String>,
}

impl Ticket {
    /// For a write made now.
    pub fn new(tx: &Tx<'_>, device: &Device, group: Option<&str>) -> Result<Self> {
        let op_seq = operations::next_number(tx)?;
        let secret = secret(tx, device)?;
        let stamp = device.stamp(tx)?;
        Ok(Self {
            op_seq,
            op_id: mint(device.op_id_base(tx), &secret, op_seq),
            stamp: Stamp { ms: stamp.ms, counter: stamp.counter },
            group: group.map(str::to_owned),
        })
    }
}

fn secret(tx: &Tx<'_>, device: &Device) -> Result<Arc<str>> {
    meta::op_secret(tx, || device.new_uuid().to_string())
}

/// Another id for an operation that has one: with random bits of its own.
pub(super) fn mint_again(tx: &Tx<'_>, device: &Device, op_seq: i64) -> Result<OpId> {
    Ok(mint(*device.new_op_id().as_bytes(), &secret(tx, device)?, op_seq))
}

fn mint(mut bytes: [u8; 16], secret: &str, op_seq: i64) -> OpId {
    let check = check(secret, &bytes);
    bytes[10..12].copy_from_slice(&check);
    bytes[12..].copy_from_slice(&(op_seq as u32).to_be_bytes());
    OpId::from_bytes(bytes)
}

fn check(secret: &str, bytes: &[u8; 16]) -> [u8; 2] {
    let hash = Sha256::new().chain_update(secret).chain_update(&bytes[..10]).finalize();
    [hash[0], hash[1]]
}

/// Whether this store, or one that it was copied from, has minted an id.
fn is_minted(connection: &Connection, id: OpId) -> Result<bool> {
    let bytes = id.as_bytes();
    let secret = meta::get(connection, meta::Key::OpSecret)?;
    Ok(secret.is_some_and(|secret| check(&secret, bytes) == bytes[10..12]))
}

/// The same, and its operation was stored here.
fn is_ours(connection: &Connection, id: OpId) -> Result<bool> {
    let last = operations::last_number(connection)?;
    Ok((1..=last).contains(&id.op_seq(last)) && is_minted(connection, id)?)
}

/// Whether an id was minted by this store in a life that it knows nothing of: before it was restored from a backup.
pub(crate) fn is_of_another_life(connection: &Connection, id: OpId) -> Result<bool> {
    let last = operations::last_number(connection)?;
    Ok(id.op_seq(last) > last && is_minted(connection, id)?)
}

/// What became of a write that is no longer queued.
///
/// # Errors
/// `NOT_FOUND` if this store has never made it.
pub(crate) fn ended(connection: &Connection, op: OpId) -> Result<WriteOutcome> {
    if let Some(outcome) = outcomes::get(connection, op)? {
        return Ok(outcome);
    }
    if !is_ours(connection, op)? {
        return Err(Error::not_found("operation", op.to_string()));
    }
    // It was made here, and nothing speaks against it: the server has it.
    Ok(WriteOutcome::Accepted(None))
}

#[cfg(test)]
#[path = "ids_tests.rs"]
mod tests;
