//! The configuration, as a TOML file. `holm-server.sample.toml` documents every key.
//!
//! Invariants:
//! - Every key has a default: the empty file is a valid configuration.
//! - An unknown key, a value of the wrong type and a value out of range are errors that name the key. A server with a
//!   misread configuration does not start.

mod accounts;
mod actions;
mod collections;
mod issuers;
mod limits;
mod quotas;

pub use accounts::{Accounts, Argon2Cost, RateLimit, StrangerLimits};
pub use actions::{ActionSettings, Webhook};
pub use collections::{Collection, ConflictPolicy, FieldRule, FieldType, IdAssignment, Preconditions};
pub use issuers::{Issuer, TokenAlgorithm};
pub use limits::{Limits, Retention, Runtime, SyncSettings};
pub use quotas::Quotas;

use crate::model::{ClientVersion, CollectionName};
use holm_protocol::names::deleted_ids_key;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How the process itself runs.
    pub server: Runtime,
    /// Sizes that requests and replies may have.
    pub limits: Limits,
    /// How the server answers syncing devices.
    pub sync: SyncSettings,
    /// How long things are kept.
    pub retention: Retention,
    /// Sign-up, sign-in and sessions.
    pub accounts: Accounts,
    /// How actions are carried out.
    pub actions: ActionSettings,
    /// What one account may have.
    pub quotas: Quotas,
    /// What one address may try without a session.
    pub strangers: StrangerLimits,
    /// At most so many requests of one account. Absent: no limit.
    pub rate_limit: Option<RateLimit>,
    /// Rules of collections. A collection without an entry has the defaults.
    pub collections: BTreeMap<String, Collection>,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] names the key that is wrong.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|e| ConfigError::Syntax(e.to_string()))?;
        config.validate()?;
        Ok(config)
    }

    /// Reads a configuration from a file. Blocks.
    ///
    /// # Errors
    /// As [`Config::from_toml`], or the file cannot be read.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::from_toml(&text)
    }

    /// Checks what types cannot say. [`Server::open`](crate::Server::open) calls it.
    ///
    /// # Errors
    /// [`ConfigError::Value`] with the key and what it must be.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.server.validate()?;
        limits::validate(&self.limits)?;
        self.sync.validate()?;
        self.retention.validate()?;
        self.accounts.validate()?;
        self.actions.validate()?;
        self.strangers.validate()?;
        self.quotas.validate()?;
        if let Some(limit) = &self.rate_limit {
            limit.validate()?;
        }
        for (name, collection) in &self.collections {
            let key = format!("collections.{name}");
            CollectionName::parse(name).map_err(|e| ConfigError::value(&key, e.to_string()))?;
            collection.validate(&key)?;
            if self.deleted_key(name) == *name {
                return Err(ConfigError::value(format!("{key}.deleted_key"), "is the collection itself"));
            }
            if let Some(other) = self.collections.keys().find(|other| self.collide(name, other)) {
                let fault = format!("this and {other} would have one list of deleted ids");
                return Err(ConfigError::value(format!("{key}.deleted_key"), fault));
            }
        }
        Ok(())
    }

    /// The rules of a collection: those configured, or the defaults.
    pub(crate) fn collection(&self, name: &CollectionName) -> &Collection {
        self.collections.get(name.as_str()).unwrap_or(&collections::DEFAULT)
    }

    /// The key of the list of a collection's deleted ids: `tasks` gives `deletedTaskIds`, or what is configured.
    pub(crate) fn deleted_key(&self, collection: &str) -> String {
        let configured = self.collections.get(collection).and_then(|rules| rules.deleted_key.clone());
        configured.unwrap_or_else(|| deleted_ids_key(collection))
    }

    /// Whether a reply with changes of both collections would have a key twice.
    pub(crate) fn collide(&self, one: &str, other: &str) -> bool {
        let (deleted, other_deleted) = (self.deleted_key(one), self.deleted_key(other));
        one != other && (deleted == other_deleted || deleted == other || one == other_deleted)
    }

    /// Below this version of the app only queued work is taken.
    pub(crate) fn min_client_version(&self) -> Option<ClientVersion> {
        self.sync.min_client_version.as_deref().and_then(ClientVersion::parse)
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// Not TOML, an unknown key, or a value of the wrong type. The text shows the line and the key.
    #[error("{0}")]
    Syntax(String),
    /// A value that makes no sense.
    #[error("{key}: {expected}")]
    Value {
        /// The key, with dots.
        key: String,
        /// The values that are allowed.
        expected: String,
    },
}

impl ConfigError {
    pub(crate) fn value(key: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Value { key: key.into(), expected: expected.into() }
    }
}

/// Refuses a number outside `range`.
fn within<T: PartialOrd + std::fmt::Display>(
    key: &str,
    value: T,
    range: std::ops::RangeInclusive<T>,
) -> Result<(), ConfigError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(ConfigError::value(key, format!("must be from {} to {}, is {value}", range.start(), range.end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_file_is_the_default_configuration() {
        assert_eq!(Config::from_toml("").unwrap(), Config::default());
    }

    #[test]
    fn config_error_names_the_key() {
        for (text, named) in [
            ("[limits]\nmax_batch_opps = 1", "max_batch_opps"),
            ("[limits]\nmax_batch_ops = 0", "limits.max_batch_ops"),
            ("[limits]\nmax_batch_ops = \"many\"", "max_batch_ops"),
            ("[accounts.argon2]\nmemory_kib = 1", "accounts.argon2"),
            ("[collections.\"no good\"]", "collections.no good"),
            ("[collections.sync]", "collections.sync"),
            ("[collections.tasks]\nconflict = \"maybe\"", "conflict"),
            ("[collections.tasks.fields.version]", "collections.tasks.fields.version"),
            ("[collections.tasks.fields.n]\ntype = \"integer\"\ndefault = \"x\"", "collections.tasks.fields.n.default"),
            (
                "[collections.tasks.fields.n]\nmax_length = 3\ntype = \"integer\"",
                "collections.tasks.fields.n.max_length",
            ),
            ("[sync]\ndefault_collection = \"1\"", "sync.default_collection"),
            ("[sync]\nmin_client_version = \"new\"", "sync.min_client_version"),
            ("[collections.a]\ndeleted_key = \"b\"\n[collections.b]", "collections.a.deleted_key"),
            ("[collections.box]\n[collections.boxes]", "collections.box.deleted_key"),
            ("[collections.a]\ndeleted_key = \"a\"", "collections.a.deleted_key"),
            ("[quotas]\nstreams = 100000", "quotas.streams"),
            ("[strangers]\nburst = 0", "strangers.burst"),
            ("[server]\ncors_origins = [\"https://a.example/\"]", "server.cors_origins"),
            ("[server]\ncors_origins = [\"*\", \"https://a.example\"]", "server.cors_origins"),
            ("[server]\ntrusted_proxies = [\"proxy\"]", "server.trusted_proxies"),
            ("[retention]\ntombstone_days = 0", "retention.tombstone_days"),
            ("[accounts]\npasswords = false", "accounts.passwords"),
            ("[[accounts.issuers]]\nurl = \"http://a.example\"\naudience = [\"h\"]", "accounts.issuers.0.url"),
            ("[[accounts.issuers]]\nurl = \"https://a\"\naudience = []", "accounts.issuers.0.audience"),
            ("[[accounts.issuers]]\nurl = \"https://a\"\naudience = [\"h\"]\nalgorithms = [\"HS256\"]", "algorithms"),
            ("[rate_limit]\nrequests_per_minute = 0", "rate_limit.requests_per_minute"),
            ("[actions]\nmax_attempts = 0", "actions.max_attempts"),
            ("[[actions.webhooks]]\nurl = \"https://a\"\nsecret = \"x\"", "actions.webhooks.0.action"),
            ("[[actions.webhooks]]\naction = \"a\"\nurl = \"ftp://a\"\nsecret = \"x\"", "actions.webhooks.0.url"),
            ("[[actions.webhooks]]\naction = \"a\"\nurl = \"https://a\"\nsecret = \"x\"", "actions.webhooks.0.secret"),
        ] {
            let error = Config::from_toml(text).unwrap_err().to_string();
            assert!(error.contains(named), "{error:?} should name {named:?}");
        }
    }
}
