//! Accounts: `/v1/auth/*`, also under `/api/auth/*`, and `/v1/user/profile`.

use super::Shared;
use super::body::SmallPayload;
use super::caller::{Address, Bearer, Caller, admit};
use super::context::Context;
use super::reply::Reply;
use super::schema;
use crate::auth::{self, NewSession, SignUp, Token, Visitor};
use crate::error::Failure;
use crate::model::{DeviceId, Timestamp, details, write_string};
use crate::store::accounts::{self, User};
use crate::sync::wire::write_time;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;

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
    address: Address,
    payload: SmallPayload,
) -> Result<Reply, Failure> {
    let given = credentials(&server, &context, payload)?;
    let visitor = Visitor { address: address.0, device: given.device };
    let outcome = auth::sign_up(&server, &given.email, &given.password, given.name, visitor).await?;
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
    address: Address,
    payload: SmallPayload,
) -> Result<Reply, Failure> {
    let given = credentials(&server, &context, payload)?;
    let visitor = Visitor { address: address.0, device: given.device };
    let session = auth::sign_in(&server, &given.email, &given.password, visitor).await?;
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
    address: Address,
    payload: SmallPayload,
) -> Result<Reply, Failure> {
    let token = payload.decoder()?.text("refreshToken")?;
    let token = token.map(Token::received).ok_or_else(|| details("refreshToken", "is missing"))?;
    let session = auth::refresh(&server, token, address.0).await?;
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
    context: Context,
    Bearer(token): Bearer,
    payload: SmallPayload,
) -> Result<Reply, Failure> {
    let device = context.device.as_ref().map(ToString::to_string);
    let all_devices = if payload.is_empty() { false } else { payload.decoder()?.flag("allDevices")? };
    auth::sign_out(&server, &token, device, all_devices).await?;
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
    let user = caller.read::<_, Failure, _>(move |db| Ok(accounts::user_by_row(db, row)?)).await?;
    let mut data = Vec::new();
    write_user(&mut data, &user);
    Ok(caller.data(&data))
}

fn credentials(server: &Shared, context: &Context, payload: SmallPayload) -> Result<Credentials, Failure> {
    let mut body = payload.decoder()?;
    let missing = |key: &'static str| move || Failure::from(details(key, "is missing"));
    let name = body.text("name")?;
    if name.as_ref().is_some_and(|name| name.len() > 256 || name.contains('\0')) {
        return Err(details("name", "may have at most 256 bytes, and no NUL").into());
    }
    let email = body.text("email")?.ok_or_else(missing("email"))?;
    if email.len() > MAX_EMAIL_BYTES {
        return Err(details("email", format!("may have at most {MAX_EMAIL_BYTES} bytes")).into());
    }
    let password = body.text("password")?.ok_or_else(missing("password"))?;
    let mut device = body.text("device")?;
    if let Some(device) = &device {
        DeviceId::parse(device).map_err(|fault| details("device", fault.to_string()))?;
    }
    if device.is_none() {
        device = context.device.as_ref().map(ToString::to_string);
    }
    // Guessing passwords of one account counts as that account's requests.
    admit(server, &format!("email:{}", email.trim().to_lowercase()))?;
    Ok(Credentials { email, password, name, device })
}

fn issued(server: &Shared, context: &Context, session: &NewSession) -> Reply {
    let NewSession { user, tokens } = session;
    let mut data = b"{\"user\":".to_vec();
    write_user(&mut data, user);
    data.extend_from_slice(b",\"session\":{\"token\":");
    write_string(&mut data, tokens.session.reveal());
    data.extend_from_slice(b",\"expiresAt\":");
    write_time(&mut data, Timestamp::from_ms(tokens.session_expires_ts));
    data.extend_from_slice(b",\"refreshToken\":");
    write_string(&mut data, tokens.refresh.reveal());
    data.extend_from_slice(b",\"refreshExpiresAt\":");
    write_time(&mut data, Timestamp::from_ms(tokens.refresh_expires_ts));
    data.extend_from_slice(b"}}");
    // RFC 6749, section 5.1: no cache may ever hold a token.
    Reply::data(context, server, &data).header(CACHE_CONTROL, "no-store")
}

/// Appends `{"id":…,"email":…,"name":…,"createdAt":…}`.
fn write_user(out: &mut Vec<u8>, user: &User) {
    out.extend_from_slice(b"{\"id\":");
    write_string(out, &user.public_id);
    for (key, value) in [("email", user.credentials.as_ref().map(|own| &own.email)), ("name", user.name.as_ref())] {
        out.push(b',');
        write_string(out, key);
        out.push(b':');
        match value {
            Some(value) => write_string(out, value),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.extend_from_slice(b",\"createdAt\":");
    write_time(out, Timestamp::from_ms(user.created_ts));
    out.push(b'}');
}
