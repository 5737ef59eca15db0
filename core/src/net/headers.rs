//! The headers that every request of the Holm protocol carries.

use crate::device::Device;
use holm_protocol::headers::{API_VERSION, API_VERSION_SPOKEN, CLIENT_VERSION, DEVICE_ID, SYNC_CONTEXT};
use http::HeaderName;

/// Why a request is made; under load the server sheds first the requests that no caller waits for.
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
        (HeaderName::from_static(API_VERSION), API_VERSION_SPOKEN.to_owned()),
        (HeaderName::from_static(CLIENT_VERSION), env!("CARGO_PKG_VERSION").to_owned()),
        (HeaderName::from_static(DEVICE_ID), device.id().to_string()),
        (HeaderName::from_static(SYNC_CONTEXT), context.as_str().to_owned()),
    ]
}
