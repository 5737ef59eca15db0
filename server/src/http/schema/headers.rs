//! The headers that many routes have in common, in the description.

use axum::http::Method;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, PathItem, RefOr, Required, Response};

/// Of every request.
const ALL: [(&str, &str); 6] = [
    ("X-Api-Version", "The version of the protocol, 2 if absent."),
    ("X-Client-Version", "The app's version, such as 1.4.0."),
    ("X-Device-Id", "The device that asks. An operation of a batch needs it here or in the body."),
    ("X-Sync-Context", "Why: `foreground`, `background`, `user` or `push`."),
    ("X-Request-Id", "A name for the request; the reply has it, too."),
    ("X-Holm", "In the place of the first four: their values, with a blank between each two."),
];
/// Of reads of records.
const READS: [(&str, &str); 2] = [
    ("If-None-Match", "Entity tags that the caller has."),
    ("If-Modified-Since", "Where there is no `If-None-Match`: the date of what the caller has."),
];
/// Of writes of records.
const WRITES: [(&str, &str); 2] = [
    ("Idempotency-Key", "Recognises a repeat."),
    ("Prefer", "`return=minimal`: a reply without the record; `return=representation`: with it."),
];
/// Of writes of records that are there.
const CHANGES: [(&str, &str); 1] =
    [("If-Unmodified-Since", "Where there is no `If-Match`: the date of the state that the write is based on.")];

/// Adds them to every operation that has them.
pub(in crate::http) fn describe(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            // Of the routes beside those of records, the configuration alone has a state that a caller may have.
            let has_state = has_tag(operation, "records") || path == "/v1/sync/config";
            of_request(&method, operation, has_state);
            of_replies(&method, operation, has_state);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, put, post, delete, head, patch, .. } = item;
    let all = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::HEAD, head),
        (Method::PATCH, patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn has_tag(operation: &Operation, wanted: &str) -> bool {
    operation.tags.iter().flatten().any(|tag| tag == wanted)
}

fn of_request(method: &Method, operation: &mut Operation, has_state: bool) {
    if has_tag(operation, "operations") {
        return;
    }
    let mut wanted = ALL.to_vec();
    if has_state {
        match *method {
            Method::GET => wanted.extend(READS),
            Method::POST => wanted.extend(WRITES),
            _ => wanted.extend(WRITES.iter().chain(&CHANGES)),
        }
    }
    let known = operation.parameters.get_or_insert_default();
    for (name, description) in wanted {
        let is_known = |known: &RefOr<Parameter>| matches!(known, RefOr::T(known) if known.name == name);
        if !known.iter().any(is_known) {
            known.push(RefOr::T(parameter(name, description)));
        }
    }
}

fn of_replies(method: &Method, operation: &mut Operation, has_state: bool) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        add(response, "X-Request-Id", "The name of the request.");
        match status.as_str() {
            "default" | "503" => {
                add(response, "Retry-After", "Seconds after which to send it again, if that may help.")
            }
            "200" | "201" if has_state && *method == Method::POST => add(response, "Location", "Where the record is."),
            "202" => add(response, "Location", "Where the job is."),
            _ => {}
        }
        if has_state && status.parse::<u16>().is_ok_and(|status| status < 400) {
            add(response, "ETag", "The state that the reply shows, if it shows one.");
            add(response, "Last-Modified", "The date of that state, once its second is over.");
        }
    }
}

fn add(response: &mut Response, name: &str, description: &str) {
    let header: Header = HeaderBuilder::new().schema(Some(text())).description(Some(description)).build();
    response.headers.insert(name.to_owned(), RefOr::T(header));
}

fn parameter(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text()))
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}
