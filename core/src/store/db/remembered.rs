//! What the writer knows of its own tables from one transaction to the next, and need not read again.
//!
//! Invariant: what is remembered is what a read in the running transaction would find. So everything is forgotten when changes are taken back,
//! when another process has committed, and when the connection is opened.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// See the module. Empty: nothing is known.
#[derive(Debug, Default)]
pub(in crate::store) struct Remembered {
    /// The last number of an operation that was used.
    pub last_number: Cell<Option<i64>>,
    /// What operation ids are checked with.
    pub op_secret: RefCell<Option<Arc<str>>>,
    /// The frame of stamps that is stored, by its nonce.
    pub frame: Cell<Option<i64>>,
    /// How often the data was wiped.
    pub wipes: Cell<Option<i64>>,
    /// How many transactions have failed.
    failed: Cell<u64>,
}

impl Remembered {
    pub fn forget(&self) {
        let Self { last_number, op_secret, frame, wipes, failed: _ } = self;
        last_number.set(None);
        op_secret.replace(None);
        frame.set(None);
        wipes.set(None);
    }

    /// A transaction failed as a whole.
    pub fn transaction_failed(&self) {
        self.forget();
        self.failed.set(self.failed.get() + 1);
    }

    pub fn failed_transactions(&self) -> u64 {
        self.failed.get()
    }
}
