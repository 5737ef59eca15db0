//! The columns of a push request: what many operations have in common (protocol, section 7).

use super::wire_operation::WireOperation;
use crate::model::Stamp;
use holm_protocol::columns::{LEAST_ROWS, differences, op_id};
use serde::Serialize;
use std::collections::BTreeMap;

/// Members of all operations of a request. One that is here is in none of them.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestColumns<'a> {
    /// The id of an operation that has none is this and its `opSeq`, the lower 32 bits as 8 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    op_prefix: Option<String>,
    op_seq: Vec<i64>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Vec<i64>>,
    /// Milliseconds and counters of the stamps, whose device is the request's.
    hlc_ms: Vec<i64>,
    hlc_counter: Vec<i64>,
}

/// Takes out of the operations what columns can say. `None` if there are too few. `stamps`: those of the operations, in the server's time.
pub(super) fn take<'a>(operations: &mut [WireOperation<'a>], stamps: &[Stamp]) -> Option<RequestColumns<'a>> {
    let first = operations.first().filter(|_| operations.len() >= LEAST_ROWS)?;
    let (kind, collection) = (first.kind, first.collection);
    let same_kind = operations.iter().all(|op| op.kind == kind);
    let same_collection = operations.iter().all(|op| op.collection == collection);
    let versions: Option<Vec<i64>> = operations.iter().map(|op| op.version).collect();
    let prefix = common_prefix(operations);
    let columns = RequestColumns {
        op_seq: differences(operations.iter().filter_map(|op| op.op_seq)).collect(),
        kind: same_kind.then_some(kind).flatten(),
        collection: same_collection.then_some(collection).flatten(),
        version: versions.map(|versions| differences(versions).collect()),
        hlc_ms: differences(stamps.iter().map(|stamp| stamp.ms)).collect(),
        hlc_counter: differences(stamps.iter().map(|stamp| i64::from(stamp.counter))).collect(),
        op_prefix: prefix,
    };
    for op in operations {
        if let (Some(prefix), Some(id)) = (&columns.op_prefix, &op.op_id)
            && Some(id.as_str()) == op.op_seq.map(|op_seq| op_id(prefix, op_seq)).as_deref()
        {
            op.op_id = None;
        }
        (op.op_seq, op.hlc) = (None, None);
        op.kind = op.kind.filter(|_| columns.kind.is_none());
        op.collection = op.collection.filter(|_| columns.collection.is_none());
        op.version = op.version.filter(|_| columns.version.is_none());
    }
    Some(columns)
}

/// The beginning that most ids have in common with their operation's number behind it; those of one opening of the store do.
fn common_prefix(operations: &[WireOperation<'_>]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for op in operations {
        if let (Some(id), Some(op_seq)) = (&op.op_id, op.op_seq)
            && let Some(prefix) = id.strip_suffix(&op_id("", op_seq))
        {
            *counts.entry(prefix).or_default() += 1;
        }
    }
    let (prefix, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count > 1).then(|| prefix.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn operation(op_id: &str, op_seq: i64, version: Option<i64>) -> WireOperation<'static> {
        WireOperation {
            op_id: Some(op_id.to_owned()),
            op_seq: Some(op_seq),
            kind: Some("update"),
            collection: Some("tasks"),
            version,
            hlc: Some(format!("{op_seq}:0:d")),
            ..WireOperation::default()
        }
    }

    fn taken(mut operations: Vec<WireOperation<'_>>) -> (Value, Vec<Value>) {
        let stamps: Vec<Stamp> = (0..operations.len()).map(|n| Stamp { ms: 900 + n as i64, counter: 7 }).collect();
        let columns = serde_json::to_value(take(&mut operations, &stamps)).unwrap();
        (columns, operations.iter().map(|operation| serde_json::to_value(operation).unwrap()).collect())
    }

    #[test]
    fn columns_take_what_all_operations_have() {
        let mut operations: Vec<_> = (0..20).map(|n| operation(&format!("p-{n:08x}"), n, Some(3))).collect();
        operations[4] = operation("another", 4, Some(5));
        let (columns, rest) = taken(operations);
        assert_eq!(
            (&columns["opPrefix"], &columns["type"], &columns["collection"]),
            (&json!("p-"), &json!("update"), &json!("tasks"))
        );
        assert_eq!(columns["opSeq"].as_array().unwrap()[..3], [json!(0), json!(1), json!(1)]);
        assert_eq!(columns["version"].as_array().unwrap()[3..6], [json!(0), json!(2), json!(-2)]);
        assert_eq!(columns["hlcMs"].as_array().unwrap()[..2], [json!(900), json!(1)]);
        assert_eq!(columns["hlcCounter"].as_array().unwrap()[..2], [json!(7), json!(0)]);
        assert_eq!((&rest[0], &rest[4]), (&json!({}), &json!({"opId": "another"})));
    }

    #[test]
    fn what_one_operation_has_otherwise_stays_with_each() {
        let mut operations: Vec<_> = (0..20).map(|n| operation(&format!("{n}"), n, Some(3))).collect();
        (operations[4].version, operations[5].kind) = (None, Some("delete"));
        let (columns, rest) = taken(operations);
        for absent in ["opPrefix", "type", "version"] {
            assert!(columns[absent].is_null(), "{absent}");
        }
        assert_eq!(rest[3], json!({"opId": "3", "type": "update", "version": 3}));
        assert_eq!((rest[4].get("version"), &rest[5]["type"]), (None, &json!("delete")));
    }

    #[test]
    fn few_operations_stay_as_they_are() {
        let (columns, rest) = taken(vec![operation("p-00000001", 1, None)]);
        assert_eq!((&columns, &rest[0]["opId"], &rest[0]["opSeq"]), (&Value::Null, &json!("p-00000001"), &json!(1)));
    }
}
