//! Stamps of the hybrid logical clock (Kulkarni et al., 2014).
//!
//! The server stores stamps and never decides by them: versions decide. What it does is to keep a device whose clock is years ahead
//! from winning every last-write-wins for years.

use super::DeviceId;
use std::fmt;

/// When, a counter within the millisecond, and which device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hlc {
    ms: i64,
    counter: u32,
    device: DeviceId,
}

impl Hlc {
    /// Reads `"<ms>:<counter>:<deviceId>"`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let ms = parts.next()?.parse().ok().filter(|ms| *ms >= 0)?;
        let counter = parts.next()?.parse().ok()?;
        let device = DeviceId::parse(parts.next()?).ok()?;
        Some(Self { ms, counter, device })
    }

    /// The stamp of a write that brought none.
    pub(crate) fn of_server(now_ms: i64, device: DeviceId) -> Self {
        Self { ms: now_ms, counter: 0, device }
    }

    /// The same stamp, but not later than `latest_ms`.
    pub(crate) fn clamped(mut self, latest_ms: i64) -> Self {
        self.ms = self.ms.min(latest_ms);
        self
    }
}

impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.ms, self.counter, self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_clamped_and_written() {
        let stamp = Hlc::parse("1736760000000:3:dev:with:colons").unwrap();
        assert_eq!(stamp.to_string(), "1736760000000:3:dev:with:colons");
        assert_eq!(stamp.clamped(5).to_string(), "5:3:dev:with:colons");
        for bad in ["", "1", "1:2", "1:2:", "-1:2:d", "x:2:d", "1:-2:d", "1:99999999999:d", "9e9:1:d", "1:1:\0"] {
            assert!(Hlc::parse(bad).is_none(), "{bad:?}");
        }
    }
}
