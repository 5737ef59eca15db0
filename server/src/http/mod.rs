//! The protocol over HTTP.
//!
//! ```text
//! request ─► compression ─► envelope: context, time limit, log ─► catch panics ─► route ─► session ─► body ─► handler
//! reply   ◄─ gzip ◄──────── headers, error body ◄──────────────────────────────────────────────────────────────┘
//! ```
//!
//! Invariants:
//! - Every reply leaves through [`envelope`], so every failure has the error body, whether a handler, axum or a panic caused it. Only what a
//!   browser asks before it lets a page call is answered before ([`cors`]).
//! - A handler reads the session before the body: a caller without a session cannot make the server read megabytes. (Account routes
//!   have no session; their bodies are small and read first.)
//! - Nothing here decides about records.

mod accounts;
mod actions;
mod body;
mod caller;
mod compression;
mod conditional;
mod context;
mod cors;
mod envelope;
mod intake;
mod operations;
mod params;
mod records;
mod reply;
mod schema;
mod sync;

use crate::error::{Code, Failure};
use crate::state::State;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use std::any::Any;
use std::sync::{Arc, LazyLock};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use intake::Intake;

/// The state that every handler gets.
pub(crate) type Shared = Arc<State>;

/// The routes and their description, which are the same for every server of the process.
static ROUTES: LazyLock<(Router<Shared>, operations::Description)> = LazyLock::new(|| {
    let (routes, document) = described_routes().split_for_parts();
    (routes, operations::Description::new(&document))
});

/// All routes with everything around them.
pub(crate) fn router(state: &Shared) -> Router {
    let (routes, description) = &*ROUTES;
    surrounded(routes.clone().layer(axum::Extension(description.clone())), state)
}

/// Routes with everything that stands around them.
fn surrounded(routes: Router<Shared>, state: &Shared) -> Router {
    let router = routes
        .fallback(async || Failure::new(Code::NotFound, "there is no such route"))
        .method_not_allowed_fallback(async || {
            Failure::new(Code::MethodNotAllowed, "the route does not know this method")
        })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(state), envelope::envelope))
        .layer(middleware::from_fn_with_state(Arc::clone(state), compression::compress));
    let router = match cors::layer(&state.config.server.cors_origins) {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router.with_state(Arc::clone(state))
}

/// The routes as they describe themselves.
fn described_routes() -> OpenApiRouter<Shared> {
    let accounts = || {
        OpenApiRouter::new()
            .routes(routes!(accounts::sign_up))
            .routes(routes!(accounts::sign_in))
            .routes(routes!(accounts::refresh))
            .routes(routes!(accounts::sign_out))
    };
    let mut routes = OpenApiRouter::with_openapi(schema::Api::openapi())
        .routes(routes!(operations::livez))
        .routes(routes!(operations::healthz))
        .routes(routes!(operations::readyz))
        .routes(routes!(operations::openapi))
        .routes(routes!(accounts::profile))
        .routes(routes!(sync::pull::pull))
        .routes(routes!(sync::pull::changes))
        .routes(routes!(sync::batch::batch))
        .routes(routes!(sync::status::status, sync::status::status_head))
        .routes(routes!(sync::config::config))
        .routes(routes!(actions::of_record))
        .routes(routes!(actions::of_collection))
        .routes(routes!(actions::of_account))
        .routes(routes!(actions::job))
        .routes(routes!(records::read::list, records::write::create))
        .routes(routes!(records::read::fetch))
        .routes(routes!(records::read::one, records::write::replace, records::write::patch, records::write::delete))
        .nest("/v1/auth", accounts())
        .nest("/api/auth", accounts());
    schema::describe(routes.get_openapi_mut());
    // The account routes exist twice; operation ids must not.
    let paths = &mut routes.get_openapi_mut().paths.paths;
    for (_, item) in paths.iter_mut().filter(|(path, _)| path.starts_with("/api/")) {
        if let Some(id) = item.post.as_mut().and_then(|operation| operation.operation_id.as_mut()) {
            id.insert_str(0, "api_");
        }
    }
    routes
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    // The message of a panic may hold anything, so it is not answered. The panic hook has logged where it happened.
    Failure::new(Code::ServerError, "the server failed").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{Server, ServerOptions, Store};
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use axum::routing::get;
    use tower::ServiceExt;

    #[tokio::test]
    async fn panic_is_answered_with_the_error_body() {
        let server = Server::open(ServerOptions::new(Store::Memory)).unwrap();
        let routes = Router::new().route("/panic", get(async || -> () { panic!("a secret") }));
        let request = Request::get("/panic").body(Body::empty()).unwrap();
        let response = surrounded(routes, server.state()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            text.starts_with(r#"{"error":{"code":"SERVER_ERROR","message":"the server failed","retryable":true"#),
            "{text}"
        );
    }
}
