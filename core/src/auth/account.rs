//! Signing in and out, and the token that requests carry.

use super::TokenProvider;
use super::kept::{KeptSession, SignInTicket, signed_out};
use super::secrets::SecretStore;
use super::session::{Grant, Session};
use super::wire;
use crate::device::Device;
use crate::error::{Error, ErrorCode, Result};
use crate::net::{Call, Exchange, HttpClient, SyncReason, protocol_headers};
use crate::store::{Store, meta};
use http::HeaderName;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A token is refreshed this long before it ends, ms.
const EARLY_MS: i64 = 300_000;
/// After a refresh that failed, the old token is used for so long before the next one is tried.
const EARLY_PAUSE: Duration = Duration::from_secs(60);
/// So long the app may take for a token.
const PROVIDER_TIME: Duration = Duration::from_secs(30);

/// A new account, or one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignIn {
    Up,
    In,
}

fn mismatch() -> Error {
    Error::auth(ErrorCode::AccountMismatch, ErrorCode::AccountMismatch.meaning())
}

/// The account of one client. Thread-safe.
pub(crate) struct Account {
    device: Arc<Device>,
    http: Option<Arc<HttpClient>>,
    store: Store,
    kept: KeptSession,
    /// Renews tokens that the app has set.
    provider: Option<Arc<dyn TokenProvider>>,
    /// Held while a refresh is under way: the next one finds it done.
    refreshing: tokio::sync::Mutex<()>,
    /// Whether a token was refreshed early by a clock that may be wrong.
    guessed: AtomicBool,
    /// After one that failed, or brought a token that ends soon, too; on the monotonic clock. Else each request would be two.
    no_early_refresh_until: Mutex<Duration>,
}

impl Account {
    /// Reads the session that was kept for the store `store_id`.
    pub fn open(
        secrets: Arc<dyn SecretStore>,
        store: Store,
        store_id: String,
        device: Arc<Device>,
        http: Option<Arc<HttpClient>>,
        provider: Option<Arc<dyn TokenProvider>>,
    ) -> Result<Self> {
        let server = http.as_ref().map(|http| http.base().to_owned()).unwrap_or_default();
        let kept = KeptSession::open(secrets, store.clone(), server, store_id)?;
        Ok(Self {
            device,
            http,
            store,
            kept,
            provider,
            refreshing: tokio::sync::Mutex::new(()),
            guessed: AtomicBool::new(false),
            no_early_refresh_until: Mutex::default(),
        })
    }

    /// To be taken when a sign-in begins: a sign-out in between makes it void.
    pub fn begin_sign_in(&self) -> SignInTicket {
        self.kept.begin()
    }

    /// Asks the server for a session, for a new account or an old one. Keeps nothing.
    pub async fn sign(&self, how: SignIn, email: &str, password: &str) -> Result<Grant> {
        let path = match how {
            SignIn::Up => wire::SIGN_UP,
            SignIn::In => wire::SIGN_IN,
        };
        let body = wire::sign_request(email, password, &self.device.id());
        let headers = protocol_headers(&self.device, SyncReason::User);
        match self.http()?.send(path, None, &headers, Call::Post(body)).await? {
            Exchange::Success { body, .. } => wire::parse_session(&body),
            Exchange::Failure(error, _) => Err(error),
        }
    }

    /// Keeps a session from now on. Blocks for as long as the secret store does.
    ///
    /// # Errors
    /// `CANCELLED` if there was a sign-out since `ticket`. Those of the secret store.
    pub fn keep(&self, grant: Grant, ticket: SignInTicket) -> Result<()> {
        self.kept.keep(grant, ticket)
    }

    /// Forgets the session. Blocks for as long as the secret store does.
    pub fn forget(&self) -> Result<()> {
        self.kept.forget()
    }

    /// The session, `None` if no account is signed in. Blocks for as long as the secret store does.
    pub fn session(&self) -> Result<Option<Session>> {
        self.kept.get()
    }

    /// The account that is signed in, for display: empty if the server has not said yet whose the token is.
    pub fn user(&self) -> Option<String> {
        self.kept.in_memory().map(|session| session.user_id.unwrap_or_default())
    }

    /// Lets a store without an owner belong to `user`.
    ///
    /// # Errors
    /// `ACCOUNT_MISMATCH` if it has the data of another account.
    pub async fn claim(&self, user: &str) -> Result<()> {
        let user = user.to_owned();
        self.store
            .write(move |tx| match meta::get(tx, meta::Key::UserId)? {
                Some(owner) if owner != user => Err(mismatch()),
                Some(_) => Ok(()),
                None => meta::set(tx, meta::Key::UserId, &user),
            })
            .await
    }

    /// Tells the server to end a session, as far as it can be reached. Local state is not touched.
    pub async fn revoke(&self, session: &Session) {
        let Ok(http) = self.http() else { return };
        let headers = protocol_headers(&self.device, SyncReason::User);
        let call = Call::Post(b"{}".to_vec());
        if let Err(error) = http.send(wire::SIGN_OUT, Some(&session.token), &headers, call).await {
            tracing::info!(%error, "the server was not told of the sign-out; the token ends by itself");
        }
    }

    fn may_refresh_early(&self) -> bool {
        let until = *self.no_early_refresh_until.lock().unwrap_or_else(PoisonError::into_inner);
        self.device.clock.monotonic() >= until
    }

    fn pause_early_refresh(&self) {
        let until = self.device.clock.monotonic() + EARLY_PAUSE;
        *self.no_early_refresh_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn can_renew(&self, session: &Session) -> bool {
        session.refresh_token.is_some() || self.provider.is_some()
    }

    /// Sends a request with the session's token, refreshing it before it ends and once after the server has
    /// refused it. Before the first request with a token of an unknown account the server is asked whose it
    /// is.
    ///
    /// # Errors
    /// `SIGNED_OUT` without a session; `ACCOUNT_MISMATCH` if the token is not of the account whose data the
    /// store has: then nothing is sent; what [`HttpClient::send`] gives.
    pub async fn send(&self, path: &str, headers: &[(HeaderName, String)], call: Call) -> Result<Exchange> {
        let http = self.http()?;
        let kept = self.session()?.ok_or_else(signed_out)?;
        let mut session = match self.admit(kept.clone()).await {
            // A token that the app has set had ended before the server could say whose it is.
            Err(error) if error.code() == ErrorCode::Unauthorized && self.can_renew(&kept) => {
                self.refresh(&kept).await?.ok_or(error)?
            }
            admitted => admitted?,
        };
        if self.ends_soon(&session) && self.may_refresh_early() {
            // The old token may still be good: only the server's refusal ends the session.
            match self.refresh(&session).await {
                Ok(fresh) => session = fresh.unwrap_or(session),
                Err(error) if matches!(error, Error::Auth { .. } | Error::State { .. }) => return Err(error),
                Err(error) => tracing::debug!(%error, "early refresh failed"),
            }
            if self.is_at_its_end(&session) {
                self.pause_early_refresh();
            }
        }
        let answer = http.send(path, Some(&session.token), headers, call.clone()).await?;
        match answer {
            Exchange::Failure(ref error, _) if error.code() == ErrorCode::Unauthorized && self.can_renew(&session) => {
                match self.refresh(&session).await? {
                    Some(fresh) => http.send(path, Some(&fresh.token), headers, call).await,
                    None => Ok(answer),
                }
            }
            answer => Ok(answer),
        }
    }

    /// Whether to refresh before sending. Until this process has the server's time the clock may be wrong by
    /// years, and would then ask for a new token before each request: so it may do so once, and after that
    /// the server's refusal tells.
    fn ends_soon(&self, session: &Session) -> bool {
        if !self.can_renew(session) || !self.is_at_its_end(session) {
            return false;
        }
        self.device.has_server_time() || !self.guessed.swap(true, Ordering::Relaxed)
    }

    fn is_at_its_end(&self, session: &Session) -> bool {
        session.expires_ms.is_some_and(|end| end.saturating_sub(EARLY_MS) < self.device.server_now_ms())
    }

    /// Makes sure that the session is the store's account's, asking the server for the account if it is not
    /// known.
    async fn admit(&self, mut session: Session) -> Result<Session> {
        if session.user_id.is_none() {
            let user = self.ask_user(&session).await?;
            let known = Session { user_id: Some(user), ..session.clone() };
            self.kept.replace(&session.token, known.clone())?;
            session = known;
        }
        let user = session.user_id.clone().unwrap_or_default();
        match self.store.read(|connection| meta::get(connection, meta::Key::UserId))? {
            Some(owner) if owner == user => {}
            Some(_) => return Err(mismatch()),
            None => self.claim(&user).await?,
        }
        Ok(session)
    }

    async fn ask_user(&self, session: &Session) -> Result<String> {
        let headers = protocol_headers(&self.device, SyncReason::User);
        match self.http()?.send(wire::PROFILE, Some(&session.token), &headers, Call::Get).await? {
            Exchange::Success { body, .. } => wire::parse_profile(&body),
            Exchange::Failure(error, _) => Err(error),
        }
    }

    /// Exchanges the token in `stale` for a new one, unless another request or another process has done so
    /// already. `None`: there is no other one.
    async fn refresh(&self, stale: &Session) -> Result<Option<Session>> {
        let _turn = self.refreshing.lock().await;
        let now = self.kept.newest()?.ok_or_else(signed_out)?;
        if now.token != stale.token {
            return self.admit(now).await.map(Some);
        }
        let Some((mut fresh, ended)) = self.exchange(&now).await? else { return Ok(None) };
        if ended && let Some((next, _)) = self.exchange(&fresh).await? {
            fresh = next;
        }
        self.admit(fresh).await.map(Some)
    }

    /// Gets the tokens that follow those of a session, from the server or from the app, and keeps them. True if those have ended, too: the reply to
    /// an earlier exchange was lost, and the server gives the same tokens again. `None`: there is no other token.
    async fn exchange(&self, now: &Session) -> Result<Option<(Session, bool)>> {
        let (granted, known_user) = match (&now.refresh_token, &self.provider) {
            (Some(refresh_token), _) => (self.ask_server(refresh_token).await?, now.user_id.clone()),
            // It may be another user's: the server is asked whose it is.
            (None, Some(provider)) => (self.ask_app(provider.as_ref()).await?, None),
            (None, None) => return Ok(None),
        };
        if granted.token == now.token {
            return Ok(None);
        }
        let ended = granted.ended;
        let mut fresh = granted.bind(now.binding.clone());
        fresh.user_id = fresh.user_id.or(known_user);
        // Kept even if it is another account's: the store's owner is then refused without asking again.
        self.kept.replace(&now.token, fresh.clone())?;
        Ok(Some((fresh, ended)))
    }

    async fn ask_server(&self, refresh_token: &str) -> Result<Grant> {
        let body = wire::refresh_request(refresh_token);
        let headers = protocol_headers(&self.device, SyncReason::Foreground);
        match self.http()?.send(wire::REFRESH, None, &headers, Call::Post(body)).await? {
            Exchange::Success { body, .. } => wire::parse_session(&body),
            Exchange::Failure(error, _) => Err(error),
        }
    }

    async fn ask_app(&self, provider: &dyn TokenProvider) -> Result<Grant> {
        let answer = tokio::select! {
            biased;
            answer = provider.token() => answer,
            () = self.device.clock.sleep(PROVIDER_TIME) => Err("it took too long".to_owned()),
        };
        match answer {
            Ok(Some(token)) => Grant::of_token(&token),
            Ok(None) => {
                Err(Error::auth(ErrorCode::Unauthorized, "the app's token provider says that the user has signed out"))
            }
            Err(reason) => {
                let message = format!("the app's token provider has no token: {reason}");
                Err(Error::network(ErrorCode::TokenUnavailable, message))
            }
        }
    }

    fn http(&self) -> Result<&Arc<HttpClient>> {
        self.http.as_ref().ok_or_else(Error::no_server)
    }
}
