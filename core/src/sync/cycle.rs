//! One cycle: read, send, read what came in between.

use super::engine::Engine;
use super::report::SyncReport;
use crate::backend::BackendError;
use crate::error::{Error, ErrorCode, Result};
use crate::net::SyncContext;
use crate::store::{meta, outbox, streams};

/// A change of the clock's offset below this is noise of the network, ms.
const OFFSET_NOISE_MS: i64 = 500;

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

/// What a cycle is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// Somebody waits for it: waits of single operations are forgotten.
    pub asked: bool,
    /// A write is the reason: send first, one round trip less until the server has it.
    pub push_first: bool,
}

/// A running cycle.
pub(super) struct Cycle<'a> {
    pub engine: &'a Engine,
    pub context: SyncContext,
    pub report: SyncReport,
    /// A push brought less than all that is new.
    pub pull_again: bool,
    /// How often in a row the server has failed at a push.
    pub server_errors: u32,
}

impl<'a> Cycle<'a> {
    /// Runs a cycle to its end.
    ///
    /// Cancelling it (dropping the future) leaves leases and half-read streams; the next cycle takes both up again.
    pub async fn run(engine: &'a Engine, order: Order) -> Result<SyncReport> {
        let context = if order.asked { SyncContext::User } else { SyncContext::Foreground };
        let (start, before) = (engine.device.clock.monotonic(), engine.traffic());
        let mut cycle = Self { engine, context, report: SyncReport::default(), pull_again: false, server_errors: 0 };
        let outcome = cycle.steps(order).await;
        let after = engine.traffic();
        cycle.report.requests = after.requests - before.requests;
        cycle.report.bytes_up = after.bytes_up - before.bytes_up;
        cycle.report.bytes_down = after.bytes_down - before.bytes_down;
        cycle.report.duration = engine.device.clock.monotonic().saturating_sub(start);
        match outcome {
            Ok(()) => Ok(cycle.report),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    async fn steps(&mut self, order: Order) -> Result<(), Stop> {
        if !self.engine.connectivity.is_online() {
            return Err(Error::network(ErrorCode::Offline, "the device has no network").into());
        }
        if order.asked {
            self.engine.store.write(outbox::clear_waits).await?;
        }
        let mut pulled = Ok(());
        if !(order.push_first && self.may_push_first()?) {
            pulled = self.pull().await;
            if let Err(Stop::Failed(error)) = &pulled
                && stops_everything(error)
            {
                return pulled;
            }
        }
        self.push().await?;
        if std::mem::take(&mut self.pull_again) {
            pulled = self.pull().await;
            // What the pull brought may have let operations loose.
            self.push().await?;
        }
        pulled?;
        self.in_step().await?;
        Ok(())
    }

    /// Sending first is right only where every stream has been read once and something waits.
    fn may_push_first(&self) -> Result<bool> {
        let ready = self.engine.store.read(|connection| {
            for (id, _) in crate::store::collections::all(connection)? {
                if streams::get(connection, id)?.loading {
                    return Ok(false);
                }
            }
            Ok(outbox::next_due(connection)?.is_some())
        })?;
        Ok(ready)
    }

    /// Takes the server's time in.
    pub async fn heard(&self, server_ms: Option<i64>) -> Result<()> {
        let Some(server_ms) = server_ms else { return Ok(()) };
        let device = &self.engine.device;
        let correction = device.hlc.calibrate(server_ms);
        // Kept in terms of the wall clock, which is all that the next process will have.
        let offset = device.server_now_ms() - device.clock.wall_ms();
        let kept = self.engine.memory.kept_offset();
        if correction.is_none() && kept.is_some_and(|kept| (kept - offset).abs() < OFFSET_NOISE_MS) {
            return Ok(());
        }
        self.engine.memory.keep_offset(offset);
        self.engine
            .store
            .write(move |tx| {
                if let Some(correction) = correction {
                    outbox::calibrate(tx, correction)?;
                }
                meta::set(tx, meta::Key::ClockOffset, &offset.to_string())
            })
            .await
    }

    async fn in_step(&self) -> Result<()> {
        let now = self.engine.device.server_now_ms();
        self.engine
            .store
            .write(move |tx| {
                tx.counts();
                meta::set(tx, meta::Key::LastSync, &now.to_string())
            })
            .await
    }
}

/// Whether sending makes no sense after this failure of reading. A page that cannot be read does not keep writes from the server.
fn stops_everything(error: &Error) -> bool {
    !matches!(error.code(), ErrorCode::ResponseTooLarge | ErrorCode::Refused | ErrorCode::Internal)
}
