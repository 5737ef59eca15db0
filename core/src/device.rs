//! This device: it mints ids and stamps.

use crate::model::{Hlc, HlcClock, OpId, new_uuid};
use crate::platform::{Clock, Entropy};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Who and when we are. Shared by all that writes. Thread-safe.
pub(crate) struct Device {
    /// The device's clock, for timers and for what only this device compares.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// Server time as well as it is known here, for all that others compare.
    pub hlc: HlcClock,
    id: Mutex<Arc<str>>,
}

impl Device {
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, id: &str, offset_ms: i64) -> Self {
        Self { hlc: HlcClock::new(clock.clone(), offset_ms), clock, entropy, id: Mutex::new(id.into()) }
    }

    /// The device's id.
    pub fn id(&self) -> Arc<str> {
        self.id.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes another id: this store turned out to be a copy of another device's.
    pub fn rename(&self, id: &str) {
        *self.id.lock().unwrap_or_else(PoisonError::into_inner) = id.into();
    }

    pub fn new_op_id(&self) -> OpId {
        OpId::new(self.clock.as_ref(), self.entropy.as_ref())
    }

    pub fn new_uuid(&self) -> Uuid {
        new_uuid(self.clock.as_ref(), self.entropy.as_ref())
    }

    /// A stamp for a write made now.
    pub fn stamp(&self) -> Hlc {
        let (ms, counter) = self.hlc.stamp();
        Hlc { ms, counter, node: String::new() }
    }

    /// Server time as well as it is known here, ms since 1970.
    pub fn server_now_ms(&self) -> i64 {
        self.hlc.now_ms()
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("id", &self.id()).finish_non_exhaustive()
    }
}
