//! How a client is set up.

use crate::auth::{FileSecrets, MemorySecrets, SecretStore, TokenProvider};
use crate::net::Transport;
use crate::platform::{Clock, Connectivity, Entropy, SystemClock, SystemEntropy};
use crate::repository::CollectionConfig;
use crate::store::Durability;
use crate::sync::SyncConfig;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where the data lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In this directory, which is made if it is not there. In one process it has one open client at a time; other processes, such as an
    /// extension of the app, may open it, too.
    Directory(PathBuf),
    /// The same as [`Directory`](Self::Directory), but without threads: each read and write runs on the thread that asks for it, so that
    /// a simulation on virtual time has one order. Writes block their callers. For tests.
    SingleThread(PathBuf),
    /// In memory: gone with the client. For tests.
    Memory,
}

/// Everything that a client can be told at the start. Make one with [`Config::new`] or [`Config::in_memory`] and set what differs.
#[derive(Clone)]
pub struct Config {
    /// Where the data lives.
    pub storage: Storage,
    /// The server's address, `http` or `https`. If `None`, the client never syncs.
    pub server: Option<String>,
    /// The app's collections. If there are none, the client takes whatever collections the account has.
    pub collections: Vec<CollectionConfig>,
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// How many bytes of documents that were read by their ids more than once are kept in memory. 512 KiB; 0 keeps none. They are given up when
    /// the client is suspended or signs out. A store in [`Storage::Memory`] has no use for it.
    pub row_cache_bytes: usize,
    /// When the client syncs by itself.
    pub sync: SyncConfig,
    /// How long the journal keeps values that lost. 30 days.
    pub keep_journal: Duration,
    /// What the host knows of the network.
    pub connectivity: Connectivity,
    /// Where tokens are kept. If `None`: in files beside the data, readable by this user only.
    pub secrets: Option<Arc<dyn SecretStore>>,
    /// Renews tokens that came with [`set_token`](crate::Holm::set_token). If `None`, such a token ends, and the app sets the next one.
    pub token_provider: Option<Arc<dyn TokenProvider>>,
    /// The device's clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The network. The real one if `None`.
    pub transport: Option<Arc<dyn Transport>>,
}

impl Config {
    /// A client whose data lives in `directory`.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self::with(Storage::Directory(directory.into()))
    }

    /// A client that keeps everything in memory.
    pub fn in_memory() -> Self {
        Self::with(Storage::Memory)
    }

    fn with(storage: Storage) -> Self {
        Self {
            storage,
            server: None,
            collections: Vec::new(),
            durability: Durability::default(),
            row_cache_bytes: 512 << 10,
            sync: SyncConfig::default(),
            keep_journal: Duration::from_secs(30 * 86_400),
            connectivity: Connectivity::default(),
            secrets: None,
            token_provider: None,
            clock: Arc::new(SystemClock::new()),
            entropy: Arc::new(SystemEntropy),
            transport: None,
        }
    }

    /// Sets the server's address.
    #[must_use]
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Some(url.into());
        self
    }

    /// Adds a collection.
    #[must_use]
    pub fn collection(mut self, collection: CollectionConfig) -> Self {
        self.collections.push(collection);
        self
    }

    pub(super) fn secret_store(&self) -> Arc<dyn SecretStore> {
        match (&self.secrets, &self.storage) {
            (Some(secrets), _) => secrets.clone(),
            (None, Storage::Directory(directory) | Storage::SingleThread(directory)) => {
                Arc::new(FileSecrets::new(directory.join("secrets")))
            }
            (None, Storage::Memory) => Arc::new(MemorySecrets::default()),
        }
    }
}
