//! Points in time: milliseconds since 1970 inside, RFC 3339 in UTC with milliseconds on the wire.

use chrono::{DateTime, Datelike, Timelike, Utc};
use std::fmt;

/// Milliseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(pub(crate) i64);

impl Timestamp {
    /// Reads RFC 3339 with any offset. What is finer than a millisecond is cut off, so a reader gets a row twice and never misses one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // A plus sign that was not escaped in a query arrives as a space; it can only stand behind the time of day.
        let text = match text.rfind(' ') {
            Some(at) if at > "2026-01-01T00:00".len() => format!("{}+{}", &text[..at], &text[at + 1..]),
            _ => text.to_owned(),
        };
        DateTime::parse_from_rfc3339(&text).ok().map(|t| Self(t.timestamp_millis()))
    }

    /// Appends the wire form. Written by hand: a first pull formats two of these a row, and a format string costs more than the row.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let Some(t) = self.calendar() else {
            out.extend_from_slice(b"9999-12-31T23:59:59.999Z");
            return;
        };
        let mut text = *b"0000-00-00T00:00:00.000Z";
        digits(&mut text[0..4], t.year().unsigned_abs());
        digits(&mut text[5..7], t.month());
        digits(&mut text[8..10], t.day());
        digits(&mut text[11..13], t.hour());
        digits(&mut text[14..16], t.minute());
        digits(&mut text[17..19], t.second());
        digits(&mut text[20..23], t.timestamp_subsec_millis());
        out.extend_from_slice(&text);
    }

    /// The form of HTTP headers (RFC 9110, section 5.6.7).
    pub(crate) fn http_date(self) -> String {
        self.calendar().map_or_else(String::new, |t| t.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
    }

    fn calendar(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0).filter(|t| (0..=9999).contains(&t.year()))
    }
}

fn digits(out: &mut [u8], mut n: u32) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(24);
        self.write(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wire_forms() {
        assert_eq!(Timestamp(1_795_168_800_000).to_string(), "2026-11-20T10:00:00.000Z");
        assert_eq!(Timestamp(1_795_168_800_000).http_date(), "Fri, 20 Nov 2026 10:00:00 GMT");
        assert_eq!(Timestamp::parse("2026-11-20T11:00:00.0009+01:00"), Some(Timestamp(1_795_168_800_000)));
        assert_eq!(Timestamp::parse("2026-11-20T11:00:00 01:00"), Some(Timestamp(1_795_168_800_000)));
        assert_eq!(Timestamp::parse("yesterday"), None);
        assert_eq!(Timestamp(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 0i64..253_402_300_800_000) {
            prop_assert_eq!(Timestamp::parse(&Timestamp(ms).to_string()), Some(Timestamp(ms)));
        }
    }
}
