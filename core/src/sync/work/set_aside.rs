//! Operations that go no further for now, or not without a decision.

use crate::backend::Outgoing;
use crate::error::Result;
use crate::model::OpError;
use crate::outbox::{self as queue, Pending};
use crate::sync::deps::EngineDeps;
use std::time::Duration;

/// Parks operations that the server has refused: one, or a group as a whole.
pub(in crate::sync) async fn park(deps: &EngineDeps, sent: &[Outgoing], error: OpError) -> Result<()> {
    let keys = keys(sent);
    let device = deps.device.clone();
    deps.store
        .write(move |tx| {
            for (document, op_seq) in &keys {
                let Some(mut pending) = Pending::of_row(tx, *document)? else { continue };
                if let Some(at) = pending.position(*op_seq) {
                    queue::park(&mut pending, at, error.clone())?;
                    pending.save(tx, &device)?;
                }
            }
            Ok(())
        })
        .await
}

/// Lets operations wait: others go first.
pub(in crate::sync) async fn defer(deps: &EngineDeps, sent: &[Outgoing], error: OpError, wait: Duration) -> Result<()> {
    let keys = keys(sent);
    let device = deps.device.clone();
    let until = deps.device.clock.wall_ms() + wait.as_millis() as i64;
    deps.store
        .write(move |tx| {
            for (document, op_seq) in &keys {
                let Some(mut pending) = Pending::of_row(tx, *document)? else { continue };
                if let Some(at) = pending.position(*op_seq) {
                    queue::wait(&mut pending, at, until, error.clone());
                    pending.save(tx, &device)?;
                }
            }
            Ok(())
        })
        .await
}

fn keys(sent: &[Outgoing]) -> Vec<(i64, i64)> {
    sent.iter().map(|outgoing| (outgoing.op.document, outgoing.op.op_seq)).collect()
}
