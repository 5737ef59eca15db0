//! The headers that every request of the Holm protocol carries.

use crate::device::Device;
use http::HeaderName;

/// The protocol version that this build speaks.
const API_VERSION: &str = "2";

/// Why a request is made; the server sheds first what nobody waits for.
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

/// Version, device and purpose.
pub(crate) fn protocol_headers(device: &Device, context: SyncReason) -> Vec<(HeaderName, String)> {
    vec![
        (HeaderName::from_static("x-api-version"), API_VERSION.to_owned()),
        (HeaderName::from_static("x-client-version"), env!("CARGO_PKG_VERSION").to_owned()),
        (HeaderName::from_static("x-device-id"), device.id().to_string()),
        (HeaderName::from_static("x-sync-context"), context.as_str().to_owned()),
    ]
}
