//! Operations that go no further for now, or not without a decision.

use crate::backend::Outgoing;
use crate::error::Result;
use crate::model::OpError;
use crate::outbox::{self as queue, Pending};
use crate::sync::deps::EngineDeps;
use std::time::Duration;

/// Parks operations whose request the server has refused as a whole, one or a group, and which no earlier request has carried.
pub(in crate::sync) async fn park(deps: &EngineDeps, sent: &[Outgoing], error: OpError) -> Result<()> {
    each(deps, sent, move |pending, at| queue::park(pending, at, error.clone()).map(drop)).await
}

/// The same for operations that the server may have from an earlier request: their content stays as it is.
pub(in crate::sync) async fn park_unanswered(deps: &EngineDeps, sent: &[Outgoing], error: OpError) -> Result<()> {
    each(deps, sent, move |pending, at| queue::park_unanswered(pending, at, error.clone())).await
}

/// Lets operations wait: others go first.
pub(in crate::sync) async fn defer(deps: &EngineDeps, sent: &[Outgoing], error: OpError, wait: Duration) -> Result<()> {
    let until = deps.device.clock.wall_ms() + wait.as_millis() as i64;
    each(deps, sent, move |pending, at| {
        queue::wait(pending, at, until, error.clone());
        Ok(())
    })
    .await
}

async fn each(
    deps: &EngineDeps,
    sent: &[Outgoing],
    work: impl Fn(&mut Pending, usize) -> Result<()> + Send + 'static,
) -> Result<()> {
    let numbers: Vec<i64> = sent.iter().map(|outgoing| outgoing.op.op_seq).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let device = deps.device.clone();
    deps.store
        .write(move |tx| {
            for number in &numbers {
                if let Some((mut pending, at)) = Pending::of_number(tx, *number)? {
                    work(&mut pending, at)?;
                    pending.save(tx, &device)?;
                }
            }
            Ok(())
        })
        .await
}
