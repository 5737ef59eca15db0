//! The results of a push (protocol, section 7).

use super::record::{record, stated, time};
use super::{PushRequest, invalid};
use crate::error::Result;
use crate::model::{OpError, Outcome};
use crate::net::ServerFailure;
use holm_protocol::codes::Code;
use holm_protocol::columns;
use holm_protocol::time::Timestamp;
use serde::Deserialize;
use serde_json::Map;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireResult<'a> {
    op_id: String,
    #[serde(default)]
    status: String,
    version: Option<i64>,
    seq: Option<i64>,
    updated_at: Option<String>,
    server_id: Option<String>,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    #[serde(default)]
    record_omitted: bool,
    error: Option<ServerFailure>,
}

/// Operations that were taken as they were sent, in columns; the others by their place in the request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompactResults<'a> {
    seq: Vec<i64>,
    updated_at: Vec<i64>,
    #[serde(borrow)]
    others: BTreeMap<usize, WireResult<'a>>,
}

/// The outcome of each operation of a request.
pub(super) fn outcomes(results: &RawValue, request: &PushRequest) -> Result<Vec<Outcome>> {
    let wrong = |error: &dyn std::fmt::Display| invalid("the answer to a push", error);
    if results.get().starts_with('{') {
        return compact(serde_json::from_str(results.get()).map_err(|e| wrong(&e))?, request);
    }
    let results: Vec<WireResult<'_>> = serde_json::from_str(results.get()).map_err(|e| wrong(&e))?;
    if results.len() != request.operations.len() {
        return Err(wrong(&format_args!("{} results for {} operations", results.len(), request.operations.len())));
    }
    results.into_iter().enumerate().map(|(place, result)| one(result, place, request)).collect()
}

fn compact(mut results: CompactResults<'_>, request: &PushRequest) -> Result<Vec<Outcome>> {
    let taken = results.seq.len();
    let (sent, answered) = (request.operations.len(), taken + results.others.len());
    if results.updated_at.len() != taken || answered != sent {
        let counts = format!("{taken} and {} places for {sent} operations", results.updated_at.len());
        return Err(invalid("the answer to a push", counts));
    }
    let mut places = columns::sums(results.seq).zip(columns::sums(results.updated_at));
    let outcome = |(place, outgoing): (usize, &crate::backend::Outgoing)| {
        if let Some(result) = results.others.remove(&place) {
            return one(result, place, request);
        }
        // A place of another operation was among the others: then these run out.
        let (seq, updated_us) =
            places.next().ok_or_else(|| invalid("the answer to a push", "a result answers no operation"))?;
        Ok(Outcome::Applied {
            version: Some(outgoing.op.base_version.unwrap_or(0).saturating_add(1)),
            seq: Some(seq),
            updated_ms: Some(Timestamp::from_micros(updated_us).ms()),
            server_id: None,
            record: None,
        })
    };
    request.operations.iter().enumerate().map(outcome).collect()
}

fn one(result: WireResult<'_>, place: usize, request: &PushRequest) -> Result<Outcome> {
    let sent = &request.operations[place].op;
    if result.op_id != sent.op_id.to_string() {
        return Err(invalid("the answer to a push", "a result answers another operation"));
    }
    outcome(result, &sent.doc_id)
}

fn outcome(result: WireResult<'_>, doc_id: &str) -> Result<Outcome> {
    let failure = result.error.unwrap_or_default();
    let op_error = |failure: ServerFailure| OpError {
        code: failure.code.clone(),
        message: failure.message.clone(),
        details: failure.into_details(),
    };
    Ok(match (result.status.as_str(), Code::parse(&failure.code)) {
        // The reply had no room for the record, without which the device cannot know what became of it. A repeat brings it: a duplicate.
        ("applied" | "duplicate", _) if result.record_omitted => {
            let message = "the reply had no room for the record";
            Outcome::Deferred(OpError::new(Code::ServiceUnavailable.as_str(), message))
        }
        ("applied" | "duplicate", _) => Outcome::Applied {
            // What is no version or place is not believed: the next page brings the true one.
            version: result.version.filter(|version| *version > 0),
            seq: result.seq.filter(|seq| *seq > 0),
            updated_ms: result.updated_at.as_deref().and_then(time),
            server_id: result.server_id,
            // A record that cannot be read is no reason to send the operation again: the server has it.
            record: result.record.and_then(|raw| record(raw).ok()),
        },
        (_, Some(Code::VersionConflict | Code::RecordExists | Code::RecordDeleted | Code::RecordNotFound)) => {
            match stated(&failure, doc_id) {
                Ok(state) => Outcome::Conflict(state),
                // Without the server's state nothing can be merged, and to send it again would not help.
                Err(error) => {
                    let message = format!("{}: {error}", failure.code);
                    let code = error.code().as_str().to_owned();
                    Outcome::Rejected(OpError { code, message, details: Map::new() })
                }
            }
        }
        (_, Some(Code::OpSequenceReused)) => Outcome::Cloned,
        (_, Some(Code::OperationUnknown)) => Outcome::Unknown,
        (_, Some(Code::DependencyFailed | Code::GroupAborted | Code::BatchAborted)) => {
            Outcome::Blocked(op_error(failure))
        }
        ("deferred", _) => Outcome::Deferred(op_error(failure)),
        _ if failure.retryable => Outcome::Deferred(op_error(failure)),
        (_, None) if failure.code.is_empty() => {
            return Err(invalid("a result", format!("status {:?} without an error", result.status)));
        }
        _ => Outcome::Rejected(op_error(failure)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Outgoing;
    use crate::error::ErrorCode;
    use crate::model::{OpId, OpKind, OpState, Operation, Stamp};
    use crate::net::SyncReason;
    use std::sync::Arc;

    fn sent(op_seq: u8, base_version: Option<i64>) -> Outgoing {
        let op = Operation {
            op_seq: i64::from(op_seq),
            op_id: OpId::from_bytes([op_seq; 16]),
            document: 1,
            collection: 1,
            doc_id: format!("d{op_seq}"),
            kind: OpKind::Update,
            state: OpState::InFlight,
            base_version,
            changes: None,
            before: Default::default(),
            stamp: Stamp { ms: 0, counter: 0 },
            group: None,
            attempts: 0,
            rounds: 0,
            not_before_ms: 0,
            last_error: None,
            absorbed: Vec::new(),
            action: None,
        };
        Outgoing { op, collection: "tasks".into(), remote_id: None, body: None }
    }

    fn read(results: &str) -> Result<Vec<Outcome>> {
        let request = PushRequest {
            operations: Arc::new(vec![sent(1, None), sent(2, Some(4)), sent(3, Some(7))]),
            asks: false,
            ordered: false,
            positions: Vec::new(),
            acknowledged: 0,
            context: SyncReason::Foreground,
        };
        outcomes(&RawValue::from_string(results.to_owned()).unwrap(), &request)
    }

    fn taken(version: i64, seq: i64, updated_ms: i64) -> Outcome {
        let (version, seq, updated_ms) = (Some(version), Some(seq), Some(updated_ms));
        Outcome::Applied { version, seq, updated_ms, record: None, server_id: None }
    }

    #[test]
    fn columns_say_what_was_taken_and_the_others_stand_beside_them() {
        let all = read(r#"{"seq":[50,1,3],"updatedAt":[900007,1000,1000],"others":{}}"#).unwrap();
        assert_eq!(all, [taken(1, 50, 900), taken(5, 51, 901), taken(8, 54, 902)]);
        let other = format!(r#"{{"opId":"{}","status":"duplicate","version":9,"seq":40}}"#, OpId::from_bytes([2; 16]));
        let mixed = read(&format!(r#"{{"seq":[50,1],"updatedAt":[900007,1000],"others":{{"1":{other}}}}}"#)).unwrap();
        assert_eq!((&mixed[0], &mixed[2]), (&taken(1, 50, 900), &taken(8, 51, 901)));
        assert!(matches!(mixed[1], Outcome::Applied { version: Some(9), seq: Some(40), updated_ms: None, .. }));
    }

    #[test]
    fn what_is_no_version_and_no_place_is_not_believed() {
        let result = |op: u8, version: i64| {
            let id = OpId::from_bytes([op; 16]);
            format!(r#"{{"opId":"{id}","status":"applied","version":{version},"seq":{version}}}"#)
        };
        let all = read(&format!("[{},{},{}]", result(1, 0), result(2, -1), result(3, 1))).unwrap();
        let read: Vec<_> = all
            .iter()
            .map(|one| match one {
                Outcome::Applied { version, seq, .. } => (*version, *seq),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(read, [(None, None), (None, None), (Some(1), Some(1))]);
    }

    #[test]
    fn exceeded_quota_parks_the_write_with_its_figures() {
        let op_id = OpId::from_bytes([1; 16]);
        let error = r#"{"code":"QUOTA_EXCEEDED","message":"m","retryable":false,"quota":"records","currentUsage":105,"limit":100,"upgradeUrl":"https://a"}"#;
        let results = format!(
            r#"{{"seq":[1,1],"updatedAt":[1,1],"others":{{"0":{{"opId":"{op_id}","status":"rejected","error":{error}}}}}}}"#
        );
        let outcomes = read(&results).unwrap();
        let Outcome::Rejected(error) = &outcomes[0] else { panic!("{:?}", outcomes[0]) };
        assert_eq!(error.code, "QUOTA_EXCEEDED");
        let details =
            serde_json::json!({"quota": "records", "currentUsage": 105, "limit": 100, "upgradeUrl": "https://a"});
        assert_eq!(serde_json::Value::Object(error.details.clone()), details);
    }

    #[test]
    fn omitted_record_makes_the_operation_come_again() {
        let op_id = OpId::from_bytes([1; 16]);
        let result = format!(r#"{{"opId":"{op_id}","status":"applied","version":9,"seq":3,"recordOmitted":true}}"#);
        let outcomes = read(&format!(r#"{{"seq":[1,1],"updatedAt":[1,1],"others":{{"0":{result}}}}}"#)).unwrap();
        assert!(
            matches!(&outcomes[0], Outcome::Deferred(error) if error.code == "SERVICE_UNAVAILABLE"),
            "{:?}",
            outcomes[0]
        );
    }

    #[test]
    fn results_that_do_not_fit_the_request_are_refused() {
        let second = OpId::from_bytes([2; 16]);
        for results in [
            "7",
            "[]",
            r#"{"seq":[1,1,1]}"#,
            r#"{"seq":[1,1,1],"updatedAt":[1,1],"others":{}}"#,
            r#"{"seq":[1,1],"updatedAt":[1,1],"others":{}}"#,
            r#"{"seq":[1,1,1,1],"updatedAt":[1,1,1,1],"others":{}}"#,
            &format!(r#"{{"seq":[1,1],"updatedAt":[1,1],"others":{{"0":{{"opId":"{second}","status":"applied"}}}}}}"#),
            &format!(r#"{{"seq":[1,1],"updatedAt":[1,1],"others":{{"3":{{"opId":"{second}","status":"applied"}}}}}}"#),
        ] {
            assert_eq!(read(results).unwrap_err().code(), ErrorCode::InvalidResponse, "{results}");
        }
    }
}
