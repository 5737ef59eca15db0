//! What a token of an issuer says, and whether it may be believed. Pure.

use super::keys::KeySet;
use crate::config::{Issuer, TokenAlgorithm};
use jsonwebtoken::{Algorithm, Header, TokenData, Validation, decode, decode_header};
use serde::Deserialize;

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    /// Who says so (`iss`).
    pub(crate) issuer: String,
    /// The issuer's name of the user (`sub`).
    pub(crate) subject: String,
    /// When it said so, ms since 1970.
    pub(crate) issued_ms: i64,
    /// When it begins and ends to hold.
    begins_ms: i64,
    ends_ms: i64,
}

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// It is not of this issuer, not for this server, or was changed.
    Forged,
    /// The set has no key of its name.
    UnknownKey,
    /// It has ended.
    Expired,
    /// It is of the future: one of the two clocks is wrong.
    NotYet,
}

/// The members that are read. All of them are required but `nbf`.
#[derive(Deserialize)]
struct Raw {
    iss: String,
    sub: String,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
}

/// The longest `sub` (OpenID Connect Core 1.0, section 2).
const MAX_SUBJECT_BYTES: usize = 255;

/// Which key a token needs: its header, if that may be.
pub(super) fn header(token: &str, issuer: &Issuer) -> Result<Header, TokenFault> {
    let header = decode_header(token).map_err(|_| TokenFault::Forged)?;
    let pinned = issuer.algorithms.iter().any(|allowed| algorithm(*allowed) == header.alg);
    if pinned { Ok(header) } else { Err(TokenFault::Forged) }
}

/// The issuer that a token names. It is not believed yet.
pub(super) fn named_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        iss: String,
    }
    jsonwebtoken::dangerous::insecure_decode_claims::<Named>(token).ok().map(|named| named.iss)
}

/// What a token says, if the issuer has signed it for this server. Its times are not looked at: see [`Claims::hold_at`].
pub(super) fn read(token: &str, header: &Header, keys: &KeySet, issuer: &Issuer) -> Result<Claims, TokenFault> {
    let key = keys.find(header.kid.as_deref(), header.alg).ok_or(TokenFault::UnknownKey)?;
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&issuer.audience);
    validation.set_issuer(&[&issuer.url]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    // By the server's own clock, which tests set.
    validation.validate_exp = false;
    let TokenData { claims, .. } = decode::<Raw>(token, key, &validation).map_err(|_| TokenFault::Forged)?;
    Claims::of(claims).ok_or(TokenFault::Forged)
}

impl Claims {
    fn of(raw: Raw) -> Option<Self> {
        let fits = (1..=MAX_SUBJECT_BYTES).contains(&raw.sub.len()) && !raw.sub.contains('\0');
        let issued_ms = milliseconds(raw.iat)?;
        let begins_ms = raw.nbf.map_or(Some(issued_ms), milliseconds)?.max(issued_ms);
        let ends_ms = milliseconds(raw.exp)?;
        fits.then_some(Self { issuer: raw.iss, subject: raw.sub, issued_ms, begins_ms, ends_ms })
    }

    /// Whether it holds at `now`.
    pub(super) fn hold_at(&self, now: i64, issuer: &Issuer) -> Result<(), TokenFault> {
        let leeway = issuer.leeway_ms();
        if now < self.begins_ms - leeway {
            return Err(TokenFault::NotYet);
        }
        if now >= self.ends_ms.min(self.issued_ms + issuer.max_token_ms()) + leeway {
            return Err(TokenFault::Expired);
        }
        Ok(())
    }
}

/// Seconds since 1970 (RFC 7519, section 2) as milliseconds. `None` outside the years that anything is signed in.
fn milliseconds(seconds: f64) -> Option<i64> {
    const YEAR_9999: f64 = 253_402_300_800.0;
    (0.0..YEAR_9999).contains(&seconds).then_some((seconds * 1000.0) as i64)
}

fn algorithm(configured: TokenAlgorithm) -> Algorithm {
    match configured {
        TokenAlgorithm::RS256 => Algorithm::RS256,
        TokenAlgorithm::RS384 => Algorithm::RS384,
        TokenAlgorithm::RS512 => Algorithm::RS512,
        TokenAlgorithm::PS256 => Algorithm::PS256,
        TokenAlgorithm::PS384 => Algorithm::PS384,
        TokenAlgorithm::PS512 => Algorithm::PS512,
        TokenAlgorithm::ES256 => Algorithm::ES256,
        TokenAlgorithm::ES384 => Algorithm::ES384,
        TokenAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer() -> Issuer {
        toml::from_str("url = \"https://login.example.com\"\naudience = [\"holm\"]").unwrap()
    }

    fn raw(iat: f64, exp: f64, nbf: Option<f64>) -> Option<Claims> {
        Claims::of(Raw { iss: "i".into(), sub: "s".into(), exp, iat, nbf })
    }

    #[test]
    fn token_holds_between_its_times_and_a_little_longer() {
        let claims = raw(1000.0, 4600.0, None).unwrap();
        let at = |seconds: i64| claims.hold_at(seconds * 1000, &issuer());
        assert_eq!(at(939), Err(TokenFault::NotYet));
        assert_eq!(at(940), Ok(()));
        assert_eq!(at(4659), Ok(()));
        assert_eq!(at(4660), Err(TokenFault::Expired));
        let later = raw(1000.0, 4600.0, Some(2000.5)).unwrap();
        assert_eq!(later.hold_at(1_940_000, &issuer()), Err(TokenFault::NotYet));
        assert_eq!(later.hold_at(1_940_500, &issuer()), Ok(()));
    }

    #[test]
    fn token_for_ever_is_refused_after_a_day() {
        let claims = raw(0.0, 1e9, None).unwrap();
        assert_eq!(claims.hold_at(86_459_999, &issuer()), Ok(()));
        assert_eq!(claims.hold_at(86_460_000, &issuer()), Err(TokenFault::Expired));
    }

    #[test]
    fn times_that_make_no_sense_are_no_times() {
        for odd in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(raw(odd, 1.0, None), None, "iat {odd}");
            assert_eq!(raw(1.0, odd, None), None, "exp {odd}");
            assert_eq!(raw(1.0, 2.0, Some(odd)), None, "nbf {odd}");
        }
    }
}
