//! Room for large bodies.
//!
//! Invariants:
//! - Large bodies that are being received or read take a bounded part of the memory, and those of one account a small part of that.
//! - Only some are read as JSON at the same time: a tree takes many times the memory of its text.
//! - Small bodies need no room, so ordinary requests go on when there is none left.

use crate::error::{Code, Failure};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// A body of so many bytes is not large.
const SMALL: usize = 64 * 1024;
/// Bytes of large bodies at the same time.
const ALL_BYTES: usize = 256 << 20;
/// Large bodies of one account at the same time.
const OF_ACCOUNT: usize = 4;
/// Large bodies that are read as JSON at the same time.
const READ_AT_ONCE: usize = 4;

/// The room that is left.
pub(crate) struct Intake {
    taken: Mutex<Taken>,
    reading: Arc<Semaphore>,
}

#[derive(Default)]
struct Taken {
    bytes: usize,
    by_account: HashMap<String, usize>,
}

/// The place of one large body, free again once this is dropped.
pub(crate) struct Place {
    intake: Arc<Intake>,
    account: String,
    bytes: usize,
}

impl Intake {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { taken: Mutex::default(), reading: Arc::new(Semaphore::new(READ_AT_ONCE)) })
    }

    /// Room for a body of at most so many bytes; `None` if it needs none.
    pub(crate) fn admit(self: &Arc<Self>, account: &str, bytes: usize) -> Result<Option<Place>, Failure> {
        if bytes <= SMALL {
            return Ok(None);
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_account = taken.by_account.get(account).copied().unwrap_or(0);
        if of_account >= OF_ACCOUNT || taken.bytes.saturating_add(bytes) > ALL_BYTES {
            let failure = Failure::new(Code::ServiceUnavailable, "too many large requests at the same time");
            return Err(failure.retry_after(1));
        }
        taken.bytes += bytes;
        taken.by_account.insert(account.to_owned(), of_account + 1);
        Ok(Some(Place { intake: Arc::clone(self), account: account.to_owned(), bytes }))
    }
}

impl Place {
    /// Waits until the body may be read; it may for as long as the result lives.
    pub(crate) async fn turn(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        // Never closed.
        Arc::clone(&self.intake.reading).acquire_owned().await.ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.intake.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.bytes = taken.bytes.saturating_sub(self.bytes);
        if let Some(count) = taken.by_account.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                taken.by_account.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_are_bounded_by_account_and_in_all() {
        let intake = Intake::new();
        assert!(matches!(intake.admit("a", SMALL), Ok(None)));
        let places: Vec<Place> = (0..OF_ACCOUNT).map(|_| intake.admit("a", SMALL + 1).unwrap().unwrap()).collect();
        assert!(intake.admit("a", SMALL + 1).is_err());
        assert!(intake.admit("a", SMALL).is_ok());
        let large = intake.admit("b", ALL_BYTES - 5 * (SMALL + 1)).unwrap();
        assert!(intake.admit("c", SMALL + 1).is_ok());
        assert!(intake.admit("c", 2 * (SMALL + 1)).is_err());
        drop((places, large));
        assert!(intake.taken.lock().unwrap().by_account.is_empty());
        assert!(intake.admit("a", ALL_BYTES).unwrap().is_some());
    }
}
