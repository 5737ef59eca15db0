//! What may be sent now.

use crate::error::Result;
use crate::model::Operation;
use crate::store::outbox::{self, Runnable};
use rusqlite::Connection;

/// The next operations to send, oldest first: the head of each document's queue, if it is due. Groups are whole or absent.
///
/// At most `limit`, except that a larger group goes alone.
pub(crate) fn next_batch(connection: &Connection, which: &Runnable, limit: usize) -> Result<Vec<Operation>> {
    let candidates = outbox::runnable(connection, which, limit)?;
    if candidates.iter().all(|op| op.group.is_none()) {
        return Ok(candidates);
    }
    let mut batch: Vec<Operation> = Vec::with_capacity(candidates.len());
    for op in candidates {
        let members = match &op.group {
            Some(group) => outbox::of_group(connection, group)?,
            None => vec![op],
        };
        if batch.is_empty() || batch.len() + members.len() <= limit {
            batch.extend(members);
        }
    }
    batch.sort_by_key(|op| op.op_seq);
    Ok(batch)
}
