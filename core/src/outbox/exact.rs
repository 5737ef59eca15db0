//! Writes that are judged whole: a group of their own, whose caller waits for the server's word.
//!
//! Invariants:
//! - Only what no request has carried is taken back. Then nothing of it is left, here or in the journal.
//! - What a request has carried stays in the queue until the server has said what became of it.

use super::GroupFate;
use super::group::each_document;
use super::park::{takes_document, unlink};
use crate::device::Device;
use crate::error::Result;
use crate::model::{EXACT_GROUP, OpError, OpState, Operation, WriteOutcome};
use crate::store::Tx;
use crate::store::journal::LossReason;

/// The id of a new group whose writes are judged whole.
pub(crate) fn new_exact_group(device: &Device) -> String {
    format!("{EXACT_GROUP}{}", device.new_uuid())
}

/// One write of a group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Member {
    /// It is in the queue.
    Queued(OpState),
    /// It has ended.
    Ended(WriteOutcome),
}

/// How a group stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Standing {
    /// The server has all of it.
    Accepted,
    /// Another write was there first: it lost, all of it.
    Stale,
    /// The server refused it, so it has no effect there; why.
    Refused(OpError),
    /// The app has given it up, or the account's data was wiped.
    GivenUp,
    /// No request has carried any of it.
    Unsent,
    /// The server may have it.
    Sent,
}

/// How a group stands, from all its members. Pure.
pub(crate) fn standing(members: &[Member]) -> Standing {
    let ended = |how: fn(&WriteOutcome) -> bool| {
        members.iter().any(|member| matches!(member, Member::Ended(outcome) if how(outcome)))
    };
    let queued = || {
        members.iter().filter_map(|member| match member {
            Member::Queued(state) => Some(state),
            Member::Ended(_) => None,
        })
    };
    if ended(|outcome| matches!(outcome, WriteOutcome::Overridden)) {
        return Standing::Stale;
    }
    if ended(|outcome| matches!(outcome, WriteOutcome::Discarded | WriteOutcome::Withdrawn)) {
        return Standing::GivenUp;
    }
    if queued().any(OpState::was_sent) {
        return Standing::Sent;
    }
    let refused: Vec<&OpError> = queued()
        .filter_map(|state| match state {
            OpState::Parked { error, .. } => Some(error),
            _ => None,
        })
        .collect();
    // The others of the group were refused because of the first.
    let first = refused.iter().find(|error| !error.is_for_another()).or(refused.first());
    match first {
        Some(error) => Standing::Refused((*error).clone()),
        None if queued().next().is_none() => Standing::Accepted,
        // A part was seen accepted, so all of it is: the rest goes again for its answer.
        None if ended(|outcome| matches!(outcome, WriteOutcome::Accepted(_))) => Standing::Sent,
        None => Standing::Unsent,
    }
}

/// Takes back a group of which nothing was sent: its writes leave no trace. What was edited after a create of it goes with the document, into
/// the journal.
pub(crate) fn withdraw(tx: &Tx<'_>, device: &Device, group: &str) -> Result<()> {
    each_document(tx, group, |mut pending| {
        let member = |op: &Operation| op.group.as_deref() == Some(group);
        pending.freeze_create()?;
        let whole = takes_document(&pending, &member);
        while let Some(at) = pending.ops.iter().position(|op| whole || member(op)) {
            if member(&pending.ops[at]) {
                unlink(&mut pending, at);
                pending.end(at, WriteOutcome::Withdrawn);
            } else {
                if let Some(other) = pending.ops[at].group.clone() {
                    pending.groups.push((other, GroupFate::Discarded));
                }
                pending.give_up(device, at, LossReason::Discarded, WriteOutcome::Discarded)?;
            }
        }
        pending.queued = true;
        pending.save(tx, device).map(drop)
    })
}

#[cfg(test)]
mod tests {
    use super::Member::Queued;
    use super::*;
    use holm_protocol::codes::Code;

    fn refused(code: Code, sent: bool) -> Member {
        Queued(OpState::Parked { error: OpError::new(code.as_str(), "no"), sent })
    }

    #[test]
    fn group_stands_as_its_members_do() {
        use OpState::{InFlight, Open, Unanswered};
        let accepted = || Member::Ended(WriteOutcome::Accepted(Some(2)));
        let refusal = Standing::Refused(OpError::new(Code::ValidationError.as_str(), "no"));
        for (members, expected) in [
            (vec![accepted(), accepted()], Standing::Accepted),
            (vec![Queued(Open), Queued(Open)], Standing::Unsent),
            (vec![Queued(Open), Queued(InFlight)], Standing::Sent),
            (vec![Queued(Unanswered)], Standing::Sent),
            (vec![accepted(), Queued(Open)], Standing::Sent),
            (vec![Member::Ended(WriteOutcome::Overridden), Queued(Open)], Standing::Stale),
            (vec![Member::Ended(WriteOutcome::Discarded)], Standing::GivenUp),
            (vec![refused(Code::GroupAborted, false), refused(Code::ValidationError, false)], refusal),
            (vec![refused(Code::ValidationError, true)], Standing::Sent),
        ] {
            assert_eq!(standing(&members), expected, "{members:?}");
        }
    }
}
