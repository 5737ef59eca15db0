//! Stamps of operations in the server's time.
//!
//! An operation keeps its stamps as they were taken: each names the frame of the device's clock. All readers (`decide`, the wire) convert
//! with [`server_time`].

use crate::device::Device;
use crate::model::Stamp;

/// A stored stamp in server time, as well as that is known here.
pub(crate) fn server_time(device: &Device, stamp: Stamp) -> Stamp {
    Stamp { ms: device.server_ms(stamp.ms), counter: stamp.counter }
}
