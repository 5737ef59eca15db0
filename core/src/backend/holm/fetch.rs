//! Reading one document (protocol, section 5).
//!
//! It is asked for without validators: what is asked for alone is what is not here, so there is nothing that an ETag could spare.

use super::invalid;
use super::pull::Meta;
use super::record::{record, stated};
use crate::backend::{FetchReply, FetchRequest};
use crate::error::Result;
use crate::net::ServerFailure;
use crate::time::Span;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
    meta: Meta,
}

/// The path of a document. An id may have any characters: all but the plainest are escaped.
pub(super) fn path(request: &FetchRequest) -> String {
    let mut path = format!("/v1/{}/", request.collection);
    for byte in request.id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => path.push(char::from(byte)),
            _ => drop(write!(path, "%{byte:02X}")),
        }
    }
    path
}

pub(super) fn parse(body: &[u8], request: &FetchRequest, span: Span) -> Result<FetchReply> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|e| invalid("a document", e))?;
    let change = record(envelope.data).map_err(|unreadable| invalid("a document", unreadable.why))?;
    if change.id != request.id {
        return Err(invalid("a document", "it is another one"));
    }
    Ok(FetchReply { change, server_time: envelope.meta.server_time(span) })
}

/// A failure that says that the document is deleted, or was forgotten long after that.
pub(super) fn gone(failure: Option<&ServerFailure>, request: &FetchRequest) -> Result<Option<FetchReply>> {
    let Some(failure) = failure.filter(|f| matches!(f.code.as_str(), "RECORD_DELETED" | "RECORD_NOT_FOUND")) else {
        return Ok(None);
    };
    Ok(Some(FetchReply { change: stated(failure, &request.id)?, server_time: None }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::net::SyncReason;
    use crate::time::Reading;

    fn request(id: &str) -> FetchRequest {
        FetchRequest { collection: "tasks".into(), id: id.into(), context: SyncReason::Foreground }
    }

    #[test]
    fn an_id_is_one_segment_of_the_path_whatever_is_in_it() {
        assert_eq!(path(&request("a-b_c.d~9")), "/v1/tasks/a-b_c.d~9");
        assert_eq!(path(&request("ä/../?x=1#%")), "/v1/tasks/%C3%A4%2F..%2F%3Fx%3D1%23%25");
    }

    #[test]
    fn another_document_is_not_taken_for_the_one_asked_for() {
        let body = br#"{"data":{"id":"b","n":1,"version":2,"_sync":{"seq":7}},"meta":{"serverTime":"2026-11-20T10:00:00.000Z"}}"#;
        let now = Reading { wall_ms: 0, monotonic_ms: 0 };
        let span = Span { sent: now, received: now };
        assert_eq!(parse(body, &request("a"), span).unwrap_err().code(), ErrorCode::InvalidResponse);
        let reply = parse(body, &request("b"), span).unwrap();
        assert_eq!(reply.change.body.as_deref(), Some(r#"{"n":1}"#));
        let server_ms = reply.server_time.map(|time| time.server_ms);
        assert_eq!((reply.change.seq, server_ms), (Some(7), Some(1_795_168_800_000)));
    }

    #[test]
    fn a_deleted_document_is_a_state_and_other_refusals_are_not() {
        let deleted: ServerFailure =
            serde_json::from_str(r#"{"code":"RECORD_DELETED","tombstone":{"id":"a","version":3,"seq":9}}"#).unwrap();
        let change = gone(Some(&deleted), &request("a")).unwrap().unwrap().change;
        assert_eq!((change.body, change.seq), (None, Some(9)));
        let unknown: ServerFailure = serde_json::from_str(r#"{"code":"NOT_FOUND"}"#).unwrap();
        assert!(gone(Some(&unknown), &request("a")).unwrap().is_none());
        assert!(gone(None, &request("a")).unwrap().is_none());
    }
}
