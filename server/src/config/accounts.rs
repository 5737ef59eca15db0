//! Sign-up, sign-in, sessions, and the request rate of one account.

use super::issuers::{self, Issuer};
use super::{ConfigError, within};
use serde::Deserialize;

const DAY_MS: i64 = 86_400_000;

/// Sign-up, sign-in and sessions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accounts {
    /// Whether new accounts can be made, here or by a first token of an issuer.
    pub sign_up: bool,
    /// Whether accounts have passwords here. Without them only tokens of `issuers` sign in.
    pub passwords: bool,
    /// Issuers whose tokens sign in besides.
    pub issuers: Vec<Issuer>,
    /// Characters that a new password needs at least.
    pub min_password_chars: usize,
    /// Minutes that a session token lives.
    pub session_minutes: u32,
    /// Days that a refresh token lives. Each refresh starts them anew.
    pub refresh_days: u32,
    /// Days after which a sign-in ends however often it was refreshed. Never if absent: a device that works offline for long must not lose its session.
    pub sign_in_max_days: Option<u32>,
    /// Hours in which an old refresh token still gets the pair that it was exchanged for, as long as that pair has not been used.
    pub refresh_grace_hours: u32,
    /// The cost of hashing a password.
    pub argon2: Argon2Cost,
    /// Passwords that are hashed at the same time; each takes the memory of `argon2`.
    pub hashing_threads: usize,
    /// Sign-ins that may wait for that; more are told `SERVICE_UNAVAILABLE`.
    pub hashing_queue: usize,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            sign_up: true,
            passwords: true,
            issuers: Vec::new(),
            min_password_chars: 8,
            session_minutes: 15,
            refresh_days: 180,
            sign_in_max_days: None,
            refresh_grace_hours: 24,
            argon2: Argon2Cost::default(),
            hashing_threads: 2,
            hashing_queue: 64,
        }
    }
}

impl Accounts {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        within("accounts.min_password_chars", self.min_password_chars, 1..=128)?;
        within("accounts.session_minutes", self.session_minutes, 1..=525_600)?;
        within("accounts.refresh_days", self.refresh_days, 1..=36_500)?;
        if let Some(days) = self.sign_in_max_days {
            within("accounts.sign_in_max_days", days, 1..=36_500)?;
        }
        within("accounts.refresh_grace_hours", self.refresh_grace_hours, 0..=8_760)?;
        within("accounts.hashing_threads", self.hashing_threads, 1..=256)?;
        within("accounts.hashing_queue", self.hashing_queue, 1..=100_000)?;
        issuers::validate(&self.issuers)?;
        if !self.passwords && self.issuers.is_empty() {
            return Err(ConfigError::value("accounts.passwords", "may be false only with accounts.issuers"));
        }
        self.argon2.validate()
    }

    /// When a pair of tokens expires that is given now, to a sign-in of `began`: the session token's time and the refresh token's. Neither outlives the
    /// sign-in.
    pub(crate) fn expiry(&self, began: i64, now: i64) -> (i64, i64) {
        let end = self.sign_in_max_days.map_or(i64::MAX, |days| began + i64::from(days) * DAY_MS);
        let session = now + i64::from(self.session_minutes) * 60_000;
        let refresh = now + i64::from(self.refresh_days) * DAY_MS;
        (session.min(end), refresh.min(end))
    }

    pub(crate) fn refresh_grace_ms(&self) -> i64 {
        i64::from(self.refresh_grace_hours) * 3_600_000
    }
}

/// The cost of hashing a password (Argon2id). The default is the first recommendation of OWASP's password storage cheat sheet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Argon2Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Default for Argon2Cost {
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1 }
    }
}

impl Argon2Cost {
    fn validate(&self) -> Result<(), ConfigError> {
        within("accounts.argon2.memory_kib", self.memory_kib, 8..=1 << 20)?;
        within("accounts.argon2.iterations", self.iterations, 1..=100)?;
        within("accounts.argon2.parallelism", self.parallelism, 1..=self.memory_kib / 8)
    }
}

/// A token bucket for each account: `burst` requests at once, refilled at `requests_per_minute`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Requests a minute that one account may make for ever.
    pub requests_per_minute: u32,
    /// Requests that it may make at once after a pause.
    #[serde(default = "RateLimit::default_burst")]
    pub burst: u32,
}

impl RateLimit {
    fn default_burst() -> u32 {
        60
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        within("rate_limit.requests_per_minute", self.requests_per_minute, 1..=1_000_000)?;
        within("rate_limit.burst", self.burst, 1..=1_000_000)
    }
}

/// What one address may try without a session: a right password counts as 1, a new account as 5, a wrong password or token as 10.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StrangerLimits {
    /// Tries a minute that one address may make for ever.
    pub tries_per_minute: u32,
    /// Tries that it may make at once after a pause.
    pub burst: u32,
}

impl Default for StrangerLimits {
    fn default() -> Self {
        Self { tries_per_minute: 300, burst: 600 }
    }
}

impl StrangerLimits {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        within("strangers.tries_per_minute", self.tries_per_minute, 1..=1_000_000)?;
        within("strangers.burst", self.burst, 1..=1_000_000)
    }

    /// Thousandths of tries of a full burst.
    pub(crate) fn capacity(&self) -> i64 {
        i64::from(self.burst) * 1000
    }
}
