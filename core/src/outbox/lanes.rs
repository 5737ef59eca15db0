//! What may be sent now.

use crate::error::Result;
use crate::model::Operation;
use crate::store::outbox;
use rusqlite::Connection;
use std::collections::BTreeSet;

/// The next operations to send, oldest first: the head of each document's lane, if it is due. Groups are whole or not there.
///
/// At most `limit`, except that a group larger than that goes alone. `paused` names collections whose stream is being read anew.
pub(crate) fn next_batch(
    connection: &Connection,
    now_ms: i64,
    limit: usize,
    paused: &BTreeSet<i64>,
) -> Result<Vec<Operation>> {
    let mut candidates = outbox::runnable(connection, now_ms, limit)?;
    candidates.retain(|op| !paused.contains(&op.collection));
    if candidates.iter().all(|op| op.group.is_none()) {
        return Ok(candidates);
    }
    // A group may reach beyond the limit, and its members must all be at the head of their lanes.
    let heads: BTreeSet<i64> = outbox::runnable(connection, now_ms, usize::MAX >> 1)?
        .into_iter()
        .filter(|op| !paused.contains(&op.collection))
        .map(|op| op.op_seq)
        .collect();
    let mut batch: Vec<Operation> = Vec::with_capacity(candidates.len());
    let mut seen = BTreeSet::new();
    for op in candidates {
        let Some(group) = &op.group else {
            if batch.len() < limit {
                batch.push(op);
            }
            continue;
        };
        if !seen.insert(group.clone()) {
            continue;
        }
        let members = outbox::of_group(connection, group)?;
        let fits = batch.is_empty() || batch.len() + members.len() <= limit;
        if fits && members.iter().all(|member| heads.contains(&member.op_seq)) {
            batch.extend(members);
        }
    }
    batch.sort_by_key(|op| op.op_seq);
    Ok(batch)
}
