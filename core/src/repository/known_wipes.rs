//! Wipes that another process of the app has made.
//!
//! Invariant: what an app writes with one account's data on its screen does not go to the next account. So the first write after another
//! process has wiped the store is refused, unless there was a sign-in here since.

use crate::error::{Error, ErrorCode, Result};
use crate::store::{Store, Tx, wipes};
use std::sync::atomic::{AtomicI64, Ordering};

/// How many wipes of the store this process knows of. Thread-safe.
pub(crate) struct KnownWipes(AtomicI64);

impl KnownWipes {
    pub fn open(store: &Store) -> Result<Self> {
        store.read(wipes::count).map(|count| Self(count.into()))
    }

    /// The app knows which account's data the store has now: it has just signed in.
    pub fn signed_in(&self, store: &Store) -> Result<()> {
        self.0.store(store.read(wipes::count)?, Ordering::Release);
        Ok(())
    }

    /// This process has wiped the store.
    pub fn wiped(&self, tx: &Tx<'_>) -> Result<()> {
        self.0.store(wipes::remembered(tx)?, Ordering::Release);
        Ok(())
    }

    /// Before a write of the app.
    ///
    /// # Errors
    /// `SIGNED_OUT`, once for all wipes of other processes so far.
    pub fn check(&self, tx: &Tx<'_>) -> Result<()> {
        let now = wipes::remembered(tx)?;
        if self.0.swap(now, Ordering::AcqRel) < now {
            let message = "another process has signed out and deleted the account's data; nothing was written";
            return Err(Error::auth(ErrorCode::SignedOut, message));
        }
        Ok(())
    }
}
