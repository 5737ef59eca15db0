//! What an answer that is not a success means.

use super::transport::{Response, TransportError, TransportErrorKind};
use crate::error::{Error, ErrorCode};
use holm_protocol::codes::Code;
use http::{StatusCode, header};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::time::Duration;

/// The protocol's error object, as the server sent it. A member that is `null` counts as left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ServerFailure {
    #[serde(deserialize_with = "or_default")]
    pub code: String,
    #[serde(deserialize_with = "or_default")]
    pub message: String,
    #[serde(deserialize_with = "or_default")]
    pub retryable: bool,
    #[serde(deserialize_with = "or_default")]
    pub details: Map<String, Value>,
    pub retry_after: Option<f64>,
    pub current_version: Option<i64>,
    pub server_data: Option<Box<serde_json::value::RawValue>>,
    #[serde(deserialize_with = "or_default")]
    pub deleted: bool,
    pub tombstone: Option<Box<serde_json::value::RawValue>>,
    pub resync: Option<Resync>,
    pub limits: Option<Value>,
    pub caused_by: Option<usize>,
    pub quota: Option<Value>,
    pub current_usage: Option<Value>,
    pub limit: Option<Value>,
    pub upgrade_url: Option<Value>,
}

impl ServerFailure {
    /// What the app is told beside code and message: the server's `details`, and of an exceeded quota which one, the usage, the limit and where
    /// to get more.
    pub(crate) fn into_details(self) -> Map<String, Value> {
        let mut details = self.details;
        if self.code == QUOTA_EXCEEDED {
            let more = [
                ("quota", self.quota),
                ("currentUsage", self.current_usage),
                ("limit", self.limit),
                ("upgradeUrl", self.upgrade_url),
            ];
            details.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        details
    }
}

/// Which streams must be read anew.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Resync {
    #[serde(deserialize_with = "or_default")]
    pub streams: Vec<String>,
}

/// Reads `null` as the type's default.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(value: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(value).map(Option::unwrap_or_default)
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        let code = match error.kind {
            TransportErrorKind::Connect => ErrorCode::Offline,
            TransportErrorKind::Certificate => ErrorCode::Certificate,
            TransportErrorKind::Timeout => ErrorCode::Timeout,
            TransportErrorKind::Lost => ErrorCode::ConnectionLost,
            TransportErrorKind::TooLarge => ErrorCode::ResponseTooLarge,
        };
        Error::network(code, error.message)
    }
}

/// Longest wait that a server can impose: a day.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// The server's code for a request that is too large. Proxies say the same with the status alone.
pub(crate) const TOO_LARGE: &str = Code::PayloadTooLarge.as_str();

/// The server's code for an account that has what it may have. It refuses one write, and ends no session.
const QUOTA_EXCEEDED: &str = Code::QuotaExceeded.as_str();

/// What the server says of a token that it does not take. Another code beside a 401 is that of a gateway.
const ENDS_SESSION: [&str; 3] =
    [Code::Unauthorized.as_str(), Code::TokenExpired.as_str(), Code::SessionRevoked.as_str()];

/// Says what a response that is no success means: the protocol's own failure if the body has one, else what answered in the place of the
/// server. `body` is decompressed.
///
/// Only the protocol's own failure ends a session or refuses a write. A 401 without it comes from a portal or a proxy.
pub(crate) fn classify(response: &Response, body: &[u8]) -> (Error, Option<ServerFailure>) {
    let status = response.status;
    if status.is_redirection() {
        let target = response
            .headers
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok())
            .map(host_of)
            .unwrap_or_default();
        return (Error::network(ErrorCode::Captive, format!("redirected to {target:?} (HTTP {status})")), None);
    }
    if status == StatusCode::NETWORK_AUTHENTICATION_REQUIRED {
        return (Error::network(ErrorCode::Captive, "the network wants a sign-in (HTTP 511)"), None);
    }
    let failure = parse(body);
    let retry_after = retry_after(response, failure.as_ref());
    let message =
        failure.as_ref().map_or_else(|| format!("HTTP {status} without a protocol error"), |f| shorten(&f.message));
    let code = failure.as_ref().map_or("", |f| f.code.as_str());
    let error = match (status.as_u16(), code) {
        (429, _) => Error::Busy { code: ErrorCode::RateLimited, message, retry_after },
        (503, _) => Error::Busy { code: ErrorCode::ServiceUnavailable, message, retry_after },
        // A proxy in between has waited long enough.
        (408, _) | (504, "") => Error::network(ErrorCode::Timeout, message),
        (500..=599, _) => Error::network(ErrorCode::ServerError, message),
        // Any proxy may limit the size of a request: to send less is the answer, whatever the body says.
        (413, _) => Error::Refused { server_code: TOO_LARGE.into(), message },
        (401, code) if ENDS_SESSION.contains(&code) => Error::auth(ErrorCode::Unauthorized, message),
        (401 | 407, _) => Error::network(ErrorCode::Captive, message),
        (_, "") => Error::network(ErrorCode::InvalidResponse, message),
        (_, "CLIENT_UPGRADE_REQUIRED" | "UNSUPPORTED_API_VERSION") => Error::auth(ErrorCode::UpgradeRequired, message),
        (_, QUOTA_EXCEEDED) => Error::Refused { server_code: code.to_owned().into(), message },
        (403, _) => Error::auth(ErrorCode::Forbidden, message),
        (_, code) => Error::Refused { server_code: code.to_owned().into(), message },
    };
    (error, failure)
}

/// The protocol's error object in a body, if there is one.
fn parse(body: &[u8]) -> Option<ServerFailure> {
    #[derive(Deserialize)]
    struct Envelope {
        error: ServerFailure,
    }
    serde_json::from_slice::<Envelope>(body)
        .ok()
        .map(|envelope| envelope.error)
        .filter(|failure| !failure.code.is_empty())
}

/// `Retry-After` (RFC 9110, section 10.2.3) as seconds or a date, else the body's own figure.
fn retry_after(response: &Response, failure: Option<&ServerFailure>) -> Option<Duration> {
    let header = response.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
    let from_header = header.and_then(|text| {
        if let Ok(seconds) = text.parse::<f64>() {
            return Some(seconds);
        }
        let until = chrono::DateTime::parse_from_rfc2822(text).ok()?;
        let now = response.headers.get(header::DATE)?.to_str().ok()?;
        let now = chrono::DateTime::parse_from_rfc2822(now).ok()?;
        Some((until - now).num_milliseconds() as f64 / 1000.0)
    });
    let seconds = from_header.or(failure.and_then(|f| f.retry_after))?;
    (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(MAX_RETRY_AFTER.as_secs_f64())))
}

/// Scheme and host of a URL: the rest may hold secrets.
fn host_of(url: &str) -> String {
    let end = url.find("://").map_or(0, |at| at + 3);
    let rest = &url[end..];
    let host = rest.find(['/', '?', '#']).map_or(rest, |at| &rest[..at]);
    shorten(&format!("{}{}", &url[..end], host.rsplit('@').next().unwrap_or_default()))
}

/// Messages of servers may be long, and of anything.
fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::HeaderMap;

    fn response(status: u16, headers: &[(&'static str, &str)]) -> Response {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Response { status: StatusCode::from_u16(status).unwrap(), headers: map, body: Bytes::new() }
    }

    #[test]
    fn core_v7_only_the_servers_own_401_ends_a_session() {
        for (status, headers, body, code) in [
            (302, &[("location", "https://user:pw@portal.example/login?t=secret")][..], "", ErrorCode::Captive),
            (511, &[][..], "<html>", ErrorCode::Captive),
            (502, &[][..], "<html>bad gateway</html>", ErrorCode::ServerError),
            (404, &[][..], "<html>", ErrorCode::InvalidResponse),
            (410, &[][..], "", ErrorCode::InvalidResponse),
            (401, &[][..], "", ErrorCode::Captive),
            (401, &[][..], "<html>sign in</html>", ErrorCode::Captive),
            (401, &[][..], r#"{"error":"login required"}"#, ErrorCode::Captive),
            (401, &[][..], r#"{"error":{"code":"UNAUTHORIZED","message":"m"}}"#, ErrorCode::Unauthorized),
            (401, &[][..], r#"{"error":{"code":"TOKEN_EXPIRED","message":"m"}}"#, ErrorCode::Unauthorized),
            (401, &[][..], r#"{"error":{"code":"SESSION_REVOKED","message":"m"}}"#, ErrorCode::Unauthorized),
            (401, &[][..], r#"{"error":{"code":"LOGIN"}}"#, ErrorCode::Captive),
            (401, &[][..], r#"{"error":{"code":"VALIDATION_ERROR","message":"m"}}"#, ErrorCode::Captive),
            (407, &[][..], "", ErrorCode::Captive),
            (407, &[][..], r#"{"error":{"code":"UNAUTHORIZED","message":"m"}}"#, ErrorCode::Captive),
            (408, &[][..], "", ErrorCode::Timeout),
            (504, &[][..], "<html>", ErrorCode::Timeout),
            (413, &[][..], "<html>413 Request Entity Too Large</html>", ErrorCode::Refused),
            (400, &[][..], r#"{"error":{"code":"VALIDATION_ERROR","message":"m"}}"#, ErrorCode::Refused),
            (403, &[][..], r#"{"error":{"code":"FORBIDDEN","message":"m"}}"#, ErrorCode::Forbidden),
            (403, &[][..], r#"{"error":{"code":"QUOTA_EXCEEDED","message":"m"}}"#, ErrorCode::Refused),
            (429, &[][..], "", ErrorCode::RateLimited),
            (400, &[][..], r#"{"error":"text"}"#, ErrorCode::InvalidResponse),
        ] {
            let (error, _) = classify(&response(status, headers), body.as_bytes());
            assert_eq!(error.code(), code, "{status} {body}");
            assert!(!error.to_string().contains("secret") && !error.to_string().contains("pw"), "{error}");
        }
    }

    #[test]
    fn core_v6_a_413_of_any_proxy_means_too_large() {
        for body in ["", "<html>nginx</html>", r#"{"error":{"code":"PAYLOAD_TOO_LARGE","message":"m"}}"#] {
            let (error, _) = classify(&response(413, &[]), body.as_bytes());
            assert!(matches!(&error, Error::Refused { server_code, .. } if server_code == TOO_LARGE), "{error:?}");
        }
    }

    #[test]
    fn core_s10_members_that_are_null_count_as_absent() {
        let text = r#"{"code":"VALIDATION_ERROR","message":null,"details":null,"retryable":null,"deleted":null}"#;
        let failure: ServerFailure = serde_json::from_str(text).unwrap();
        assert_eq!((failure.code.as_str(), failure.details.len(), failure.retryable), ("VALIDATION_ERROR", 0, false));
        let resync: Resync = serde_json::from_str(r#"{"streams":null}"#).unwrap();
        assert!(resync.streams.is_empty());
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_date_and_is_bounded() {
        let wait =
            |headers: &[(&'static str, &str)], body: &str| match classify(&response(429, headers), body.as_bytes()).0 {
                Error::Busy { retry_after, .. } => retry_after,
                other => panic!("{other}"),
            };
        assert_eq!(wait(&[("retry-after", "7")], ""), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[("retry-after", "99999999999")], ""), Some(MAX_RETRY_AFTER));
        assert_eq!(wait(&[("retry-after", "-1")], ""), None);
        assert_eq!(wait(&[], r#"{"error":{"code":"RATE_LIMITED","retryAfter":3}}"#), Some(Duration::from_secs(3)));
        let dates = [("retry-after", "Fri, 20 Nov 2026 10:00:30 GMT"), ("date", "Fri, 20 Nov 2026 10:00:00 GMT")];
        assert_eq!(wait(&dates, ""), Some(Duration::from_secs(30)));
    }
}
