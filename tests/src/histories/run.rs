//! What happened in histories, in numbers.

use std::collections::BTreeMap;
use std::fmt;

/// What must happen in some history: a run of many that never meets one of these proves nothing about it.
pub const EVENTS: [&str; 26] = [
    "accounts changed",
    "actions called",
    "circles refused",
    "conflicts decided",
    "dates set between runs",
    "dates set while running",
    "deaths",
    "devices restored",
    "disk faults met",
    "disk full",
    "groups over the limits",
    "horizons passed",
    "networks gone",
    "permissions given back",
    "permissions taken away",
    "places checked",
    "refreshes",
    "replies lost",
    "requests doubled",
    "requests lost",
    "servers restarted",
    "servers restored",
    "sign-outs",
    "sleeps",
    "undos",
    "writes parked",
];

/// What happened in one history, or in several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// Stands for all that happened; the same for the same seed.
    pub trace: u64,
    /// Steps.
    pub steps: u64,
    /// Acknowledged writes.
    pub writes: u64,
    /// Requests that left the devices.
    pub requests: u64,
    /// How often each of [`EVENTS`] happened.
    pub events: BTreeMap<&'static str, u64>,
}

impl Run {
    /// Counts something that happened.
    pub(crate) fn count(&mut self, event: &'static str) {
        self.count_many(event, 1);
    }

    pub(crate) fn count_many(&mut self, event: &'static str, times: u64) {
        debug_assert!(EVENTS.contains(&event), "{event} is not listed");
        if times == 0 {
            return;
        }
        *self.events.entry(event).or_default() += times;
    }

    /// Adds what happened in another history.
    pub fn add(&mut self, other: &Self) {
        self.trace ^= other.trace;
        self.steps += other.steps;
        self.writes += other.writes;
        self.requests += other.requests;
        for (event, times) in &other.events {
            *self.events.entry(event).or_default() += times;
        }
    }

    /// What never happened.
    pub fn missing(&self) -> Vec<&'static str> {
        EVENTS.into_iter().filter(|event| !self.events.contains_key(event)).collect()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, steps, writes, requests, .. } = self;
        write!(f, "{steps} steps, {writes} writes, {requests} requests; trace {trace:016x}")?;
        self.events.iter().try_for_each(|(event, times)| write!(f, "\n  {times:>9} {event}"))
    }
}
