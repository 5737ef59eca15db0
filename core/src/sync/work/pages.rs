//! Applying pages, and reading streams anew. Used by pulls, pushes and refreshes alike.

use super::evict::evict;
use super::scope::Scope;
use crate::backend::{StreamPage, StreamPosition};
use crate::error::{ErrorCode, Result};
use crate::store::{collections, streams, waiting_states};
use crate::sync::SetAside;
use crate::sync::apply::{Reconciler, apply_page, restart};
use crate::sync::deps::EngineDeps;
use std::collections::BTreeSet;

/// After a repair of a mismatch the next one waits this long.
const REPAIR_PAUSE_MS: i64 = 3_600_000;

/// What several pages did.
#[derive(Debug, Default)]
pub(in crate::sync) struct PagesApplied {
    pub pulled: u64,
    /// A page had rows, be they this device's own, and the stream is behind them now.
    pub advanced: bool,
    pub conflicts: u64,
    /// How many documents the server has, if it said.
    pub expected: Option<u64>,
    /// Streams that are at their heads now.
    pub in_step: BTreeSet<i64>,
    /// Streams that do not match the server, and when each was last repaired.
    pub diverged: Vec<(String, Option<i64>)>,
    /// Records that could not be read.
    pub set_aside: Vec<SetAside>,
}

impl PagesApplied {
    pub fn add(&mut self, other: Self) {
        self.pulled += other.pulled;
        self.advanced |= other.advanced;
        self.conflicts += other.conflicts;
        self.expected = self.expected.max(other.expected);
        self.in_step.extend(other.in_step);
        self.diverged.extend(other.diverged);
        self.set_aside.extend(other.set_aside);
    }
}

/// Applies pages, each in a transaction of its own. `asked`: where the streams stood when the pages were asked for.
pub(in crate::sync) async fn apply_pages(
    deps: &EngineDeps,
    asked: &[StreamPosition],
    pages: Vec<StreamPage>,
) -> Result<PagesApplied> {
    let mut total = PagesApplied::default();
    for page in pages {
        let cursor =
            asked.iter().find(|position| position.collection == page.collection).and_then(|p| p.cursor.clone());
        let (device, registry) = (deps.device.clone(), deps.registry.clone());
        let collection = page.collection.clone();
        let expected = page.total;
        total.set_aside.extend(page.unreadable.iter().map(|record| SetAside::record(&collection, record)));
        let applied = deps
            .store
            .write(move |tx| {
                let info = registry.ensure_in(tx, &page.collection)?;
                apply_page(tx, &device, &info, cursor.as_deref(), &page)
            })
            .await;
        let applied = match applied {
            // A collection of the server that has no place here is no reason to lose the others.
            Err(error) if error.code() == ErrorCode::InvalidName => {
                total.set_aside.push(SetAside::stream(&collection, &error));
                continue;
            }
            applied => applied?,
        };
        total.pulled += applied.applied.changes;
        total.advanced |= applied.advanced;
        total.conflicts += applied.applied.conflicts;
        total.expected = total.expected.max(expected);
        total.in_step.extend(applied.in_step.then_some(applied.stream.collection));
        if applied.diverged {
            total.diverged.push((collection, applied.stream.repaired_ms));
        }
    }
    if total.pulled > 0 {
        // Page by page, so that a first reading never holds much more than the limits.
        evict(deps).await?;
    }
    Ok(total)
}

/// Takes in the states that wait for an answer which will not come: their write was refused or given up.
pub(in crate::sync) async fn take_waiting(deps: &EngineDeps) -> Result<()> {
    if deps.store.read(waiting_states::ready_in)?.is_empty() {
        return Ok(());
    }
    let (device, registry) = (deps.device.clone(), deps.registry.clone());
    deps.store
        .write(move |tx| {
            for collection in waiting_states::ready_in(tx)? {
                Reconciler::open(tx, &device, &registry.by_id(collection))?.close()?;
            }
            Ok(())
        })
        .await
}

/// Where every collection stands.
pub(in crate::sync) fn positions(deps: &EngineDeps, scope: &Scope) -> Result<Vec<StreamPosition>> {
    deps.store.read(|connection| {
        collections::all(connection)?
            .into_iter()
            .filter(|(_, name)| scope.has(name))
            .map(|(id, collection)| {
                let stream = streams::get(connection, id)?;
                let holds = (!stream.loading).then_some((stream.live_count, stream.digest));
                Ok(StreamPosition { collection, space: stream.space, cursor: stream.cursor, holds })
            })
            .collect()
    })
}

/// Starts named streams anew; none named: all.
pub(in crate::sync) async fn restart_streams(
    deps: &EngineDeps,
    named: &[String],
    repaired_ms: Option<i64>,
) -> Result<()> {
    let named: BTreeSet<String> = named.iter().cloned().collect();
    tracing::warn!(streams = ?named, "reading anew");
    deps.store
        .write(move |tx| {
            for (id, name) in collections::all(tx)? {
                if named.is_empty() || named.contains(&name) {
                    restart(tx, id, repaired_ms)?;
                }
            }
            Ok(())
        })
        .await
}

/// Starts a stream anew in whatever space the server names then: the one that is known here is not the account's.
pub(in crate::sync) async fn reset_stream(deps: &EngineDeps, collection: &str) -> Result<()> {
    let name = collection.to_owned();
    deps.store
        .write(move |tx| {
            let known = collections::all(tx)?.into_iter().find(|(_, known)| *known == name);
            let Some((id, _)) = known else { return Ok(()) };
            restart(tx, id, None)?;
            let mut stream = streams::get(tx, id)?;
            stream.space = None;
            streams::save(tx, &stream)
        })
        .await
}

/// Mends streams whose documents are not the server's: by reading them anew, once an hour at most. Returns which ones.
pub(in crate::sync) async fn repair(deps: &EngineDeps, diverged: &[(String, Option<i64>)]) -> Result<Vec<String>> {
    let now = deps.device.server_now_ms();
    let due = |repaired: &Option<i64>| repaired.is_none_or(|at| (now - at).abs() >= REPAIR_PAUSE_MS);
    let named: Vec<String> =
        diverged.iter().filter(|(_, repaired)| due(repaired)).map(|(name, _)| name.clone()).collect();
    if !named.is_empty() {
        restart_streams(deps, &named, Some(now)).await?;
    }
    Ok(named)
}

/// Keeps when these streams were read to their heads. Returns that time.
pub(in crate::sync) async fn keep_heads(deps: &EngineDeps, heads: &BTreeSet<i64>) -> Result<i64> {
    let heads: Vec<i64> = heads.iter().copied().collect();
    let now = deps.readings.note(&deps.device, &heads);
    if !heads.is_empty() {
        deps.store.write(move |tx| streams::mark_read(tx, &heads, now)).await?;
    }
    Ok(now)
}

/// Where a stream goes on after a page.
pub(in crate::sync) fn next_position(page: &StreamPage) -> StreamPosition {
    StreamPosition {
        collection: page.collection.clone(),
        space: page.space.clone(),
        cursor: Some(page.next_cursor.clone()),
        holds: None,
    }
}
