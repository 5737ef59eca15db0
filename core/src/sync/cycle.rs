//! One cycle: send what is queued, read what is new.

use super::parts::Parts;
use super::pull::Scope;
use super::report::SyncReport;
use crate::backend::BackendError;
use crate::error::{Error, ErrorCode, Result};
use crate::model::OFFSET_NOISE_MS;
use crate::net::SyncContext;
use crate::store::{collections, meta, outbox, streams};
use std::collections::BTreeSet;

/// Why a cycle ends early.
#[derive(Debug)]
pub(super) enum Stop {
    Failed(Error),
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
pub(super) struct Cycle<'a> {
    pub parts: &'a Parts,
    pub context: SyncContext,
    pub report: SyncReport,
    /// A push brought less than all that is new.
    pub pull_again: bool,
    /// How often in a row the server has failed at a push.
    pub server_errors: u32,
    /// Collections that have been read to their heads.
    pub heads: BTreeSet<i64>,
}

impl<'a> Cycle<'a> {
    pub fn new(parts: &'a Parts, context: SyncContext) -> Self {
        let report = SyncReport::default();
        Self { parts, context, report, pull_again: false, server_errors: 0, heads: BTreeSet::new() }
    }

    /// Runs a cycle to its end. `asked`: somebody waits for it, so waits of single operations are forgotten.
    ///
    /// Cancelling it (dropping the future) leaves leases and half-read streams; the next cycle takes both up again.
    pub async fn run(parts: &'a Parts, asked: bool) -> Result<SyncReport> {
        let context = if asked { SyncContext::User } else { SyncContext::Foreground };
        let (start, before) = (parts.device.clock.monotonic(), parts.traffic());
        let mut cycle = Self::new(parts, context);
        let outcome = cycle.steps(asked).await;
        let after = parts.traffic();
        cycle.report.requests = after.requests - before.requests;
        cycle.report.bytes_up = after.bytes_up - before.bytes_up;
        cycle.report.bytes_down = after.bytes_down - before.bytes_down;
        cycle.report.duration = parts.device.clock.monotonic().saturating_sub(start);
        match outcome {
            Ok(()) => Ok(cycle.report),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    async fn steps(&mut self, asked: bool) -> Result<(), Stop> {
        self.check_network()?;
        if asked {
            self.parts.store.write(outbox::clear_waits).await?;
        }
        // What is queued goes first, and its reply brings what is new: one round trip in place of two. The server holds every write
        // against what others have done, so nothing is overwritten unseen.
        let exchanged = self.all_loaded()? && self.push().await?;
        if !exchanged || std::mem::take(&mut self.pull_again) {
            let pulled = self.pull(&Scope::All).await;
            if let Err(Stop::Failed(error)) = &pulled
                && stops_everything(error)
            {
                return pulled;
            }
            self.push().await?;
            if std::mem::take(&mut self.pull_again) {
                self.pull(&Scope::All).await?;
            }
            pulled?;
        }
        self.in_step().await?;
        Ok(())
    }

    /// A device without a network asks nobody.
    pub fn check_network(&self) -> Result<()> {
        if self.parts.connectivity.is_online() {
            return Ok(());
        }
        Err(Error::network(ErrorCode::Offline, "the device has no network"))
    }

    /// Whether every stream has been read once: before that, sending only restarts the reading.
    fn all_loaded(&self) -> Result<bool> {
        self.parts.store.read(|connection| {
            let all = collections::all(connection)?;
            all.into_iter().try_fold(true, |loaded, (id, _)| Ok(loaded && !streams::get(connection, id)?.loading))
        })
    }

    /// Takes the server's time in.
    pub async fn heard(&self, server_ms: Option<i64>) -> Result<()> {
        let Some(server_ms) = server_ms else { return Ok(()) };
        let device = &self.parts.device;
        let correction = device.hlc.calibrate(server_ms);
        // Kept in terms of the wall clock, which is all that the next process will have.
        let offset = device.server_now_ms() - device.clock.wall_ms();
        let kept = self.parts.memory.kept_offset();
        if correction.is_none() && kept.is_some_and(|kept| (kept - offset).abs() < OFFSET_NOISE_MS) {
            return Ok(());
        }
        self.parts.memory.keep_offset(offset);
        self.parts
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
        let now = self.parts.readings.note(&self.parts.device, &heads);
        self.parts
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
        let now = self.parts.readings.note(&self.parts.device, &heads);
        self.parts.store.write(move |tx| streams::mark_read(tx, &heads, now)).await?;
        self.evict().await
    }
}

/// Whether sending makes no sense after this failure of reading. A page that cannot be read does not keep writes from the server.
fn stops_everything(error: &Error) -> bool {
    !matches!(error.code(), ErrorCode::ResponseTooLarge | ErrorCode::Refused | ErrorCode::Internal)
}
