//! Frames that ended before the server's time was known in them.

use super::frame::Frame;

/// A result may be this far beyond what is possible and still be taken for right, ms.
const TOLERANCE_MS: i64 = 1_000;

/// A frame that ended without an offset, and the device time of its last stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    pub frame: Frame,
    pub last_ms: i64,
}

/// Gives a frame its offset from what is known before and after it: `floor`, the server's time that had
/// passed before it began, `ceiling`, the one at which the next frame began, and the wall clock's offsets
/// (server time minus wall clock) before and after it.
///
/// The date was either not set between this frame and the next, or not between the last known one and this,
/// as far as can be told. Of the two the offset is taken with which the frame lies between floor and ceiling,
/// the later one first. If neither does, the date was set on both sides, and the frame is placed as late as
/// it can be. No stamp of it comes after the next frame's beginning.
pub(super) fn resolve(ended: &Ended, floor: Option<i64>, ceiling: i64, before: Option<i64>, after: i64) -> Frame {
    let Ended { frame, last_ms } = ended;
    let lag = frame.wall_lag_ms;
    let possible = |offset: &i64| {
        floor.is_none_or(|floor| frame.first_ms + offset >= floor - TOLERANCE_MS)
            && last_ms + offset <= ceiling + TOLERANCE_MS
    };
    let latest = ceiling - last_ms;
    let offset = [Some(after + lag), before.map(|before| before + lag)]
        .into_iter()
        .flatten()
        .find(possible)
        .map_or(latest, |offset| offset.min(latest));
    Frame { offset_ms: Some(offset), until_ms: Some(ceiling), ..frame.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000;
    const YEAR: i64 = 365 * 24 * HOUR;
    const NOW: i64 = 1_790_000_000_000;

    fn frame(first_ms: i64) -> Frame {
        Frame { id: 1, nonce: 0, first_ms, wall_lag_ms: 0, offset_ms: None, until_ms: None }
    }

    /// Where a frame that really began at `NOW`, while the clock was wrong by `wrong`, is placed. The server
    /// was known an hour before, when the clock was wrong by `before`, and the next frame began an hour
    /// later, with a clock that is wrong by `after`.
    fn placed(wrong: i64, before: Option<i64>, after: i64) -> i64 {
        let ended = Ended { frame: frame(NOW + wrong), last_ms: NOW + wrong + 1_000 };
        let floor = before.map(|_| NOW - HOUR);
        let frame = resolve(&ended, floor, NOW + HOUR, before.map(|wrong| -wrong), -after);
        frame.server_ms(NOW + wrong).unwrap() - NOW
    }

    #[test]
    fn core_r2_date_set_between_two_runs() {
        // Never set; wrong all the time; set after this frame; set before it and not after.
        assert_eq!(placed(0, Some(0), 0), 0);
        assert_eq!(placed(YEAR, Some(YEAR), YEAR), 0);
        assert_eq!(placed(0, Some(0), YEAR), 0);
        assert_eq!(placed(0, Some(0), -YEAR), 0);
        assert_eq!(placed(-YEAR, Some(0), -YEAR), 0);
        assert_eq!(placed(YEAR, Some(0), YEAR), 0);
        assert_eq!(placed(YEAR, None, YEAR), 0);
        // Set before it and mended after it: before the next frame, and after what was known.
        for wrong in [YEAR, -YEAR, 2 * HOUR, -2 * HOUR] {
            assert_eq!(placed(wrong, Some(0), 0), HOUR - 1_000, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_stamp_comes_after_the_next_frame(
            wrong in -YEAR..YEAR, before in proptest::option::of(-YEAR..YEAR), after in -YEAR..YEAR, length in 0..HOUR, at in 0..HOUR,
        ) {
            let ended = Ended { frame: frame(NOW + wrong), last_ms: NOW + wrong + length };
            let frame = resolve(&ended, before.map(|_| NOW - HOUR), NOW + HOUR, before, after);
            prop_assert!(frame.server_ms(NOW + wrong + at).unwrap() <= NOW + HOUR);
            // Order and distances within the frame are kept.
            let (first, last) = (frame.server_ms(NOW + wrong).unwrap(), frame.server_ms(NOW + wrong + length).unwrap());
            prop_assert_eq!(last - first, length);
        }
    }
}
