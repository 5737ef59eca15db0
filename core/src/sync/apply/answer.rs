//! The server's answer to one operation.

use super::reconcile::Reconciler;
use crate::error::Result;
use crate::model::{OpKind, Outcome};
use crate::outbox::{self, Acknowledgement, ActionAnswer, Pending, RetryPolicy, Source};
use crate::store::{operations, server_ids};

/// What an answer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum Answered {
    /// The operation is accepted.
    Accepted,
    /// It lost, or goes again with another version.
    Conflicted,
    /// It is parked.
    Parked,
    /// It was refused, and needs no repair: its document was deleted since.
    Withdrawn,
    /// It waits for a time.
    Waits,
    /// It is as it was: it was not tried, or it has ended before.
    Unchanged,
}

impl Reconciler<'_> {
    /// Applies the outcome that the server gave to an operation that was sent. One that has ended in between, by a page that showed its own
    /// effect or with its group, is not there any more and stays so.
    pub fn answer(&mut self, op_seq: i64, document: i64, outcome: &Outcome, retry: &RetryPolicy) -> Result<Answered> {
        if let Some(answered) = self.answer_action(op_seq, outcome, retry)? {
            return Ok(answered);
        }
        if outcome.is_answer() {
            self.enter_waiting(document)?;
        }
        let Some(mut pending) = Pending::of_row(self.tx, document)? else { return Ok(Answered::Unchanged) };
        let Some(at) = pending.position(op_seq) else { return Ok(Answered::Unchanged) };
        if !pending.ops[at].was_sent() {
            // Its group was parked by the answer to another member.
            return Ok(Answered::Unchanged);
        }
        let answered = match outcome {
            Outcome::Applied { version, seq, updated_ms, record, server_id } => {
                let counted = self.digest_without(&pending.row)?;
                let generation = self.stream.generation;
                let (version, seq, updated_ms) = (*version, *seq, *updated_ms);
                let ack = Acknowledgement { version, seq, updated_ms, record: record.as_ref(), generation };
                let rebased = outbox::acknowledge(&mut pending, self.device, self.rules, at, &ack)?;
                self.applied.conflicts += u64::from(rebased.conflict);
                let row = pending.save(self.tx, self.device)?;
                if let Some(server_id) = server_id.as_ref().filter(|id| **id != row.id) {
                    server_ids::keep(self.tx, self.stream.collection, &row.id, server_id)?;
                }
                self.digest_with(&row, counted)?;
                return Ok(Answered::Accepted);
            }
            Outcome::Conflict(state) => {
                outbox::had_no_effect(&mut pending, at, None);
                pending.save(self.tx, self.device)?;
                self.apply(state, Source::Refusal)?;
                return Ok(Answered::Conflicted);
            }
            Outcome::Rejected(error) if error.code == outbox::KNOWN_WITH_OTHER_CONTENT => {
                outbox::renew(self.tx, &mut pending, self.device, at, error.clone())?;
                Answered::Conflicted
            }
            Outcome::Rejected(error) => match outbox::park(&mut pending, at, error.clone())? {
                true => Answered::Parked,
                false => Answered::Withdrawn,
            },
            Outcome::Deferred(error) => match outbox::defer(&mut pending, self.device, at, error, retry)? {
                true => Answered::Parked,
                false => Answered::Waits,
            },
            Outcome::Blocked(error) => {
                outbox::had_no_effect(&mut pending, at, Some(error.clone()));
                Answered::Unchanged
            }
            Outcome::Cloned | Outcome::Unknown | Outcome::Done(_) | Outcome::Running { .. } => {
                return Ok(Answered::Unchanged);
            }
        };
        pending.save(self.tx, self.device)?;
        Ok(answered)
    }

    /// The same for an action. `None` if the operation is none.
    fn answer_action(&mut self, op_seq: i64, outcome: &Outcome, retry: &RetryPolicy) -> Result<Option<Answered>> {
        let now_ms = self.device.clock.wall_ms();
        let wait = |tries: u32| now_ms + retry.delay(tries, self.device.entropy.as_ref()).as_millis() as i64;
        let Some(op) = operations::by_number(self.tx, op_seq)?.filter(|op| op.kind == OpKind::Action) else {
            return Ok(None);
        };
        let (answer, answered) = match outcome {
            Outcome::Done(result) => (ActionAnswer::Done(result), Answered::Accepted),
            Outcome::Running { job } => (ActionAnswer::Running { job, again_ms: wait(1) }, Answered::Waits),
            Outcome::Rejected(error) => (ActionAnswer::Refused(error), Answered::Parked),
            Outcome::Deferred(error) if op.attempts + 1 >= retry.max_attempts => {
                (ActionAnswer::Refused(error), Answered::Parked)
            }
            Outcome::Deferred(error) | Outcome::Blocked(error) => {
                (ActionAnswer::Deferred { error, again_ms: wait(op.attempts + 1) }, Answered::Waits)
            }
            Outcome::Applied { .. } | Outcome::Conflict(_) | Outcome::Cloned | Outcome::Unknown => {
                return Ok(Some(Answered::Unchanged));
            }
        };
        outbox::answer_action(self.tx, self.device, op.op_id, &answer)?;
        Ok(Some(answered))
    }
}
