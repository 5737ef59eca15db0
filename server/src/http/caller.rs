//! The caller of a request: session, headers and query, for every handler of a signed-in user.

use super::Shared;
use super::context::Context;
use super::params::Params;
use super::reply::Reply;
use crate::address::Peer;
use crate::auth::{self, Session, Token, Visitor};
use crate::error::{Code, Failure};
use crate::model::Space;
use crate::state::State;
use crate::store::{Lane, StoreError, WriteTx};
use crate::sync::scope::Scope;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use rusqlite::Connection;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

/// An authenticated request that passed the rate limit, without its body.
pub(crate) struct Caller {
    pub(crate) server: Shared,
    pub(crate) context: Context,
    pub(crate) session: Session,
    pub(crate) params: Params,
    pub(crate) headers: HeaderMap,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, server: &Shared) -> Result<Self, Failure> {
        let Bearer(token) = Bearer::from_request_parts(parts, server).await?;
        let Ok(Address(address)) = Address::from_request_parts(parts, server).await;
        let context = Context::from_request_parts(parts, server).await?;
        let visitor = Visitor { address, device: context.device.as_ref().map(ToString::to_string) };
        let session = auth::authenticate(server, &token, visitor).await?;
        // Set once: this extractor is the only one that writes it.
        let _ = context.user.set(session.user_id.clone());
        admit(server, &session.user_id)?;
        let params = Params::from_request_parts(parts, server).await?;
        Ok(Self { server: Arc::clone(server), context, session, params, headers: parts.headers.clone() })
    }
}

impl Caller {
    /// See [`Database::read`](crate::store::Database::read): in the turn of the caller's account.
    pub(crate) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.server.database.read(Lane::User(self.session.user), work).await
    }

    /// See [`Database::write`](crate::store::Database::write): in the turn of the caller's account.
    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.server.database.write(Lane::User(self.session.user), work).await
    }

    /// The scope of the request: the user in their own space. Another space in the query is `FORBIDDEN`.
    pub(crate) fn scope(&self) -> Result<Scope, Failure> {
        let session = &self.session;
        require_own(&session.space, self.params.text("space")?)?;
        Ok(Scope {
            user: session.user,
            family: session.family,
            signed_in_as: session.device.clone(),
            space_row: session.space_row,
            space: session.space.clone(),
            device: self.context.device.clone(),
            epoch: self.server.database.epoch().to_owned(),
            config: Arc::clone(&self.server.config),
        })
    }

    /// `{"data":…,"meta":…}`.
    pub(crate) fn data(&self, data: &[u8]) -> Reply {
        Reply::data(&self.context, &self.server, data)
    }

    /// `{<members>,"meta":…}` from text that begins with the brace and lacks the last one.
    pub(crate) fn members(&self, members: Vec<u8>) -> Reply {
        Reply::members(&self.context, &self.server, members)
    }
}

/// Where a request comes from, if it came by a socket.
pub(crate) struct Address(pub(crate) Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get::<Peer>().map(|peer| peer.0)))
    }
}

/// The token of a request, not yet checked.
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
    server
        .limiter
        .admit(account, server.now())
        .map_err(|seconds| Failure::rate_limited("too many requests of this account", seconds))
}

/// Refuses a space that is not the caller's.
pub(crate) fn require_own(own: &Space, space: Option<&str>) -> Result<(), Failure> {
    if space.is_none_or(|space| space == own.as_str()) {
        return Ok(());
    }
    Err(Failure::new(Code::Forbidden, "the space is not yours"))
}
