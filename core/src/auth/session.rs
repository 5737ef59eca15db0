//! A session as it is kept.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Tokens and whose they are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Sent with every request.
    pub token: String,
    /// When it ends, server time, ms since 1970; none if unknown.
    pub expires_ms: Option<i64>,
    /// Buys a new token; none for a token that the app has set itself.
    pub refresh_token: Option<String>,
    /// The account; none for a token that the app has set itself.
    pub user_id: Option<String>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("user_id", &self.user_id)
            .field("expires_ms", &self.expires_ms)
            .finish_non_exhaustive()
    }
}
