//! A session as it is kept.

use crate::error::{Error, ErrorCode, Result};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a session is good: at one server, for one store, until that store's next sign-out. A session with
/// another binding is ignored, so that a restored keychain, a copied directory or a changed address never
/// sends a token to where it does not belong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Binding {
    /// The server's address.
    pub server: String,
    /// The store's id.
    pub store: String,
    /// The store's epoch at the sign-in.
    pub epoch: i64,
}

impl Binding {
    /// Whether a session with this binding is good where `here` is the present one. A store that was restored
    /// from a backup may be in an earlier epoch than the session: the session belongs to a later sign-in of
    /// that store, and every sign-out goes beyond both.
    pub fn is_good_in(&self, here: &Self) -> bool {
        self.server == here.server && self.store == here.store && self.epoch >= here.epoch
    }
}

/// Tokens and whose they are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Where it is good.
    pub binding: Binding,
    /// Sent with every request.
    pub token: String,
    /// When it ends, server time, ms since 1970; `None` if unknown.
    pub expires_ms: Option<i64>,
    /// Buys a new token; `None` for a token that the app has set itself.
    pub refresh_token: Option<String>,
    /// The account; `None` for a token that the app has set itself, until the server has said whose it is.
    pub user_id: Option<String>,
}

/// What the server grants: a session that is not bound yet.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub token: String,
    pub expires_ms: Option<i64>,
    pub refresh_token: Option<String>,
    pub user_id: Option<String>,
    /// The server says that it has ended already: it is one that was granted before, by a reply that was lost.
    pub ended: bool,
}

impl Grant {
    /// A token that the app got elsewhere.
    ///
    /// # Errors
    /// `INVALID_CONFIG` if no header can carry it.
    pub fn of_token(token: &str) -> Result<Self> {
        let fits = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        if token.trim().is_empty() || !token.bytes().all(fits) {
            let message = "a token is not empty, and has printable characters of ASCII only";
            return Err(Error::invalid(ErrorCode::InvalidConfig, message));
        }
        let expires_ms = end_of(token);
        Ok(Self { token: token.to_owned(), expires_ms, refresh_token: None, user_id: None, ended: false })
    }

    pub fn bind(self, binding: Binding) -> Session {
        let Self { token, expires_ms, refresh_token, user_id, ended: _ } = self;
        Session { binding, token, expires_ms, refresh_token, user_id }
    }
}

/// When a token ends by what it says itself, if it is a JSON Web Token (RFC 7519, section 4.1.4), ms since 1970. Only a hint when to ask for the next
/// one: whether it is good, the server says.
fn end_of(token: &str) -> Option<i64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: f64,
    }
    let [_header, claims, _signature] = token.split('.').collect::<Vec<_>>().try_into().ok()?;
    let claims: Claims = serde_json::from_slice(&Base64UrlUnpadded::decode_vec(claims).ok()?).ok()?;
    // A conversion that saturates: a token may say anything.
    (claims.exp > 0.0).then_some((claims.exp * 1000.0) as i64)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("binding", &self.binding)
            .field("user_id", &self.user_id)
            .field("expires_ms", &self.expires_ms)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_of_a_token_is_read_where_it_says_one() {
        let token = |claims: &str| format!("e30.{}.c2ln", Base64UrlUnpadded::encode_string(claims.as_bytes()));
        let end = |token: &str| Grant::of_token(token).unwrap().expires_ms;
        assert_eq!(end(&token(r#"{"exp":1764000000,"sub":"ann"}"#)), Some(1_764_000_000_000));
        assert_eq!(end(&token(r#"{"exp":1764000000.5}"#)), Some(1_764_000_000_500));
        assert_eq!(end(&token(r#"{"exp":1e300}"#)), Some(i64::MAX), "it never ends");
        for opaque in
            ["token", "a.b", "a.b.c", "a.b.c.d", &token("{}"), &token(r#"{"exp":"soon"}"#), &token(r#"{"exp":-1}"#)]
        {
            assert_eq!(end(opaque), None, "{opaque}");
        }
    }
}
