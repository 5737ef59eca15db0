//! How a client is opened from Swift or Kotlin.

use crate::error::Result;
use crate::fetch::FfiCachePolicy;
use crate::resolver::{FfiConflictResolver, HostResolver};
use holm_core::{CacheConfig, CollectionConfig, Config, Consistency, Durability, FieldRule, Resolver, Strategy};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FfiDurability {
    /// A power cut.
    Full,
    /// The death of the app.
    Normal,
}

/// How conflicts of a collection are resolved: who decides the members that both sides changed, and what becomes of a document that one side
/// deleted and the other changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FfiConflictStrategy {
    /// The server's value stands, and the server's delete too.
    ServerWins,
    /// The local value stands, and the local delete too.
    LocalWins,
    /// The later of the two edits stands, by hybrid logical clock; so does a later delete.
    LastWriteWins,
    /// The later of the two edits stands; an edit outlives a delete.
    Merge,
    /// A person decides: the conflict is kept until it is resolved.
    Prompt,
    /// The collection's resolver decides; if it fails, a person does.
    Custom,
}

/// Who decides a path that both sides changed. As in the core's `FieldRule`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
#[allow(missing_docs)]
pub enum FfiFieldRule {
    Lww,
    Server,
    Local,
    Sum,
    Union,
    Max,
    Min,
    Text,
    Prompt,
}

impl From<FfiFieldRule> for FieldRule {
    fn from(rule: FfiFieldRule) -> Self {
        match rule {
            FfiFieldRule::Lww => Self::Lww,
            FfiFieldRule::Server => Self::Server,
            FfiFieldRule::Local => Self::Local,
            FfiFieldRule::Sum => Self::Sum,
            FfiFieldRule::Union => Self::Union,
            FfiFieldRule::Max => Self::Max,
            FfiFieldRule::Min => Self::Min,
            FfiFieldRule::Text => Self::Text,
            FfiFieldRule::Prompt => Self::Prompt,
        }
    }
}

/// How a collection is cached.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiCacheConfig {
    /// The policy of a fetch that names none.
    pub policy: FfiCachePolicy,
    /// Maximum age of a fresh entry, ms.
    pub ttl_ms: u64,
    /// A fresh thing older than this is refreshed in the background as well, ms.
    pub refresh_after_ms: Option<u64>,
    /// So many documents keep their content here.
    pub max_documents: Option<u64>,
    /// So many bytes may the contents have together.
    pub max_bytes: Option<u64>,
}

impl From<FfiCacheConfig> for CacheConfig {
    fn from(config: FfiCacheConfig) -> Self {
        Self {
            policy: config.policy.into(),
            ttl: Duration::from_millis(config.ttl_ms),
            refresh_after: config.refresh_after_ms.map(Duration::from_millis),
            max_documents: config.max_documents,
            max_bytes: config.max_bytes,
        }
    }
}

/// When a write of a collection returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, uniffi::Enum)]
pub enum FfiConsistency {
    /// As soon as it is durable here.
    #[default]
    Eventual,
    /// Once the server has accepted it, judged whole.
    Confirmed {
        /// The longest that a call waits for the server, ms.
        timeout_ms: u64,
    },
}

impl From<FfiConsistency> for Consistency {
    fn from(consistency: FfiConsistency) -> Self {
        match consistency {
            FfiConsistency::Eventual => Self::Eventual,
            FfiConsistency::Confirmed { timeout_ms } => Self::Confirmed { timeout: Duration::from_millis(timeout_ms) },
        }
    }
}

/// A collection of the app.
#[derive(Clone, uniffi::Record)]
pub struct FfiCollectionConfig {
    /// Its name.
    pub name: String,
    /// How its conflicts are resolved.
    pub conflict: FfiConflictStrategy,
    /// Who decides single paths, by path: a JSON Pointer (`/stats/plays`), or names with dots (`stats.plays`).
    #[uniffi(default)]
    pub rules: HashMap<String, FfiFieldRule>,
    /// Lists of objects that are merged element by element, by path: the member that tells the elements apart.
    #[uniffi(default)]
    pub list_keys: HashMap<String, String>,
    /// Paths that hold ids of documents of other collections, by path: the collection.
    #[uniffi(default)]
    pub references: HashMap<String, String>,
    /// Indexes: each a list of field paths.
    pub indexes: Vec<Vec<String>>,
    /// How it is cached. If `None`: `cacheFirst`, fresh for five minutes, without limits.
    #[uniffi(default = None)]
    pub cache: Option<FfiCacheConfig>,
    /// When its writes return; none: eventual.
    #[uniffi(default = None)]
    pub consistency: Option<FfiConsistency>,
    /// Decides its conflicts. The strategy `Custom` needs one, and no other strategy takes one.
    #[uniffi(default = None)]
    pub resolver: Option<Arc<dyn FfiConflictResolver>>,
}

/// A client's configuration.
#[derive(Clone, uniffi::Record)]
pub struct FfiConfig {
    /// Where the data lives. In memory if `None`.
    pub directory: Option<String>,
    /// The server's address. If `None`, the client never syncs.
    pub server: Option<String>,
    /// The app's collections. If empty: all that the account has.
    pub collections: Vec<FfiCollectionConfig>,
    /// What an acknowledged write survives.
    pub durability: FfiDurability,
    /// Whether the client syncs by itself.
    pub auto_sync: bool,
    /// How long it waits after a write for more of them, ms.
    pub debounce_ms: u64,
    /// How often it looks for changes of others in the background, ms.
    pub interval_ms: u64,
    /// The same while the app is on the screen, on an unmetered network, ms.
    #[uniffi(default = 5000)]
    pub foreground_interval_ms: u64,
    /// The same on a metered network, ms.
    #[uniffi(default = 30000)]
    pub foreground_metered_interval_ms: u64,
    /// How many times longer intervals are while the device saves energy.
    #[uniffi(default = 4)]
    pub low_power_factor: u32,
    /// Whether operations go in one order for all documents.
    #[uniffi(default = false)]
    pub ordered: bool,
    /// How many bytes of documents that were read by their ids more than once are kept in memory; 0 keeps none.
    #[uniffi(default = 524288)]
    pub row_cache_bytes: u64,
}

impl FfiConfig {
    pub(crate) fn into_core(self) -> Result<Config> {
        let mut config = match self.directory {
            Some(directory) => Config::new(directory),
            None => Config::in_memory(),
        };
        config.server = self.server;
        for collection in self.collections {
            let mut core = CollectionConfig::new(collection.name).conflict(collection.conflict.into());
            for index in &collection.indexes {
                core = core.index(&index.iter().map(String::as_str).collect::<Vec<_>>())?;
            }
            core.rules = collection.rules.into_iter().map(|(path, rule)| (path, rule.into())).collect();
            core.list_keys = collection.list_keys.into_iter().collect();
            core.references = collection.references.into_iter().collect();
            core.consistency = collection.consistency.unwrap_or_default().into();
            core.cache = collection.cache.map(Into::into).unwrap_or_default();
            core.resolver = collection.resolver.map(|resolver| Resolver(Arc::new(HostResolver(resolver))));
            config.collections.push(core);
        }
        config.durability = match self.durability {
            FfiDurability::Full => Durability::Full,
            FfiDurability::Normal => Durability::Normal,
        };
        config.row_cache_bytes = usize::try_from(self.row_cache_bytes).unwrap_or(usize::MAX);
        config.sync.automatic = self.auto_sync;
        config.sync.debounce = Duration::from_millis(self.debounce_ms);
        config.sync.interval = Duration::from_millis(self.interval_ms);
        config.sync.foreground_interval = Duration::from_millis(self.foreground_interval_ms);
        config.sync.foreground_metered_interval = Duration::from_millis(self.foreground_metered_interval_ms);
        config.sync.low_power_factor = self.low_power_factor;
        config.sync.ordered = self.ordered;
        Ok(config)
    }
}

impl From<FfiConflictStrategy> for Strategy {
    fn from(strategy: FfiConflictStrategy) -> Self {
        match strategy {
            FfiConflictStrategy::ServerWins => Self::ServerWins,
            FfiConflictStrategy::LocalWins => Self::LocalWins,
            FfiConflictStrategy::LastWriteWins => Self::LastWriteWins,
            FfiConflictStrategy::Merge => Self::Merge,
            FfiConflictStrategy::Prompt => Self::Prompt,
            FfiConflictStrategy::Custom => Self::Custom,
        }
    }
}
