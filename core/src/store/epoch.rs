//! The store's epoch, which every sign-out raises: a request belongs to the epoch in which it was made.
//!
//! Invariants:
//! - Every sign-out raises the epoch, in the transaction that wipes the data if it does.
//! - What the engine writes is rolled back if the epoch is no longer that of the cycle that asked for it. So
//!   no reply, page or refresh of an earlier epoch changes the store, however late it comes and whichever
//!   process has signed out.

use super::tables::meta::{self, Key};
use super::{Store, Tx};
use crate::error::{Error, ErrorCode, Result};
use rusqlite::Connection;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The store's epoch now. 0 in a new store.
pub(crate) fn current(connection: &Connection) -> Result<i64> {
    Ok(meta::get_number(connection, Key::Epoch)?.unwrap_or(0))
}

/// Ends the present epoch, and all up to `above`: replies to requests that were made in them are not applied
/// any more.
pub(crate) fn raise(tx: &Tx<'_>, above: i64) -> Result<()> {
    tx.epoch_ended();
    meta::set(tx, Key::Epoch, &(current(tx)?.max(above) + 1).to_string())
}

fn overtaken() -> Error {
    Error::auth(ErrorCode::SignedOut, "the account has signed out since the sync began")
}

/// The store as the engine sees it: its writes are bound to the epoch in which their cycle began. Reads are
/// those of [`Store`].
#[derive(Clone)]
pub(crate) struct EpochStore {
    store: Store,
    epoch: Arc<AtomicI64>,
}

impl EpochStore {
    pub fn new(store: Store) -> Self {
        let this = Self { store, epoch: Arc::new(AtomicI64::new(-1)) };
        this.enter();
        this
    }

    /// Begins a cycle or a refresh: its writes are bound to the present epoch. Call it before the first
    /// request. If the epoch cannot be read, the former one stays, and writes fail until the next call.
    pub fn enter(&self) {
        if let Ok(epoch) = self.store.read(current) {
            self.epoch.store(epoch, Ordering::Release);
        }
    }

    /// As [`Store::write`], in the epoch of the running cycle.
    ///
    /// # Errors
    /// `SIGNED_OUT` if the account has signed out since the cycle began. Those of [`Store::write`].
    pub async fn write<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    {
        let epoch = self.epoch.load(Ordering::Acquire);
        self.store
            .write(move |tx| {
                if current(tx)? != epoch {
                    return Err(overtaken());
                }
                job(tx)
            })
            .await
    }

    /// Why a cycle ends that was stopped: `SIGNED_OUT` if the account has signed out since it began, else `CANCELLED`.
    pub fn reason_to_stop(&self) -> Error {
        match self.store.read(current) {
            Ok(epoch) if epoch == self.epoch.load(Ordering::Acquire) => Error::state(ErrorCode::Cancelled),
            Ok(_) => overtaken(),
            Err(error) => error,
        }
    }
}

impl Deref for EpochStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Durability, Location};

    #[tokio::test]
    async fn core_p1_a_write_of_an_earlier_epoch_is_rolled_back() {
        let store = Store::open(Location::Memory, Durability::Full, 0, Arc::new(|_| {})).unwrap();
        let engine = EpochStore::new(store.clone());
        engine.write(|tx| meta::set(tx, Key::LastSync, "1")).await.unwrap();
        store.write(|tx| raise(tx, 0)).await.unwrap();
        let late = engine.write(|tx| meta::set(tx, Key::LastSync, "2")).await;
        assert_eq!(late.unwrap_err().code(), ErrorCode::SignedOut);
        assert_eq!(store.read(|c| meta::get_number(c, Key::LastSync)).unwrap(), Some(1));
        engine.enter();
        engine.write(|tx| meta::set(tx, Key::LastSync, "3")).await.unwrap();
    }
}
