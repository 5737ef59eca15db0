//! Sessions of users whom an issuer outside this server vouches for.
//!
//! Invariants:
//! - An account belongs to an issuer's name of a user, never to an address: what an issuer says about addresses joins no two accounts.
//! - A sign-in is a device that brings tokens. Once it has ended, or all of the user's have, tokens from before are refused.

use super::issuers::Claims;
use super::sessions::{Session, insert_family, revoked};
use crate::error::{Code, Failure};
use crate::model::Space;
use crate::state::State;
use crate::store::accounts::{self, User};
use crate::store::identities::{self, Family, Identity};
use crate::store::{Lane, WriteTx, spaces};

/// How exactly the last use of a sign-in is known, in milliseconds: it is not written with every request.
const USED_MS: i64 = 60 * 60_000;

/// What a token that holds is to its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Admission {
    /// Of a sign-in that goes on.
    Open { family: i64, is_stale: bool },
    /// The first one of a device, or of one that was signed out before it was issued.
    New { ended: Option<i64> },
    /// From before a sign-out.
    Revoked,
}

fn admission(known: &Identity, issued_ms: i64, now: i64) -> Admission {
    if known.tokens_from_ts.is_some_and(|from| issued_ms < from) {
        return Admission::Revoked;
    }
    match known.family {
        Some(Family { tokens_after_ts: Some(after), .. }) if issued_ms <= after => Admission::Revoked,
        Some(Family { row, revoked: true, .. }) => Admission::New { ended: Some(row) },
        Some(Family { row, used_ts, .. }) => {
            Admission::Open { family: row, is_stale: (now - used_ts).saturating_abs() >= USED_MS }
        }
        None => Admission::New { ended: None },
    }
}

/// The session of a token that holds, of the device that sent it. The first one of a user makes the account.
pub(super) async fn session(state: &State, claims: Claims, device: Option<String>) -> Result<Session, Failure> {
    let (wanted, of) = (claims.clone(), device.clone());
    let found = state.database.read::<_, Failure, _>(Lane::Urgent, move |db| {
        Ok(identities::find(db, &wanted.issuer, &wanted.subject, of.as_deref())?)
    });
    let found = found.await?;
    let lane = found.as_ref().map_or(Lane::Shared, |known| Lane::User(known.user));
    if let Some(known) = found {
        match admission(&known, claims.issued_ms, state.now()) {
            Admission::Open { family, is_stale: false } => return Ok(session_of(known, family, device)),
            Admission::Revoked => return Err(revoked()),
            Admission::Open { is_stale: true, .. } | Admission::New { .. } => {}
        }
    } else if !state.config.accounts.sign_up {
        return Err(Failure::new(Code::Forbidden, "this server takes no new accounts"));
    }
    let (now, quotas, public_id) = (state.now(), state.config.quotas.clone(), state.entropy.uuid(state.now())?);
    // By the longest life of any token: which issuer a sign-in came from is not stored with it.
    let longest = state.config.accounts.issuers.iter().map(|issuer| issuer.max_token_ms()).max().unwrap_or(0);
    let opened = state.database.write::<_, Failure, _>(lane, move |tx| {
        let known = match identities::find(tx, &claims.issuer, &claims.subject, device.as_deref())? {
            Some(known) => known,
            None => create(tx, &claims, public_id, now)?,
        };
        let family = match admission(&known, claims.issued_ms, now) {
            Admission::Revoked => return Err(revoked()),
            Admission::Open { family, .. } => {
                identities::mark_family_used(tx, family, now)?;
                family
            }
            Admission::New { ended: Some(family) } => {
                identities::reopen_family(tx, family, now)?;
                family
            }
            Admission::New { ended: None } => {
                insert_family(tx, &quotas, known.user, device.as_deref(), now, now - longest)?
            }
        };
        Ok(session_of(known, family, device))
    });
    opened.await
}

fn create(tx: &WriteTx<'_>, claims: &Claims, public_id: String, now: i64) -> Result<Identity, Failure> {
    let new = User { row: 0, public_id, credentials: None, name: None, created_ts: now };
    let user = accounts::insert_user(tx, &new)?;
    identities::insert(tx, &claims.issuer, &claims.subject, user)?;
    let space = spaces::of_owner(tx, user)?;
    Ok(Identity { user, user_id: new.public_id, space, tokens_from_ts: None, family: None })
}

fn session_of(known: Identity, family: i64, device: Option<String>) -> Session {
    let Identity { user, user_id, space, .. } = known;
    Session { user, space: Space::of_user(&user_id), user_id, space_row: space, family, device }
}

/// Ends the sign-in of the device that sends a token, or all of the user's, also if the token has ended: it can only end things.
pub(super) async fn sign_out(
    state: &State,
    claims: Claims,
    device: Option<String>,
    all_devices: bool,
) -> Result<(), Failure> {
    let now = state.now();
    let done = state.database.write::<_, Failure, _>(Lane::Shared, move |tx| {
        let Some(known) = identities::find(tx, &claims.issuer, &claims.subject, device.as_deref())? else {
            return Ok(());
        };
        if let Some(family) = known.family {
            // As of the issuer's clock: a token of a sign-in that follows at once is a later one.
            accounts::revoke_family(tx, family.row, claims.issued_ms)?;
        }
        let counts = known.tokens_from_ts.is_none_or(|from| claims.issued_ms >= from);
        // A token that is refused already must not sign out devices that have signed in since.
        if all_devices && counts {
            accounts::revoke_families_of(tx, known.user, now)?;
            identities::refuse_tokens_before(tx, known.user, now)?;
        }
        Ok(())
    });
    done.await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(tokens_from_ts: Option<i64>, family: Option<(i64, bool, Option<i64>)>) -> Identity {
        let family =
            family.map(|(used_ts, revoked, tokens_after_ts)| Family { row: 7, used_ts, revoked, tokens_after_ts });
        Identity { user: 1, user_id: "u".to_owned(), space: 1, tokens_from_ts, family }
    }

    #[test]
    fn tokens_from_before_a_sign_out_are_refused() {
        let signed_out = known(None, Some((0, true, Some(5_000))));
        assert_eq!(admission(&signed_out, 5_000, 0), Admission::Revoked);
        assert_eq!(admission(&signed_out, 6_000, 0), Admission::New { ended: Some(7) });
        let back = known(None, Some((0, false, Some(5_000))));
        assert_eq!(admission(&back, 5_000, 0), Admission::Revoked, "also after the next sign-in");
        assert_eq!(admission(&back, 6_000, 0), Admission::Open { family: 7, is_stale: false });
        let everywhere = known(Some(5_000), None);
        assert_eq!(admission(&everywhere, 4_999, 0), Admission::Revoked);
        assert_eq!(admission(&everywhere, 5_000, 0), Admission::New { ended: None });
    }

    #[test]
    fn use_of_a_sign_in_is_written_once_in_a_while() {
        let open = known(None, Some((USED_MS, false, None)));
        assert_eq!(admission(&open, 1, USED_MS * 2 - 1), Admission::Open { family: 7, is_stale: false });
        assert_eq!(admission(&open, 1, USED_MS * 2), Admission::Open { family: 7, is_stale: true });
    }
}
