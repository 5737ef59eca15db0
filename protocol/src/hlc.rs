//! Stamps of the hybrid logical clock (Kulkarni, Demirbas et al., "Logical Physical Clocks", 2014) as text and as an order.

use crate::names::check_device_id;
use std::fmt;

/// A stamp: when, a counter within the millisecond, and which device. Ordered in this order; devices by the bytes of their ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc {
    /// Milliseconds since 1970, server time as well as the device knows it. Never negative on the wire.
    pub ms: i64,
    /// Orders stamps of the same millisecond.
    pub counter: u32,
    /// The device: breaks ties.
    pub node: String,
}

impl Hlc {
    /// Reads `"<ms>:<counter>:<deviceId>"`: decimal digits without sign, and a valid device id, which may have colons. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let ms = number(parts.next()?)?.parse().ok()?;
        let counter = number(parts.next()?)?.parse().ok()?;
        let node = parts.next().filter(|node| check_device_id(node).is_ok())?;
        Some(Self { ms, counter, node: node.to_owned() })
    }

    /// The stamp that a server gives a write that brought none.
    pub fn of_server(now_ms: i64, device: impl Into<String>) -> Self {
        Self { ms: now_ms, counter: 0, node: device.into() }
    }

    /// The same stamp, but not later than `latest_ms`: a device whose clock is years ahead does not win for years.
    pub fn clamped(mut self, latest_ms: i64) -> Self {
        self.ms = self.ms.min(latest_ms);
        self
    }
}

fn number(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.ms, self.counter, self.node)
    }
}
