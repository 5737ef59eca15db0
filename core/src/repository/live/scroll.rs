//! A window on a long result that follows a scroll position.
//!
//! Invariants:
//! - Only the window is in memory, however long the result is.
//! - A window that stands at a document stays there while others come and go before it, so what the user looks at does not jump. If the document
//!   leaves the result, the window stays at the place where it was.

use super::difference::{Snapshot, difference};
use super::list::{DocumentList, Entry};
use super::observation::{LiveQueryCloser, Observation, Shown};
use super::watchers::Subscription;
use crate::error::{Error, Result};
use crate::repository::context::RepositoryContext;
use crate::repository::query::{Compiled, Query, compile, count_before};
use crate::repository::registry::CollectionInfo;
use crate::store::documents::read_document;
use rusqlite::{Connection, params_from_iter};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Where a window stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Position {
    /// So many documents are before it.
    Offset(u64),
    /// This document is its first; the number is where it was seen last.
    Document(String, u64),
}

/// What a window shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WindowSnapshot {
    /// The documents of the window, and what is different from the window before.
    pub window: Snapshot,
    /// How many documents of the result are before the window.
    pub before: u64,
    /// How many are after it.
    pub after: u64,
}

impl Shown for WindowSnapshot {
    fn documents(&self) -> Option<(&DocumentList, [&[String]; 2])> {
        self.window.documents()
    }
}

/// A live window. Dropping it ends it.
pub struct LiveWindow {
    observation: Observation,
    view: View,
    position: Arc<Mutex<Position>>,
}

/// Moves a window from another task or thread. Does not keep it alive.
#[derive(Clone)]
pub struct LiveWindowMover {
    position: Arc<Mutex<Position>>,
    subscription: Weak<Subscription>,
}

impl LiveWindowMover {
    /// Moves the window to where `offset` documents of the result are before it; as far as it goes if there are fewer. Returns at once.
    pub fn move_to(&self, offset: u64) {
        self.set(Position::Offset(offset));
    }

    /// Moves the window so that it begins with this document, and keeps it there. A document that is not in the result moves nothing. Returns at
    /// once.
    pub fn move_to_document(&self, id: &str) {
        let (Position::Offset(at) | Position::Document(_, at)) = *self.locked();
        self.set(Position::Document(id.to_owned(), at));
    }

    fn set(&self, position: Position) {
        *self.locked() = position;
        if let Some(subscription) = self.subscription.upgrade() {
            subscription.ask();
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Position> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveWindow {
    pub(in crate::repository) fn new(
        context: Arc<RepositoryContext>,
        info: Arc<CollectionInfo>,
        query: &Query,
        size: u32,
    ) -> Result<Self> {
        if query.limit.is_some() || query.offset.is_some() || size == 0 {
            return Err(Error::query("a window has its own size, from 1, and no limit or offset"));
        }
        // The values of limit and offset are those of each look.
        let compiled = compile(info.id, &query.clone().limit(size).offset(0))?;
        let view = View { collection: info.id, query: query.clone(), compiled, size: size.into(), shown: None };
        let position = Arc::new(Mutex::new(Position::Offset(0)));
        Ok(Self { observation: Observation::new(context, info), view, position })
    }

    /// What the window shows: at once the first time, later when that has changed or the window was moved. `None` after this or the client was
    /// closed. Otherwise as [`LiveQuery::next`](super::LiveQuery::next). Each look counts the result: it costs one pass over an index.
    ///
    /// # Errors
    /// Those of storage; the next call tries again.
    pub async fn next(&mut self) -> Option<Result<WindowSnapshot>> {
        let (view, position) = (&mut self.view, &self.position);
        self.observation.next(|connection, _| view.look(connection, position)).await
    }

    /// A handle that moves this window from another task or thread.
    pub fn mover(&self) -> LiveWindowMover {
        LiveWindowMover { position: self.position.clone(), subscription: self.observation.subscription() }
    }

    /// A handle that ends this from another task or thread.
    pub fn closer(&self) -> LiveQueryCloser {
        self.observation.closer()
    }
}

struct View {
    collection: i64,
    query: Query,
    compiled: Compiled,
    size: u64,
    shown: Option<WindowSnapshot>,
}

impl View {
    fn look(&mut self, connection: &Connection, position: &Mutex<Position>) -> Result<Option<WindowSnapshot>> {
        let wanted = position.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let total: i64 = connection
            .prepare_cached(&self.compiled.count)?
            .query_row(params_from_iter(&self.compiled.values), |row| row.get(0))?;
        let total = total.cast_unsigned();
        let place = match &wanted {
            Position::Offset(at) => *at,
            Position::Document(id, at) => count_before(connection, self.collection, &self.query, id)?.unwrap_or(*at),
        };
        let before = place.min(total.saturating_sub(self.size));
        if let Position::Document(id, _) = &wanted {
            let mut position = position.lock().unwrap_or_else(PoisonError::into_inner);
            // It may have been moved meanwhile; then it is looked at again.
            if *position == wanted {
                *position = Position::Document(id.clone(), place);
            }
        }
        let documents = self.read(connection, before)?;
        let after = total.saturating_sub(before + documents.len() as u64);
        let first = self.shown.is_none();
        let shown = self.shown.take().unwrap_or_default();
        let window = difference(&shown.window.documents, &documents);
        let same = window.is_same() && (shown.before, shown.after) == (before, after);
        let snapshot = WindowSnapshot { window, before, after };
        self.shown = Some(snapshot.clone());
        Ok((first || !same).then_some(snapshot))
    }

    fn read(&self, connection: &Connection, before: u64) -> Result<DocumentList> {
        let window = [self.size, before].map(|n| rusqlite::types::Value::Integer(n.min(i64::MAX as u64) as i64));
        let mut statement = connection.prepare_cached(&self.compiled.select)?;
        let mut rows = statement.query(params_from_iter(self.compiled.values.iter().chain(&window)))?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let document = Arc::new(read_document(row)?);
            entries.push(Arc::new(Entry { row: row.get(Compiled::ROW)?, keys: Box::new([]), document }));
        }
        Ok(DocumentList::from_entries(entries))
    }
}
