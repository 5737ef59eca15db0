//! Whether the server should be sent requests: it takes writes, and is not about to end.

use crate::error::{Code, Failure};
use crate::state::State;
use crate::store::{Lane, StoreError, WriteTx, facts};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;

/// How long the outcome of a trial write stands: however often strangers ask, the disk is asked once.
const PROBE_MS: i64 = 1_000;

/// What is known of the server's readiness.
#[derive(Default)]
pub(crate) struct Readiness {
    draining: AtomicBool,
    probe: Mutex<Option<Probe>>,
}

/// A trial write.
#[derive(Clone, Copy)]
struct Probe {
    at: i64,
    succeeded: bool,
}

impl Readiness {
    /// The server is about to end: it serves what comes and asks for no more.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// `SERVICE_UNAVAILABLE` if the server is about to end or cannot write.
    pub(crate) async fn check(&self, state: &State) -> Result<(), Failure> {
        let unavailable = |why| Failure::new(Code::ServiceUnavailable, why).retry_after(1);
        if self.draining.load(Ordering::Relaxed) {
            return Err(unavailable("the server is about to end"));
        }
        let (mut known, now) = (self.probe.lock().await, state.now());
        let probe = match *known {
            Some(probe) if (0..PROBE_MS).contains(&(now - probe.at)) => probe,
            _ => {
                let write = move |tx: &WriteTx<'_>| Ok(facts::probe(tx, now)?);
                let outcome = state.database.write::<_, StoreError, _>(Lane::Urgent, write).await;
                if let Err(error) = &outcome {
                    tracing::warn!(%error, "a trial write failed");
                }
                *known.insert(Probe { at: now, succeeded: outcome.is_ok() })
            }
        };
        if probe.succeeded { Ok(()) } else { Err(unavailable("the server cannot write")) }
    }
}
