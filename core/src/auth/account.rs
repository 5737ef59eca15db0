//! Signing in and out, and the token that requests carry.

use super::secrets::SecretStore;
use super::session::Session;
use super::wire;
use crate::device::Device;
use crate::error::{Error, ErrorCode, Result};
use crate::net::{Call, Exchange, HttpClient, SyncReason, protocol_headers};
use http::HeaderName;
use std::sync::{Arc, Mutex, PoisonError};

/// The name of the session among the host's secrets.
const SECRET: &str = "holm-session";
/// A token is refreshed this long before it ends, ms.
const EARLY_MS: i64 = 300_000;

/// A new account, or one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignIn {
    Up,
    In,
}

fn signed_out() -> Error {
    Error::auth(ErrorCode::SignedOut, ErrorCode::SignedOut.meaning())
}

/// The account of one client. Thread-safe.
pub(crate) struct Account {
    secrets: Arc<dyn SecretStore>,
    device: Arc<Device>,
    http: Option<Arc<HttpClient>>,
    session: Mutex<Option<Session>>,
    /// Held while a refresh is under way: the next one finds it done.
    refreshing: tokio::sync::Mutex<()>,
}

impl Account {
    /// Reads the session that was kept.
    pub fn open(secrets: Arc<dyn SecretStore>, device: Arc<Device>, http: Option<Arc<HttpClient>>) -> Result<Self> {
        let session = secrets.get(SECRET)?.and_then(|text| serde_json::from_str(&text).ok());
        Ok(Self { secrets, device, http, session: Mutex::new(session), refreshing: tokio::sync::Mutex::new(()) })
    }

    /// Asks the server for a session, for a new account or an old one. Keeps nothing.
    pub async fn sign(&self, how: SignIn, email: &str, password: &str) -> Result<Session> {
        let path = match how {
            SignIn::Up => wire::SIGN_UP,
            SignIn::In => wire::SIGN_IN,
        };
        let body = wire::sign_request(email, password, &self.device.id());
        let headers = protocol_headers(&self.device, SyncReason::User);
        match self.http()?.send(path, None, &headers, Call::Post(body)).await? {
            Exchange::Success(body) => wire::parse_session(&body),
            Exchange::Failure(error, _) => Err(error),
        }
    }

    /// Keeps a session from now on, or none.
    pub fn keep(&self, session: Option<Session>) -> Result<()> {
        match &session {
            Some(session) => {
                let text = serde_json::to_string(session).map_err(|e| Error::internal(e.to_string()))?;
                self.secrets.set(SECRET, &text)?;
            }
            None => self.secrets.remove(SECRET)?,
        }
        *self.locked() = session;
        Ok(())
    }

    /// The session, if there is one.
    pub fn session(&self) -> Option<Session> {
        self.locked().clone()
    }

    /// Tells the server to end the session, as far as it can be reached. Local state is not touched.
    pub async fn revoke(&self) {
        if let (Some(session), Ok(http)) = (self.session(), self.http()) {
            let outcome = http
                .send(
                    wire::SIGN_OUT,
                    Some(&session.token),
                    &protocol_headers(&self.device, SyncReason::User),
                    Call::Post(b"{}".to_vec()),
                )
                .await;
            if let Err(error) = outcome {
                tracing::info!(%error, "the server was not told of the sign-out; the token ends by itself");
            }
        }
    }

    /// Sends a request with the session's token, refreshing it before it ends and once after the server has refused it.
    ///
    /// # Errors
    /// `SIGNED_OUT` without a session; what [`HttpClient::send`] gives.
    pub async fn send(&self, path: &str, headers: &[(HeaderName, String)], call: Call) -> Result<Exchange> {
        let http = self.http()?;
        let mut session = self.session().ok_or_else(signed_out)?;
        if session.refresh_token.is_some()
            && session.expires_ms.is_some_and(|end| end - EARLY_MS < self.device.server_now_ms())
        {
            // The old token may still be good: only the server's refusal ends the session.
            match self.refresh(&session).await {
                Ok(fresh) => session = fresh,
                Err(error) if error.code() == ErrorCode::Unauthorized => return Err(error),
                Err(error) => tracing::debug!(%error, "early refresh failed"),
            }
        }
        let answer = http.send(path, Some(&session.token), headers, call.clone()).await?;
        match answer {
            Exchange::Failure(ref error, _)
                if error.code() == ErrorCode::Unauthorized && session.refresh_token.is_some() =>
            {
                let fresh = self.refresh(&session).await?;
                http.send(path, Some(&fresh.token), headers, call).await
            }
            answer => Ok(answer),
        }
    }

    /// Buys a new token for the one in `stale`, unless somebody else has done so already.
    async fn refresh(&self, stale: &Session) -> Result<Session> {
        let _turn = self.refreshing.lock().await;
        let now = self.session().ok_or_else(signed_out)?;
        if now.token != stale.token {
            return Ok(now);
        }
        let Some(refresh_token) = &now.refresh_token else { return Ok(now) };
        let body = wire::refresh_request(refresh_token);
        let headers = protocol_headers(&self.device, SyncReason::Foreground);
        match self.http()?.send(wire::REFRESH, None, &headers, Call::Post(body)).await? {
            Exchange::Success(body) => {
                let mut fresh = wire::parse_session(&body)?;
                fresh.user_id = fresh.user_id.or(now.user_id);
                self.keep(Some(fresh.clone()))?;
                Ok(fresh)
            }
            Exchange::Failure(error, _) => Err(error),
        }
    }

    fn http(&self) -> Result<&Arc<HttpClient>> {
        self.http.as_ref().ok_or_else(Error::no_server)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
