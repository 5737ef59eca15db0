//! The server's answer to one operation.

use super::digest::term;
use super::reconcile::Reconciler;
use crate::backend::Outgoing;
use crate::error::{ErrorCode, Result};
use crate::model::{OpError, OpKind, Outcome, RemoteChange};
use crate::outbox::{self, Acceptance, Acknowledgement, ActionAnswer, Pending, RetryPolicy, Source, Taken};
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
    /// It had ended before: a state has shown its effect.
    Ended,
    /// It is as it was: it was not tried.
    Unchanged,
}

impl Reconciler<'_> {
    /// Accepts the operations that the server took as they were sent, all at once. Returns how many there were, and the answers that are left
    /// for [`answer`](Self::answer).
    pub fn accept_sent<'o>(
        &mut self,
        answers: Vec<(&'o Outgoing, &'o Outcome)>,
    ) -> Result<(u64, Vec<(&'o Outgoing, &'o Outcome)>)> {
        let mut acceptance = Acceptance::open(self.tx, self.stream.generation)?;
        let (mut accepted, mut left) = (0, Vec::new());
        for (outgoing, outcome) in answers {
            let op = &outgoing.op;
            let before = match taken(outgoing, outcome) {
                Some(taken) => acceptance.take(op, taken)?.map(|before| (before, taken.seq)),
                None => None,
            };
            let Some((before, seq)) = before else {
                left.push((outgoing, outcome));
                continue;
            };
            let id = outgoing.remote_id.as_deref().unwrap_or(&op.doc_id);
            let counted = before.seq.filter(|_| before.live).map_or(0, |seq| term(id, seq));
            self.count(term(id, seq), counted);
            accepted += 1;
        }
        acceptance.close()?;
        Ok((accepted, left))
    }

    /// Applies the outcome that the server gave to an operation that was sent. One that has ended in between, by a page that showed its own
    /// effect or with its group, is not there any more and stays so.
    pub fn answer(&mut self, op_seq: i64, document: i64, outcome: &Outcome, retry: &RetryPolicy) -> Result<Answered> {
        if let Some(answered) = self.answer_action(op_seq, outcome, retry)? {
            return Ok(answered);
        }
        if outcome.is_answer() {
            self.enter_waiting(document, op_seq)?;
        }
        let Some((mut pending, at)) = Pending::of_number(self.tx, op_seq)? else { return Ok(Answered::Ended) };
        if !pending.ops[at].was_sent() {
            // Its group was parked by the answer to another member.
            return Ok(Answered::Unchanged);
        }
        let answered = match outcome {
            Outcome::Applied { version, seq, updated_ms, record, server_id } => {
                let counted = self.digest_without(&pending.row)?;
                let generation = self.stream.generation;
                // An edit of what is gone here was taken on something that has come again meanwhile.
                let base_is_gone = pending.ops[at].kind == OpKind::Update && pending.row.server_body().is_none();
                self.unknown |= base_is_gone && record.is_none();
                let (version, seq, updated_ms) = (*version, *seq, *updated_ms);
                let record = record.as_ref().map(|record| self.with_local_references(record)).transpose()?;
                let ack = Acknowledgement { version, seq, updated_ms, record: record.as_deref(), generation };
                let rebased = outbox::acknowledge(&mut pending, self.device, self.rules, at, &ack)?;
                self.applied.conflicts += u64::from(rebased.conflict);
                let row = pending.save(self.tx, self.device)?;
                self.digest_with(&row, counted)?;
                if let Some(server_id) = server_id {
                    // The answer to a repeat has the record.
                    self.learn_server_id(&row.id, server_id, row.seq, record.is_some())?;
                }
                return Ok(Answered::Accepted);
            }
            Outcome::Conflict(state) => {
                if !self.is_about(&pending, at, state)? {
                    let message = format!("the refusal of {:?} comes with the state of {:?}", pending.row.id, state.id);
                    let error = OpError::new(ErrorCode::InvalidResponse.as_str(), message);
                    outbox::park(&mut pending, at, error)?;
                    pending.save(self.tx, self.device)?;
                    return Ok(Answered::Parked);
                }
                outbox::had_no_effect(&mut pending, at, None);
                let row = pending.save(self.tx, self.device)?;
                self.learn_server_id(&row.id, &state.id, state.seq, true)?;
                self.apply(state, Source::Refusal)?;
                let parked = operations::by_number(self.tx, op_seq)?.is_some_and(|op| op.is_parked());
                return Ok(if parked { Answered::Parked } else { Answered::Conflicted });
            }
            Outcome::Rejected(error) if error.code == outbox::KNOWN_WITH_OTHER_CONTENT => {
                outbox::renew(self.tx, &mut pending, self.device, at, error.clone())?;
                Answered::Conflicted
            }
            Outcome::Rejected(error) if error.code == outbox::FORGOTTEN => {
                outbox::give_way(&mut pending, self.device, at)?;
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

    /// Whether a refusal's state is that of the operation's document. A create may be refused because the account has a record of this client id
    /// already, under an id that the server has assigned: from here on that is this document.
    fn is_about(&self, pending: &Pending, at: usize, state: &RemoteChange) -> Result<bool> {
        let (collection, id) = (self.stream.collection, &pending.row.id);
        let remote = server_ids::remote(self.tx, collection, id)?;
        if state.id == *id || remote.as_ref() == Some(&state.id) {
            return Ok(true);
        }
        let unnamed = remote.is_none() && pending.ops[at].kind == OpKind::Create;
        Ok(unnamed && server_ids::local(self.tx, collection, &state.id)?.is_none())
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
            Outcome::Running { job } => {
                let polls = op.action.as_ref().map_or(0, |action| action.polls);
                // A job may run for hours: in the end it is asked for once in one or two minutes.
                let pause = retry.delay(polls + 1, self.device.entropy.as_ref()) * (1 + polls / 8).min(4);
                let again_ms = now_ms + pause.as_millis() as i64;
                (ActionAnswer::Running { job, again_ms }, Answered::Waits)
            }
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

/// What the server says of an operation, if it is that it was taken as it was sent, under the name that it was sent with.
fn taken(outgoing: &Outgoing, outcome: &Outcome) -> Option<Taken> {
    let Outcome::Applied { version, seq: Some(seq), updated_ms, record: None, server_id } = outcome else {
        return None;
    };
    let known = outgoing.remote_id.as_deref().unwrap_or(&outgoing.op.doc_id);
    server_id.as_deref().is_none_or(|id| id == known).then_some(())?;
    Some(Taken { version: *version, seq: *seq, updated_ms: *updated_ms })
}
