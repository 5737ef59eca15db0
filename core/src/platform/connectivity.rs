//! What the host knows about the network.

use std::sync::Arc;
use tokio::sync::watch;

/// The kind of network that the device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// No network: no request is tried.
    Offline,
    /// Mobile data or another metered network.
    Metered,
    /// Wi-Fi, cable, or unknown.
    #[default]
    Unmetered,
}

/// The host's report of the network: the platform layer holds one end and calls [`set`](Connectivity::set), the engine watches the
/// other. Cheap to clone; all clones are the same. Starts as [`Network::Unmetered`].
#[derive(Debug, Clone)]
pub struct Connectivity {
    state: Arc<watch::Sender<Network>>,
}

impl Connectivity {
    /// A report that says `network` until told otherwise.
    pub fn new(network: Network) -> Self {
        Self { state: Arc::new(watch::Sender::new(network)) }
    }

    /// Tells what the network is now. Returns at once; a sync that waited for a network starts.
    pub fn set(&self, network: Network) {
        self.state.send_if_modified(|now| std::mem::replace(now, network) != network);
    }

    /// What the network is now.
    pub fn get(&self) -> Network {
        *self.state.borrow()
    }

    /// Whether a request makes sense at all.
    pub fn is_online(&self) -> bool {
        self.get() != Network::Offline
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Network> {
        self.state.subscribe()
    }
}

impl Default for Connectivity {
    fn default() -> Self {
        Self::new(Network::default())
    }
}
