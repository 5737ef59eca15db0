//! The headers that every request of the Holm protocol carries.

use crate::device::Device;
use holm_protocol::headers::{API_VERSION_SPOKEN, HOLM};
use http::HeaderName;

/// Why a request is made: a busy server puts off what no person waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SyncReason {
    Foreground,
    Background,
    User,
    Push,
}

impl SyncReason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Foreground => "foreground",
            Self::Background => "background",
            Self::User => "user",
            Self::Push => "push",
        }
    }
}

/// Version, device and purpose, in one.
pub(crate) fn protocol_headers(device: &Device, context: SyncReason) -> Vec<(HeaderName, String)> {
    let words = [API_VERSION_SPOKEN, env!("CARGO_PKG_VERSION"), &*device.id(), context.as_str()];
    vec![(HeaderName::from_static(HOLM), words.join(" "))]
}
