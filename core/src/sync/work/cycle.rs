//! One cycle: send what is queued, read what is new.

use super::budget::{Limit, Remaining, SliceReport, passed};
use super::scope::Scope;
use crate::backend::BackendError;
use crate::error::{Error, ErrorCode, Result};
use crate::model::OFFSET_NOISE_MS;
use crate::net::SyncReason;
use crate::store::{collections, meta, outbox, streams};
use crate::sync::SyncReport;
use crate::sync::deps::EngineDeps;
use std::collections::BTreeSet;
use std::time::Duration;

/// Why a cycle ends early.
#[derive(Debug)]
pub(in crate::sync) enum Stop {
    Failed(Error),
    /// The slice is over, or has no time for another request.
    OutOfTime,
}

impl Stop {
    /// The failure that a refresh ends with. It has no limit, so it never runs out of time.
    pub fn into_error(self) -> Error {
        match self {
            Self::Failed(error) => error,
            Self::OutOfTime => Error::state(ErrorCode::Cancelled),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<BackendError> for Stop {
    fn from(error: BackendError) -> Self {
        Self::Failed(match error {
            BackendError::Failed(error) | BackendError::TooLarge(error) => error,
            BackendError::Resync(_) => Error::network(ErrorCode::InvalidResponse, "the server refuses every cursor"),
        })
    }
}

/// A running cycle.
pub(in crate::sync) struct Cycle<'a> {
    pub deps: &'a EngineDeps,
    pub context: SyncReason,
    limit: Limit,
    began: Duration,
    /// It has begun a request.
    begun: bool,
    /// How many collections may have changes on the server that are not here; none: nobody knows.
    pub behind: Option<usize>,
    pub report: SyncReport,
    /// A push brought less than all that is new.
    pub pull_again: bool,
    /// How often in a row the server has failed at a push.
    pub server_errors: u32,
    /// Collections that have been read to their heads.
    pub heads: BTreeSet<i64>,
}

impl<'a> Cycle<'a> {
    pub fn new(deps: &'a EngineDeps, context: SyncReason, limit: Limit) -> Self {
        deps.store.enter();
        Self {
            deps,
            context,
            limit,
            began: deps.device.clock.monotonic(),
            begun: false,
            behind: None,
            report: SyncReport::default(),
            pull_again: false,
            server_errors: 0,
            heads: BTreeSet::new(),
        }
    }

    /// Runs a cycle to its end, or up to `limit`. If a user waits for it, waits of single operations are forgotten.
    ///
    /// Cancelling it (dropping the future) leaves leases and half-read streams; the next cycle takes both up again.
    pub async fn run(deps: &'a EngineDeps, context: SyncReason, limit: Limit) -> Result<SliceReport> {
        let (clock, before) = (deps.device.clock.as_ref(), deps.traffic());
        let mut cycle = Self::new(deps, context, limit.clone());
        let outcome = tokio::select! {
            biased;
            outcome = cycle.steps() => outcome,
            () = passed(limit, clock) => {
                deps.adaptive.rtt(|rtt| rtt.cut(clock.monotonic()));
                Err(Stop::OutOfTime)
            }
        };
        let after = deps.traffic();
        cycle.report.requests = after.requests - before.requests;
        cycle.report.bytes_up = after.bytes_up - before.bytes_up;
        cycle.report.bytes_down = after.bytes_down - before.bytes_down;
        cycle.report.duration = clock.monotonic().saturating_sub(cycle.began);
        let complete = match outcome {
            Ok(()) => true,
            Err(Stop::OutOfTime) => false,
            Err(Stop::Failed(error)) => return Err(error),
        };
        let limited = cycle.limit.borrow().is_some();
        let more = if limited { Remaining::of(&deps.store, cycle.behind)? } else { Remaining::default() };
        Ok(SliceReport { report: cycle.report, complete, more })
    }

    /// Whether the next request is expected to end before the limit.
    pub fn has_time(&self) -> bool {
        let expected = self.deps.adaptive.rtt(|rtt| rtt.expected());
        self.limit.borrow().is_none_or(|cut| self.deps.device.clock.monotonic() + expected < cut)
    }

    /// To be called before each request.
    pub fn take_time(&mut self) -> Result<(), Stop> {
        if self.has_time() {
            self.begun = true;
            return Ok(());
        }
        if !self.begun {
            self.deps.adaptive.rtt(|rtt| rtt.skipped());
        }
        Err(Stop::OutOfTime)
    }

    /// Waits for an answer and measures how long that takes.
    pub async fn measured<T>(&self, request: impl Future<Output = Result<T, BackendError>>) -> Result<T, BackendError> {
        let (clock, adaptive) = (&self.deps.device.clock, &self.deps.adaptive);
        adaptive.rtt(|rtt| rtt.begun(clock.monotonic()));
        let answer = request.await;
        adaptive.rtt(|rtt| if answer.is_ok() { rtt.answered(clock.monotonic()) } else { rtt.failed() });
        answer
    }

    /// Rows of a request at most, if the cycle has a limit.
    pub fn rows(&self) -> Option<usize> {
        self.limit.borrow().map(|_| self.deps.adaptive.rtt(|rtt| rtt.rows()))
    }

    /// A request was as large as it may be, and there is more.
    pub fn filled(&self, most: usize) {
        if let Some(cut) = *self.limit.borrow() {
            self.deps.adaptive.rtt(|rtt| rtt.filled(cut.saturating_sub(self.began), most));
        }
    }

    async fn steps(&mut self) -> Result<(), Stop> {
        self.check_network()?;
        if self.context == SyncReason::User {
            self.deps.store.write(outbox::clear_waits).await?;
        }
        // What is queued goes first, and its reply brings what is new: one round trip in place of two. The server holds every write
        // against what others have done, so nothing is overwritten unseen.
        let exchanged = self.all_loaded()? && self.push().await?;
        if !exchanged || std::mem::take(&mut self.pull_again) {
            let pulled = self.pull(&Scope::All).await;
            if pulled.as_ref().is_err_and(stops_everything) {
                return pulled;
            }
            self.push().await?;
            if std::mem::take(&mut self.pull_again) {
                self.pull(&Scope::All).await?;
            }
            pulled?;
        }
        self.behind = Some(0);
        self.in_step().await?;
        Ok(())
    }

    /// A device without a network asks nobody.
    pub fn check_network(&self) -> Result<()> {
        if self.deps.connectivity.is_online() {
            return Ok(());
        }
        Err(Error::network(ErrorCode::Offline, "the device has no network"))
    }

    /// Whether every stream has been read once: before that, sending only restarts the reading.
    fn all_loaded(&self) -> Result<bool> {
        self.deps.store.read(|connection| {
            let all = collections::all(connection)?;
            all.into_iter().try_fold(true, |loaded, (id, _)| Ok(loaded && !streams::get(connection, id)?.loading))
        })
    }

    /// Takes the server's time in.
    pub async fn observe_server_time(&self, server_ms: Option<i64>) -> Result<()> {
        let Some(server_ms) = server_ms else { return Ok(()) };
        let device = &self.deps.device;
        let correction = device.hlc.calibrate(server_ms);
        // Kept in terms of the wall clock, which is all that the next process will have.
        let offset = device.server_now_ms() - device.clock.wall_ms();
        let kept = self.deps.adaptive.kept_offset();
        if correction.is_none() && kept.is_some_and(|kept| (kept - offset).abs() < OFFSET_NOISE_MS) {
            return Ok(());
        }
        self.deps.adaptive.keep_offset(offset);
        self.deps
            .store
            .write(move |tx| {
                if let Some(correction) = correction {
                    outbox::calibrate(tx, correction)?;
                }
                meta::set(tx, meta::Key::ClockOffset, &offset.to_string())
            })
            .await
    }

    async fn in_step(&mut self) -> Result<()> {
        let heads: Vec<i64> = std::mem::take(&mut self.heads).into_iter().collect();
        let now = self.deps.readings.note(&self.deps.device, &heads);
        self.deps
            .store
            .write(move |tx| {
                tx.counts();
                streams::mark_read(tx, &heads, now)?;
                meta::set(tx, meta::Key::LastSync, &now.to_string())
            })
            .await?;
        self.evict().await
    }

    /// Keeps when streams were read to their heads.
    pub async fn keep_heads(&mut self) -> Result<()> {
        if self.heads.is_empty() {
            return Ok(());
        }
        let heads: Vec<i64> = std::mem::take(&mut self.heads).into_iter().collect();
        let now = self.deps.readings.note(&self.deps.device, &heads);
        self.deps.store.write(move |tx| streams::mark_read(tx, &heads, now)).await?;
        self.evict().await
    }
}

/// Whether sending makes no sense after this failure of reading. A page that cannot be read does not keep writes from the server.
fn stops_everything(stop: &Stop) -> bool {
    match stop {
        Stop::OutOfTime => true,
        Stop::Failed(error) => {
            !matches!(error.code(), ErrorCode::ResponseTooLarge | ErrorCode::Refused | ErrorCode::Internal)
        }
    }
}
