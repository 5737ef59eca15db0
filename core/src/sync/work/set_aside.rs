//! Operations that go no further for now, or not without a decision.

use crate::backend::Outgoing;
use crate::error::Result;
use crate::model::OpError;
use crate::outbox::{self as queue, Pending};
use crate::sync::deps::EngineDeps;
use std::time::Duration;

/// Parks operations whose request the server has refused as a whole: one, or a group. `known`: the refusal says that this request had no
/// effect. It says nothing about an earlier one, so what was carried before keeps its content.
pub(in crate::sync) async fn park(deps: &EngineDeps, sent: &[Outgoing], error: OpError, known: bool) -> Result<()> {
    let first_time = known && sent.iter().all(|outgoing| outgoing.op.is_open());
    let park = if first_time { queue::park } else { queue::set_aside };
    let keys = keys(sent);
    let device = deps.device.clone();
    deps.store
        .write(move |tx| {
            for (document, op_seq) in &keys {
                let Some(mut pending) = Pending::of_row(tx, *document)? else { continue };
                if let Some(at) = pending.position(*op_seq) {
                    park(&mut pending, at, error.clone())?;
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
