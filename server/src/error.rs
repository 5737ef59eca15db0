//! Failures of requests and operations: the table of docs/protocol.md, section 4.
//!
//! Invariants:
//! - Every failure that leaves the server is a [`Failure`]; its code decides status, title and whether to try again.
//! - A message never repeats a token, a password or a body.

use crate::entropy::EntropyUnavailable;
use crate::model::{Details, write_string};
use crate::store::StoreError;
pub(crate) use holm_protocol::codes::Code;
use serde::Serialize;
use std::borrow::Cow;

/// A failure with everything that the protocol puts beside its code.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    code: Code,
    message: Cow<'static, str>,
    status: Option<u16>,
    /// JSON members, each with a comma before it.
    beside: Vec<u8>,
    retry_after: Option<u32>,
    reason: Option<String>,
}

impl Failure {
    /// A failure with a message for developers.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), status: None, beside: Vec::new(), retry_after: None, reason: None }
    }

    /// `VALIDATION_ERROR`.
    pub(crate) fn invalid(details: &Details) -> Self {
        let message = details.iter().map(|(key, fault)| format!("{key}: {fault}")).collect::<Vec<_>>().join("; ");
        Self::new(Code::ValidationError, message).with("details", details)
    }

    /// `QUOTA_EXCEEDED`.
    pub(crate) fn quota(what: &'static str, current: i64, limit: i64, upgrade_url: Option<&str>) -> Self {
        Self::new(Code::QuotaExceeded, format!("the account has reached its quota of {what}"))
            .with("quota", &what)
            .with("currentUsage", &current)
            .with("limit", &limit)
            .with("upgradeUrl", &upgrade_url)
    }

    /// `RATE_LIMITED`.
    pub(crate) fn rate_limited(message: &'static str, seconds: u32) -> Self {
        Self::new(Code::RateLimited, message).with("retryAfter", &seconds).retry_after(seconds)
    }

    /// Puts a member beside the code.
    pub(crate) fn with(self, key: &str, value: &impl Serialize) -> Self {
        // Members are texts, numbers and lists of them: writing those into memory cannot fail.
        let value = serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec());
        self.with_json(key, &value)
    }

    /// Puts a member beside the code whose value is JSON text already.
    pub(crate) fn with_json(mut self, key: &str, value: &[u8]) -> Self {
        self.beside.push(b',');
        write_string(&mut self.beside, key);
        self.beside.push(b':');
        self.beside.extend_from_slice(value);
        self
    }

    /// Says after how many seconds to try again.
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Answers with another status than the code's own.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.status.unwrap_or(self.code.status())
    }

    /// About the bytes of the error object.
    pub(crate) fn size(&self) -> usize {
        self.message.len() + self.beside.len() + 64
    }

    /// Why the server failed, for the log.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Seconds to wait, for the header.
    pub(crate) fn wait(&self) -> Option<u32> {
        self.retry_after
    }

    /// Appends the error object: `{"code":…,"message":…,"retryable":…,…}`.
    pub(crate) fn write(&self, out: &mut Vec<u8>, request_id: Option<&str>) {
        out.extend_from_slice(b"{\"code\":\"");
        out.extend_from_slice(self.code.as_str().as_bytes());
        out.extend_from_slice(b"\",\"message\":");
        write_string(out, &self.message);
        out.extend_from_slice(if self.code.retryable() { b",\"retryable\":true" } else { b",\"retryable\":false" });
        if let Some(request_id) = request_id {
            out.extend_from_slice(b",\"requestId\":");
            write_string(out, request_id);
        }
        out.extend_from_slice(&self.beside);
        out.push(b'}');
    }
}

impl From<Details> for Failure {
    fn from(details: Details) -> Self {
        Self::invalid(&details)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        // The database's text goes to the log; the client learns only whether to send again.
        match error {
            StoreError::Unavailable(reason) => {
                let failure = Self::new(Code::ServiceUnavailable, "the server cannot do this right now");
                Self { reason: Some(reason), ..failure.retry_after(1) }
            }
            StoreError::TimedOut => Self::new(Code::Timeout, "the server took too long").retry_after(1),
            StoreError::Broken(reason) => {
                Self { reason: Some(reason), ..Self::new(Code::ServerError, "the server failed") }
            }
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<EntropyUnavailable> for Failure {
    fn from(_: EntropyUnavailable) -> Self {
        Self::new(Code::ServiceUnavailable, "the server cannot do this right now").retry_after(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn failure_body_has_the_documented_form() {
        let failure = Failure::new(Code::VersionConflict, "changed \"meanwhile\"").with("currentVersion", &2);
        let mut out = Vec::new();
        failure.write(&mut out, Some("r1"));
        assert_eq!(
            serde_json::from_slice::<Value>(&out).unwrap(),
            json!({"code":"VERSION_CONFLICT","message":"changed \"meanwhile\"","retryable":false,"requestId":"r1","currentVersion":2})
        );
    }
}
