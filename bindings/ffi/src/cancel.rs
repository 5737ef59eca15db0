//! Cancelling from the host's side.

use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Ends a call that waits. For hosts whose futures cannot be dropped.
#[derive(Debug, Default, uniffi::Object)]
pub struct FfiCancel {
    token: CancellationToken,
}

#[uniffi::export]
impl FfiCancel {
    /// A handle for one call.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Ends the call with `CANCELLED`. Returns at once; nothing happens if the call has ended.
    pub fn cancel(&self) {
        self.token.cancel();
    }
}

impl FfiCancel {
    pub(crate) async fn cancelled(&self) {
        self.token.cancelled().await;
    }
}
