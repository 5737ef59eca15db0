//! The app's own source of tokens.

use async_trait::async_trait;

/// Where tokens come from that Holm cannot renew itself: the app's own sign-in, such as an SDK of an OpenID provider. Asked for a new token while a
/// session goes on that [`set_token`](crate::Holm::set_token) began: shortly before its token ends (if that is a JSON Web Token, which says when), and
/// once after the server has refused it. Without a session, so also after a sign-out, it is not asked.
///
/// Thread-safe; asked once at a time. It must not wait for a call of the client that needs the network, which waits for the token.
#[async_trait]
pub trait TokenProvider: Send + Sync + 'static {
    /// A token that is good now. `None`: the user has signed out there, and syncs fail with `UNAUTHORIZED`. It has 30 seconds; the future is dropped
    /// when they are over, and at a sign-out.
    ///
    /// # Errors
    /// The reason why there is no token at the moment, without secrets: syncs fail with `TOKEN_UNAVAILABLE` and are tried again with a back-off. A
    /// provider that has no network reports that here.
    async fn token(&self) -> Result<Option<String>, String>;
}
