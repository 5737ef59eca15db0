//! What cycles work with.

use super::engine::StateCell;
use super::engine::SyncConfig;
use crate::backend::Backend;
use crate::cache::{Metrics, Readings};
use crate::device::Device;
use crate::net::{HttpClient, Traffic};
use crate::platform::Connectivity;
use crate::repository::{Registry, Watchers};
use crate::store::EpochStore;
use std::sync::Arc;
use std::time::Duration;

/// Everything that the engine and its cycles are given.
pub(crate) struct EngineDeps {
    /// Bound to the epoch in which the running cycle began.
    pub store: EpochStore,
    pub device: Arc<Device>,
    pub registry: Arc<Registry>,
    pub backend: Arc<dyn Backend>,
    pub http: Arc<HttpClient>,
    pub connectivity: Connectivity,
    pub state: Arc<StateCell>,
    pub config: SyncConfig,
    /// How long the journal keeps values that lost.
    pub keep_journal: Duration,
    pub readings: Arc<Readings>,
    pub watchers: Arc<Watchers>,
    pub metrics: Arc<Metrics>,
}

impl EngineDeps {
    /// What went over the wire so far.
    pub fn traffic(&self) -> Traffic {
        self.http.traffic()
    }
}
