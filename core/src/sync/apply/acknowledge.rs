//! The server's answer to one operation.

use super::reconcile::{Reconciler, Source};
use crate::backend::Outcome;
use crate::error::Result;
use crate::model::{OpError, OpKind, OpState, Operation, RemoteChange, Version};
use crate::outbox::{self as queue, RetryPolicy, body_text, parse_body, save_view};
use crate::store::documents::{self, DocumentRow};
use crate::store::{Settled, outbox};
use std::time::Duration;

/// What an answer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum Answered {
    /// The operation is done.
    Applied,
    /// It lost, or goes again with another version.
    Conflicted,
    /// It is set aside.
    Parked,
    /// It waits for a time.
    Waits,
    /// Nothing became of it.
    Nothing,
}

/// What an acknowledgement says.
struct Applied<'o> {
    version: Option<Version>,
    seq: Option<i64>,
    updated_ms: Option<i64>,
    record: Option<&'o RemoteChange>,
}

impl Reconciler<'_> {
    /// Settles an operation that was sent, by the outcome that the server gave. An operation that has been settled in between, by a page that
    /// showed its own effect, is not there any more and stays so.
    pub fn answer(&mut self, op_seq: i64, document: i64, outcome: &Outcome, retry: &RetryPolicy) -> Result<Answered> {
        let mut ops = outbox::of_document(self.tx, document)?;
        let Some(at) = ops.iter().position(|op| op.op_seq == op_seq) else { return Ok(Answered::Nothing) };
        let Some(mut row) = documents::by_row(self.tx, document)? else {
            return Ok(Answered::Nothing);
        };
        match outcome {
            Outcome::Applied { version, seq, updated_ms, record } => {
                let applied =
                    Applied { version: *version, seq: *seq, updated_ms: *updated_ms, record: record.as_ref() };
                let op = ops.remove(at);
                self.acknowledge(&mut row, &op, ops, &applied)?;
                Ok(Answered::Applied)
            }
            Outcome::Conflict(state) => {
                // The server has said that it had no effect: it may change now.
                let op = &mut ops[at];
                op.state = OpState::Queued;
                op.sent = false;
                outbox::update(self.tx, op)?;
                self.take(state, Source::Refusal)?;
                Ok(Answered::Conflicted)
            }
            Outcome::Rejected(error) => {
                queue::park(self.tx, Some(&row), &mut ops[at], error.clone())?;
                Ok(Answered::Parked)
            }
            Outcome::Deferred(error) => self.defer(&row, &mut ops[at], error, retry),
            Outcome::Blocked(error) => {
                let op = &mut ops[at];
                op.state = OpState::Queued;
                op.sent = false;
                op.error = Some(error.clone());
                outbox::update(self.tx, op)?;
                Ok(Answered::Nothing)
            }
            Outcome::Cloned => Ok(Answered::Nothing),
        }
    }

    fn acknowledge(
        &mut self,
        row: &mut DocumentRow,
        op: &Operation,
        mut rest: Vec<Operation>,
        applied: &Applied<'_>,
    ) -> Result<()> {
        let counted = self.digest_without(row);
        let known = row.server_body().cloned();
        let newer = applied.seq.is_some_and(|seq| row.seq.is_none_or(|have| seq > have));
        if newer {
            row.base = match applied.record {
                Some(record) => record.body.clone(),
                None => computed(row, op)?,
            };
            row.version = applied.version;
            row.seq = applied.seq;
            row.updated_ms = applied.updated_ms.or(row.updated_ms);
            row.generation = self.stream.generation;
        }
        outbox::end(self.tx, op, Settled::Applied(applied.version))?;
        rest = match applied.record {
            // Others' changes came with it, or had come before: what was edited since must be held against them.
            Some(record) if !rest.is_empty() => self.resolve(row, rest, record, known.as_deref(), Source::Merged)?,
            _ => {
                // Nobody else's changes are in it: what was edited since is based on exactly this version. (Not on the row's, which may have
                // moved on already: then the server holds the next one against that.)
                for next in &mut rest {
                    next.base_version = applied.version.or(next.base_version);
                    outbox::update(self.tx, next)?;
                }
                rest
            }
        };
        save_view(self.tx, row, &rest)?;
        self.digest_with(row, counted);
        Ok(())
    }

    fn defer(
        &mut self,
        row: &DocumentRow,
        op: &mut Operation,
        error: &OpError,
        retry: &RetryPolicy,
    ) -> Result<Answered> {
        op.attempts += 1;
        if op.attempts >= retry.max_attempts {
            queue::park(self.tx, Some(row), op, error.clone())?;
            return Ok(Answered::Parked);
        }
        let wait: Duration = retry.delay(op.attempts, self.device.entropy.as_ref());
        op.state = OpState::Queued;
        op.error = Some(error.clone());
        op.next_attempt_ms = self.device.clock.wall_ms() + wait.as_millis() as i64;
        outbox::update(self.tx, op)?;
        Ok(Answered::Waits)
    }
}

/// The server's document after an operation that it took as it was sent.
fn computed(row: &DocumentRow, op: &Operation) -> Result<Option<String>> {
    match (op.kind, &op.changes) {
        (OpKind::Delete, _) => Ok(None),
        (OpKind::Create, None) => Ok(row.body.clone()),
        (kind, changes) => {
            let mut fields = match (kind, &row.base) {
                (OpKind::Update, Some(base)) => parse_body(base)?,
                _ => serde_json::Map::new(),
            };
            if let Some(changes) = changes {
                changes.apply(&mut fields);
            }
            Ok(Some(body_text(&fields)))
        }
    }
}
