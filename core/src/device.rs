//! This device: it mints ids and stamps, and knows the server's time as well as it can.

use crate::error::Result;
use crate::model::{Hlc, KnownLimits, OpId, new_uuid};
use crate::platform::{Clock, Entropy};
use crate::store::{Tx, frames};
use crate::time::{Frame, Learnt, Reading, ServerTime, Timeline};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// What earlier processes of this store have left of time.
#[derive(Debug, Default)]
pub(crate) struct KnownTime {
    /// Stored frames, each with the device time of its last stamp.
    pub frames: Vec<(Frame, i64)>,
    /// Server time minus wall clock, ms, where it was known last.
    pub wall_offset_ms: Option<i64>,
    /// A server time that had passed when the last process ended.
    pub server_known_ms: Option<i64>,
}

/// This device: its id, its clocks, its randomness. Shared by everything that writes. Thread-safe.
pub(crate) struct Device {
    /// The device's clock, for timers and for what only this device compares.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// What the server takes.
    pub limits: KnownLimits,
    time: Mutex<Timeline>,
    id: Mutex<Arc<str>>,
    drawn: Mutex<Drawn>,
    op_ids: Mutex<Option<OpIds>>,
}

/// The ids of operations that are made now.
struct OpIds {
    /// What they have in common.
    base: [u8; 16],
    since: Duration,
    /// How many transactions had failed then.
    failed: u64,
}

/// So long the ids of operations have their beginning in common.
const OP_ID_BASE_LASTS: Duration = Duration::from_secs(600);

impl Device {
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, id: &str, known: KnownTime) -> Self {
        let KnownTime { frames, wall_offset_ms, server_known_ms } = known;
        let nonce = nonce(entropy.as_ref());
        let time = Timeline::start(reading(clock.as_ref()), nonce, frames, wall_offset_ms, server_known_ms);
        Self {
            clock,
            entropy,
            limits: KnownLimits::default(),
            time: Mutex::new(time),
            id: Mutex::new(id.into()),
            drawn: Mutex::default(),
            op_ids: Mutex::default(),
        }
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
        OpId::from_uuid(self.new_uuid())
    }

    /// An id whose beginning the ids of operations that are made now have in common. It changes after a while, so that ids of several devices
    /// stay roughly in the order of time; and when a transaction has failed, because the numbers that it took are given again.
    pub fn op_id_base(&self, tx: &Tx<'_>) -> [u8; 16] {
        let (now, failed) = (self.clock.monotonic(), tx.failed_transactions());
        let mut kept = self.op_ids.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_ref() {
            Some(ids) if ids.failed == failed && now.saturating_sub(ids.since) < OP_ID_BASE_LASTS => ids.base,
            _ => {
                let base = *self.new_op_id().as_bytes();
                *kept = Some(OpIds { base, since: now, failed });
                base
            }
        }
    }

    pub fn new_uuid(&self) -> Uuid {
        let random = self.drawn.lock().unwrap_or_else(PoisonError::into_inner).next(self.entropy.as_ref());
        new_uuid(self.clock.as_ref(), random)
    }

    /// A stamp for a write that this transaction makes, in device time: it names its frame, which is stored
    /// with it. Greater than every stamp before. Convert it with [`server_ms`](Self::server_ms) before it is
    /// compared with another device's or sent.
    pub fn stamp(&self, tx: &Tx<'_>) -> Result<Hlc> {
        let (mut time, now) = self.time_now();
        if !frames::is_stored(tx, time.current()) {
            let id = frames::ensure(tx, time.current())?;
            time.stored(id);
        }
        let (ms, counter) = time.stamp(now);
        Ok(Hlc { ms, counter, node: String::new() })
    }

    /// The server's time of a stored stamp's milliseconds. The only conversion there is: the merge and the
    /// wire use it, so they agree.
    pub fn server_ms(&self, stored_ms: i64) -> i64 {
        self.locked().convert(stored_ms).max(0)
    }

    /// Whether that is right for certain, and not worked out from other frames.
    pub fn is_certain(&self, stored_ms: i64) -> bool {
        self.locked().is_certain(stored_ms)
    }

    /// Server time as well as it is known here, ms since 1970.
    pub fn server_now_ms(&self) -> i64 {
        let (time, now) = self.time_now();
        time.now_ms(now)
    }

    /// Server time, ms since 1970. `None` while it is not known.
    pub fn known_ms(&self) -> Option<i64> {
        let (time, now) = self.time_now();
        time.is_known().then(|| time.now_ms(now))
    }

    /// Whether this process has got the server's time, and the clocks have run on undisturbed since.
    pub fn has_server_time(&self) -> bool {
        self.time_now().0.is_known()
    }

    /// Whether the server was heard lately: within `ms`, as well as it can be told.
    pub fn has_heard_within(&self, ms: i64) -> bool {
        let (time, now) = self.time_now();
        time.was_heard_within(ms, now)
    }

    /// Whether every stamp of the queue is known in the server's time. What is sent before may carry the time
    /// of a wrong clock.
    pub fn stamps_are_settled(&self) -> bool {
        self.time_now().0.is_settled()
    }

    /// Both clocks now.
    pub fn reading(&self) -> Reading {
        reading(self.clock.as_ref())
    }

    /// Takes in the server's time. What is returned must be stored, and told to [`saved`](Self::saved) then.
    pub fn observe(&self, sample: ServerTime) -> Learnt {
        self.locked().observe(sample, || nonce(self.entropy.as_ref()))
    }

    /// What `observe` has returned is stored.
    pub fn saved(&self, learnt: &Learnt) {
        self.locked().saved(learnt);
    }

    /// The timeline, after a look at the clocks.
    fn time_now(&self) -> (MutexGuard<'_, Timeline>, Reading) {
        let mut time = self.locked();
        // Read under the lock: readings come in their order.
        let now = self.reading();
        time.advance(now, || nonce(self.entropy.as_ref()));
        (time, now)
    }

    fn locked(&self) -> MutexGuard<'_, Timeline> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Random bytes that no id has yet. The system's generator is asked for many at once: a call costs as much as all else that an id takes.
struct Drawn {
    bytes: [u8; 32 * ID_BYTES],
    used: usize,
}

/// Random bytes of an id.
const ID_BYTES: usize = 10;

impl Default for Drawn {
    fn default() -> Self {
        let bytes = [0; 32 * ID_BYTES];
        Self { bytes, used: bytes.len() }
    }
}

impl Drawn {
    fn next(&mut self, entropy: &dyn Entropy) -> [u8; ID_BYTES] {
        let mut id = [0; ID_BYTES];
        if self.used + ID_BYTES > self.bytes.len() {
            entropy.fill(&mut self.bytes);
            self.used = 0;
        }
        id.copy_from_slice(&self.bytes[self.used..self.used + ID_BYTES]);
        self.used += ID_BYTES;
        id
    }
}

fn reading(clock: &dyn Clock) -> Reading {
    Reading { wall_ms: clock.wall_ms(), monotonic_ms: clock.monotonic().as_millis() as i64 }
}

fn nonce(entropy: &dyn Entropy) -> i64 {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    i64::from_le_bytes(bytes)
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("id", &self.id()).finish_non_exhaustive()
    }
}
