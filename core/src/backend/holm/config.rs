//! What the server publishes of itself on the way (protocol, section 4).
//!
//! A pull or push says which version of the limits the device knows (`configVersion`). The reply has a member `config` if that is not the
//! server's; no request is made for it.

use super::HolmBackend;
use crate::model::PublishedLimits;
use crate::store::meta::{self, Key};
use serde_json::{Map, Value};

/// The member `config` of a reply.
pub(super) type WireConfig = Option<Map<String, Value>>;

impl HolmBackend {
    /// The version of the limits that this device knows.
    pub(super) fn config_version(&self) -> Option<String> {
        self.device.limits.get().version.clone()
    }

    /// Obeys the limits of a reply from now on, and keeps them. Nothing happens if the reply has none.
    pub(super) async fn learn(&self, config: WireConfig) {
        let Some(published) = config.as_ref().and_then(PublishedLimits::parse) else { return };
        tracing::info!(version = published.version, limits = ?published.limits, "the server's limits");
        let text = published.to_text();
        self.device.limits.set(published);
        // If they cannot be kept now, the server says them again after the next start.
        if let Err(error) = self.store.write(move |tx| meta::set(tx, Key::Limits, &text)).await {
            tracing::warn!(code = error.code().as_str(), "the server's limits were not kept");
        }
    }
}
