//! Per-account rate limit: a token bucket for each account.

use crate::config::RateLimit;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A request costs so many units; a bucket gains `requests_per_minute` of them each millisecond. Whole numbers keep runs repeatable.
const COST: i64 = 60_000;

/// Counts requests by account. Without a limit in the configuration it admits every request and stores nothing.
pub(crate) struct RateLimiter {
    limit: Option<RateLimit>,
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    level: i64,
    as_of: i64,
}

impl RateLimiter {
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        Self { limit, buckets: Mutex::default() }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// The seconds until there is room for another one.
    pub(crate) fn admit(&self, account: &str, now: i64) -> Result<(), u32> {
        let Some(limit) = &self.limit else { return Ok(()) };
        let rate = i64::from(limit.requests_per_minute);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = Bucket { level: capacity(limit), as_of: now };
        let bucket = buckets.entry(account.to_owned()).or_insert(full);
        *bucket = bucket.at(now, limit);
        if bucket.level >= COST {
            bucket.level -= COST;
            return Ok(());
        }
        let wait_ms = (COST - bucket.level + rate - 1) / rate;
        Err(u32::try_from((wait_ms + 999) / 1000).unwrap_or(u32::MAX))
    }

    /// Forgets accounts that could make their full burst again.
    pub(crate) fn sweep(&self, now: i64) {
        let Some(limit) = &self.limit else { return };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.retain(|_, bucket| bucket.at(now, limit).level < capacity(limit));
    }
}

impl Bucket {
    fn at(self, now: i64, limit: &RateLimit) -> Self {
        // A clock that went back gives nothing and takes nothing.
        let gained = (now - self.as_of).max(0).saturating_mul(limit.requests_per_minute.into());
        Self { level: self.level.saturating_add(gained).min(capacity(limit)), as_of: now }
    }
}

fn capacity(limit: &RateLimit) -> i64 {
    i64::from(limit.burst) * COST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_gets_its_burst_then_its_rate() {
        let limiter = RateLimiter::new(Some(RateLimit { requests_per_minute: 6, burst: 2 }));
        assert_eq!(limiter.admit("a", 0), Ok(()));
        assert_eq!(limiter.admit("a", 0), Ok(()));
        assert_eq!(limiter.admit("a", 0), Err(10));
        assert_eq!(limiter.admit("b", 0), Ok(()));
        assert_eq!(limiter.admit("a", 9_999), Err(1));
        assert_eq!(limiter.admit("a", 10_000), Ok(()));
        assert_eq!(limiter.admit("a", 0), Err(10), "a clock that goes back gives nothing");
        limiter.sweep(1_000_000);
        assert!(limiter.buckets.lock().unwrap().is_empty());
    }
}
