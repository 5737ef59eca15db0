//! Issuers of tokens outside this server: a company's own sign-in.

use super::{ConfigError, within};
use crate::outbound::is_safe_url;
use serde::Deserialize;
use std::fmt;

/// An issuer whose tokens sign in here (JSON Web Tokens, RFC 7519).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// What its tokens say as `iss`, letter by letter; also where its keys are found (OpenID Connect Discovery 1.0), unless `jwks_url` says so.
    pub url: String,
    /// A token must be meant for one of these (`aud`).
    pub audience: Vec<String>,
    /// Algorithms that its tokens may be signed with.
    #[serde(default = "Issuer::default_algorithms")]
    pub algorithms: Vec<TokenAlgorithm>,
    /// Where its keys are, as a JSON Web Key Set (RFC 7517).
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// Seconds that its clock may differ from the server's.
    #[serde(default = "Issuer::default_leeway")]
    pub leeway_seconds: u32,
    /// Hours after which a token is refused although it says that it lives longer. An ended sign-in is remembered for as long.
    #[serde(default = "Issuer::default_max_token_hours")]
    pub max_token_hours: u32,
}

/// A signature of tokens (RFC 7518). Those with a shared secret are missing on purpose: what checks such a token could also make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum TokenAlgorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

impl Issuer {
    fn default_algorithms() -> Vec<TokenAlgorithm> {
        vec![TokenAlgorithm::RS256, TokenAlgorithm::ES256]
    }

    fn default_leeway() -> u32 {
        60
    }

    fn default_max_token_hours() -> u32 {
        24
    }

    fn validate(&self, index: usize) -> Result<(), ConfigError> {
        let key = |name: &str| format!("accounts.issuers.{index}.{name}");
        let fault = |name: &str, expected: &str| Err(ConfigError::value(key(name), expected));
        const URL: &str = "must be an https URL without user name and password (http only to this machine)";
        if !is_safe_url(&self.url) {
            return fault("url", URL);
        }
        if self.jwks_url.as_deref().is_some_and(|url| !is_safe_url(url)) {
            return fault("jwks_url", URL);
        }
        if self.audience.is_empty() || self.audience.iter().any(String::is_empty) {
            return fault("audience", "must name at least one audience: what the issuer calls this server");
        }
        if self.algorithms.is_empty() {
            return fault("algorithms", "must name at least one");
        }
        within(&key("leeway_seconds"), self.leeway_seconds, 0..=600)?;
        within(&key("max_token_hours"), self.max_token_hours, 1..=8_760)
    }

    pub(crate) fn leeway_ms(&self) -> i64 {
        i64::from(self.leeway_seconds) * 1000
    }

    pub(crate) fn max_token_ms(&self) -> i64 {
        i64::from(self.max_token_hours) * 3_600_000
    }
}

/// Checks what types cannot say.
pub(super) fn validate(issuers: &[Issuer]) -> Result<(), ConfigError> {
    for (index, issuer) in issuers.iter().enumerate() {
        issuer.validate(index)?;
        if issuers.iter().take(index).any(|other| other.url == issuer.url) {
            return Err(ConfigError::value(format!("accounts.issuers.{index}.url"), "is there twice"));
        }
    }
    Ok(())
}

impl fmt::Display for TokenAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
