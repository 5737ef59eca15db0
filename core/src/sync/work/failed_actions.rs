//! Actions that fail: each waits alone, and the others for a pause that grows.

use super::park;
use super::suspects::{Judgement, SuspectList, is_hunted};
use crate::backend::Outgoing;
use crate::error::{Error, ErrorCode, Result};
use crate::model::OpError;
use crate::store::operations;
use crate::sync::deps::EngineDeps;

/// After so many failures in a row the pause before the next action is doubled.
const LONG_FAILED: u32 = 6;

/// How many actions failed in a row. Forgotten with the process.
#[derive(Debug, Default)]
pub(super) struct FailedActions(u32);

impl FailedActions {
    /// The server has answered an action.
    pub fn succeeded(&mut self) {
        self.0 = 0;
    }

    /// Lets an action wait whose request has failed, and the others for a shorter time: the server may be the reason. Returns how many are parked.
    pub async fn failed(
        &mut self,
        deps: &EngineDeps,
        suspects: &mut SuspectList,
        sent: &[Outgoing],
        reason: Error,
    ) -> Result<u64> {
        let (retry, entropy) = (deps.config.retry, deps.device.entropy.clone());
        let first = sent.first().map_or(0, |outgoing| outgoing.op.op_seq);
        let judgement = match &reason {
            Error::Busy { retry_after, .. } => {
                let wait = suspects.busy(first, &retry, entropy.as_ref());
                Judgement::Wait(wait.max(retry_after.unwrap_or_default()).min(retry.longest_wait()))
            }
            _ => suspects.failed(first, &retry, entropy.as_ref()),
        };
        let error = OpError::new(reason.code().as_str(), reason.to_string());
        let parked = match judgement {
            Judgement::Wait(wait) => {
                park::defer(deps, sent, error, wait).await?;
                0
            }
            Judgement::Park => {
                park::park_unanswered(deps, sent, error).await?;
                sent.len() as u64
            }
        };
        self.0 += 1;
        let factor = if self.0 > LONG_FAILED { 2 } else { 1 };
        let pause = retry.delay(self.0, entropy.as_ref()) * factor;
        let now = deps.device.clock.wall_ms();
        let until = now + pause.as_millis() as i64;
        deps.store.write(move |tx| operations::delay_actions(tx, now, until)).await?;
        Ok(parked)
    }
}

/// Whether an action's failure says nothing of other requests: what stands between an app and its actions, or does their work, may be another
/// machine.
pub(super) fn is_actions_own(error: &Error) -> bool {
    use ErrorCode::{
        Captive, ConnectionLost, Forbidden, InvalidResponse, RateLimited, Refused, ResponseTooLarge, ServerError,
        ServiceUnavailable, Timeout,
    };
    matches!(
        error.code(),
        Captive
            | ConnectionLost
            | Forbidden
            | InvalidResponse
            | RateLimited
            | Refused
            | ResponseTooLarge
            | ServerError
            | ServiceUnavailable
            | Timeout
    ) && !is_hunted(error)
}
