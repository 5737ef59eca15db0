//! The headers of a request: client, device, preferences.

use crate::entropy::Entropy;
use crate::error::{Code, Failure};
use crate::model::{ClientVersion, DeviceId, details};
use crate::state::State;
use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT, ACCEPT_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use holm_protocol::headers::{self, API_VERSIONS};
use serde_json::json;
use std::sync::{Arc, OnceLock};

/// The headers whose places `X-Holm` takes, in its order.
const SHORT: [&str; 4] = [headers::API_VERSION, headers::CLIENT_VERSION, headers::DEVICE_ID, headers::SYNC_CONTEXT];

/// The request as its headers describe it.
#[derive(Debug)]
pub(crate) struct RequestContext {
    /// The client's name for it, or ours.
    pub(crate) request_id: String,
    /// The version of the protocol.
    pub(crate) api_version: u8,
    /// The app's version, if it says.
    pub(crate) client_version: Option<ClientVersion>,
    /// The device, if it says.
    pub(crate) device: Option<DeviceId>,
    /// Why the request is made (`X-Sync-Context`): for the log, and to put off what no person waits for.
    pub(crate) sync_context: Option<&'static str>,
    /// The content that the client prefers in the reply to a write.
    pub(crate) prefer: Prefer,
    /// Whether the reply leaves out headers that a syncing device does not read.
    pub(crate) terse: bool,
    /// Whether failures are wanted as `application/problem+json`.
    pub(crate) wants_problem: bool,
    /// The user, once authenticated, for the log.
    pub(crate) user: OnceLock<String>,
}

/// The content that the client prefers in the reply to a write (RFC 7240).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Prefer {
    /// The protocol's default.
    #[default]
    Unstated,
    /// As little as possible.
    Minimal,
    /// The record.
    Representation,
}

impl RequestContext {
    /// Reads the headers. A request whose headers are at fault is answered all the same, so there is always a context.
    pub(super) fn read(headers: &HeaderMap, state: &State) -> (Self, Result<(), Failure>) {
        let mut verdict = Ok(());
        let mut note = |failure: Failure| {
            if verdict.is_ok() {
                verdict = Err(failure);
            }
        };
        let words = text(headers, headers::HOLM).map(|text| text.split(' ').collect::<Vec<_>>());
        if words.as_ref().is_some_and(|words| words.len() != SHORT.len()) {
            note(details("X-Holm", "must be four words: versions of protocol and client, device, reason").into());
        }
        // What `X-Holm` says at the place of a header counts like that header.
        let said = |name: &str| match (&words, SHORT.iter().position(|short| *short == name)) {
            (Some(words), Some(place)) => words.get(place).copied(),
            _ => text(headers, name),
        };
        let api_version = match said(headers::API_VERSION) {
            None => Some(2),
            Some(version) => version.parse().ok().filter(|version| API_VERSIONS.contains(version)),
        };
        if api_version.is_none() {
            let failure = Failure::new(Code::UnsupportedApiVersion, "the server speaks other versions of the protocol");
            note(failure.with("supportedVersions", &API_VERSIONS));
        }
        let client_version = said(headers::CLIENT_VERSION).map(ClientVersion::parse);
        if client_version == Some(None) {
            note(details("X-Client-Version", "must be a version such as 1.4.0").into());
        }
        let device = said(headers::DEVICE_ID).map(DeviceId::parse);
        if let Some(Err(fault)) = &device {
            note(details("X-Device-Id", fault.to_string()).into());
        }
        for name in [headers::HOLM, headers::API_VERSION, headers::CLIENT_VERSION, headers::DEVICE_ID] {
            if headers.get_all(name).iter().count() > 1
                || headers.get(name).is_some_and(|value| value.to_str().is_err())
            {
                note(details(name, "must be one text in ASCII").into());
            }
        }
        let context = Self {
            request_id: request_id(headers, &*state.entropy, state.now()),
            api_version: api_version.unwrap_or(2),
            client_version: client_version.flatten(),
            device: device.and_then(Result::ok),
            sync_context: said(headers::SYNC_CONTEXT).and_then(sync_context),
            terse: words.is_some(),
            prefer: prefer(headers),
            wants_problem: lists(headers, &ACCEPT, "application/problem+json"),
            user: OnceLock::new(),
        };
        (context, verdict)
    }

    /// Whether the reply may be packed.
    pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
        lists(headers, &ACCEPT_ENCODING, "gzip")
    }
}

/// The context of the request under way.
#[derive(Clone)]
pub(crate) struct Context(pub(crate) Arc<RequestContext>);

impl std::ops::Deref for Context {
    type Target = RequestContext;

    fn deref(&self) -> &RequestContext {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Context {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let context = parts.extensions.get::<Arc<RequestContext>>();
        context.cloned().map(Self).ok_or_else(|| Failure::new(Code::ServerError, "the request has no context"))
    }
}

/// The first value of a header, if it is text.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// The client's id of the request if it can stand in a header and a log line, else a new one.
fn request_id(headers: &HeaderMap, entropy: &dyn Entropy, now: i64) -> String {
    let given = text(headers, headers::REQUEST_ID).filter(|id| (1..=128).contains(&id.len()));
    match given {
        Some(id) => id.to_owned(),
        None => entropy.uuid(now).unwrap_or_else(|_| "unknown".to_owned()),
    }
}

fn sync_context(given: &str) -> Option<&'static str> {
    ["foreground", "background", "user", "push"].into_iter().find(|known| *known == given)
}

fn prefer(headers: &HeaderMap) -> Prefer {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences =
        values.flat_map(|value| value.split(',')).map(|preference| preference.trim().to_ascii_lowercase());
    let first = preferences.find(|preference| preference.starts_with("return="));
    match first.as_deref() {
        Some("return=minimal") => Prefer::Minimal,
        Some("return=representation") => Prefer::Representation,
        _ => Prefer::Unstated,
    }
}

/// Whether a header like `Accept` names something with a weight above zero.
fn lists(headers: &HeaderMap, header: &HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|element| {
        let mut parts = element.split(';').map(|part| part.trim().to_ascii_lowercase());
        let named = parts.next().is_some_and(|name| name == wanted);
        let refused = parts.filter_map(|part| part.strip_prefix("q=")?.parse::<f64>().ok()).any(|weight| weight <= 0.0);
        named && !refused
    })
}

/// Refuses apps that are too old. What they have queued is taken all the same, and so is what pushing it needs.
pub(super) fn check_client_version(
    context: &RequestContext,
    state: &State,
    route: Option<&str>,
) -> Result<(), Failure> {
    const STILL_SERVED: [&str; 8] = [
        "/v1/sync/batch",
        "/v1/sync/config",
        "/refresh",
        "/sign-out",
        "/livez",
        "/healthz",
        "/readyz",
        "/openapi.json",
    ];
    let (Some(least), Some(version)) = (state.config.min_client_version(), context.client_version) else {
        return Ok(());
    };
    if version >= least || route.is_some_and(|route| STILL_SERVED.iter().any(|end| route.ends_with(end))) {
        return Ok(());
    }
    let failure = Failure::new(
        Code::ClientUpgradeRequired,
        "this version of the app is no longer served; it may bring what it has queued",
    );
    Err(failure.with("minSupportedClientVersion", &json!(state.config.sync.min_client_version)))
}
