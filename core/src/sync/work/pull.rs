//! The reading half of a cycle.
//!
//! Invariants:
//! - Streams are asked for in pieces as large as the server takes, and a piece that is refused is halved until the stream that is the
//!   reason stands alone. It stops itself only, and is asked for again after a growing pause.
//! - Requests that are refused in a row are bounded ([`MAX_REFUSED`]); a page that did not come in time, whole, or at all because of its size is
//!   asked for smaller.

use super::adaptive_size::AdaptiveSize;
use super::pages::{PagesApplied, apply_pages, next_position, positions, repair, reset_stream, restart_streams};
use super::refused_streams::RefusedStreams;
use super::requests::{Requests, Stop};
use super::scope::Scope;
use super::server_time::observe_server_time;
use crate::backend::{BackendError, PullReply, PullRequest, StreamPosition, cursors_refused};
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Phase, Progress};
use crate::net::SyncReason;
use crate::sync::SetAside;
use crate::sync::deps::EngineDeps;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

/// Documents of the very first page: so that something is on the screen at once.
const FIRST_PAGE: u32 = 500;
/// How often a stream may be started anew in one go.
pub(in crate::sync) const MAX_RESTARTS: u32 = 2;
/// So many refusals in a row are enough to find one stream among 200.
const MAX_REFUSED: u32 = 10;
/// How often a run asks for collections that are not known here: so many times as many as a request may name.
const MAX_DISCOVERIES: u32 = 100;

/// What a pull did.
#[derive(Debug)]
pub(in crate::sync) struct Pulled {
    pub changes: u64,
    pub conflicts: u64,
    /// Collections that have been read to their heads.
    pub heads: BTreeSet<i64>,
    /// How many collections may have more on the server. `None` if that is not known.
    pub behind: Option<usize>,
    pub set_aside: Vec<SetAside>,
    pub end: Result<(), Stop>,
}

/// Reads streams.
pub(in crate::sync) struct Puller {
    deps: Arc<EngineDeps>,
    page: AdaptiveSize,
    refused: RefusedStreams,
}

/// A run of the puller.
struct Run<'r, 'a> {
    requests: &'r mut Requests<'a>,
    scope: &'r Scope,
    done: Pulled,
    /// Streams that are still to be asked for, by request.
    pieces: VecDeque<Vec<StreamPosition>>,
    /// The server is still to be asked for collections that are not known here.
    discover: bool,
    discoveries: u32,
    restarts: u32,
    /// Refusals since the last answer.
    refused: u32,
    /// The server has answered for some stream.
    answered: bool,
    /// The refusal of a stream that stood alone.
    failure: Option<Error>,
}

/// A request that has its answer.
struct Asked {
    streams: Vec<StreamPosition>,
    discover: bool,
    reply: Result<PullReply, BackendError>,
}

impl Puller {
    pub fn new(deps: Arc<EngineDeps>) -> Self {
        let page = AdaptiveSize::new(deps.config.page as usize);
        Self { deps, page, refused: RefusedStreams::default() }
    }

    /// Reads until every stream is at its head. The next page is on its way while one is applied.
    pub async fn run(&mut self, requests: &mut Requests<'_>, scope: &Scope) -> Pulled {
        if *scope == Scope::All {
            self.deps.state.phase(Phase::Pulling);
        }
        let done = Pulled {
            changes: 0,
            conflicts: 0,
            heads: BTreeSet::new(),
            behind: None,
            set_aside: Vec::new(),
            end: Ok(()),
        };
        let mut run = Run {
            requests,
            scope,
            done,
            pieces: VecDeque::new(),
            discover: *scope == Scope::All && !self.deps.registry.declared,
            discoveries: 0,
            restarts: 0,
            refused: 0,
            answered: false,
            failure: None,
        };
        let end = self.read(&mut run).await;
        self.deps.state.refused_streams(self.refused.count());
        Pulled { end, ..run.done }
    }

    /// Collections that the server does not let this device read.
    pub fn forbidden(&self) -> HashSet<String> {
        self.refused.forbidden()
    }

    /// What was refused is asked for again.
    pub fn forget_refusals(&mut self) {
        self.refused.forget();
    }

    async fn read(&mut self, run: &mut Run<'_, '_>) -> Result<(), Stop> {
        self.plan(run)?;
        let mut ahead = None;
        loop {
            let asked = match ahead.take() {
                Some(asked) => asked,
                None if run.is_done() => {
                    let failure = run.failure.take().filter(|_| !run.answered);
                    return failure.map_or(Ok(()), |error| Err(error.into()));
                }
                None => {
                    run.requests.take_time()?;
                    self.ask(run).await?
                }
            };
            match asked.reply {
                Ok(reply) => {
                    ahead = self.take_in(run, asked.streams, reply).await?;
                }
                Err(BackendError::Resync(named)) if run.restarts < MAX_RESTARTS => {
                    run.restarts += 1;
                    restart_streams(&self.deps, &named, None).await?;
                    self.plan(run)?;
                }
                Err(error) => self.refusal(run, asked.streams, asked.discover, error).await?,
            }
        }
    }

    /// Lists what is to be asked for.
    fn plan(&self, run: &mut Run<'_, '_>) -> Result<()> {
        let now = self.deps.device.clock.monotonic();
        // What a person or the app waits for is tried whatever came of it before.
        let all = run.requests.reason == SyncReason::User || *run.scope != Scope::All;
        let mut wanted = positions(&self.deps, run.scope)?;
        for position in &wanted {
            if let Some(error) = self.refused.waits(&position.collection, now).filter(|_| !all) {
                run.done.set_aside.push(SetAside::stream(&position.collection, &error));
                // If no other stream is read, that is how the run ends.
                run.failure.get_or_insert(error);
            }
        }
        wanted.retain(|position| all || self.refused.waits(&position.collection, now).is_none());
        run.pieces = wanted.chunks(self.streams()).map(<[_]>::to_vec).collect();
        run.done.behind = None;
        Ok(())
    }

    /// How many streams one request names: no more than the server takes.
    fn streams(&self) -> usize {
        self.deps.device.limits.streams().max(1)
    }

    /// Makes the next request. The last one also asks for collections that are not known here.
    async fn ask(&self, run: &mut Run<'_, '_>) -> Result<Asked, Stop> {
        let streams = run.pieces.pop_front().unwrap_or_default();
        // The reply to a full request has no room for others.
        let discover = run.discover && run.pieces.is_empty() && streams.len() < self.streams();
        run.discover &= !discover;
        let request = PullRequest {
            limit: self.limit(run.requests, &streams),
            streams: streams.clone(),
            discover,
            known: if discover { self.known(&streams)? } else { Vec::new() },
            context: run.requests.reason,
        };
        let reply = run.requests.send(self.deps.backend.pull(request)).await?;
        Ok(Asked { streams, discover, reply })
    }

    /// Collections that are known here and not named in the request.
    fn known(&self, named: &[StreamPosition]) -> Result<Vec<String>> {
        let all = positions(&self.deps, &Scope::All)?.into_iter().map(|position| position.collection);
        Ok(all.filter(|known| !named.iter().any(|position| position.collection == *known)).collect())
    }

    /// Documents at most for each stream.
    fn limit(&self, requests: &Requests<'_>, streams: &[StreamPosition]) -> u32 {
        let page = u32::try_from(self.page.get()).unwrap_or(u32::MAX);
        let first = streams.is_empty() || streams.iter().any(|stream| stream.cursor.is_none());
        let most = if first { FIRST_PAGE.min(page) } else { page };
        // The rows of a slice are shared among its streams.
        match requests.rows() {
            Some(rows) => most.min((rows / streams.len().max(1)).max(1) as u32),
            None => most,
        }
    }

    /// Applies a reply while the next request is out, and returns that one's answer.
    async fn take_in(
        &mut self,
        run: &mut Run<'_, '_>,
        asked: Vec<StreamPosition>,
        reply: PullReply,
    ) -> Result<Option<Asked>, Stop> {
        (run.refused, run.answered) = (0, true);
        self.page.grow();
        let read = reply.pages.iter().filter(|page| !page.has_more);
        self.refused.read(read.map(|page| page.collection.as_str()));
        observe_server_time(&self.deps, reply.server_time).await?;
        let next: Vec<StreamPosition> = reply.pages.iter().filter(|page| page.has_more).map(next_position).collect();
        if !next.is_empty() {
            run.requests.page_was_full(self.deps.config.page as usize);
            run.pieces.push_front(next);
        }
        // As many as the reply had room for: there may be more.
        let discovered = reply.pages.len() > asked.len() && reply.pages.len() >= self.streams();
        let deps = self.deps.clone();
        let apply = apply_pages(&deps, &asked, reply.pages);
        let this = &*self;
        let ahead = async {
            if run.is_done() || !run.requests.has_time() {
                return Ok(None);
            }
            this.ask(run).await.map(Some)
        };
        let (applied, ahead) = futures_util::join!(apply, ahead);
        let applied = applied?;
        let diverged = self.note(run, applied);
        let ahead = ahead?;
        if discovered && run.discoveries < MAX_DISCOVERIES {
            run.discoveries += 1;
            run.discover = true;
        }
        if !diverged.is_empty() && run.restarts < MAX_RESTARTS {
            run.restarts += 1;
            if !repair(&self.deps, &diverged).await?.is_empty() {
                run.discover |= ahead.as_ref().is_some_and(|ahead| ahead.discover);
                self.plan(run)?;
                return Ok(None);
            }
        }
        Ok(ahead)
    }

    /// Counts what pages brought. A refresh shows no progress: no status bar waits for it.
    fn note(&self, run: &mut Run<'_, '_>, applied: PagesApplied) -> Vec<(String, Option<i64>)> {
        run.done.changes += applied.pulled;
        run.done.conflicts += applied.conflicts;
        run.done.heads.extend(&applied.in_step);
        run.done.set_aside.extend(applied.set_aside);
        run.done.behind = Some(run.pieces.iter().map(Vec::len).sum());
        if applied.advanced {
            run.requests.history.progressed();
        }
        if *run.scope == Scope::All {
            self.deps.state.progress(Progress { done: run.done.changes, total: applied.expected });
        }
        applied.diverged
    }

    /// Halves a piece that was refused, or sets the stream aside that is the reason.
    async fn refusal(
        &mut self,
        run: &mut Run<'_, '_>,
        streams: Vec<StreamPosition>,
        discover: bool,
        error: BackendError,
    ) -> Result<(), Stop> {
        let asked = self.limit(run.requests, &streams);
        let smaller = may_be_too_large(&error) && asked > 1;
        if smaller {
            self.page.shrink(asked as usize);
        }
        let Some(reason) = streams_fault(&error).filter(|_| run.refused < MAX_REFUSED) else {
            return Err(error.into());
        };
        run.refused += 1;
        run.discover |= discover;
        match streams.as_slice() {
            // Nothing was named: it is not a stream's fault.
            [] => return Err(error.into()),
            // The answer was too large for something on the way, not the stream at fault.
            [_] if smaller => run.pieces.push_front(streams),
            [one] if reason.code() == ErrorCode::Forbidden && one.space.is_some() && self.refused.may_reset(one) => {
                reset_stream(&self.deps, &one.collection).await?;
                run.pieces.push_front(positions(&self.deps, &Scope::one(&one.collection))?);
            }
            [one] => {
                let (now, entropy) = (self.deps.device.clock.monotonic(), self.deps.device.entropy.as_ref());
                tracing::warn!(collection = %one.collection, error = %reason, "a stream is set aside");
                self.refused.refused(&one.collection, &reason, !run.answered, now, entropy);
                run.done.set_aside.push(SetAside::stream(&one.collection, &reason));
                run.failure = Some(reason);
            }
            many => {
                let (left, right) = many.split_at(many.len() / 2);
                run.pieces.push_front(right.to_vec());
                run.pieces.push_front(left.to_vec());
            }
        }
        Ok(())
    }
}

impl Run<'_, '_> {
    fn is_done(&self) -> bool {
        self.pieces.is_empty() && !self.discover
    }
}

/// Whether a smaller page may come where this one has not: it took too long, or it is too large for the device or for a proxy, which refuses it,
/// drops it, or cuts it off.
fn may_be_too_large(error: &BackendError) -> bool {
    match error {
        BackendError::TooLarge(_) => true,
        BackendError::Failed(failure) => matches!(
            failure.code(),
            ErrorCode::Timeout | ErrorCode::ConnectionLost | ErrorCode::ResponseTooLarge | ErrorCode::InvalidResponse
        ),
        BackendError::Resync(_) => false,
    }
}

/// The failure, if one of the request's streams can be its reason.
fn streams_fault(error: &BackendError) -> Option<Error> {
    match error {
        BackendError::TooLarge(error) | BackendError::Failed(error @ Error::Refused { .. }) => Some(error.clone()),
        BackendError::Failed(error) if error.code() == ErrorCode::Forbidden => Some(error.clone()),
        BackendError::Failed(_) => None,
        // Its streams were started anew, as often as that may help.
        BackendError::Resync(_) => Some(cursors_refused()),
    }
}
