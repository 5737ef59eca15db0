//! Who sends a request.

use super::Shared;
use super::context::Context;
use crate::auth::{self, Session, Token};
use crate::error::{Code, Failure};
use crate::model::Space;
use crate::state::State;
use crate::sync::pull::Reader;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use std::sync::Arc;

/// A signed-in user who has not knocked too often.
pub(crate) struct SignedIn(pub(crate) Session);

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, server: &Shared) -> Result<Self, Failure> {
        let Bearer(token) = Bearer::from_request_parts(parts, server).await?;
        let session = auth::authenticate(server, &token).await?;
        let context = Context::from_request_parts(parts, server).await?;
        // The first to say who it is wins; there is only one.
        let _ = context.user.set(session.user_id.clone());
        admit(server, &session.user_id)?;
        Ok(Self(session))
    }
}

/// The token of a request, whatever it is worth.
pub(crate) struct Bearer(pub(crate) Token);

impl FromRequestParts<Shared> for Bearer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Failure> {
        let value = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| {
            let (scheme, token) = value.trim().split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        match token {
            Some(token) if !token.is_empty() => Ok(Self(Token::received(token))),
            _ => Err(Failure::new(Code::Unauthorized, "the request needs a session token: Authorization: Bearer …")),
        }
    }
}

/// Counts a request of an account.
pub(crate) fn admit(server: &State, account: &str) -> Result<(), Failure> {
    server.limiter.admit(account, server.now()).map_err(|seconds| {
        let failure = Failure::new(Code::RateLimited, "too many requests of this account");
        failure.with("retryAfter", &seconds).retry_after(seconds)
    })
}

impl SignedIn {
    /// The user as a reader of their own space. Another space is none of theirs.
    pub(crate) fn reader(&self, server: &State, context: &Context, space: Option<&str>) -> Result<Reader, Failure> {
        let session = &self.0;
        require_own(&session.space, space)?;
        Ok(Reader {
            user: session.user,
            space_row: session.space_row,
            space: session.space.clone(),
            device: context.device.clone(),
            epoch: server.database.epoch().to_owned(),
            config: Arc::clone(&server.config),
        })
    }
}

/// Refuses a space that is not the caller's.
pub(crate) fn require_own(own: &Space, space: Option<&str>) -> Result<(), Failure> {
    if space.is_none_or(|space| space == own.as_str()) {
        return Ok(());
    }
    Err(Failure::new(Code::Forbidden, "the space is not yours"))
}
