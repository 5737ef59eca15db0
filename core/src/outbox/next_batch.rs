//! What may be sent now.

use crate::error::Result;
use crate::model::{OpKind, Operation};
use crate::store::operations::{self, Runnable};
use rusqlite::Connection;

/// The next operations to send, oldest first: those at the head of their document's queue that are due and wait for nothing. Groups are
/// whole or absent. An action is alone.
///
/// At most `limit`, except that a larger group goes alone.
pub(crate) fn next_batch(connection: &Connection, which: &Runnable, limit: usize) -> Result<Vec<Operation>> {
    let mut candidates = operations::runnable(connection, which, limit)?;
    let mut first_waiting = if which.ordered { operations::first_not_runnable(connection, which)? } else { None };
    if first_waiting.is_some_and(|waiting| candidates.first().is_none_or(|first| waiting < first.op_seq)) {
        // What the oldest refers to goes before it.
        (candidates, first_waiting) = (operations::runnable_before_oldest(connection, which, limit)?, None);
    }
    let mut batch: Vec<Operation> = Vec::with_capacity(candidates.len());
    for op in candidates {
        if first_waiting.is_some_and(|waiting| waiting < op.op_seq) {
            break;
        }
        if op.kind == OpKind::Action {
            if batch.is_empty() {
                return Ok(vec![op]);
            }
            if which.ordered {
                break;
            }
            continue;
        }
        let members = match &op.group {
            Some(group) => operations::of_group(connection, group)?,
            None => vec![op],
        };
        if batch.is_empty() || batch.len() + members.len() <= limit {
            batch.extend(members);
        } else if which.ordered {
            break;
        }
    }
    batch.sort_by_key(|op| op.op_seq);
    Ok(batch)
}
