//! What strangers may try: limits by address, and by account with a growing delay.
//!
//! Invariants:
//! - Nothing that a stranger does keeps an owner out: a device that signed in to the account before is never limited here, and a token that is
//!   known is served whatever its address did.
//! - Guesses cost more than successes.
//! - What is remembered is bounded.

use crate::address::origin;
use crate::config::StrangerLimits;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Addresses and accounts that are remembered at most, of each kind.
const MOST: usize = 100_000;
/// Wrong passwords of one account from one address before the next one must wait.
const FREE_FROM_ONE: u32 = 10;
/// The same from all addresses together.
const FREE_FROM_ALL: u32 = 100;
/// The longest delay, in milliseconds.
const LONGEST_DELAY: i64 = 15 * 60_000;
/// After so many milliseconds without a wrong password an account starts anew.
const FORGET_AFTER: i64 = 60 * 60_000;

/// What a request of a stranger was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    /// A right password.
    SignIn,
    /// A new account.
    SignUp,
    /// A wrong password, or a token that was never issued.
    Guess,
}

impl Try {
    fn cost(self) -> i64 {
        match self {
            Self::SignIn => 1,
            Self::SignUp => 5,
            Self::Guess => 10,
        }
    }
}

/// Counts what strangers try. Where requests come without a socket, there are no addresses to count by.
pub(crate) struct Guard {
    limits: StrangerLimits,
    addresses: Mutex<BTreeMap<IpAddr, Bucket>>,
    failures: Mutex<BTreeMap<(String, Option<IpAddr>), Failures>>,
}

/// Thousandths of tries that are left, as of a moment.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: i64,
    as_of: i64,
}

/// Wrong passwords since the last right one.
#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: i64,
}

impl Guard {
    pub(crate) fn new(limits: StrangerLimits) -> Self {
        Self { limits, addresses: Mutex::default(), failures: Mutex::default() }
    }

    /// Whether the address may try something.
    ///
    /// # Errors
    /// The seconds to wait.
    pub(super) fn admit_address(&self, address: Option<IpAddr>, now: i64) -> Result<(), u32> {
        let Some(address) = address.map(origin) else { return Ok(()) };
        let bucket = lock(&self.addresses).get(&address).map(|bucket| bucket.at(now, &self.limits));
        match bucket {
            Some(bucket) if bucket.left <= 0 => {
                let each_second = i64::from(self.limits.tries_per_minute) * 1000 / 60;
                Err(seconds((1 - bucket.left) * 1000 / each_second.max(1)))
            }
            _ => Ok(()),
        }
    }

    /// Counts what the address did.
    pub(super) fn charge(&self, address: Option<IpAddr>, what: Try, now: i64) {
        let Some(address) = address.map(origin) else { return };
        let mut addresses = lock(&self.addresses);
        if addresses.len() >= MOST && !addresses.contains_key(&address) {
            addresses.retain(|_, bucket| bucket.at(now, &self.limits).left < self.limits.capacity());
            if addresses.len() >= MOST {
                addresses.pop_first();
            }
        }
        let full = Bucket { left: self.limits.capacity(), as_of: now };
        let bucket = addresses.entry(address).or_insert(full);
        *bucket = bucket.at(now, &self.limits);
        bucket.left = (bucket.left - what.cost() * 1000).max(-self.limits.capacity());
    }

    /// Whether a password of the account may be tried from the address.
    ///
    /// # Errors
    /// The seconds to wait.
    pub(super) fn admit_account(&self, account: &str, address: Option<IpAddr>, now: i64) -> Result<(), u32> {
        let failures = lock(&self.failures);
        let wait = [(address.map(origin), FREE_FROM_ONE), (None, FREE_FROM_ALL)]
            .into_iter()
            .map(|(from, free)| failures.get(&(account.to_owned(), from)).map_or(0, |known| known.next(free) - now));
        match wait.max() {
            Some(wait) if wait > 0 => Err(seconds(wait)),
            _ => Ok(()),
        }
    }

    /// A wrong password of the account.
    pub(super) fn failed(&self, account: &str, address: Option<IpAddr>, now: i64) {
        let mut failures = lock(&self.failures);
        let mut places = vec![address.map(origin), None];
        places.dedup();
        for from in places {
            let key = (account.to_owned(), from);
            if failures.len() >= MOST && !failures.contains_key(&key) {
                failures.retain(|_, known| now - known.last < FORGET_AFTER);
                if failures.len() >= MOST {
                    failures.pop_first();
                }
            }
            let known = failures.entry(key).or_insert(Failures { count: 0, last: now });
            let count = if now - known.last >= FORGET_AFTER { 0 } else { known.count };
            *known = Failures { count: count.saturating_add(1), last: now };
        }
    }

    /// A right one.
    pub(super) fn succeeded(&self, account: &str, address: Option<IpAddr>) {
        lock(&self.failures).remove(&(account.to_owned(), address.map(origin)));
    }

    /// Forgets who could try everything again.
    pub(crate) fn sweep(&self, now: i64) {
        lock(&self.addresses).retain(|_, bucket| bucket.at(now, &self.limits).left < self.limits.capacity());
        lock(&self.failures).retain(|_, known| now - known.last < FORGET_AFTER);
    }
}

impl Bucket {
    fn at(self, now: i64, limits: &StrangerLimits) -> Self {
        // A clock that went back gives nothing and takes nothing.
        let gained = (now - self.as_of).max(0).saturating_mul(limits.tries_per_minute.into()) / 60;
        Self { left: self.left.saturating_add(gained).min(limits.capacity()), as_of: now }
    }
}

impl Failures {
    /// When the next password may be tried.
    fn next(self, free: u32) -> i64 {
        match self.count.checked_sub(free) {
            None => self.last,
            Some(beyond) => self.last + (1000i64 << beyond.min(20)).min(LONGEST_DELAY),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn seconds(ms: i64) -> u32 {
    u32::try_from((ms + 999) / 1000).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    fn guard() -> Guard {
        Guard::new(StrangerLimits { tries_per_minute: 60, burst: 20 })
    }

    #[test]
    fn guesses_use_an_address_up_and_time_gives_it_back() {
        let guard = guard();
        for _ in 0..2 {
            assert_eq!(guard.admit_address(address(1), 0), Ok(()));
            guard.charge(address(1), Try::Guess, 0);
        }
        assert_eq!(guard.admit_address(address(1), 0), Err(1));
        assert_eq!(guard.admit_address(address(2), 0), Ok(()));
        assert_eq!(guard.admit_address(None, 0), Ok(()));
        assert_eq!(guard.admit_address(address(1), 1_001), Ok(()));
        guard.sweep(30_000);
        assert!(lock(&guard.addresses).is_empty());
    }

    #[test]
    fn wrong_passwords_delay_the_next_one_from_their_address() {
        let guard = guard();
        for _ in 0..=FREE_FROM_ONE {
            guard.failed("a", address(1), 0);
        }
        assert_eq!(guard.admit_account("a", address(1), 0), Err(2));
        assert_eq!(guard.admit_account("a", address(2), 0), Ok(()), "the owner is elsewhere");
        assert_eq!(guard.admit_account("b", address(1), 0), Ok(()));
        assert_eq!(guard.admit_account("a", address(1), 2_000), Ok(()));
        for _ in 0..40 {
            guard.failed("a", address(1), 0);
        }
        assert_eq!(guard.admit_account("a", address(1), 0), Err(900));
        guard.succeeded("a", address(1));
        assert_eq!(guard.admit_account("a", address(1), 0), Ok(()));
    }

    #[test]
    fn guesses_from_everywhere_are_delayed_together() {
        let guard = guard();
        for n in 0..=FREE_FROM_ALL {
            guard.failed("a", address((n % 200) as u8), 0);
        }
        assert!(guard.admit_account("a", address(250), 0).is_err());
    }
}
