//! What the writer tells those who read, and asks of them.

use super::pool::{Hold, Pool};
use super::transaction::Committed;
use super::wal_index::Mark;
use crate::store::rows::RowCache;
use std::sync::Arc;

/// Those who read. Empty for a writer that has no readers beside it.
#[derive(Clone, Default)]
pub(in crate::store) struct ReadSide {
    pub pool: Option<Arc<Pool>>,
    pub rows: Arc<RowCache>,
}

impl ReadSide {
    /// The writer's connection was opened, or has committed outside of its transactions.
    pub fn opened(&self, mark: Option<Mark>) {
        self.rows.reset(mark);
        if let (Some(pool), Some(mark)) = (&self.pool, mark) {
            pool.ended(mark.commits());
        }
    }

    /// The writer's files are closed.
    pub fn closed(&self) {
        self.rows.reset(None);
    }

    /// A transaction of the writer has begun; no other process can commit until it ends.
    pub fn begun(&self, mark: Option<Mark>) {
        if let (Some(pool), Some(mark)) = (&self.pool, mark) {
            pool.begun(mark.commits());
        }
    }

    /// The writer's transaction has ended. `began` and `now`: what the index said when it began, and says now; `wrote`: it has committed pages.
    /// Called before the callers and the observer are told.
    pub fn ended(&self, began: Option<Mark>, now: Option<Mark>, wrote: bool, committed: Option<&Committed>) {
        let (Some(began), Some(now)) = (began, now) else { return self.rows.reset(None) };
        // The writer's lock kept all others from committing until here.
        let newest = began.commits().wrapping_add(wrote.into());
        if let Some(pool) = &self.pool {
            pool.ended(newest);
        }
        match committed {
            Some(committed) if !committed.forget => {
                self.rows.committed(began, now, &committed.rows, now.commits() == newest);
            }
            _ => self.rows.reset(Some(now)),
        }
    }

    /// Another process has committed.
    pub fn other_process(&self) {
        if let Some(pool) = &self.pool {
            pool.pause();
        }
    }

    /// Makes idle readers let go of their snapshots, so that the log can be folded or begin anew.
    pub fn let_go(&self) {
        if let Some(pool) = &self.pool {
            pool.let_go();
        }
    }

    /// Lets no idle reader keep a snapshot until the result is dropped.
    pub fn hold(&self) -> Option<Hold> {
        self.pool.as_ref().map(Pool::hold)
    }
}
