//! The parts of a running server, which every request uses.

use crate::actions::Jobs;
use crate::auth::{Decoy, Guard, Hashing, Issuers, RateLimiter};
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::executor::Executor;
use crate::http::Intake;
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::store::Database;
use std::sync::Arc;

/// The parts of a running server.
pub(crate) struct State {
    pub(crate) database: Arc<Database>,
    pub(crate) config: Arc<Config>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) executor: Executor,
    pub(crate) hashing: Hashing,
    pub(crate) limiter: RateLimiter,
    pub(crate) guard: Guard,
    pub(crate) issuers: Arc<Issuers>,
    pub(crate) decoy: Arc<Decoy>,
    pub(crate) jobs: Jobs,
    pub(crate) intake: Arc<Intake>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) metrics: Arc<Metrics>,
}

impl State {
    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now_ms()
    }
}
