//! Actions: how long calls may take, and which webhooks carry them out.

use super::{ConfigError, within};
use crate::actions::Secret;
use crate::outbound::is_url;
use holm_protocol::names::{check_action, check_collection};
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// How actions are carried out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActionSettings {
    /// Milliseconds that a call waits for its result before it is answered with a job.
    pub wait_ms: u32,
    /// Seconds that one attempt may take.
    pub timeout_seconds: u32,
    /// Attempts after which a job is given up.
    pub max_attempts: u32,
    /// Jobs that one account may have running; more calls are refused with `RATE_LIMITED`.
    pub max_running: u32,
    /// Attempts that run at the same time, of all accounts.
    pub max_parallel: u32,
    /// Whether three actions for trying out are served, `echo`, `refuse` and `later`: see [`Actions::for_trial`](crate::Actions::for_trial).
    pub trial: bool,
    /// Receivers of actions that the process does not serve itself.
    pub webhooks: Vec<Webhook>,
}

/// A receiver of actions. Of several that fit an action, one that names both collection and action counts, then one that names the
/// action, then one that names the collection.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Only actions of this name.
    #[serde(default)]
    pub action: Option<String>,
    /// Only actions of this collection and its records.
    #[serde(default)]
    pub collection: Option<String>,
    /// Where calls are sent: `http://` or `https://`.
    pub url: String,
    /// The secret that signs them: `whsec_` and the base64 of 24 to 64 bytes.
    pub secret: String,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, collection, url, secret: _ } = self;
        f.debug_struct("Webhook").field("action", action).field("collection", collection).field("url", url).finish()
    }
}

impl Default for ActionSettings {
    fn default() -> Self {
        Self {
            wait_ms: 3000,
            timeout_seconds: 30,
            max_attempts: 20,
            max_running: 100,
            max_parallel: 32,
            trial: false,
            webhooks: Vec::new(),
        }
    }
}

impl ActionSettings {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        within("actions.wait_ms", self.wait_ms, 0..=30_000)?;
        within("actions.timeout_seconds", self.timeout_seconds, 1..=3600)?;
        within("actions.max_attempts", self.max_attempts, 1..=1000)?;
        within("actions.max_running", self.max_running, 1..=1_000_000)?;
        within("actions.max_parallel", self.max_parallel, 1..=1024)?;
        for (index, webhook) in self.webhooks.iter().enumerate() {
            let fault =
                |key: &str, what: &str| Err(ConfigError::value(format!("actions.webhooks.{index}.{key}"), what));
            if webhook.action.is_none() && webhook.collection.is_none() {
                return fault("action", "or collection must be there");
            }
            if webhook.action.as_deref().is_some_and(|name| check_action(name).is_err()) {
                return fault("action", "must be the name of an action");
            }
            if webhook.collection.as_deref().is_some_and(|name| check_collection(name).is_err()) {
                return fault("collection", "must be the name of a collection");
            }
            if !is_url(&webhook.url) {
                return fault("url", "must be an http or https URL without user name and password");
            }
            if Secret::parse(&webhook.secret).is_none() {
                return fault("secret", "must be \"whsec_\" and the base64 of 24 to 64 bytes");
            }
        }
        Ok(())
    }

    pub(crate) fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms.into())
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.into())
    }
}
