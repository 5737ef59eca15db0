//! The session that is kept, in memory and among the host's secrets.
//!
//! Invariants:
//! - One lock covers both places, so they never disagree for longer than a call of the secret store takes.
//! - A session is given out only if it is bound to this server and this store, and not to an epoch of
//!   the store that a sign-out has ended.
//! - A refresh replaces the session that it was made for and no other ([`replace`](KeptSession::replace)):
//!   after a sign-out, or after a sign-in to another account, its reply is dropped.

use super::secrets::SecretStore;
use super::session::{Binding, Grant, Session};
use crate::error::{Error, ErrorCode, Result};
use crate::store::{Store, epoch};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The session's place. Thread-safe. Every call may block for as long as the secret store does.
pub(super) struct KeptSession {
    secrets: Arc<dyn SecretStore>,
    store: Store,
    /// The secret's name. It has the store's id in it: several stores may share one keychain.
    name: String,
    server: String,
    store_id: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Option<Session>,
    /// Counts sign-outs of this process.
    sign_outs: u64,
}

/// What a sign-in must find unchanged at its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignInTicket(u64);

pub(super) fn signed_out() -> Error {
    Error::auth(ErrorCode::SignedOut, ErrorCode::SignedOut.meaning())
}

fn overtaken() -> Error {
    let message = "another sign-in or sign-out came first".to_owned();
    Error::State { code: ErrorCode::Cancelled, message }
}

impl KeptSession {
    /// The session of the store `store_id` at `server`, as an earlier process kept it.
    pub fn open(secrets: Arc<dyn SecretStore>, store: Store, server: String, store_id: String) -> Result<Self> {
        let name = format!("holm-session-{store_id}");
        let this = Self { secrets, store, name, server, store_id, state: Mutex::default() };
        let session = this.stored()?;
        this.locked().session = session;
        Ok(this)
    }

    /// The session, `None` if no account is signed in. Looks among the secrets again if the store's epoch has
    /// changed, or there was none: another process may have signed in.
    pub fn get(&self) -> Result<Option<Session>> {
        let binding = self.binding()?;
        let mut state = self.locked();
        if state.session.as_ref().is_none_or(|session| !session.binding.is_good_in(&binding)) {
            state.session = self.stored()?.filter(|session| session.binding.is_good_in(&binding));
        }
        Ok(state.session.clone())
    }

    /// As [`get`](Self::get), and prefers what another process has kept since.
    pub fn newest(&self) -> Result<Option<Session>> {
        let binding = self.binding()?;
        let mut state = self.locked();
        if let Some(stored) = self.stored()?.filter(|session| session.binding.is_good_in(&binding)) {
            state.session = Some(stored);
        }
        Ok(state.session.clone().filter(|session| session.binding.is_good_in(&binding)))
    }

    /// The session as it is in memory: for display, without a look at the store.
    pub fn in_memory(&self) -> Option<Session> {
        self.locked().session.clone()
    }

    /// To be taken when a sign-in begins.
    pub fn begin(&self) -> SignInTicket {
        SignInTicket(self.locked().sign_outs)
    }

    /// Keeps what a sign-in has brought, bound to this server, this store and its present epoch.
    ///
    /// # Errors
    /// `CANCELLED` if there was a sign-out since `ticket`. Those of the secret store.
    pub fn keep(&self, grant: Grant, ticket: SignInTicket) -> Result<()> {
        let session = grant.bind(self.binding()?);
        let mut state = self.locked();
        if state.sign_outs != ticket.0 {
            return Err(overtaken());
        }
        self.write(&mut state, session)
    }

    /// Puts `fresh` in the place of the session with the token `stale`.
    ///
    /// # Errors
    /// `SIGNED_OUT` after a sign-out, `CANCELLED` if another session has taken its place. Those of the secret
    /// store.
    pub fn replace(&self, stale: &str, fresh: Session) -> Result<()> {
        let binding = self.binding()?;
        let mut state = self.locked();
        match &state.session {
            Some(now) if now.token == stale && fresh.binding.is_good_in(&binding) => self.write(&mut state, fresh),
            Some(now) if now.binding.is_good_in(&binding) => Err(overtaken()),
            _ => Err(signed_out()),
        }
    }

    /// Forgets the session. The store's epoch has been raised before, so nothing is lost if the secret cannot
    /// be removed.
    ///
    /// # Errors
    /// Those of the secret store; the session is forgotten in memory all the same.
    pub fn forget(&self) -> Result<()> {
        let mut state = self.locked();
        state.sign_outs += 1;
        state.session = None;
        self.secrets.remove(&self.name)
    }

    fn write(&self, state: &mut State, session: Session) -> Result<()> {
        let text = serde_json::to_string(&session).map_err(|e| Error::internal(e.to_string()))?;
        self.secrets.set(&self.name, &text)?;
        state.session = Some(session);
        Ok(())
    }

    fn stored(&self) -> Result<Option<Session>> {
        let session: Option<Session> = self.secrets.get(&self.name)?.and_then(|text| serde_json::from_str(&text).ok());
        Ok(session.filter(|s| s.binding.server == self.server && s.binding.store == self.store_id))
    }

    fn binding(&self) -> Result<Binding> {
        let epoch = self.store.read(epoch::current)?;
        Ok(Binding { server: self.server.clone(), store: self.store_id.clone(), epoch })
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
