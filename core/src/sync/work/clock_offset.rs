//! What the server's time is, as far as the engine has to know it.

use crate::error::Result;
use crate::model::OFFSET_NOISE_MS;
use crate::store::{meta, outbox};
use crate::sync::deps::EngineDeps;
use std::sync::{Mutex, PoisonError};

/// Server time minus the device's time as it was last stored. Thread-safe.
#[derive(Debug, Default)]
pub(crate) struct ClockOffset(Mutex<Option<i64>>);

impl ClockOffset {
    /// `kept`: what the store has, in ms. `None` if the server was never heard.
    pub fn new(kept: Option<i64>) -> Self {
        Self(Mutex::new(kept))
    }

    fn get(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, offset_ms: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(offset_ms);
    }
}

/// Takes in the server's time from a reply that has just arrived.
pub(in crate::sync) async fn observe_server_time(deps: &EngineDeps, server_ms: Option<i64>) -> Result<()> {
    let Some(server_ms) = server_ms else { return Ok(()) };
    let device = &deps.device;
    let correction = device.hlc.calibrate(server_ms);
    // Kept in terms of the wall clock, which is all that the next process will have.
    let offset = device.server_now_ms() - device.clock.wall_ms();
    if correction.is_none() && deps.clock_offset.get().is_some_and(|kept| (kept - offset).abs() < OFFSET_NOISE_MS) {
        return Ok(());
    }
    deps.clock_offset.set(offset);
    deps.store
        .write(move |tx| {
            if let Some(correction) = correction {
                outbox::calibrate(tx, correction)?;
            }
            meta::set(tx, meta::Key::ClockOffset, &offset.to_string())
        })
        .await
}
