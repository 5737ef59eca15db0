//! The reading half of a cycle.

use super::cycle::{Cycle, Stop};
use super::scope::Scope;
use crate::backend::{BackendError, PullReply, PullRequest, StreamPage, StreamPosition};
use crate::error::Result;
use crate::model::{Phase, Progress};
use crate::store::{collections, streams};
use crate::sync::apply::{apply_page, restart};
use std::collections::BTreeSet;

/// Documents of the very first page: so that something is on the screen at once.
const FIRST_PAGE: u32 = 500;
/// How often a stream may be started anew in one go.
pub(in crate::sync) const MAX_RESTARTS: u32 = 2;
/// After a repair of a mismatch the next one waits this long.
const REPAIR_PAUSE_MS: i64 = 3_600_000;

impl Cycle<'_> {
    /// Reads until every stream is at its head. The next page is on its way while one is applied.
    pub async fn pull(&mut self, scope: &Scope) -> Result<(), Stop> {
        if *scope == Scope::All {
            self.deps.state.phase(Phase::Pulling);
        }
        let mut positions = self.positions(scope)?;
        let mut restarts = 0;
        let mut waiting: Option<Result<PullReply, BackendError>> = None;
        loop {
            let reply = match waiting.take() {
                Some(reply) => reply,
                None if positions.is_empty() && !self.discovers(scope) => return Ok(()),
                None => {
                    self.take_time()?;
                    self.measured(self.deps.backend.pull(self.request(scope, positions.clone()))).await
                }
            };
            let reply = match reply {
                Ok(reply) => reply,
                Err(BackendError::Resync(named)) if restarts < MAX_RESTARTS => {
                    restarts += 1;
                    self.restart(&named, None).await?;
                    positions = self.positions(scope)?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            self.observe_server_time(reply.server_ms).await?;
            let next: Vec<StreamPosition> =
                reply.pages.iter().filter(|page| page.has_more).map(next_position).collect();
            if !next.is_empty() {
                self.filled(self.deps.config.page as usize);
            }
            let ahead = async {
                if next.is_empty() || !self.has_time() {
                    return None;
                }
                Some(self.measured(self.deps.backend.pull(self.request(scope, next.clone()))).await)
            };
            let apply = self.apply_pages(&positions, reply.pages);
            let (applied, ahead) = futures_util::join!(apply, ahead);
            let applied = applied?;
            self.note(scope, &applied);
            waiting = ahead;
            positions = next;
            self.behind = Some(positions.len());
            if !applied.diverged.is_empty() && restarts < MAX_RESTARTS {
                restarts += 1;
                self.repair(&applied.diverged).await?;
                positions = self.positions(scope)?;
                waiting = None;
            } else if positions.is_empty() {
                return Ok(());
            }
        }
    }

    fn request(&self, scope: &Scope, streams: Vec<StreamPosition>) -> PullRequest {
        let first = streams.iter().any(|stream| stream.cursor.is_none());
        let most = if first { FIRST_PAGE.min(self.deps.config.page) } else { self.deps.config.page };
        // The rows of a slice are shared among its streams.
        let limit = match self.rows() {
            Some(rows) => most.min((rows / streams.len().max(1)).max(1) as u32),
            None => most,
        };
        PullRequest {
            discover: first && self.discovers(scope) || streams.is_empty(),
            streams,
            limit,
            context: self.context,
        }
    }

    /// An app that declares no collections gets all that there are.
    fn discovers(&self, scope: &Scope) -> bool {
        *scope == Scope::All && !self.deps.registry.declared
    }

    /// Where every collection stands.
    fn positions(&self, scope: &Scope) -> Result<Vec<StreamPosition>> {
        self.deps.store.read(|connection| {
            collections::all(connection)?
                .into_iter()
                .filter(|(_, name)| match scope {
                    Scope::All => true,
                    Scope::Only(names) => names.contains(name),
                })
                .map(|(id, collection)| {
                    let stream = streams::get(connection, id)?;
                    Ok(StreamPosition { collection, space: stream.space, cursor: stream.cursor })
                })
                .collect()
        })
    }

    /// Applies pages, each in a transaction of its own.
    pub(in crate::sync) async fn apply_pages(
        &self,
        asked: &[StreamPosition],
        pages: Vec<StreamPage>,
    ) -> Result<PagesApplied> {
        let mut total = PagesApplied::default();
        for page in pages {
            let cursor =
                asked.iter().find(|position| position.collection == page.collection).and_then(|p| p.cursor.clone());
            let (device, registry) = (self.deps.device.clone(), self.deps.registry.clone());
            let collection = page.collection.clone();
            let expected = page.total;
            let applied = self
                .deps
                .store
                .write(move |tx| {
                    let info = registry.ensure_in(tx, &page.collection)?;
                    apply_page(tx, &device, info.id, info.strategy, cursor.as_deref(), &page)
                })
                .await?;
            total.pulled += applied.applied.changes;
            total.conflicts += applied.applied.conflicts;
            total.expected = total.expected.max(expected);
            total.in_step.extend(applied.in_step.then_some(applied.stream.collection));
            if applied.diverged {
                total.diverged.push((collection, applied.stream.repaired_ms));
            }
        }
        if total.pulled > 0 {
            // Page by page, so that a first reading never holds much more than the limits.
            self.evict().await?;
        }
        Ok(total)
    }

    /// Counts what pages brought. A refresh shows no progress: nobody's work waits for it.
    pub(in crate::sync) fn note(&mut self, scope: &Scope, applied: &PagesApplied) {
        self.report.pulled += applied.pulled;
        self.report.conflicts += applied.conflicts;
        self.heads.extend(&applied.in_step);
        if *scope == Scope::All {
            let done = self.report.pulled + self.report.pushed;
            self.deps.state.progress(Progress { done, total: applied.expected });
        }
    }

    /// Starts named streams anew; none named: all.
    pub(in crate::sync) async fn restart(&mut self, named: &[String], repaired_ms: Option<i64>) -> Result<()> {
        let named: BTreeSet<String> = named.iter().cloned().collect();
        tracing::warn!(streams = ?named, "reading anew");
        self.deps
            .store
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

    /// Mends streams whose documents are not the server's: by reading them anew, once an hour at most.
    pub(in crate::sync) async fn repair(&mut self, diverged: &[(String, Option<i64>)]) -> Result<()> {
        let now = self.deps.device.server_now_ms();
        let due = |repaired: &Option<i64>| repaired.is_none_or(|at| (now - at).abs() >= REPAIR_PAUSE_MS);
        let named: Vec<String> =
            diverged.iter().filter(|(_, repaired)| due(repaired)).map(|(name, _)| name.clone()).collect();
        if named.is_empty() { Ok(()) } else { self.restart(&named, Some(now)).await }
    }
}

/// What several pages did.
#[derive(Debug, Default)]
pub(in crate::sync) struct PagesApplied {
    pub pulled: u64,
    pub conflicts: u64,
    /// How many documents the server has, if it said.
    pub expected: Option<u64>,
    /// Streams that are at their heads now.
    pub in_step: Vec<i64>,
    /// Streams that do not match the server, and when each was last repaired.
    pub diverged: Vec<(String, Option<i64>)>,
}

fn next_position(page: &StreamPage) -> StreamPosition {
    StreamPosition {
        collection: page.collection.clone(),
        space: page.space.clone(),
        cursor: Some(page.next_cursor.clone()),
    }
}
