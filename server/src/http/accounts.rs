//! Accounts: `/v1/auth/*`, also under `/api/auth/*`, and `/v1/user/profile`.

use super::Shared;
use super::body::Payload;
use super::caller::{Bearer, Caller, admit};
use super::context::Context;
use super::reply::Reply;
use super::schema;
use crate::auth::{self, NewSession, SignUp, Token};
use crate::error::Failure;
use crate::model::{Decoder, DeviceId, details, write_string};
use crate::store::accounts::{self, User};
use crate::sync::wire::write_time;
use axum::extract::State;
use axum::http::StatusCode;

/// The longest address that mail servers exchange (RFC 5321, section 4.5.3.1.3, without its brackets).
const MAX_EMAIL_BYTES: usize = 254;

/// An address and a password.
struct Credentials {
    email: String,
    password: String,
    name: Option<String>,
    device: Option<String>,
}

/// Makes an account and signs in to it.
#[utoipa::path(
    post, path = "/sign-up", tag = "accounts",
    request_body = schema::SignUp,
    responses((status = 201, body = schema::SessionReply),
              (status = 200, body = schema::SessionReply, description = "The account was there, with this password."),
              (status = "default", body = schema::ErrorBody)),
)]
pub(super) async fn sign_up(
    State(server): State<Shared>,
    context: Context,
    payload: Payload,
) -> Result<Reply, Failure> {
    let given = credentials(&server, &context, payload).await?;
    let outcome = auth::sign_up(&server, &given.email, &given.password, given.name, given.device).await?;
    Ok(match outcome {
        SignUp::Created(session) => issued(&server, &context, &session).status(StatusCode::CREATED),
        SignUp::Repeated(session) => issued(&server, &context, &session),
    })
}

/// Signs in.
#[utoipa::path(
    post, path = "/sign-in", tag = "accounts",
    request_body = schema::SignIn,
    responses((status = 200, body = schema::SessionReply), (status = "default", body = schema::ErrorBody)),
)]
pub(super) async fn sign_in(
    State(server): State<Shared>,
    context: Context,
    payload: Payload,
) -> Result<Reply, Failure> {
    let given = credentials(&server, &context, payload).await?;
    let session = auth::sign_in(&server, &given.email, &given.password, given.device).await?;
    Ok(issued(&server, &context, &session))
}

/// Exchanges a refresh token for a new pair. The same token gives the same pair until that is used.
#[utoipa::path(
    post, path = "/session/refresh", tag = "accounts",
    request_body = schema::Refresh,
    responses((status = 200, body = schema::SessionReply), (status = "default", body = schema::ErrorBody)),
)]
pub(super) async fn refresh(
    State(server): State<Shared>,
    context: Context,
    payload: Payload,
) -> Result<Reply, Failure> {
    let token = payload.json(&server, server.config.limits.max_body_bytes, |body| {
        let token = Decoder::new(body, "body")?.text("refreshToken")?;
        token.map(Token::received).ok_or_else(|| details("refreshToken", "is missing").into())
    });
    let session = auth::refresh(&server, token.await?).await?;
    Ok(issued(&server, &context, &session))
}

/// Ends this session, or all of the user's.
#[utoipa::path(
    post, path = "/sign-out", tag = "accounts",
    request_body = schema::SignOut,
    responses((status = 204, description = "The session has ended."), (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(super) async fn sign_out(
    State(server): State<Shared>,
    Bearer(token): Bearer,
    payload: Payload,
) -> Result<Reply, Failure> {
    let all_devices = if payload.is_empty() {
        false
    } else {
        let limit = server.config.limits.max_body_bytes;
        payload.json(&server, limit, |body| Ok(Decoder::new(body, "body")?.flag("allDevices")?)).await?
    };
    auth::sign_out(&server, &token, all_devices).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The user whose session this is: how a device with a token of unknown origin learns whose data it would send where.
#[utoipa::path(
    get, path = "/v1/user/profile", tag = "accounts",
    responses((status = 200, body = schema::ProfileReply), (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(super) async fn profile(caller: Caller) -> Result<Reply, Failure> {
    let row = caller.session.user;
    let user = caller.server.database.read::<_, Failure, _>(move |db| Ok(accounts::user_by_row(db, row)?)).await?;
    let mut data = Vec::new();
    write_user(&mut data, &user);
    Ok(caller.data(&data))
}

async fn credentials(server: &Shared, context: &Context, payload: Payload) -> Result<Credentials, Failure> {
    let read = |body| {
        let mut body = Decoder::new(body, "body")?;
        let missing = |key: &'static str| move || Failure::from(details(key, "is missing"));
        let name = body.text("name")?;
        if name.as_ref().is_some_and(|name| name.len() > 256) {
            return Err(details("name", "may have at most 256 bytes").into());
        }
        let email = body.text("email")?.ok_or_else(missing("email"))?;
        if email.len() > MAX_EMAIL_BYTES {
            return Err(details("email", format!("may have at most {MAX_EMAIL_BYTES} bytes")).into());
        }
        Ok(Credentials {
            email,
            password: body.text("password")?.ok_or_else(missing("password"))?,
            name,
            device: body.text("device")?,
        })
    };
    let mut given = payload.json(server, server.config.limits.max_body_bytes, read).await?;
    if let Some(device) = &given.device {
        DeviceId::parse(device).map_err(|fault| details("device", fault.to_string()))?;
    }
    if given.device.is_none() {
        given.device = context.device.as_ref().map(ToString::to_string);
    }
    // Guessing passwords of one account counts as that account's requests.
    admit(server, &format!("email:{}", given.email.trim().to_lowercase()))?;
    Ok(given)
}

fn issued(server: &Shared, context: &Context, session: &NewSession) -> Reply {
    let NewSession { user, tokens } = session;
    let mut data = b"{\"user\":".to_vec();
    write_user(&mut data, user);
    data.extend_from_slice(b",\"session\":{\"token\":");
    write_string(&mut data, tokens.session.reveal());
    data.extend_from_slice(b",\"expiresAt\":");
    write_time(&mut data, tokens.session_expires_ts);
    data.extend_from_slice(b",\"refreshToken\":");
    write_string(&mut data, tokens.refresh.reveal());
    data.extend_from_slice(b",\"refreshExpiresAt\":");
    write_time(&mut data, tokens.refresh_expires_ts);
    data.extend_from_slice(b"}}");
    Reply::data(context, server, &data)
}

/// Appends `{"id":…,"email":…,"name":…,"createdAt":…}`.
fn write_user(out: &mut Vec<u8>, user: &User) {
    out.extend_from_slice(b"{\"id\":");
    write_string(out, &user.public_id);
    out.extend_from_slice(b",\"email\":");
    write_string(out, &user.email);
    out.extend_from_slice(b",\"name\":");
    match &user.name {
        Some(name) => write_string(out, name),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"createdAt\":");
    write_time(out, user.created_ts);
    out.push(b'}');
}
