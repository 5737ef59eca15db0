//! Frames, and stamps that name theirs.

/// Bits of a stamp's milliseconds that count milliseconds: 557 years from 1970. Those above are the frame's
/// number.
const MS_BITS: u32 = 44;
/// What is below the frame's number.
pub(crate) const MS_MASK: i64 = (1 << MS_BITS) - 1;
/// The greatest time that a frame may begin with: half of what fits, so that there is room to run on.
pub(super) const MAX_FIRST_MS: i64 = MS_MASK >> 1;

/// A stretch in which the device's clocks ran on undisturbed. Its *device time* is what its wall clock showed
/// at its beginning, and runs on with the monotonic clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Its number in the store, from 1; 0 until a stamp has been taken in it. Later frames of a process have
    /// greater numbers.
    pub id: i64,
    /// Tells it from another frame that got the same number after a rollback.
    pub nonce: i64,
    /// Device time at its beginning.
    pub first_ms: i64,
    /// The wall clock minus the device time at its beginning, ms. 0 unless the wall clock was out of range,
    /// or the frame follows a correction.
    pub wall_lag_ms: i64,
    /// Server time minus device time, ms. `None` until the server's time is known.
    pub offset_ms: Option<i64>,
    /// Server time that its stamps do not exceed, `None` without a limit.
    pub until_ms: Option<i64>,
}

impl Frame {
    /// The server's time at a device time of this frame, `None` while it is not known.
    pub fn server_ms(&self, device_ms: i64) -> Option<i64> {
        let ms = device_ms.saturating_add(self.offset_ms?);
        Some(self.until_ms.map_or(ms, |until| ms.min(until)))
    }

    /// Whether the server's time was heard in the frame itself, and not worked out from those around it.
    pub fn has_heard(&self) -> bool {
        self.offset_ms.is_some() && self.until_ms.is_none()
    }

    /// Server time minus wall clock, ms, if it is known.
    pub fn wall_offset_ms(&self) -> Option<i64> {
        Some(self.offset_ms? - self.wall_lag_ms)
    }
}

/// A stamp's milliseconds as they are stored: the frame's number above, its device time below. Orders by
/// frame first.
pub(crate) fn pack(frame: i64, device_ms: i64) -> i64 {
    (frame << MS_BITS) | device_ms.clamp(0, MS_MASK)
}

/// Frame and device time of stored milliseconds. Frame 0: the milliseconds are server time.
pub(crate) fn unpack(stored_ms: i64) -> (i64, i64) {
    (frame_of(stored_ms), stored_ms & MS_MASK)
}

/// The frame of stored milliseconds.
pub(crate) fn frame_of(stored_ms: i64) -> i64 {
    stored_ms >> MS_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stamps_order_by_frame_and_then_by_time(a in (0..500_000i64, 0..=MS_MASK), b in (0..500_000i64, 0..=MS_MASK)) {
            prop_assert_eq!(unpack(pack(a.0, a.1)), a);
            prop_assert_eq!(pack(a.0, a.1).cmp(&pack(b.0, b.1)), a.cmp(&b));
        }
    }
}
