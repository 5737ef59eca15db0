//! Live queries: a result, and again whenever it changes.
//!
//! Invariants:
//! - A snapshot's differences are to the snapshot that this observer got before, so applying them in turn leads to the same list.
//! - A changed row costs what it costs to read that row and to place it. The whole query runs only the first time, for an offset, when more
//!   rows changed than are worth placing, when a limited window has lost more than it keeps in reserve, and when there is no list of the changed rows.

use super::difference::{Snapshot, difference};
use super::list::{DocumentList, Entry};
use super::notes::Changed;
use super::observation::{LiveQueryCloser, Observation};
use super::window::{Window, capacity};
use crate::error::Result;
use crate::repository::context::RepositoryContext;
use crate::repository::query::{Key, LiveSelect, Query};
use crate::repository::registry::CollectionInfo;
use crate::store::documents::read_document;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};
use std::sync::Arc;

/// Up to this many changed rows are always placed one by one; more of them up to half of the result.
const PLACED: usize = 200;

/// A live query. Dropping it ends it.
pub struct LiveQuery {
    observation: Observation,
    view: View,
}

impl LiveQuery {
    pub(in crate::repository) fn new(
        context: Arc<RepositoryContext>,
        info: Arc<CollectionInfo>,
        query: &Query,
    ) -> Result<Self> {
        let select = LiveSelect::compile(info.id, query, query.limit.map(|limit| capacity(limit as usize)))?;
        let limit = query.limit.map(|limit| limit as usize);
        let view = View { select, limit, window: None, shown: None };
        Ok(Self { observation: Observation::new(context, info), view })
    }

    /// The next snapshot: at once the first time, later when the result has changed. `None` after the live query or the client was closed.
    /// While the client is suspended this waits. Safe to drop while it waits: nothing is lost.
    ///
    /// A commit of another process on the same store is noticed within a second while the app is in the foreground, and when it comes
    /// there; a snapshot may show a part of such a commit for as long.
    ///
    /// # Errors
    /// Those of storage. The live query goes on: the next call tries again when something changes, and after a second at the latest.
    ///
    /// # Panics
    /// Where the store is in a directory and the system's clock is used: outside a tokio runtime with timers.
    pub async fn next(&mut self) -> Option<Result<Snapshot>> {
        let view = &mut self.view;
        self.observation.next(|connection, changed| view.look(connection, changed)).await
    }

    /// A handle that ends this live query from another task or thread.
    pub fn closer(&self) -> LiveQueryCloser {
        self.observation.closer()
    }
}

/// What a live query knows of its result.
struct View {
    select: LiveSelect,
    limit: Option<usize>,
    /// `None` before the first look, for an offset, and after a patch that failed.
    window: Option<Window>,
    shown: Option<DocumentList>,
}

impl View {
    fn look(&mut self, connection: &Connection, changed: &Changed) -> Result<Option<Snapshot>> {
        if let Changed::Rows(rows) = changed
            && let Some(mut window) = self.window.take()
        {
            let known = self.shown.as_ref().map_or(0, DocumentList::len);
            if rows.len() <= PLACED.max(known / 2) {
                let now = match self.read_rows(connection, rows) {
                    Ok(now) => now,
                    Err(error) => {
                        self.window = Some(window);
                        return Err(error);
                    }
                };
                if let Some(snapshot) = window.patch(rows, now) {
                    self.window = Some(window);
                    self.shown = Some(snapshot.documents.clone());
                    return Ok((!snapshot.is_same()).then_some(snapshot));
                }
            } else {
                self.window = Some(window);
            }
        }
        self.run(connection)
    }

    /// Those of some rows that the query lets through.
    fn read_rows(&self, connection: &Connection, rows: &[i64]) -> Result<Vec<Arc<Entry>>> {
        let list = rows.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let list = Sql::Text(format!("[{list}]"));
        let values = std::iter::once(&list).chain(&self.select.values);
        let mut statement = connection.prepare_cached(&self.select.changed)?;
        let mut found = statement.query(params_from_iter(values))?;
        let mut entries = Vec::new();
        while let Some(row) = found.next()? {
            entries.push(self.entry(row)?);
        }
        Ok(entries)
    }

    fn run(&mut self, connection: &Connection) -> Result<Option<Snapshot>> {
        let first = self.shown.is_none();
        let before = self.window.take();
        let mut statement = connection.prepare_cached(&self.select.select)?;
        let mut found = statement.query(params_from_iter(self.select.all_values()))?;
        let mut entries = Vec::new();
        while let Some(row) = found.next()? {
            let entry = self.entry(row)?;
            // What did not change stays the same object.
            let known = before.as_ref().and_then(|window| window.entry(entry.row)).filter(|known| ***known == *entry);
            entries.push(known.cloned().unwrap_or(entry));
        }
        let window = Window::new(self.select.order.clone(), self.limit, entries);
        let visible = window.visible();
        let snapshot = difference(&self.shown.take().unwrap_or_default(), &visible);
        self.shown = Some(visible);
        if !self.select.has_offset {
            self.window = Some(window);
        }
        Ok((first || !snapshot.is_same()).then_some(snapshot))
    }

    fn entry(&self, row: &Row<'_>) -> Result<Arc<Entry>> {
        let keys = Key::read_all(row, LiveSelect::KEYS, self.select.order.keys())?;
        Ok(Arc::new(Entry { row: row.get(LiveSelect::ROW)?, keys, document: Arc::new(read_document(row)?) }))
    }
}
