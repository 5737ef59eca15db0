//! The sending half of a cycle.
//!
//! Invariants:
//! - A run covers the operations that were queued when its cycle began, and then ends, however fast the app writes.
//! - Only `VALIDATION_ERROR` and `PAYLOAD_TOO_LARGE` for a whole request are hunted down to one operation, or to one group, by halving. Every
//!   other failure ends the run with its error.
//! - No request is sent again unchanged within a run: after a failure it is smaller, or its operation waits.
//! - One request is out at a time: the next one goes after the answer to it, which may be taken in meanwhile (`overlap`).
//! - Actions go after the writes, one by one. One that runs on, or fails, waits alone: it keeps no write here, and other actions for a growing
//!   pause only.

use super::failed_actions::is_actions_own;
use super::lease::{Leased, NextRequest, PushTarget, lease, release, unlease};
use super::pages::{PagesApplied, restart_streams};
use super::park;
use super::pusher::{Actions, Answer, Failures, Pushed, Pusher};
use super::requests::{Requests, Stop};
use super::server_time::observe_server_time;
use super::settle_batch::{Settlement, settle_batch};
use super::suspects::{Judgement, is_hunted};
use crate::backend::{BackendError, Outgoing, PushRequest, StreamPosition};
use crate::error::{Error, ErrorCode, Result};
use crate::model::{OpError, OpKind, Outcome, Phase};
use crate::net::TOO_LARGE;
use crate::outbox::FORGOTTEN;
use crate::store::operations;
use holm_protocol::codes::Code;
use std::sync::Arc;

/// So many failures of the server in a row end a run. The sizes that were learnt stay for the next one.
const MAX_SERVER_ERRORS: u32 = 2;
/// So many refusals of whole requests in a row end a run: enough to halve the largest batch down to one operation.
const MAX_REFUSED: u32 = 11;

impl Pusher {
    /// Sends until nothing of the target is left that may be sent now.
    pub async fn run(&mut self, requests: &mut Requests<'_>, target: &PushTarget) -> Pushed {
        let mut done = Pushed {
            exchanged: false,
            refused: false,
            pull_again: false,
            cursors_refused: false,
            settled: Settlement::default(),
            pages: PagesApplied::default(),
            suggested_interval: None,
            end: Ok(()),
        };
        let end = self.send(requests, target, &mut done).await;
        Pushed { end, ..done }
    }

    async fn send(&mut self, requests: &mut Requests<'_>, target: &PushTarget, done: &mut Pushed) -> Result<(), Stop> {
        let (mut failures, mut actions) = (Failures::default(), Actions::default());
        let (deps, history) = (self.deps.clone(), requests.history);
        // Made ready while the request before it was out, and the answer to that one, which is taken in while this one is out.
        let (mut next, mut behind): (Option<Leased>, Option<Answer>) = (None, None);
        loop {
            let limit = requests.rows().unwrap_or(usize::MAX).min(self.batch.get());
            let wanted = NextRequest { target, limit, reason: requests.reason, actions: !actions.over, beside: false };
            let leased = match next.take() {
                Some(leased) => leased,
                None => match lease(&deps, &wanted).await? {
                    Some(leased) => leased,
                    None => return Ok(()),
                },
            };
            let action = leased.action();
            if action.is_some_and(|op_seq| !actions.tried.insert(op_seq)) {
                return Ok(release(&deps).await?);
            }
            if let Err(stop) = requests.take_time() {
                unlease(&deps, leased.request.operations).await?;
                if let Some(answer) = behind {
                    self.take_in(history, answer, done).await?;
                }
                release(&deps).await?;
                return Err(stop);
            }
            deps.state.phase(Phase::Pushing);
            let sent = leased.request.operations.clone();
            let ahead = NextRequest { actions: false, beside: true, ..wanted };
            let ahead = (leased.full && action.is_none() && self.may_prepare(requests, &failures)).then_some(ahead);
            let (answer, ready) = tokio::join!(
                requests.send(deps.backend.push(leased.request, leased.begun)),
                self.meanwhile(history, behind.take(), ahead, done)
            );
            let mut ready = ready?;
            // A run may get a limit meanwhile, and what was made ready may be too much for it.
            let follows = !requests.is_limited() && matches!(&answer, Ok(Ok(reply)) if ready.may_follow(&deps, reply));
            if !follows {
                ready.give_back(&deps).await?;
            }
            let answer = match answer {
                // It was held back: no part of it has left.
                Err(Stop::Failed(error)) => {
                    unlease(&deps, sent).await?;
                    return Err(error.into());
                }
                answer => answer?,
            };
            if let Ok(reply) = &answer
                && observe_server_time(&deps, reply.server_time).await?
            {
                ready.stamps_have_moved();
            }
            self.lost = action.is_none() && matches!(&answer, Err(BackendError::Failed(error)) if is_lost(error));
            match answer {
                Ok(reply) if action.is_some() => {
                    self.actions.succeeded();
                    // What it did on the server comes with no answer of its own.
                    done.pull_again = true;
                    self.take_in(history, Answer { sent, reply, positions: Vec::new() }, done).await?;
                }
                Err(BackendError::Failed(error)) if action.is_some() && is_actions_own(&error) => {
                    actions.over = true;
                    release(&deps).await?;
                    done.settled.parked += self.actions.failed(&deps, &mut self.suspects, &sent, error).await?;
                }
                Ok(reply) => {
                    done.exchanged = true;
                    done.suggested_interval = reply.suggested_interval.or(done.suggested_interval);
                    if requests.rows().is_some_and(|rows| sent.len() >= rows) {
                        requests.page_was_full(deps.config.page as usize);
                    }
                    done.pull_again |= !leased.covers_all;
                    let answer = Answer { sent, reply, positions: leased.positions };
                    if follows {
                        next = ready.after(&answer);
                        behind = Some(answer);
                    } else if !self.take_in(history, answer, done).await? || !ready.moved {
                        // Nothing came of it: leave it to the next cycle and its timer.
                        return Ok(());
                    }
                    self.batch.grow();
                    failures = Failures::default();
                }
                Err(BackendError::Resync(named)) => {
                    release(&deps).await?;
                    restart_streams(&deps, &named, None).await?;
                    (done.pull_again, done.cursors_refused) = (true, true);
                    return Ok(());
                }
                Err(error) => {
                    if has_not_left(&error) {
                        unlease(&deps, sent.clone()).await?;
                    }
                    release(&deps).await?;
                    if let Some(refusal) = self.failed(&sent, error, &mut failures, done).await? {
                        self.ask(requests, sent, leased.positions, refusal, done).await?;
                    }
                }
            }
        }
    }

    /// Learns from a request that failed as a whole. An error ends the run. Gives back the reason for which its operations go no further,
    /// if an earlier request may have had their effect.
    async fn failed(
        &mut self,
        sent: &[Outgoing],
        error: BackendError,
        failures: &mut Failures,
        done: &mut Pushed,
    ) -> Result<Option<OpError>, Stop> {
        let (retry, entropy) = (self.deps.config.retry, self.deps.device.entropy.clone());
        let first = sent.first().map_or(0, |outgoing| outgoing.op.op_seq);
        let (reason, code, judgement) = match error {
            BackendError::TooLarge(reason) => (reason, TOO_LARGE, None),
            BackendError::Failed(reason @ Error::Refused { .. }) if is_hunted(&reason) => {
                (reason, Code::ValidationError.as_str(), None)
            }
            BackendError::Failed(reason) if reason.code() == ErrorCode::ServerError => {
                failures.server_errors += 1;
                let judgement = is_unit(sent).then(|| self.suspects.failed(first, &retry, entropy.as_ref()));
                (reason, ErrorCode::ServerError.as_str(), judgement)
            }
            BackendError::Failed(reason) => {
                if is_lost(&reason) {
                    self.batch.shrink(sent.len());
                }
                return Err(Stop::Failed(reason));
            }
            error @ BackendError::Resync(_) => return Err(error.into()),
        };
        let judgement = match judgement {
            None if code == TOO_LARGE && is_unit(sent) && sent.len() > self.deps.device.limits.batch().ops => {
                Some(self.suspects.too_large(first))
            }
            None if is_unit(sent) && reason.code() != ErrorCode::ServerError => {
                Some(self.suspects.refused(first, &retry, entropy.as_ref()))
            }
            judgement => judgement,
        };
        if reason.code() != ErrorCode::ServerError {
            failures.refused += 1;
        }
        let error = OpError { code: code.to_owned(), message: reason.to_string(), details: Default::default() };
        let mut unsure = None;
        match judgement {
            None => {
                done.refused = true;
                self.batch.shrink(sent.len());
            }
            Some(Judgement::Park) => {
                failures.refused = 0;
                // A refusal says that this request had no effect, and nothing of an earlier one.
                if reason.code() != ErrorCode::ServerError && sent.iter().all(|outgoing| outgoing.op.is_open()) {
                    done.settled.parked += sent.len() as u64;
                    park::park(&self.deps, sent, error).await?;
                } else {
                    unsure = Some(error);
                }
            }
            Some(Judgement::Wait(wait)) => {
                done.refused = true;
                park::defer(&self.deps, sent, error, wait).await?;
                // Halving finds one culprit; two that fail alone, one after the other, are the server's own trouble.
                failures.refused += MAX_REFUSED / 2;
            }
        }
        if failures.server_errors >= MAX_SERVER_ERRORS || failures.refused >= MAX_REFUSED {
            if let Some(error) = unsure {
                done.settled.parked += sent.len() as u64;
                park::park_unanswered(&self.deps, sent, error).await?;
            }
            return Err(Stop::Failed(reason));
        }
        Ok(unsure)
    }

    /// Asks what became of operations that the server may have, before they are parked with `refusal`: what it has is accepted, and what it
    /// has not may be repaired. Where there is no answer to that, their content stays frozen.
    async fn ask(
        &mut self,
        requests: &mut Requests<'_>,
        sent: Arc<Vec<Outgoing>>,
        mut positions: Vec<StreamPosition>,
        refusal: OpError,
        done: &mut Pushed,
    ) -> Result<(), Stop> {
        done.settled.parked += sent.len() as u64;
        if sent.iter().any(|outgoing| outgoing.op.kind == OpKind::Action) {
            return Ok(park::park_unanswered(&self.deps, &sent, refusal).await?);
        }
        requests.take_time()?;
        // Without cursors nothing new comes with the answer; the space still says whose operations these are.
        positions.iter_mut().for_each(|position| position.cursor = None);
        let acknowledged = self.deps.store.read(operations::acknowledged)?;
        let context = requests.reason;
        let operations = sent.clone();
        let request = PushRequest { operations, asks: true, ordered: false, positions, acknowledged, context };
        let reply = match requests.send(self.deps.backend.push(request, None)).await? {
            Ok(reply) => reply,
            Err(BackendError::Failed(error)) if !matches!(error, Error::Refused { .. }) => {
                return Err(Stop::Failed(error));
            }
            Err(_) => return Ok(park::park_unanswered(&self.deps, &sent, refusal).await?),
        };
        observe_server_time(&self.deps, reply.server_time).await?;
        let (mut told, mut outcomes, mut untold) = (Vec::new(), Vec::new(), Vec::new());
        for (outgoing, outcome) in sent.iter().cloned().zip(reply.outcomes) {
            match outcome {
                Outcome::Applied { .. } => outcomes.push(outcome),
                Outcome::Rejected(ref error) if error.code == FORGOTTEN => outcomes.push(outcome),
                Outcome::Unknown => outcomes.push(Outcome::Rejected(refusal.clone())),
                _ => {
                    untold.push(outgoing);
                    continue;
                }
            }
            told.push(outgoing);
        }
        park::park_unanswered(&self.deps, &untold, refusal).await?;
        let accepted = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Applied { .. })).count() as u64;
        let settled = settle_batch(&self.deps, Arc::new(told), outcomes).await?;
        done.settled.parked -= accepted;
        done.settled.add(&Settlement { parked: 0, ..settled });
        requests.history.progressed();
        done.exchanged = true;
        Ok(())
    }
}

/// Whether no byte of a request has left: there was no connection.
fn has_not_left(error: &BackendError) -> bool {
    matches!(error, BackendError::Failed(reason) if reason.code() == ErrorCode::Offline)
}

/// Whether nothing came back for a request.
fn is_lost(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::Timeout | ErrorCode::ConnectionLost)
}

/// Whether a batch cannot be divided: it is one operation or one group.
fn is_unit(sent: &[Outgoing]) -> bool {
    let Some(first) = sent.first() else { return true };
    sent.len() == 1 || first.op.group.is_some() && sent.iter().all(|other| other.op.group == first.op.group)
}
