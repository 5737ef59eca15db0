//! Which documents were used: noted in memory, for the eviction to go by.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// When documents of one collection were last used since the last eviction. Thread-safe; noting one takes a lock and no SQL.
#[derive(Debug, Default)]
pub(crate) struct AccessTimes(Mutex<HashMap<String, i64>>);

impl AccessTimes {
    /// Notes that these documents are used now.
    pub fn note<'a>(&self, ids: impl Iterator<Item = &'a str>, now_ms: i64) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            match noted.get_mut(id) {
                Some(at) => *at = now_ms,
                None => drop(noted.insert(id.to_owned(), now_ms)),
            }
        }
    }

    /// Takes what was noted.
    pub fn take(&self) -> HashMap<String, i64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
