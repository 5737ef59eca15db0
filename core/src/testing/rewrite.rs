//! Requests and answers that are changed on their way: what a server says that is not like ours.

use crate::net::{Request, Response, decompress};
use bytes::Bytes;
use holm_protocol::columns::sums;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use serde_json::{Value, json};

const MAX_BYTES: usize = 64 << 20;

/// Takes the operations out of a push: the server sees none of them. Empty if the request is none.
pub(super) fn take_operations(request: &mut Request) -> Vec<Value> {
    plain_answer(request);
    let zipped = request.headers.contains_key(CONTENT_ENCODING);
    let body = if zipped { decompress(&request.body, MAX_BYTES).unwrap_or_default() } else { request.body.to_vec() };
    let Ok(mut push) = serde_json::from_slice::<Value>(&body) else { return Vec::new() };
    let Some(Value::Array(mut operations)) = push.get_mut("operations").map(Value::take) else { return Vec::new() };
    push["operations"] = json!([]);
    let columns = push["columns"].take();
    if let (Some(prefix), Some(numbers)) = (columns["opPrefix"].as_str(), columns["opSeq"].as_array()) {
        let numbers = sums(numbers.iter().filter_map(Value::as_i64));
        for (operation, number) in
            operations.iter_mut().zip(numbers).filter(|(operation, _)| operation["opId"].is_null())
        {
            operation["opId"] = format!("{prefix}{:08x}", number & 0xffff_ffff).into();
        }
    }
    request.headers.remove(CONTENT_ENCODING);
    request.body = Bytes::from(push.to_string());
    operations
}

/// Says in the answer to a push that each of these operations is to come again later.
pub(super) fn defer(response: &mut Response, operations: &[Value]) {
    let later = |op: &Value| {
        let error = json!({"code": "SERVICE_UNAVAILABLE", "message": "scripted", "retryable": true});
        json!({"opId": op["opId"], "success": false, "status": "deferred", "error": error})
    };
    change(response, |body| body["results"] = operations.iter().map(later).collect());
}

/// Asks for an answer that is not compressed.
pub(super) fn plain_answer(request: &mut Request) {
    request.headers.remove(ACCEPT_ENCODING);
}

/// Gives every record of an answer a version that is none.
pub(super) fn garble_records(response: &mut Response) {
    change(response, garble);
}

fn garble(value: &mut Value) {
    match value {
        Value::Object(members) if members.contains_key("_sync") => {
            members.insert("version".to_owned(), "of the future".into());
        }
        Value::Object(members) => members.values_mut().for_each(garble),
        Value::Array(elements) => elements.iter_mut().for_each(garble),
        _ => {}
    }
}

fn change(response: &mut Response, change: impl FnOnce(&mut Value)) {
    if let Ok(mut body) = serde_json::from_slice(&response.body) {
        change(&mut body);
        response.body = Bytes::from(body.to_string());
    }
}
