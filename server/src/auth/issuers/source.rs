//! Where the keys of an issuer come from: asked for when they are needed, and kept.
//!
//! Invariants:
//! - However many tokens come with keys that are not known, the issuer is asked once in [`PAUSE_MS`].
//! - An issuer that does not answer signs no user out: its keys go on serving for [`KEPT_MS`].

use super::keys::KeySet;
use crate::clock::Clock;
use crate::config::Issuer;
use crate::outbound::{self, is_safe_url, read_at_most};
use serde::Deserialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinHandle;

/// One request to the issuer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Between two times that the issuer is asked.
const PAUSE_MS: i64 = 10_000;
/// Keys of this age are asked for anew, while they serve: so long a key that the issuer has withdrawn is good.
const RENEWED_MS: i64 = 15 * 60_000;
/// Keys of this age serve no more.
const KEPT_MS: i64 = 24 * 60 * 60_000;
const MAX_BYTES: usize = 256 << 10;

/// The keys of one issuer.
pub(super) struct KeySource {
    issuer: Issuer,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    /// Held while the issuer is asked.
    asking: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Known {
    keys: Option<Kept>,
    /// The last time that the issuer was asked, and whether it gave no keys.
    asked_ms: Option<i64>,
    failed: bool,
}

struct Kept {
    set: Arc<KeySet>,
    read_ms: i64,
}

/// What to do about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Use,
    /// Use it, and ask the issuer meanwhile.
    Renew,
    /// Ask the issuer first.
    Ask,
    /// The issuer has no such key.
    Unknown,
    /// The issuer does not answer; seconds until it is asked again.
    Wait(u32),
}

/// Why there are no keys: seconds until they are asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unavailable(pub(super) u32);

impl Known {
    /// `has`: whether the set has the key. Times are compared by their distance: a clock that was set back must not stop the asking.
    fn plan(&self, has: bool, now: i64) -> Plan {
        let since = |time: Option<i64>| time.map_or(i64::MAX, |time| (now - time).saturating_abs());
        let age = since(self.keys.as_ref().map(|kept| kept.read_ms));
        let paused = since(self.asked_ms);
        match (has && age < KEPT_MS, paused >= PAUSE_MS) {
            (true, true) if age >= RENEWED_MS => Plan::Renew,
            (true, _) => Plan::Use,
            (false, true) => Plan::Ask,
            (false, false) if self.failed => Plan::Wait(seconds(PAUSE_MS - paused)),
            (false, false) => Plan::Unknown,
        }
    }

    fn set(&self) -> Option<Arc<KeySet>> {
        self.keys.as_ref().map(|kept| Arc::clone(&kept.set))
    }
}

impl KeySource {
    /// Asks for nothing yet. Fails if TLS cannot be set up.
    pub(super) fn new(issuer: Issuer, clock: Arc<dyn Clock>) -> Result<Arc<Self>, String> {
        let client = outbound::client(TIMEOUT)?;
        let (known, asking) = (Mutex::default(), Arc::default());
        Ok(Arc::new(Self { issuer, client, clock, known, asking }))
    }

    pub(super) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Keys among which `has` finds the one that is needed, or the newest there are. Waits for the issuer if they have to be asked for: at most
    /// two time-outs.
    pub(super) async fn keys(self: &Arc<Self>, has: impl Fn(&KeySet) -> bool) -> Result<Arc<KeySet>, Unavailable> {
        let mut plan = self.plan(&has);
        if plan == Plan::Ask {
            let turn = Arc::clone(&self.asking).lock_owned().await;
            // Another request may have asked meanwhile.
            plan = self.plan(&has);
            if plan == Plan::Ask {
                // If the task dies it has brought no keys, which is what the plan sees.
                let _ = self.spawn(turn).await;
                plan = self.plan(&has);
            }
        } else if plan == Plan::Renew
            && let Ok(turn) = Arc::clone(&self.asking).try_lock_owned()
        {
            self.spawn(turn);
        }
        match (plan, self.locked().set()) {
            (Plan::Use | Plan::Renew | Plan::Unknown, Some(set)) => Ok(set),
            (Plan::Wait(seconds), _) => Err(Unavailable(seconds)),
            _ => Err(Unavailable(seconds(PAUSE_MS))),
        }
    }

    fn plan(&self, has: impl Fn(&KeySet) -> bool) -> Plan {
        let known = self.locked();
        let found = known.keys.as_ref().is_some_and(|kept| has(&kept.set));
        known.plan(found, self.clock.now_ms())
    }

    /// Asks the issuer on a task of its own: a caller that goes away must not leave the others without an answer.
    fn spawn(self: &Arc<Self>, turn: OwnedMutexGuard<()>) -> JoinHandle<()> {
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let _turn = turn;
            let answer = this.ask().await;
            let now = this.clock.now_ms();
            let mut known = this.locked();
            known.asked_ms = Some(now);
            known.failed = answer.is_err();
            match answer {
                Ok(set) => known.keys = Some(Kept { set: Arc::new(set), read_ms: now }),
                Err(error) => tracing::warn!(issuer = this.issuer.url, error, "an issuer gave no keys"),
            }
        })
    }

    async fn ask(&self) -> Result<KeySet, String> {
        let url = match &self.issuer.jwks_url {
            Some(url) => url.clone(),
            None => self.discover().await?,
        };
        let set = KeySet::parse(&self.get(&url).await?).map_err(|error| format!("{url}: {error}"))?;
        if set.len() == 0 {
            return Err(format!("{url}: no key that checks signatures"));
        }
        Ok(set)
    }

    /// Where the issuer says that its keys are (OpenID Connect Discovery 1.0, section 4).
    async fn discover(&self) -> Result<String, String> {
        #[derive(Deserialize)]
        struct Document {
            issuer: String,
            jwks_uri: String,
        }
        let url = format!("{}/.well-known/openid-configuration", self.issuer.url.trim_end_matches('/'));
        let document: Document =
            serde_json::from_slice(&self.get(&url).await?).map_err(|error| format!("{url}: {error}"))?;
        if document.issuer != self.issuer.url {
            return Err(format!("{url}: is of another issuer, {}", document.issuer));
        }
        if !is_safe_url(&document.jwks_uri) {
            return Err(format!("{url}: jwks_uri is no https URL"));
        }
        Ok(document.jwks_uri)
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        let answer = self.client.get(url).send().await.map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("{url}: {}", answer.status()));
        }
        let body = read_at_most(answer, MAX_BYTES).await.map_err(|error| error.to_string())?;
        body.ok_or_else(|| format!("{url}: more than {MAX_BYTES} bytes"))
    }

    fn locked(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds(ms: i64) -> u32 {
    u32::try_from((ms + 999) / 1000).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(read_ms: Option<i64>, asked_ms: Option<i64>, failed: bool) -> Known {
        let set = Arc::new(KeySet::parse(b"{\"keys\":[]}").unwrap());
        Known { keys: read_ms.map(|read_ms| Kept { set, read_ms }), asked_ms, failed }
    }

    #[test]
    fn key_that_is_there_serves_and_is_renewed_in_time() {
        let fresh = known(Some(0), Some(0), false);
        assert_eq!(fresh.plan(true, RENEWED_MS - 1), Plan::Use);
        assert_eq!(fresh.plan(true, RENEWED_MS), Plan::Renew);
        assert_eq!(fresh.plan(true, KEPT_MS), Plan::Ask);
        let failing = known(Some(0), Some(RENEWED_MS), true);
        assert_eq!(failing.plan(true, RENEWED_MS + 1), Plan::Use, "it is asked again later");
        assert_eq!(failing.plan(true, RENEWED_MS + PAUSE_MS), Plan::Renew);
    }

    #[test]
    fn issuer_is_asked_once_in_a_while_whatever_tokens_come() {
        assert_eq!(known(None, None, false).plan(false, 0), Plan::Ask);
        let fresh = known(Some(0), Some(0), false);
        assert_eq!(fresh.plan(false, PAUSE_MS - 1), Plan::Unknown);
        assert_eq!(fresh.plan(false, PAUSE_MS), Plan::Ask);
        assert_eq!(known(None, Some(0), true).plan(false, 1), Plan::Wait(10));
        assert_eq!(known(None, Some(0), true).plan(false, PAUSE_MS - 1), Plan::Wait(1));
    }

    #[test]
    fn clock_that_was_set_back_stops_no_asking() {
        let of_the_future = known(Some(KEPT_MS * 2), Some(KEPT_MS * 2), false);
        assert_eq!(of_the_future.plan(true, 0), Plan::Ask);
        assert_eq!(of_the_future.plan(false, 0), Plan::Ask);
    }
}
