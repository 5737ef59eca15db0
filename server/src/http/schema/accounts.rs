//! Accounts and sessions.

use super::Meta;
use serde::Serialize;
use utoipa::ToSchema;

shapes! {
    /// A new account.
    SignUp { email: String, password: String, name: Option<String>, }
    /// An address and a password.
    SignIn { email: String, password: String, device: Option<String>, }
    /// A refresh token.
    Refresh { refresh_token: String, }
    /// The sessions to end.
    SignOut { all_devices: Option<bool>, }
    /// A user and a pair of tokens.
    SessionReply { data: SessionData, meta: Meta, }
    /// A user and a pair of tokens.
    SessionData { user: User, session: Tokens, }
    /// The user of a session.
    ProfileReply { data: User, meta: Meta, }
    /// A user.
    User { id: String, email: Option<String>, name: Option<String>, created_at: String, }
    /// A pair of tokens.
    Tokens { token: String, expires_at: String, refresh_token: String, refresh_expires_at: String, }
}
