//! What collections and transactions work with.

use super::live::Watchers;
use super::refresh::Refresher;
use super::registry::Registry;
use crate::cache::{Executor, Readings};
use crate::device::Device;
use crate::store::Store;
use std::sync::Arc;

/// What reads and writes share.
pub(crate) struct RepositoryContext {
    pub store: Store,
    pub device: Arc<Device>,
    pub registry: Arc<Registry>,
    pub watchers: Arc<Watchers>,
    pub executor: Executor,
    /// When this process has read what.
    pub readings: Arc<Readings>,
    /// Reads from the server. `None` if the client has no server.
    pub refresher: Option<Arc<dyn Refresher>>,
}
