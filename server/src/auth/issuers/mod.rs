//! Tokens of issuers outside this server (JSON Web Tokens, RFC 7519; RFC 8725 for what to beware of).
//!
//! Invariants:
//! - A token is believed if a configured issuer has signed it, with an algorithm that the configuration allows for it, for this server, and its times
//!   hold by the server's clock. Nothing that an unsigned part says is used but to choose the key.
//! - Keys that cannot be read are `SERVICE_UNAVAILABLE`, never the end of a session.

mod crypto;
mod keys;
mod source;
mod token;

pub(crate) use token::Claims;

use super::Token;
use crate::clock::Clock;
use crate::config::Issuer;
use crate::error::{Code, Failure};
use source::{KeySource, Unavailable};
use std::sync::Arc;
use token::TokenFault;

/// The issuers of a configuration.
pub(crate) struct Issuers {
    sources: Vec<Arc<KeySource>>,
    clock: Arc<dyn Clock>,
}

/// Why a token of an issuer is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is worth nothing: a guess.
    Worthless,
    /// It has ended.
    Expired,
    /// It begins to hold later.
    NotYet,
    /// The issuer's keys cannot be had for so many seconds.
    NoKeys(u32),
}

impl Issuers {
    /// Asks no issuer yet. Fails if TLS cannot be set up.
    pub(crate) fn new(issuers: &[Issuer], clock: &Arc<dyn Clock>) -> Result<Self, String> {
        if !issuers.is_empty() {
            crypto::install();
        }
        let sources = issuers.iter().map(|issuer| KeySource::new(issuer.clone(), Arc::clone(clock)));
        Ok(Self { sources: sources.collect::<Result<_, _>>()?, clock: Arc::clone(clock) })
    }

    /// Whether a token has the form of theirs. The server's own tokens have no dots.
    pub(super) fn may_have_issued(&self, token: &Token) -> bool {
        !self.sources.is_empty() && token.reveal().matches('.').count() == 2
    }

    /// What a token says, if it holds now.
    pub(super) async fn claims(&self, token: &Token) -> Result<Claims, Refused> {
        let (claims, source) = self.read(token).await?;
        claims.hold_at(self.clock.now_ms(), source.issuer())?;
        Ok(claims)
    }

    /// What a token says, also if it has ended.
    pub(super) async fn claims_of_ended(&self, token: &Token) -> Result<Claims, Refused> {
        self.read(token).await.map(|(claims, _)| claims)
    }

    async fn read(&self, token: &Token) -> Result<(Claims, &KeySource), Refused> {
        let token = token.reveal();
        let named = token::named_issuer(token).ok_or(Refused::Worthless)?;
        let source = self.sources.iter().find(|source| source.issuer().url == named).ok_or(Refused::Worthless)?;
        let header = token::header(token, source.issuer())?;
        let keys = source.keys(|keys| keys.find(header.kid.as_deref(), header.alg).is_some()).await?;
        Ok((token::read(token, &header, &keys, source.issuer())?, source))
    }
}

impl From<TokenFault> for Refused {
    fn from(fault: TokenFault) -> Self {
        match fault {
            TokenFault::Forged | TokenFault::UnknownKey => Self::Worthless,
            TokenFault::Expired => Self::Expired,
            TokenFault::NotYet => Self::NotYet,
        }
    }
}

impl From<Unavailable> for Refused {
    fn from(Unavailable(seconds): Unavailable) -> Self {
        Self::NoKeys(seconds)
    }
}

impl Refused {
    /// The answer, `None` for a guess: see [`guessed`](super::proof::guessed).
    pub(super) fn failure(self) -> Option<Failure> {
        match self {
            Self::Worthless => None,
            Self::Expired => {
                Some(Failure::new(Code::TokenExpired, "the token has expired; get a new one from its issuer"))
            }
            Self::NotYet => {
                Some(Failure::new(Code::Unauthorized, "the token is not valid yet: the clock of its issuer is ahead"))
            }
            Self::NoKeys(seconds) => {
                let message = "the keys of the token's issuer cannot be read right now";
                Some(Failure::new(Code::ServiceUnavailable, message).retry_after(seconds))
            }
        }
    }
}
