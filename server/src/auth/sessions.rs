//! Signing up, in and out, and the exchange of tokens.

use super::Token;
use super::guard::Try;
use super::outside;
use super::password::{self, MAX_PASSWORD_BYTES, PasswordError};
use super::proof::{Visitor, admit, guessed, hash, tries};
use crate::config::Quotas;
use crate::error::{Code, Failure};
use crate::model::{Details, Space, details};
use crate::state::State;
use crate::store::accounts::{self, Credentials, NewPair, User};
use crate::store::{Lane, WriteTx};
use std::net::IpAddr;

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
    /// The row of the sign-in.
    pub(crate) family: i64,
    /// The device that signed in, if it said which.
    pub(crate) device: Option<String>,
}

/// Pairs of a sign-in that are kept: older tokens have had their time.
const KEPT_PAIRS: i64 = 16;
/// A sign-in or device that was not used for so long gives place to a new one, where a quota is reached.
const UNUSED_MS: i64 = 30 * 24 * 60 * 60 * 1000;

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

/// Finds out whose a token is, the server's own or an issuer's. A token of our own that is used for the first time confirms that its
/// predecessor's holder got it.
pub(crate) async fn authenticate(state: &State, token: &Token, visitor: Visitor) -> Result<Session, Failure> {
    let Visitor { address, device } = visitor;
    if state.issuers.may_have_issued(token) {
        let claims = state.issuers.claims(token).await.map_err(|refused| {
            refused.failure().unwrap_or_else(|| guessed(state, address, "the token is of no issuer that is known here"))
        })?;
        return outside::session(state, claims, device).await;
    }
    let hash = token.hash();
    let found =
        state.database.read::<_, Failure, _>(Lane::Urgent, move |db| Ok(accounts::find_session(db, &hash)?)).await?;
    let session = found.ok_or_else(|| guessed(state, address, "the session token is not known"))?;
    if session.revoked {
        return Err(revoked());
    }
    if session.expires_ts <= state.now() {
        return Err(Failure::new(Code::TokenExpired, "the session token has expired; refresh it"));
    }
    if !session.used {
        let pair = session.pair;
        state
            .database
            .write::<_, Failure, _>(Lane::User(session.user), move |tx| Ok(accounts::mark_used(tx, pair)?))
            .await?;
    }
    let space = Space::of_user(&session.user_id);
    let (family, device) = (session.family, session.device);
    Ok(Session { user: session.user, user_id: session.user_id, space_row: session.space, space, family, device })
}

/// Makes an account and signs in to it. A repeat with the same password signs in.
pub(crate) async fn sign_up(
    state: &State,
    email: &str,
    password: &str,
    name: Option<String>,
    visitor: Visitor,
) -> Result<SignUp, Failure> {
    let accounts = &state.config.accounts;
    require_passwords(state)?;
    if !accounts.sign_up {
        return Err(Failure::new(Code::Forbidden, "this server takes no new accounts"));
    }
    let email = normal_email(email)?;
    check_length(password)?;
    if password.chars().count() < accounts.min_password_chars {
        let fault = format!("needs at least {} characters", accounts.min_password_chars);
        return Err(details("password", fault).into());
    }
    admit(state, &visitor)?;
    let registered = |right| if right { Ok(()) } else { Err(Failure::from(details("email", "is already registered"))) };
    if let Some(user) = find_user(state, &email).await? {
        registered(tries(state, &email, password, Some(&user), &visitor).await?)?;
        return Ok(SignUp::Repeated(start(state, user, visitor.device).await?));
    }
    state.guard.charge(visitor.address, Try::SignUp, state.now());
    let password_hash = hash(state, password).await?;
    let now = state.now();
    let public_id = state.entropy.uuid(now)?;
    let credentials = Credentials { email: email.clone(), password_hash };
    let mut user = User { row: 0, public_id, credentials: Some(credentials), name, created_ts: now };
    let (family, device) = (NewFamily::new(state)?, visitor.device.clone());
    let wanted = email.clone();
    let created = state.database.write::<_, Failure, _>(Lane::Shared, move |tx| {
        if let Some(user) = accounts::find_user(tx, &wanted)? {
            return Ok(Err(user));
        }
        user.row = accounts::insert_user(tx, &user)?;
        let tokens = family.insert(tx, user.row, device.as_deref())?;
        Ok(Ok(NewSession { user, tokens }))
    });
    match created.await? {
        Ok(session) => Ok(SignUp::Created(session)),
        // The same sign-up twice at once.
        Err(user) => {
            registered(tries(state, &email, password, Some(&user), &visitor).await?)?;
            Ok(SignUp::Repeated(start(state, user, visitor.device).await?))
        }
    }
}

/// Signs in.
pub(crate) async fn sign_in(
    state: &State,
    email: &str,
    password: &str,
    visitor: Visitor,
) -> Result<NewSession, Failure> {
    require_passwords(state)?;
    check_length(password)?;
    // An address that no account can have is looked up like any other.
    let email = email.trim().to_lowercase();
    let user = find_user(state, &email).await?;
    let right = tries(state, &email, password, user.as_ref(), &visitor).await?;
    match user {
        Some(user) if right => {
            let outdated = |own: &Credentials| password::is_outdated(&own.password_hash, &state.config.accounts.argon2);
            if user.credentials.as_ref().is_some_and(outdated) {
                let (row, renewed) = (user.row, hash(state, password).await?);
                let stored = state.database.write::<_, Failure, _>(Lane::User(row), move |tx| {
                    Ok(accounts::set_password_hash(tx, row, &renewed)?)
                });
                stored.await?;
            }
            start(state, user, visitor.device).await
        }
        _ => Err(Failure::new(Code::Unauthorized, "wrong email or password")),
    }
}

/// Exchanges a refresh token for a new pair. The same token gives the same pair until that is used, or its grace is over.
pub(crate) async fn refresh(state: &State, old: Token, address: Option<IpAddr>) -> Result<NewSession, Failure> {
    let hash = old.hash();
    let known = state.database.read::<_, Failure, _>(Lane::Shared, move |db| Ok(accounts::find_refresh(db, &hash)?));
    if known.await?.is_none() {
        return Err(guessed(state, address, "the refresh token is not known"));
    }
    let (now, limits) = (state.now(), state.config.accounts.clone());
    let salt = state.entropy.bytes::<32>()?;
    let outcome = state.database.write::<_, Failure, _>(Lane::Shared, move |tx| {
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
                let (session_expires_ts, refresh_expires_ts) = limits.expiry(known.began_ts, now);
                let tokens = Tokens {
                    session: Token::derived("session", &salt, &old),
                    session_expires_ts,
                    refresh: Token::derived("refresh", &salt, &old),
                    refresh_expires_ts,
                };
                let next = accounts::insert_pair(tx, known.family, &tokens.stored(false))?;
                accounts::rotate_pair(tx, known.pair, next, &salt, now)?;
                accounts::keep_newest_pairs(tx, known.family, KEPT_PAIRS)?;
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
pub(crate) async fn sign_out(
    state: &State,
    token: &Token,
    device: Option<String>,
    all_devices: bool,
) -> Result<(), Failure> {
    if state.issuers.may_have_issued(token) {
        let claims = state.issuers.claims_of_ended(token).await.map_err(|refused| {
            refused
                .failure()
                .unwrap_or_else(|| Failure::new(Code::Unauthorized, "the token is of no issuer that is known here"))
        })?;
        return outside::sign_out(state, claims, device, all_devices).await;
    }
    let (hash, now) = (token.hash(), state.now());
    let done = state.database.write::<_, Failure, _>(Lane::Shared, move |tx| {
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

pub(super) fn revoked() -> Failure {
    Failure::new(Code::SessionRevoked, "the session was ended; sign in again")
}

fn require_passwords(state: &State) -> Result<(), Failure> {
    if state.config.accounts.passwords {
        return Ok(());
    }
    Err(Failure::new(Code::Forbidden, "accounts have no passwords here; sign in with a token of your issuer"))
}

/// An address as accounts are found by it.
pub(crate) fn normal_email(email: &str) -> Result<String, Details> {
    let email = email.trim().to_lowercase();
    let shaped = email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    let once = email.matches('@').count() == 1;
    if !shaped || !once || email.chars().any(|c| c.is_control() || c.is_whitespace() || is_invisible(c)) {
        return Err(details("email", "must be an email address"));
    }
    Ok(email)
}

/// Characters that look like nothing, and letters that look like those of ASCII: two addresses must not look the same.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ff00}'..='\u{ffef}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn check_length(password: &str) -> Result<(), Details> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(details("password", format!("may have at most {MAX_PASSWORD_BYTES} bytes")));
    }
    Ok(())
}

async fn find_user(state: &State, email: &str) -> Result<Option<User>, Failure> {
    let email = email.to_owned();
    state.database.read(Lane::Shared, move |db| Ok(accounts::find_user(db, &email)?)).await
}

/// Starts a session of a user who has proved to be one.
async fn start(state: &State, user: User, device: Option<String>) -> Result<NewSession, Failure> {
    let family = NewFamily::new(state)?;
    let started = state.database.write::<_, Failure, _>(Lane::Shared, move |tx| {
        let tokens = family.insert(tx, user.row, device.as_deref())?;
        Ok(NewSession { user, tokens })
    });
    started.await
}

/// A sign-in about to be stored.
struct NewFamily {
    tokens: Tokens,
    now: i64,
    quotas: Quotas,
}

impl NewFamily {
    fn new(state: &State) -> Result<Self, Failure> {
        let now = state.now();
        let (session_expires_ts, refresh_expires_ts) = state.config.accounts.expiry(now, now);
        let tokens = Tokens {
            session: Token::random(&*state.entropy)?,
            session_expires_ts,
            refresh: Token::random(&*state.entropy)?,
            refresh_expires_ts,
        };
        Ok(Self { tokens, now, quotas: state.config.quotas.clone() })
    }

    fn insert(self, tx: &WriteTx<'_>, user: i64, device: Option<&str>) -> Result<Tokens, Failure> {
        let family = insert_family(tx, &self.quotas, user, device, self.now, self.now)?;
        accounts::insert_pair(tx, family, &self.tokens.stored(true))?;
        Ok(self.tokens)
    }
}

/// Stores a sign-in, if the user may have one more. Those that ended before `ended_before` may be forgotten for it.
pub(super) fn insert_family(
    tx: &WriteTx<'_>,
    quotas: &Quotas,
    user: i64,
    device: Option<&str>,
    now: i64,
    ended_before: i64,
) -> Result<i64, Failure> {
    let most = quotas.sessions;
    if accounts::count_families(tx, user)? >= most {
        accounts::forget_families(tx, user, ended_before, now - UNUSED_MS)?;
        let left = accounts::count_families(tx, user)?;
        if left >= most {
            return Err(Failure::quota("sessions", left, most, quotas.upgrade_url.as_deref()));
        }
    }
    Ok(accounts::insert_family(tx, user, device, now)?)
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
