//! Clean-up: deletes rows whose retention has passed.

use crate::state::State;
use crate::store::{Lane, StoreError, retention};
use std::sync::Arc;
use tokio::time::MissedTickBehavior;

/// Rows deleted in one transaction: writers wait for milliseconds.
const ROWS: usize = 2_000;
/// How long a pair of tokens is kept after its end, so that its holder is told that it expired.
const AFTER_EXPIRY_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The rows that one round of clean-up deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Maintenance {
    /// Tombstones; cursors from before them have expired.
    pub tombstones: usize,
    /// Results of operations that no device can repeat any more.
    pub ledger_entries: usize,
    /// Replies to plain writes.
    pub stored_replies: usize,
    /// Jobs that have ended, with their results.
    pub jobs: usize,
    /// Pairs of tokens.
    pub token_pairs: usize,
}

/// Why a round of cleaning up ended early.
#[derive(Debug, thiserror::Error)]
#[error("cannot clean up: {0}")]
pub struct MaintenanceError(String);

impl From<StoreError> for MaintenanceError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

/// One round.
pub(crate) async fn run(state: &State) -> Result<Maintenance, MaintenanceError> {
    let (now, keep) = (state.now(), &state.config.retention);
    state.limiter.sweep(now);
    state.guard.sweep(now);
    let (forgotten, unrepeatable) = (now - keep.tombstone_ms(), now - keep.max_offline_ms());
    Ok(Maintenance {
        tombstones: in_portions(state, move |tx| retention::delete_tombstones(tx, forgotten, ROWS)).await?,
        stored_replies: in_portions(state, move |tx| retention::delete_replies(tx, unrepeatable, ROWS)).await?,
        jobs: in_portions(state, move |tx| retention::delete_jobs(tx, unrepeatable, ROWS)).await?,
        token_pairs: in_portions(state, move |tx| retention::delete_pairs(tx, now - AFTER_EXPIRY_MS, ROWS)).await?,
        ledger_entries: in_portions(state, move |tx| retention::delete_ledger_rows(tx, unrepeatable, ROWS)).await?,
    })
}

/// Repeats `delete` until it finds less than a portion.
async fn in_portions(
    state: &State,
    delete: impl Fn(&crate::store::WriteTx<'_>) -> rusqlite::Result<usize> + Clone + Send + 'static,
) -> Result<usize, StoreError> {
    let mut total = 0;
    loop {
        let delete = delete.clone();
        let deleted = state.database.write::<_, StoreError, _>(Lane::Shared, move |tx| Ok(delete(tx)?)).await?;
        total += deleted;
        if deleted < ROWS {
            return Ok(total);
        }
    }
}

/// Runs a round at every interval, for ever.
pub(crate) async fn repeat(state: Arc<State>) {
    let mut ticks = tokio::time::interval(state.config.server.maintenance_interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match run(&state).await {
            Ok(done) if done == Maintenance::default() => {}
            Ok(done) => tracing::info!(?done, "cleaned up"),
            Err(error) => tracing::warn!(%error, "the next round will try again"),
        }
    }
}
