//! The Holm protocol (`docs/protocol.md`).

mod act;
mod columns;
mod config;
mod fetch;
mod pull;
mod push;
mod record;
mod request_columns;
mod results;
mod wire_operation;

use super::{
    Backend, BackendError, FetchReply, FetchRequest, Outgoing, PullReply, PullRequest, PushReply, PushRequest,
};
use crate::auth::Account;
use crate::device::Device;
use crate::error::{Error, ErrorCode};
use crate::model::{OpKind, PublishedLimits};
use crate::net::{Call, Exchange, Packing, ServerFailure, SyncReason, TOO_LARGE, protocol_headers};
use crate::store::Store;
use crate::time::Span;
use async_trait::async_trait;
use holm_protocol::codes::Code;
use holm_protocol::headers::IDEMPOTENCY_KEY;
use holm_protocol::limits::Limits;
use http::HeaderName;
use std::sync::Arc;

/// A Holm server.
pub(crate) struct HolmBackend {
    account: Arc<Account>,
    device: Arc<Device>,
    store: Store,
}

impl HolmBackend {
    pub fn new(account: Arc<Account>, device: Arc<Device>, store: Store) -> Self {
        Self { account, device, store }
    }

    /// Sends a request and notes how long the exchange took: the server's time in the reply is taken somewhere in between.
    async fn exchange(&self, path: &str, reason: SyncReason, call: Call) -> Result<(Exchange, Span), Error> {
        let headers = protocol_headers(&self.device, reason);
        let sent = self.device.reading();
        let exchange = self.account.send(path, &headers, call).await?;
        Ok((exchange, Span { sent, received: self.device.reading() }))
    }
}

#[async_trait]
impl Backend for HolmBackend {
    async fn pull(&self, request: PullRequest) -> Result<PullReply, BackendError> {
        let call = Call::Post(pull::request(&request, self.config_version().as_deref())?);
        match self.exchange("/v1/sync/pull", request.context, call).await? {
            (Exchange::Success { body, server_ms, .. }, span) if body.is_empty() => {
                Ok(pull::nothing_new(&request, server_ms, span)?)
            }
            (Exchange::Success { body, .. }, span) => {
                let (reply, config) = pull::parse(&body, &request, span)?;
                self.learn(config).await;
                Ok(reply)
            }
            (Exchange::Failure(error, failure), _) => Err(self.whole(error, failure)),
        }
    }

    fn begin_push(&self, request: &PushRequest) -> Result<Packing, Error> {
        push::begin(request, &self.device)
    }

    async fn push(&self, request: PushRequest, begun: Option<Packing>) -> Result<PushReply, BackendError> {
        if let [outgoing] = request.operations.as_slice()
            && outgoing.op.kind == OpKind::Action
        {
            return self.act(outgoing, request.context).await;
        }
        let begun = begun.map_or_else(|| self.begin_push(&request), Ok)?;
        let call = Call::PostPacked(push::finish(begun, &request, &self.device, self.config_version().as_deref())?);
        match self.exchange("/v1/sync/batch", request.context, call).await? {
            (Exchange::Success { body, .. }, span) => {
                let (reply, config) = push::parse(&body, &request, span)?;
                self.learn(config).await;
                Ok(reply)
            }
            (Exchange::Failure(error, failure), _) => Err(self.whole(error, failure)),
        }
    }

    async fn fetch(&self, request: FetchRequest) -> Result<FetchReply, BackendError> {
        match self.exchange(&fetch::path(&request), request.context, Call::Get).await? {
            (Exchange::Success { body, .. }, span) => Ok(fetch::parse(&body, &request, span)?),
            (Exchange::Failure(error, failure), _) => Ok(fetch::gone(failure.as_deref(), &request)?.ok_or(error)?),
        }
    }
}

impl HolmBackend {
    /// Calls an action, or asks for its job.
    async fn act(&self, outgoing: &Outgoing, reason: SyncReason) -> Result<PushReply, BackendError> {
        let (path, call) = act::request(outgoing)?;
        let mut headers = protocol_headers(&self.device, reason);
        headers.push((HeaderName::from_static(IDEMPOTENCY_KEY), act::key(&outgoing.op)));
        let sent = self.device.reading();
        let exchange = self.account.send(&path, &headers, call).await?;
        let span = Span { sent, received: self.device.reading() };
        let (outcome, server_time) = match exchange {
            Exchange::Success { body, accepted: false, .. } => act::parse(&body, outgoing, span)?,
            Exchange::Success { body, accepted: true, .. } => act::parse_started(&body, span)?,
            Exchange::Failure(error, failure) => match act::refused(&error, failure.as_deref(), &outgoing.op) {
                Some(outcome) => (outcome, None),
                None => return Err(self.whole(error, failure)),
            },
        };
        Ok(PushReply { outcomes: vec![outcome], pages: Vec::new(), server_time, suggested_interval: None })
    }

    /// What a failure of the whole exchange means.
    fn whole(&self, error: Error, failure: Option<Box<ServerFailure>>) -> BackendError {
        if matches!(&error, Error::Refused { server_code, .. } if server_code == TOO_LARGE) {
            if let Some(limits) = failure.as_ref().and_then(|failure| failure.limits.as_ref()?.as_object()) {
                // The limits fell since they were published. The next reply names their version.
                self.device.limits.set(PublishedLimits { version: None, limits: Limits::published(limits) });
            }
            return BackendError::TooLarge(error);
        }
        let Some(failure) = failure else { return BackendError::Failed(error) };
        match Code::parse(&failure.code) {
            Some(Code::CursorExpired | Code::EpochChanged | Code::CursorInvalid) => {
                let streams = failure.resync.map(|resync| resync.streams).unwrap_or_default();
                let collection = |stream: &String| stream.rsplit('/').next().unwrap_or(stream).to_owned();
                BackendError::Resync(streams.iter().map(collection).collect())
            }
            _ => BackendError::Failed(error),
        }
    }
}

/// An answer that does not follow the protocol.
fn invalid(what: &str, error: impl std::fmt::Display) -> Error {
    Error::network(ErrorCode::InvalidResponse, format!("{what} does not follow the protocol: {error}"))
}
