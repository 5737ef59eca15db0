//! What one exchange tells about the server's time.

/// A clock of a phone gains or loses less than this: parts per million.
const DRIFT_PPM: i64 = 200;

/// Both clocks at one moment, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub wall_ms: i64,
    pub monotonic_ms: i64,
}

/// When an exchange began and ended here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub sent: Reading,
    pub received: Reading,
}

/// The server's time as a reply states it, and when the exchange began and ended here. The server wrote it
/// somewhere in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerTime {
    pub server_ms: i64,
    pub span: Span,
}

/// Between which bounds the offset (server time minus device time, ms) lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub low: i64,
    pub high: i64,
    /// Device time at which this was so.
    pub at_ms: i64,
}

impl Bounds {
    /// What an exchange tells; `sent` and `received` in device time.
    pub fn of(server_ms: i64, sent: i64, received: i64) -> Self {
        // The server cuts its time off after the millisecond.
        Self { low: server_ms - received, high: server_ms + 1 - sent, at_ms: received }
    }

    /// What both tell: a short exchange narrows a long one, and what is old counts for less, because clocks
    /// drift. If they contradict each other, the newer one.
    pub fn narrowed_by(self, newer: Self) -> Self {
        let slack = (newer.at_ms - self.at_ms).max(0) * DRIFT_PPM / 1_000_000;
        let (low, high) = ((self.low - slack).max(newer.low), (self.high + slack).min(newer.high));
        if low <= high { Self { low, high, at_ms: newer.at_ms } } else { newer }
    }

    /// The offset to go by: `present` if it may be right, else the middle.
    pub fn nearest(self, present: i64) -> i64 {
        if (self.low..=self.high).contains(&present) { present } else { self.low + (self.high - self.low) / 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However a round trip divides into its two ways, the offset is wrong by half of it at most, and a
        /// good clock is left alone.
        #[test]
        fn core_r2_e_offset_is_within_half_a_round_trip(
            truth in -1_000_000_000i64..1_000_000_000, up in 0..10_000i64, down in 0..10_000i64,
        ) {
            let (sent, server) = (5_000_000_000, 5_000_000_000 + up + truth);
            let bounds = Bounds::of(server, sent, sent + up + down);
            prop_assert!((bounds.nearest(i64::MIN / 4) - truth).abs() <= (up + down) / 2 + 1);
            prop_assert_eq!(bounds.nearest(truth), truth);
        }

        #[test]
        fn shorter_exchanges_narrow_and_old_ones_age(truth in -1_000..1_000i64, ways in proptest::collection::vec((0..5_000i64, 0..5_000i64), 1..8)) {
            let mut bounds: Option<Bounds> = None;
            let mut now = 1_000_000;
            for (up, down) in &ways {
                let next = Bounds::of(now + up + truth, now, now + up + down);
                now += up + down + 1_000;
                bounds = Some(bounds.map_or(next, |old| old.narrowed_by(next)));
            }
            let best = ways.iter().map(|(up, down)| up + down).min().unwrap();
            let bounds = bounds.unwrap();
            prop_assert!(bounds.low <= truth && truth <= bounds.high);
            prop_assert!(bounds.high - bounds.low <= best + 1 + 2 * (now / 5_000), "{bounds:?} {best}");
        }
    }
}
