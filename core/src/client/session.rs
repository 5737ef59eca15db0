//! Signing in and out.

use super::holm::Holm;
use crate::auth::{Session, SignIn};
use crate::error::{Error, ErrorCode, Result};
use crate::store::{meta, outbox, wipe};

/// What becomes of the local data at a sign-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignOutMode {
    /// It stays, with its queue, for the same account.
    #[default]
    Keep,
    /// It is deleted, unless there are writes that the server does not have.
    Wipe,
    /// It is deleted, whatever is pending.
    WipeDiscardingPending,
}

impl Holm {
    /// Makes an account and signs in. Returns its id.
    ///
    /// # Errors
    /// `REFUSED` with the server's reason, `ACCOUNT_MISMATCH` if the store has another account's data, and those of the network.
    pub async fn sign_up(&self, email: &str, password: &str) -> Result<String> {
        self.sign(SignIn::Up, email, password).await
    }

    /// Signs in. Returns the account's id.
    ///
    /// # Errors
    /// `UNAUTHORIZED` for a wrong password, `ACCOUNT_MISMATCH` if the store has another account's data, and those of the network.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<String> {
        self.sign(SignIn::In, email, password).await
    }

    async fn sign(&self, how: SignIn, email: &str, password: &str) -> Result<String> {
        self.engine()?;
        let session = self.inner.account.sign(how, email, password).await?;
        let user = session.user_id.clone().unwrap_or_default();
        let claimed = user.clone();
        self.store()
            .write(move |tx| match meta::get(tx, meta::Key::UserId)? {
                Some(owner) if owner != claimed => {
                    Err(Error::auth(ErrorCode::AccountMismatch, ErrorCode::AccountMismatch.meaning()))
                }
                Some(_) => Ok(()),
                None => meta::set(tx, meta::Key::UserId, &claimed),
            })
            .await?;
        self.inner.account.keep(Some(session))?;
        self.engine()?.retry_now();
        Ok(user)
    }

    /// AccessTimes a token that the app got elsewhere. It is not refreshed.
    ///
    /// # Errors
    /// Those of the secret store.
    pub fn set_token(&self, token: &str) -> Result<()> {
        let session = Session { token: token.to_owned(), expires_ms: None, refresh_token: None, user_id: None };
        self.inner.account.keep(Some(session))?;
        self.engine()?.retry_now();
        Ok(())
    }

    /// The account that is signed in, if any. An empty text for a token that the app has set.
    pub fn user(&self) -> Option<String> {
        self.inner.account.session().map(|session| session.user_id.unwrap_or_default())
    }

    /// Signs out. Returns how many operations the server does not have: with [`SignOutMode::Keep`] they stay queued for the same account.
    /// The server is told if it can be reached.
    ///
    /// # Errors
    /// `PENDING_WRITES` for [`SignOutMode::Wipe`] with such operations: then nothing has happened.
    pub async fn sign_out(&self, mode: SignOutMode) -> Result<u64> {
        let pending = self
            .store()
            .write(move |tx| {
                let (pending, parked) = outbox::counts(tx)?;
                let unsynced = outbox::all(tx, 1)?.len() as u64;
                match mode {
                    SignOutMode::Keep => {}
                    SignOutMode::Wipe if unsynced > 0 => {
                        let message = format!("{} writes are not on the server yet", pending + parked);
                        return Err(Error::State { code: ErrorCode::PendingWrites, message });
                    }
                    SignOutMode::Wipe | SignOutMode::WipeDiscardingPending => wipe(tx)?,
                }
                tx.counts();
                Ok(pending)
            })
            .await?;
        self.inner.account.revoke().await;
        self.inner.account.keep(None)?;
        Ok(pending)
    }
}
