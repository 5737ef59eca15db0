//! The table of the five policies, as pure functions: what a read gives at once, what it asks the network, what it falls back on.

use crate::error::{Error, ErrorCode};
use std::time::Duration;

/// Where a read takes its result from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CachePolicy {
    /// What is here. The network is never asked.
    CacheOnly,
    /// What the server has now, or the failure.
    NetworkOnly,
    /// What is here if there is something; stale things are refreshed behind it. The network only for what is missing.
    #[default]
    CacheFirst,
    /// What the server has now; without a network what is here, marked stale.
    NetworkFirst,
    /// What is here at once, then what the server has if that is different.
    CacheAndNetwork,
}

impl CachePolicy {
    /// All five.
    pub const ALL: [Self; 5] =
        [Self::CacheOnly, Self::NetworkOnly, Self::CacheFirst, Self::NetworkFirst, Self::CacheAndNetwork];

    /// The name on every language's side: `cacheOnly`, `networkOnly`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CacheOnly => "cacheOnly",
            Self::NetworkOnly => "networkOnly",
            Self::CacheFirst => "cacheFirst",
            Self::NetworkFirst => "networkFirst",
            Self::CacheAndNetwork => "cacheAndNetwork",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// `INVALID_CONFIG` if it is none of the five.
    pub fn parse(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|policy| policy.as_str() == name)
            .ok_or_else(|| Error::invalid(ErrorCode::InvalidConfig, format!("{name:?} is no cache policy")))
    }

    /// Whether the cache is looked at before the network is asked.
    pub(super) const fn looks_first(self) -> bool {
        !matches!(self, Self::NetworkOnly | Self::NetworkFirst)
    }
}

/// How a collection is cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// The policy of a fetch that names none. `cacheFirst`.
    pub policy: CachePolicy,
    /// Maximum age of a fresh entry. 5 minutes; zero: nothing is ever fresh.
    pub ttl: Duration,
    /// A fresh entry older than this is refreshed in the background as well. If `None`, it is left alone until it is stale.
    pub refresh_after: Option<Duration>,
    /// How many documents keep their content here; those used longest ago lose theirs. All if `None`.
    pub max_documents: Option<u64>,
    /// How many bytes the contents may have together. Unbounded if `None`.
    pub max_bytes: Option<u64>,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            policy: CachePolicy::default(),
            ttl: Duration::from_secs(300),
            refresh_after: None,
            max_documents: None,
            max_bytes: None,
        }
    }
}

impl CacheConfig {
    /// Whether documents may lose their content.
    pub(crate) const fn is_bounded(&self) -> bool {
        self.max_documents.is_some() || self.max_bytes.is_some()
    }

    /// How a thing of this age counts. `trusted`: the age is known and not only guessed.
    pub(super) fn condition(&self, age: Option<Duration>, trusted: bool) -> Condition {
        match age.filter(|age| trusted && *age < self.ttl) {
            None => Condition::Stale,
            Some(age) if self.refresh_after.is_some_and(|limit| age >= limit) => Condition::Aging,
            Some(_) => Condition::Fresh,
        }
    }
}

/// What the cache has of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Fresh,
    /// Fresh, but old enough to be refreshed.
    Aging,
    Stale,
    /// Not all of it is here: better than nothing where there is no network.
    Partial,
    Missing,
}

/// What a read does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// Gives what is here.
    Cache,
    /// Gives what is here and refreshes behind it; only a failure is told.
    CacheThenCheck,
    /// Gives what is here, then the network's result if that is different, or the failure.
    CacheThenNetwork,
    /// Waits for the network. After some failures what is here may stand in.
    Network {
        /// Whether it may.
        fall_back: bool,
    },
}

/// What a read under `policy` does with what the cache has. The condition does not matter to a policy that does not look first.
pub(super) const fn plan(policy: CachePolicy, condition: Condition) -> Plan {
    match (policy, condition) {
        (CachePolicy::CacheOnly, _) | (CachePolicy::CacheFirst, Condition::Fresh) => Plan::Cache,
        (CachePolicy::NetworkOnly, _) => Plan::Network { fall_back: false },
        (CachePolicy::CacheFirst, Condition::Aging | Condition::Stale) => Plan::CacheThenCheck,
        (CachePolicy::CacheFirst, Condition::Partial | Condition::Missing)
        | (CachePolicy::NetworkFirst, _)
        | (CachePolicy::CacheAndNetwork, Condition::Missing) => Plan::Network { fall_back: true },
        (CachePolicy::CacheAndNetwork, _) => Plan::CacheThenNetwork,
    }
}

/// Whether what is here may stand in after this failure: yes if the server could not be reached or failed, no if it has said no.
pub(super) fn stands_in(error: &Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::Offline
            | ErrorCode::Timeout
            | ErrorCode::ConnectionLost
            | ErrorCode::Captive
            | ErrorCode::Certificate
            | ErrorCode::ServiceUnavailable
            | ErrorCode::ServerError
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for policy in CachePolicy::ALL {
            assert_eq!(CachePolicy::parse(policy.as_str()).unwrap(), policy);
        }
        assert_eq!(CachePolicy::parse("cache_only").unwrap_err().code(), ErrorCode::InvalidConfig);
    }

    #[test]
    fn fresh_ends_at_the_ttl_and_an_age_that_is_only_guessed_is_never_fresh() {
        let minutes = |n: u64| Some(Duration::from_secs(n * 60));
        let config = CacheConfig { refresh_after: minutes(2), ..CacheConfig::default() };
        for (age, trusted, condition) in [
            (minutes(0), true, Condition::Fresh),
            (minutes(2), true, Condition::Aging),
            (minutes(5), true, Condition::Stale),
            (minutes(0), false, Condition::Stale),
            (None, true, Condition::Stale),
        ] {
            assert_eq!(config.condition(age, trusted), condition, "{age:?}");
        }
        let never = CacheConfig { ttl: Duration::ZERO, ..CacheConfig::default() };
        assert_eq!(never.condition(minutes(0), true), Condition::Stale);
    }

    #[test]
    fn what_the_server_has_said_no_to_is_no_reason_to_fall_back() {
        let falls: Vec<_> =
            ErrorCode::ALL.iter().filter(|code| stands_in(&Error::network(**code, ""))).map(|c| c.as_str()).collect();
        let expected =
            ["OFFLINE", "TIMEOUT", "CONNECTION_LOST", "CERTIFICATE", "CAPTIVE", "SERVICE_UNAVAILABLE", "SERVER_ERROR"];
        assert_eq!(falls, expected);
    }

    #[test]
    fn only_missing_things_make_cache_first_wait() {
        for (condition, expected) in [
            (Condition::Fresh, Plan::Cache),
            (Condition::Aging, Plan::CacheThenCheck),
            (Condition::Stale, Plan::CacheThenCheck),
            (Condition::Partial, Plan::Network { fall_back: true }),
            (Condition::Missing, Plan::Network { fall_back: true }),
        ] {
            assert_eq!(plan(CachePolicy::CacheFirst, condition), expected);
        }
        assert_eq!(plan(CachePolicy::CacheAndNetwork, Condition::Partial), Plan::CacheThenNetwork);
    }
}
