//! Every reply of the stories against its description in `/openapi.json` (OpenAPI 3.1, whose schemas are JSON Schema 2020-12).

use crate::support::{Reply, World};
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request};
use holm_server::{Server, ServerOptions, Store};
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;
use tower::ServiceExt;

/// The description, and what was made of its schemas.
struct Description {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

static DESCRIPTION: OnceCell<Description> = OnceCell::const_new();

/// What of a request its reply depends on.
pub struct Asked {
    method: Method,
    path: String,
    /// The reply to a write may have no body.
    minimal: bool,
}

impl Asked {
    pub fn of(request: &Request<Body>) -> Self {
        let prefers = request.headers().get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        let minimal = prefers.collect::<String>().to_lowercase().contains("return=minimal");
        Self { method: request.method().clone(), path: request.uri().path().to_owned(), minimal }
    }
}

#[tokio::test]
async fn server_f24_app_may_have_times_of_its_own() {
    let world = World::new();
    let phone = world.device("phone").await;
    phone.create("own", json!({"createdAt": 5, "updatedAt": null})).await;
    let pulled = phone.call("GET", "/v1/tasks", None).await.expect(200).json;
    assert_eq!(pulled["data"]["tasks"][0]["createdAt"], 5);
    assert_eq!(pulled["data"]["tasks"][0]["_sync"]["app"], json!(["createdAt", "updatedAt"]));
}

/// # Panics
/// If the route or the status is not described, or the body is not as it is described.
pub async fn check(asked: &Asked, reply: &Reply) {
    let Asked { method, path, minimal } = asked;
    let description = DESCRIPTION.get_or_init(Description::read).await;
    let Some((route, operation)) = description.operation(method, path) else {
        // A browser asks with OPTIONS, about any route.
        let refused = reply.status.is_client_error() || *method == Method::OPTIONS;
        assert!(refused, "{method} {path} answers {} and is not described", reply.status);
        return;
    };
    let responses = &operation["responses"];
    let status = reply.status.as_u16().to_string();
    let (named, response) = match responses.get(&status) {
        Some(response) => (status.as_str(), response),
        None => ("default", &responses["default"]),
    };
    let failed = reply.status.is_client_error() || reply.status.is_server_error();
    assert!(named != "default" || failed, "{method} {route} answers {status}, which is not described");
    let at = format!("{method} {route} {named}");
    for name in ["ETag", "Last-Modified", "Location", "Retry-After", "X-Request-Id"] {
        let told = reply.headers.contains_key(name);
        assert!(!told || response["headers"].get(name).is_some(), "{at} has {name}, which is not described");
    }
    let Some(content) = response["content"].as_object() else {
        assert!(reply.bytes.is_empty(), "{at} is described without a body");
        return;
    };
    // The answer to HEAD has the head of the answer to GET.
    let bodiless = *method == Method::HEAD || *minimal && reply.bytes.is_empty();
    if bodiless {
        return;
    }
    let media_type = reply.header("content-type");
    assert!(failed || content.contains_key(media_type), "{at} is described as {content:?}, is {media_type:?}");
    let Some(schema) = content.values().next().map(|content| &content["schema"]) else { return };
    let validator = description.validator(&at, schema);
    let body = unpacked(reply);
    let faults: Vec<String> =
        validator.iter_errors(&body).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{at} is not as it is described: {faults:#?}\n{body}");
}

impl Description {
    async fn read() -> Self {
        let server = Server::open(ServerOptions::new(Store::Memory)).unwrap();
        let request = Request::get("/openapi.json").body(Body::empty()).unwrap();
        let body = server.router().oneshot(request).await.unwrap().into_body();
        let document = serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap();
        Self { document, validators: Mutex::default() }
    }

    /// The operation that a request means: of the paths that fit that with the fewest parameters.
    fn operation(&self, method: &Method, path: &str) -> Option<(&str, &Value)> {
        let named = if method == Method::HEAD { "get".to_owned() } else { method.as_str().to_lowercase() };
        let paths = self.document["paths"].as_object()?.iter();
        let fits = paths.filter(|(template, _)| fits(template, path));
        let (template, item) = fits.min_by_key(|(template, _)| template.matches('{').count())?;
        Some((template.as_str(), item.get(&named)?))
    }

    fn validator(&self, at: &str, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let make = || {
            let mut root: Map<String, Value> = schema.as_object().unwrap().clone();
            root.insert("components".to_owned(), self.document["components"].clone());
            Arc::new(jsonschema::draft202012::new(&Value::Object(root)).unwrap())
        };
        Arc::clone(validators.entry(at.to_owned()).or_insert_with(make))
    }
}

fn unpacked(reply: &Reply) -> Value {
    if reply.header("content-encoding") != "gzip" {
        return reply.json.clone();
    }
    serde_json::from_reader(flate2::read::GzDecoder::new(reply.bytes.as_slice())).unwrap()
}

fn fits(template: &str, path: &str) -> bool {
    let (wanted, given): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    wanted.len() == given.len()
        && wanted.iter().zip(given).all(|(wanted, given)| wanted.starts_with('{') || *wanted == given)
}
