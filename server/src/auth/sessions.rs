//! Signing up, in and out, and the exchange of tokens.

use super::Token;
use super::password::{self, MAX_PASSWORD_BYTES, PasswordError};
use crate::error::{Code, Failure};
use crate::model::{Details, Space, details};
use crate::state::State;
use crate::store::WriteTx;
use crate::store::accounts::{self, NewPair, User};

/// The user and sign-in of an authenticated request.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The user's row.
    pub(crate) user: i64,
    /// The user's id.
    pub(crate) user_id: String,
    /// The row of the user's space.
    pub(crate) space_row: i64,
    /// The user's space.
    pub(crate) space: Space,
}

/// A user and a pair of tokens, as replies show them.
#[derive(Debug)]
pub(crate) struct NewSession {
    pub(crate) user: User,
    pub(crate) tokens: Tokens,
}

/// A pair of tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) session: Token,
    pub(crate) session_expires_ts: i64,
    pub(crate) refresh: Token,
    pub(crate) refresh_expires_ts: i64,
}

/// The outcome of a sign-up.
#[derive(Debug)]
pub(crate) enum SignUp {
    /// There is a new account.
    Created(NewSession),
    /// The account was there, with this password: the reply to the first request was lost.
    Repeated(NewSession),
}

/// Finds out who holds a session token. A token that is used for the first time confirms that its predecessor's holder got it.
pub(crate) async fn authenticate(state: &State, token: &Token) -> Result<Session, Failure> {
    let hash = token.hash();
    let found = state.database.read::<_, Failure, _>(move |db| Ok(accounts::find_session(db, &hash)?)).await?;
    let session = found.ok_or_else(|| Failure::new(Code::Unauthorized, "the session token is not known"))?;
    if session.revoked {
        return Err(revoked());
    }
    if session.expires_ts <= state.now() {
        return Err(Failure::new(Code::TokenExpired, "the session token has expired; refresh it"));
    }
    if !session.used {
        let pair = session.pair;
        state.database.write::<_, Failure, _>(move |tx| Ok(accounts::mark_used(tx, pair)?)).await?;
    }
    let space = Space::of_user(&session.user_id);
    Ok(Session { user: session.user, user_id: session.user_id, space_row: session.space, space })
}

/// Makes an account and signs in to it. A repeat with the same password signs in.
pub(crate) async fn sign_up(
    state: &State,
    email: &str,
    password: &str,
    name: Option<String>,
    device: Option<String>,
) -> Result<SignUp, Failure> {
    let accounts = &state.config.accounts;
    if !accounts.sign_up {
        return Err(Failure::new(Code::Forbidden, "this server takes no new accounts"));
    }
    let email = normal_email(email)?;
    check_length(password)?;
    if password.chars().count() < accounts.min_password_chars {
        let fault = format!("needs at least {} characters", accounts.min_password_chars);
        return Err(details("password", fault).into());
    }
    let known = find_user(state, &email).await?;
    if let Some(user) = known {
        if !verify(state, password, user.password_hash.clone()).await? {
            return Err(details("email", "is already registered").into());
        }
        return Ok(SignUp::Repeated(start(state, user, device).await?));
    }
    let (salt, cost) = (state.entropy.bytes::<16>()?, accounts.argon2.clone());
    let secret = password.to_owned();
    let password_hash = state.executor.run(move || password::hash(&secret, &salt, &cost)).await??;
    let now = state.now();
    let public_id = state.entropy.uuid(now)?;
    let mut user = User { row: 0, public_id, email, name, password_hash, created_ts: now };
    let family = NewFamily::new(state)?;
    let created = state.database.write::<_, Failure, _>(move |tx| {
        if accounts::find_user(tx, &user.email)?.is_some() {
            return Err(details("email", "is already registered").into());
        }
        user.row = accounts::insert_user(tx, &user)?;
        let tokens = family.insert(tx, user.row, device.as_deref())?;
        Ok(NewSession { user, tokens })
    });
    created.await.map(SignUp::Created)
}

/// Signs in.
pub(crate) async fn sign_in(
    state: &State,
    email: &str,
    password: &str,
    device: Option<String>,
) -> Result<NewSession, Failure> {
    check_length(password)?;
    // An address that no account can have is looked up like any other.
    let user = find_user(state, &email.trim().to_lowercase()).await?;
    let hash = user.as_ref().map_or(state.decoy.hash(), |user| user.password_hash.as_str()).to_owned();
    let right = verify(state, password, hash).await?;
    match user {
        Some(user) if right => start(state, user, device).await,
        _ => Err(Failure::new(Code::Unauthorized, "wrong email or password")),
    }
}

/// Exchanges a refresh token for a new pair. The same token gives the same pair until that is used, or its grace is over.
pub(crate) async fn refresh(state: &State, old: Token) -> Result<NewSession, Failure> {
    let (now, limits) = (state.now(), state.config.accounts.clone());
    let salt = state.entropy.bytes::<32>()?;
    let outcome = state.database.write::<_, Failure, _>(move |tx| {
        let Some(known) = accounts::find_refresh(tx, &old.hash())? else {
            return Err(Failure::new(Code::Unauthorized, "the refresh token is not known"));
        };
        if known.revoked {
            return Err(revoked());
        }
        if known.expires_ts <= now {
            return Err(Failure::new(Code::TokenExpired, "the refresh token has expired; sign in again"));
        }
        let tokens = match known.exchanged {
            None => {
                let tokens = Tokens {
                    session: Token::derived("session", &salt, &old),
                    session_expires_ts: now + limits.session_ms(),
                    refresh: Token::derived("refresh", &salt, &old),
                    refresh_expires_ts: now + limits.refresh_ms(),
                };
                let next = accounts::insert_pair(tx, known.family, &tokens.stored(false))?;
                accounts::rotate_pair(tx, known.pair, next, &salt, now)?;
                tokens
            }
            Some(last) if !last.next_used && now < last.rotated_ts + limits.refresh_grace_ms() => Tokens {
                session: Token::derived("session", &last.salt, &old),
                session_expires_ts: last.next_session_expires_ts,
                refresh: Token::derived("refresh", &last.salt, &old),
                refresh_expires_ts: last.next_refresh_expires_ts,
            },
            Some(_) => {
                // The revocation must stand although the answer is a refusal, so this is no error of the transaction.
                accounts::revoke_family(tx, known.family, now)?;
                return Ok(None);
            }
        };
        Ok(Some(NewSession { user: accounts::user_of_family(tx, known.family)?, tokens }))
    });
    outcome.await?.ok_or_else(revoked)
}

/// Ends the sign-in that a session token belongs to, or all of its user's. A token that has expired will do: it can only end things.
pub(crate) async fn sign_out(state: &State, token: &Token, all_devices: bool) -> Result<(), Failure> {
    let (hash, now) = (token.hash(), state.now());
    let done = state.database.write::<_, Failure, _>(move |tx| {
        let Some(session) = accounts::find_session(tx, &hash)? else {
            return Err(Failure::new(Code::Unauthorized, "the session token is not known"));
        };
        accounts::revoke_family(tx, session.family, now)?;
        // A token that is revoked already must not sign out devices that have signed in since.
        if all_devices && !session.revoked {
            accounts::revoke_families_of(tx, session.user, now)?;
        }
        Ok(())
    });
    done.await
}

fn revoked() -> Failure {
    Failure::new(Code::SessionRevoked, "the session was ended; sign in again")
}

fn normal_email(email: &str) -> Result<String, Details> {
    let email = email.trim().to_lowercase();
    let shaped = email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    if !shaped || email.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(details("email", "must be an email address"));
    }
    Ok(email)
}

fn check_length(password: &str) -> Result<(), Details> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(details("password", format!("may have at most {MAX_PASSWORD_BYTES} bytes")));
    }
    Ok(())
}

async fn find_user(state: &State, email: &str) -> Result<Option<User>, Failure> {
    let email = email.to_owned();
    state.database.read(move |db| Ok(accounts::find_user(db, &email)?)).await
}

async fn verify(state: &State, password: &str, hash: String) -> Result<bool, Failure> {
    let password = password.to_owned();
    Ok(state.executor.run(move || password::verify(&password, &hash)).await?)
}

/// Starts a session of a user who has proved to be one.
async fn start(state: &State, user: User, device: Option<String>) -> Result<NewSession, Failure> {
    let family = NewFamily::new(state)?;
    let started = state.database.write::<_, Failure, _>(move |tx| {
        let tokens = family.insert(tx, user.row, device.as_deref())?;
        Ok(NewSession { user, tokens })
    });
    started.await
}

/// A sign-in about to be stored.
struct NewFamily {
    tokens: Tokens,
    now: i64,
}

impl NewFamily {
    fn new(state: &State) -> Result<Self, Failure> {
        let (now, limits) = (state.now(), &state.config.accounts);
        let tokens = Tokens {
            session: Token::random(&*state.entropy)?,
            session_expires_ts: now + limits.session_ms(),
            refresh: Token::random(&*state.entropy)?,
            refresh_expires_ts: now + limits.refresh_ms(),
        };
        Ok(Self { tokens, now })
    }

    fn insert(self, tx: &WriteTx<'_>, user: i64, device: Option<&str>) -> Result<Tokens, Failure> {
        let family = accounts::insert_family(tx, user, device, self.now)?;
        accounts::insert_pair(tx, family, &self.tokens.stored(true))?;
        Ok(self.tokens)
    }
}

impl Tokens {
    /// The pair as it is stored: hashes and times. The first one of a family has no predecessor that could be repeated, so it counts as used.
    fn stored(&self, used: bool) -> NewPair {
        NewPair {
            session_hash: self.session.hash(),
            session_expires_ts: self.session_expires_ts,
            refresh_hash: self.refresh.hash(),
            refresh_expires_ts: self.refresh_expires_ts,
            used,
        }
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Entropy(error) => error.into(),
            PasswordError::Hash(_) => {
                tracing::error!(%error, "cannot hash a password");
                Self::new(Code::ServerError, "the server failed")
            }
        }
    }
}
