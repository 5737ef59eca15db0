//! What cycles work with.

use super::config::SyncConfig;
use super::memory::Memory;
use super::state::StateCell;
use crate::backend::Backend;
use crate::cache::{Metrics, Readings};
use crate::device::Device;
use crate::net::{HttpClient, Traffic};
use crate::platform::Connectivity;
use crate::repository::{Registry, Watchers};
use crate::store::Store;
use std::sync::Arc;

/// Everything that the engine and its cycles are given.
pub(crate) struct Parts {
    pub store: Store,
    pub device: Arc<Device>,
    pub registry: Arc<Registry>,
    pub backend: Arc<dyn Backend>,
    pub http: Arc<HttpClient>,
    pub connectivity: Connectivity,
    pub state: Arc<StateCell>,
    pub config: SyncConfig,
    pub memory: Memory,
    pub readings: Arc<Readings>,
    pub watchers: Arc<Watchers>,
    pub metrics: Arc<Metrics>,
}

impl Parts {
    /// What went over the wire so far.
    pub fn traffic(&self) -> Traffic {
        self.http.traffic()
    }
}
