//! The server's time, as well as this device knows it.
//!
//! Invariants:
//! - A stamp is taken in the device's own time and names its *frame*: a stretch in which the device's clocks
//!   ran on undisturbed. It is converted to the server's time where it is compared
//!   ([`Device::server_stamp`](crate::device::Device::server_stamp)) and nowhere else.
//! - A frame begins with a process, and whenever the wall clock and the monotonic one disagree about how much
//!   time has passed: the device slept, or its date was set. So a clock that is wrong spoils no stamp of
//!   another frame.
//! - Once a frame has its offset to the server's time, it keeps it: a stamp converts to the same value each
//!   time it is sent.
//! - Stamps of one frame rise strictly. Those of a later frame come after those of an earlier one.
//! - Time zones play no part: all times are milliseconds since 1970 in UTC.

mod frame;
mod resolve;
mod sample;
mod timeline;

pub(crate) use frame::{Frame, MS_MASK, frame_of, pack, unpack};
pub(crate) use sample::{Reading, ServerTime, Span};
pub(crate) use timeline::{Learnt, Timeline};
