//! Signing in and out.

use super::holm::Holm;
use crate::auth::{Grant, Session, SignIn};
use crate::error::{Error, ErrorCode, Result};
use crate::store::{epoch, operations, wipes};
use rusqlite::Connection;

/// What becomes of the local data at a sign-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignOutMode {
    /// It stays, with its queue, for the same account.
    #[default]
    Keep,
    /// It is deleted, unless there are writes that the server does not have.
    Wipe,
    /// It is deleted, with the writes that the server does not have.
    WipeDiscardingPending,
}

impl Holm {
    /// Makes an account and signs in. Returns its id.
    ///
    /// # Errors
    /// `REFUSED` with the server's reason, `ACCOUNT_MISMATCH` if the store has another account's data, and
    /// those of the network.
    pub async fn sign_up(&self, email: &str, password: &str) -> Result<String> {
        self.sign(SignIn::Up, email, password).await
    }

    /// Signs in. Returns the account's id.
    ///
    /// # Errors
    /// `UNAUTHORIZED` for a wrong password, `ACCOUNT_MISMATCH` if the store has another account's data, and
    /// those of the network.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<String> {
        self.sign(SignIn::In, email, password).await
    }

    async fn sign(&self, how: SignIn, email: &str, password: &str) -> Result<String> {
        self.engine()?;
        let account = &self.inner.account;
        let ticket = account.begin_sign_in();
        let grant = account.sign(how, email, password).await?;
        let user = grant.user_id.clone().unwrap_or_default();
        account.claim(&user).await?;
        account.keep(grant, ticket)?;
        self.go_on_signed_in()?;
        Ok(user)
    }

    /// Uses a token that the app got elsewhere, from now on. [`Config::token_provider`](crate::Config::token_provider) renews it, if there is one. Before anything is sent
    /// with it the server is asked whose it is: if it is not of the account whose data the store has, every
    /// sync fails with `ACCOUNT_MISMATCH` and nothing is sent. Blocks for as long as the secret store does;
    /// sends nothing.
    ///
    /// # Errors
    /// `INVALID_CONFIG` if it is empty or has characters that no header carries. Those of the secret store and of storage; `CANCELLED` if there
    /// is a sign-out at the same time.
    pub fn set_token(&self, token: &str) -> Result<()> {
        let grant = Grant::of_token(token)?;
        let ticket = self.inner.account.begin_sign_in();
        self.inner.account.keep(grant, ticket)?;
        self.go_on_signed_in()
    }

    fn go_on_signed_in(&self) -> Result<()> {
        self.inner.context.wipes.signed_in(self.store())?;
        self.inner.state.signed_in();
        self.engine()?.signed_in();
        Ok(())
    }

    /// The account that is signed in, if any. Empty for a token that the app has set, until the server has
    /// said whose it is.
    pub fn user(&self) -> Option<String> {
        self.inner.account.user()
    }

    /// Signs out. Returns how many operations the server does not have, those included that are parked, in a
    /// conflict, or behind such a one: with [`SignOutMode::Keep`] they stay
    /// queued for the same account. With a wipe their waiters are told
    /// [`Discarded`](crate::WriteOutcome::Discarded), and the data is overwritten on disk, not only unlinked.
    ///
    /// The running cycle is stopped first; a caller that waits for it gets `SIGNED_OUT`. From then on no
    /// reply, refresh or sign-in that began before changes the store or the session. The server is told
    /// afterwards, if it can be reached. If the future is dropped or the process is killed, either nothing
    /// has happened, or the sign-out is complete but for the server's knowing.
    ///
    /// # Errors
    /// `PENDING_WRITES` for [`SignOutMode::Wipe`] with such operations: then nothing has happened. Those of
    /// storage and of the secret store.
    pub async fn sign_out(&self, mode: SignOutMode) -> Result<u64> {
        // Asked before the engine is stopped, so that a refused sign-out disturbs no cycle; and again in the
        // transaction.
        self.store().read(|connection| check_sign_out(connection, mode))?;
        let work = self.end_session(mode);
        let (pending, session) = match &self.inner.engine {
            Some(engine) => engine.exclusive(work).await,
            None => work.await,
        }?;
        if let Some(session) = session {
            self.inner.account.revoke(&session).await;
        }
        Ok(pending)
    }

    /// Ends the epoch, with or without the data, and forgets the session. Returns what was pending and the
    /// session.
    async fn end_session(&self, mode: SignOutMode) -> Result<(u64, Option<Session>)> {
        let session = self.inner.account.session()?;
        // A store that was restored from a backup may be in an earlier epoch than its session.
        let above = session.as_ref().map_or(0, |session| session.binding.epoch);
        let context = self.inner.context.clone();
        let pending = self
            .store()
            .write(move |tx| {
                let pending = check_sign_out(tx, mode)?;
                epoch::raise(tx, above)?;
                if mode != SignOutMode::Keep {
                    wipes::wipe(tx)?;
                    context.wipes.wiped(tx)?;
                }
                tx.counts();
                Ok(pending)
            })
            .await?;
        self.inner.account.forget()?;
        Ok((pending, session))
    }
}

/// How many operations the server does not have.
fn check_sign_out(connection: &Connection, mode: SignOutMode) -> Result<u64> {
    let pending = operations::count(connection)?;
    if mode == SignOutMode::Wipe && pending > 0 {
        let writes = if pending == 1 { "1 write is".to_owned() } else { format!("{pending} writes are") };
        let message = format!("{writes} not on the server yet");
        return Err(Error::State { code: ErrorCode::PendingWrites, message });
    }
    Ok(pending)
}
