//! Routes for operators and tools: health, OpenAPI.

use super::reply::Reply;
use super::{Shared, schema};
use crate::error::Failure;
use crate::store::Lane;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::OpenApi;

/// The description of the routes, as text.
#[derive(Clone)]
pub(super) struct Description(Bytes);

impl Description {
    pub(super) fn new(document: &OpenApi) -> Self {
        // A description is a tree of texts: writing it into memory cannot fail.
        Self(document.to_json().unwrap_or_default().into())
    }
}

/// Whether the server is up and its database answers.
#[utoipa::path(
    get, path = "/livez", tag = "operations",
    responses((status = 200, body = schema::Health), (status = "default", body = schema::ErrorBody)),
)]
pub(super) async fn livez(State(server): State<Shared>) -> Result<Reply, Failure> {
    server.database.read::<_, Failure, _>(Lane::Urgent, |db| Ok(db.query_row("SELECT 1", [], |_| Ok(()))?)).await?;
    Ok(Reply::bare(b"{\"status\":\"ok\"}"))
}

/// The same as `/livez`, under an older name.
#[utoipa::path(
    get, path = "/healthz", tag = "operations",
    responses((status = 200, body = schema::Health), (status = "default", body = schema::ErrorBody)),
)]
pub(super) async fn healthz(server: State<Shared>) -> Result<Reply, Failure> {
    livez(server).await
}

/// Whether the server should be sent requests: it takes writes and is not about to end.
#[utoipa::path(
    get, path = "/readyz", tag = "operations",
    responses((status = 200, body = schema::Health), (status = 503, body = schema::ErrorBody), (status = "default", body = schema::ErrorBody)),
)]
pub(super) async fn readyz(State(server): State<Shared>) -> Result<Reply, Failure> {
    server.readiness.check(&server).await?;
    Ok(Reply::bare(b"{\"status\":\"ok\"}"))
}

/// This description.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)),
)]
pub(super) async fn openapi(Extension(description): Extension<Description>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], description.0)
}
