//! Clean-up: deletes rows whose retention has passed.

use crate::state::State;
use crate::store::{Lane, StoreError, retention, spaces};
use std::sync::Arc;
use tokio::time::MissedTickBehavior;

/// Rows deleted in one transaction: writers wait for milliseconds.
const ROWS: usize = 2_000;
/// How much further a round goes than the one before. A clock that is a year ahead for one round costs a day of what is kept, and a server that was
/// off for a year is done with it after as many rounds as days.
const STEP_MS: i64 = 24 * 60 * 60 * 1000;
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

/// One round at the present.
pub(crate) async fn run(state: &State) -> Result<Maintenance, MaintenanceError> {
    run_as_of(state, state.now()).await
}

/// One round of many: as of the present, but at most a [`STEP_MS`] later than the round before.
async fn run_stepwise(state: &State) -> Result<Maintenance, MaintenanceError> {
    let now = state.now();
    let step = move |tx: &crate::store::WriteTx<'_>| Ok(retention::step(tx, now, STEP_MS)?);
    let as_of = state.database.write::<_, StoreError, _>(Lane::Shared, step).await?;
    run_as_of(state, as_of).await
}

async fn run_as_of(state: &State, now: i64) -> Result<Maintenance, MaintenanceError> {
    let keep = &state.config.retention;
    state.limiter.sweep(state.now());
    state.guard.sweep(state.now());
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

/// Says in the figures how many rows there are.
async fn count_rows(state: &State) {
    let counted = state.database.read::<_, StoreError, _>(Lane::Shared, |db| Ok(spaces::total(db)?)).await;
    if let Ok((records, rows)) = counted {
        state.metrics.set_rows(records, rows - records);
    }
}

/// Runs a round at every interval, for ever.
pub(crate) async fn repeat(state: Arc<State>) {
    let mut ticks = tokio::time::interval(state.config.server.maintenance_interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        count_rows(&state).await;
        match run_stepwise(&state).await {
            Ok(done) if done == Maintenance::default() => {}
            Ok(done) => tracing::info!(?done, "cleaned up"),
            Err(error) => tracing::warn!(%error, "the next round will try again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::server::{Server, ServerOptions, Store};
    use std::sync::atomic::{AtomicI64, Ordering};

    struct SetClock(AtomicI64);

    impl Clock for SetClock {
        fn now_ms(&self) -> i64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn server_f24_clock_that_is_wrong_for_one_round_costs_a_day() {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let clock = Arc::new(SetClock(AtomicI64::new(1_000 * DAY)));
        let options = ServerOptions { clock: Arc::clone(&clock) as _, ..ServerOptions::new(Store::Memory) };
        let server = Server::open(options).unwrap();
        let state = server.state();
        let made = clock.now_ms();
        let reply = move |tx: &crate::store::WriteTx<'_>| {
            tx.execute(
                "INSERT INTO users (public_id, email, password_hash, created_ts) VALUES ('u', 'e', 'h', 0)",
                [],
            )?;
            let sql = "INSERT INTO op_ledger (user, op_id, content, ts, record_id, restated) VALUES (1, 'o', x'', ?1, 'r', 0)";
            Ok(tx.execute(sql, [made])?)
        };
        state.database.write::<_, StoreError, _>(Lane::Shared, reply).await.unwrap();
        assert_eq!(run_stepwise(state).await.unwrap(), Maintenance::default());

        clock.0.fetch_add(365 * DAY, Ordering::Relaxed);
        assert_eq!(run_stepwise(state).await.unwrap(), Maintenance::default());
        clock.0.fetch_sub(365 * DAY, Ordering::Relaxed);
        assert_eq!(run_stepwise(state).await.unwrap(), Maintenance::default());

        // Off for a year: a round for each day.
        clock.0.fetch_add(365 * DAY, Ordering::Relaxed);
        let mut rounds = 1;
        while run_stepwise(state).await.unwrap().ledger_entries == 0 {
            rounds += 1;
        }
        assert_eq!(rounds, 181);
    }
}
