//! Sign-in and refresh as JSON (protocol, section 9).

use super::session::Grant;
use crate::error::{Error, ErrorCode, Result};
use serde::Deserialize;
use serde_json::json;

pub(super) const SIGN_UP: &str = "/v1/auth/sign-up";
pub(super) const SIGN_IN: &str = "/v1/auth/sign-in";
pub(super) const SIGN_OUT: &str = "/v1/auth/sign-out";
pub(super) const PROFILE: &str = "/v1/user/profile";
pub(super) const REFRESH: &str = "/v1/auth/session/refresh";

pub(super) fn sign_request(email: &str, password: &str, device: &str) -> Vec<u8> {
    json!({"email": email, "password": password, "device": device}).to_string().into_bytes()
}

pub(super) fn refresh_request(refresh_token: &str) -> Vec<u8> {
    json!({"refreshToken": refresh_token}).to_string().into_bytes()
}

/// Reads a reply that grants a session.
pub(super) fn parse_session(body: &[u8]) -> Result<Grant> {
    #[derive(Deserialize)]
    struct Envelope {
        data: Data,
        #[serde(default)]
        meta: Meta,
    }
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase")]
    struct Meta {
        server_time: Option<String>,
    }
    #[derive(Deserialize)]
    struct Data {
        user: Option<User>,
        session: Granted,
    }
    #[derive(Deserialize)]
    struct User {
        id: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Granted {
        token: String,
        expires_at: Option<String>,
        refresh_token: Option<String>,
    }
    let envelope: Envelope = serde_json::from_slice(body)
        .map_err(|_| Error::network(ErrorCode::InvalidResponse, "the sign-in's answer does not follow the protocol"))?;
    let granted = envelope.data.session;
    let time = |text: Option<String>| text.and_then(|text| chrono::DateTime::parse_from_rfc3339(&text).ok());
    let (expires, now) = (time(granted.expires_at), time(envelope.meta.server_time));
    Ok(Grant {
        token: granted.token,
        expires_ms: expires.map(|at| at.timestamp_millis()),
        ended: expires.zip(now).is_some_and(|(end, now)| end <= now),
        refresh_token: granted.refresh_token,
        user_id: envelope.data.user.map(|user| user.id),
    })
}

/// Reads whose a token is.
pub(super) fn parse_profile(body: &[u8]) -> Result<String> {
    #[derive(Deserialize)]
    struct Envelope {
        data: Profile,
    }
    #[derive(Deserialize)]
    struct Profile {
        id: String,
    }
    let envelope: Envelope = serde_json::from_slice(body)
        .map_err(|_| Error::network(ErrorCode::InvalidResponse, "the profile does not follow the protocol"))?;
    Ok(envelope.data.id)
}
