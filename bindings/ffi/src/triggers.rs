//! What starts a sync from outside: events of the platform, and slices of background time.

use crate::cancel::FfiCancel;
use crate::error::Result;
use crate::holm::FfiHolm;
use crate::runtime::run_until;
use crate::sync::FfiSyncReport;
use holm_core::{Event, SliceReport};
use std::sync::Arc;
use std::time::Duration;

/// What has happened to the app or the device. As in the core's `Event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FfiEvent {
    /// The process has started.
    Launched,
    /// The app is on the screen.
    Foreground,
    /// The app has left the screen.
    Background,
    /// The device saves energy, or has stopped to.
    LowPower {
        /// Whether it does.
        on: bool,
    },
    /// A push notification says that there is something new.
    PushReceived,
}

impl From<FfiEvent> for Event {
    fn from(event: FfiEvent) -> Self {
        match event {
            FfiEvent::Launched => Self::Launched,
            FfiEvent::Foreground => Self::Foreground,
            FfiEvent::Background => Self::Background,
            FfiEvent::LowPower { on } => Self::LowPower(on),
            FfiEvent::PushReceived => Self::PushReceived,
        }
    }
}

/// What a background slice did, and what it left.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FfiSliceReport {
    /// What was done.
    pub report: FfiSyncReport,
    /// Whether everything that can be done by now is done.
    pub complete: bool,
    /// Operations that are left to send.
    pub remaining_operations: u64,
    /// Collections that may have changes on the server that are not here yet.
    pub remaining_collections: u64,
}

impl From<SliceReport> for FfiSliceReport {
    fn from(slice: SliceReport) -> Self {
        Self {
            report: slice.report.into(),
            complete: slice.complete,
            remaining_operations: slice.more.operations,
            remaining_collections: slice.more.collections,
        }
    }
}

#[uniffi::export]
impl FfiHolm {
    /// Tells what has happened to the app or the device. Returns at once.
    pub fn report(&self, event: FfiEvent) -> Result<()> {
        self.holm.report(event.into());
        Ok(())
    }

    /// Syncs for at most the budget, and returns before it is over. Unfinished work resumes on the next call.
    pub async fn run_background(&self, budget_ms: u64, cancel: Option<Arc<FfiCancel>>) -> Result<FfiSliceReport> {
        let (holm, budget) = (self.holm.clone(), Duration::from_millis(budget_ms));
        run_until(cancel, async move { holm.run_background(budget).await }).await.map(Into::into)
    }
}
