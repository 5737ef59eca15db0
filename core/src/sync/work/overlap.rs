//! What a push does while a request is out: it takes in the answer to the request before, and makes the next one ready.
//!
//! Invariants:
//! - One request is out at a time. The next one goes when the answer to this one is here.
//! - It goes before that answer is taken in only if the server has accepted every operation of it: nothing of the next one can depend on what
//!   becomes of them. Any other answer is taken in first, and what was made ready is given back as if it had never been.
//! - The server's time in an answer is taken in before the next request goes. If it converts stamps otherwise than before, the request is written
//!   anew.
//! - A cut leaves two requests at most whose answers are not taken in. Their operations go again, and the server knows them by their ids.

use super::copied_store;
use super::lease::{Leased, NextRequest, lease, unlease};
use super::pages::apply_pages;
use super::pusher::{Answer, Failures, Pushed, Pusher};
use super::requests::{RequestHistory, Requests};
use super::settle_batch::settle_batch;
use crate::backend::{PushReply, StreamPosition};
use crate::error::Result;
use crate::model::{BatchLimits, Outcome};
use crate::sync::deps::EngineDeps;

/// What was done while a request was out.
pub(super) struct Meanwhile {
    /// The next request, and the limits that it was made for.
    next: Option<(Leased, BatchLimits)>,
    /// The answer that was taken in has moved something; true if there was none.
    pub moved: bool,
}

impl Pusher {
    /// Whether the next request may be made ready while one is out. Not in one global order, where nothing may overtake what fails; nor
    /// while the size of a request is being found out, or where the time is.
    pub(super) fn may_prepare(&self, requests: &Requests<'_>, failures: &Failures) -> bool {
        let calm = *failures == Failures::default() && self.batch.get() >= self.deps.config.batch;
        calm && !self.deps.config.ordered && !requests.is_limited() && self.deps.device.stamps_are_settled()
    }

    /// Takes in the answer to the request before, then makes ready what is wanted next.
    pub(super) async fn meanwhile(
        &mut self,
        history: &RequestHistory,
        behind: Option<Answer>,
        wanted: Option<NextRequest<'_>>,
        done: &mut Pushed,
    ) -> Result<Meanwhile> {
        let moved = match behind {
            Some(answer) => self.take_in(history, answer, done).await?,
            None => true,
        };
        let limits = self.deps.device.limits.batch();
        let mut next = match wanted.filter(|_| moved) {
            Some(wanted) => lease(&self.deps, &wanted).await?,
            None => None,
        };
        if let Some(next) = &mut next {
            next.begun = Some(self.deps.backend.begin_push(&next.request)?);
        }
        Ok(Meanwhile { next: next.map(|next| (next, limits)), moved })
    }

    /// Takes the answers in, and what was new besides. The server's time in them was taken in before. False if nothing moved.
    pub(super) async fn take_in(
        &mut self,
        history: &RequestHistory,
        answer: Answer,
        done: &mut Pushed,
    ) -> Result<bool> {
        let Answer { sent, reply, positions } = answer;
        if copied_store::is_copy(&self.deps, &sent, &reply.outcomes)? {
            copied_store::reassign_device_id(&self.deps).await?;
            return Ok(true);
        }
        let shares_its_ids = copied_store::shares_its_ids(&reply.outcomes);
        let op_seqs: Vec<i64> = sent.iter().map(|outgoing| outgoing.op.op_seq).collect();
        let settled = settle_batch(&self.deps, sent, reply.outcomes).await?;
        if shares_its_ids {
            copied_store::reassign_device_id(&self.deps).await?;
        }
        self.suspects.settled(op_seqs.into_iter(), settled.accepted);
        let moved = settled.moved;
        if moved {
            history.progressed();
        }
        done.settled.add(&settled);
        let more = reply.pages.iter().any(|page| page.has_more);
        let applied = apply_pages(&self.deps, &positions, reply.pages).await?;
        // A stream that the reply did not cover, or not to its head, is read by a pull.
        done.pull_again |= more || !applied.diverged.is_empty();
        done.pages.add(applied);
        Ok(moved)
    }
}

impl Meanwhile {
    /// Whether a request was made ready that may go before this answer is taken in.
    pub fn may_follow(&self, deps: &EngineDeps, reply: &PushReply) -> bool {
        let accepted = |outcome: &Outcome| matches!(outcome, Outcome::Applied { .. });
        // The reply may have published other limits than those that the request keeps to.
        self.next.as_ref().is_some_and(|(_, limits)| *limits == deps.device.limits.batch())
            && reply.outcomes.iter().all(accepted)
    }

    /// The server's time was learnt: what was written ahead has the stamps of before.
    pub fn stamps_have_moved(&mut self) {
        if let Some((next, _)) = &mut self.next {
            next.begun = None;
        }
    }

    /// The request that was made ready, where the streams go on after the answer.
    pub fn after(&mut self, answer: &Answer) -> Option<Leased> {
        let (mut next, _) = self.next.take()?;
        for page in &answer.reply.pages {
            let goes_on = |position: &&mut StreamPosition| position.collection == page.collection;
            for position in next.positions.iter_mut().filter(goes_on) {
                position.cursor = Some(page.next_cursor.clone());
            }
        }
        next.request.positions.clone_from(&next.positions);
        Some(next)
    }

    /// Gives back what was made ready: it does not go.
    pub async fn give_back(&mut self, deps: &EngineDeps) -> Result<()> {
        match self.next.take() {
            Some((next, _)) => unlease(deps, next.request.operations).await,
            None => Ok(()),
        }
    }
}
