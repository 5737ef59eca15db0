//! Operations that go no further for now, or not without a decision.

use crate::backend::Outgoing;
use crate::error::Result;
use crate::model::OpError;
use crate::outbox as queue;
use crate::store::{documents, outbox};
use crate::sync::deps::EngineDeps;
use std::time::Duration;

/// Parks operations that the server has refused: one, or a group as a whole.
pub(in crate::sync) async fn park(deps: &EngineDeps, sent: &[Outgoing], error: OpError) -> Result<()> {
    let keys = keys(sent);
    deps.store
        .write(move |tx| {
            for (document, op_seq) in &keys {
                let row = documents::by_row(tx, *document)?;
                let mut ops = outbox::of_document(tx, *document)?;
                if let Some(op) = ops.iter_mut().find(|op| op.op_seq == *op_seq) {
                    queue::park(tx, row.as_ref(), op, error.clone())?;
                }
            }
            Ok(())
        })
        .await
}

/// Lets operations wait: others go first.
pub(in crate::sync) async fn defer(deps: &EngineDeps, sent: &[Outgoing], error: OpError, wait: Duration) -> Result<()> {
    let keys = keys(sent);
    let until = deps.device.clock.wall_ms() + wait.as_millis() as i64;
    deps.store
        .write(move |tx| {
            for (document, op_seq) in &keys {
                for mut op in outbox::of_document(tx, *document)?.into_iter().filter(|op| op.op_seq == *op_seq) {
                    op.next_attempt_ms = until;
                    op.error = Some(error.clone());
                    outbox::update(tx, &op)?;
                }
            }
            Ok(())
        })
        .await
}

fn keys(sent: &[Outgoing]) -> Vec<(i64, i64)> {
    sent.iter().map(|outgoing| (outgoing.op.document, outgoing.op.op_seq)).collect()
}
