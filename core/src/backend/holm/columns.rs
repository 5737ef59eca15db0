//! The compact form of a page: bodies, with what the server knows of each in columns beside them (protocol, section 6).

use super::invalid;
use super::record::check;
use crate::backend::UnreadableRecord;
use crate::error::Result;
use crate::model::RemoteChange;
use holm_protocol::columns::{sums, uuid_text, uuids};
use holm_protocol::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The columns of a page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Columns {
    /// In the place of `ids`, if all are UUIDs.
    uuids: Option<String>,
    #[serde(default)]
    ids: Vec<String>,
    seq: Vec<i64>,
    version: Vec<i64>,
    updated_at: Vec<i64>,
    /// The operation of this device that wrote a row, by its place.
    #[serde(default)]
    origin_op_id: BTreeMap<usize, String>,
}

/// Joins bodies with their columns. A body that cannot be read is no reason to lose the others.
pub(super) fn changes(
    mut columns: Columns,
    bodies: &[&RawValue],
) -> Result<(Vec<RemoteChange>, Vec<UnreadableRecord>)> {
    let wrong = || invalid("a page", "its columns do not fit its rows");
    let ids = match &columns.uuids {
        Some(text) => uuids(text).ok_or_else(wrong)?.iter().map(uuid_text).collect(),
        None => columns.ids,
    };
    let lengths = [ids.len(), columns.seq.len(), columns.version.len(), columns.updated_at.len()];
    if lengths.iter().any(|length| *length != bodies.len()) {
        return Err(wrong());
    }
    let (mut changes, mut unreadable) = (Vec::with_capacity(bodies.len()), Vec::new());
    let numbers = sums(columns.seq).zip(sums(columns.version)).zip(sums(columns.updated_at));
    for (place, ((id, body), ((seq, version), updated_us))) in ids.into_iter().zip(bodies).zip(numbers).enumerate() {
        let body = body.get();
        let fault = match check(body) {
            Ok(()) if version > 0 => None,
            Ok(()) => Some("a record has no version".to_owned()),
            Err(fault) => Some(fault.to_string()),
        };
        if let Some(why) = fault {
            unreadable.push(UnreadableRecord { id: Some(id), seq: Some(seq), why });
            continue;
        }
        changes.push(RemoteChange {
            id,
            body: Some(body.to_owned()),
            version: Some(version),
            seq: Some(seq),
            updated_ms: Some(Timestamp::from_micros(updated_us).ms()),
            origin_op: columns.origin_op_id.remove(&place),
            stamps: None,
        });
    }
    Ok((changes, unreadable))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use holm_protocol::columns::uuids_text;

    fn read(columns: &str, bodies: &[&str]) -> Result<(Vec<RemoteChange>, Vec<UnreadableRecord>)> {
        let bodies: Vec<Box<RawValue>> =
            bodies.iter().map(|body| RawValue::from_string((*body).to_owned()).unwrap()).collect();
        changes(serde_json::from_str(columns).unwrap(), &bodies.iter().map(AsRef::as_ref).collect::<Vec<_>>())
    }

    #[test]
    fn a_row_is_its_body_and_its_place_in_each_column() {
        let uuids = uuids_text(&[[1; 16], [2; 16]]);
        let columns = format!(
            r#"{{"uuids":"{uuids}","seq":[7,2],"version":[3,-2],"updatedAt":[900007,5000],"originOpId":{{"1":"op"}}}}"#
        );
        let (changes, unreadable) = read(&columns, &[r#"{"b":1.0, "a":2}"#, "{}"]).unwrap();
        assert_eq!((changes.len(), unreadable.len()), (2, 0));
        assert_eq!(changes[0].id, "01010101-0101-0101-0101-010101010101");
        assert_eq!(changes[0].body.as_deref(), Some(r#"{"b":1.0, "a":2}"#), "byte for byte");
        assert_eq!((changes[0].version, changes[0].seq, changes[0].updated_ms), (Some(3), Some(7), Some(900)));
        assert_eq!((changes[1].version, changes[1].seq, changes[1].updated_ms), (Some(1), Some(9), Some(905)));
        assert_eq!((changes[0].origin_op.as_deref(), changes[1].origin_op.as_deref()), (None, Some("op")));
    }

    #[test]
    fn an_unreadable_body_keeps_its_place_and_the_others() {
        let columns = r#"{"ids":["a","b","c","d"],"seq":[7,1,1,1],"version":[1,0,0,0],"updatedAt":[1,1,1,1]}"#;
        let (changes, unreadable) = read(columns, &["{}", "17", r#"{"n":1}"#, r#"{"n":1e999}"#]).unwrap();
        assert_eq!(changes.iter().map(|change| change.id.as_str()).collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(unreadable.len(), 2);
        assert_eq!((unreadable[0].id.as_deref(), unreadable[0].seq), (Some("b"), Some(8)));
    }

    #[test]
    fn columns_that_do_not_fit_the_rows_are_refused() {
        for columns in [
            r#"{"ids":["a"],"seq":[7,1],"version":[1,0],"updatedAt":[1,1]}"#,
            r#"{"ids":["a","b"],"seq":[7],"version":[1,0],"updatedAt":[1,1]}"#,
            r#"{"ids":["a","b"],"seq":[7,1],"version":[1],"updatedAt":[1,1]}"#,
            r#"{"ids":["a","b"],"seq":[7,1],"version":[1,0],"updatedAt":[1,1,1]}"#,
            r#"{"uuids":"AQEBAQEBAQEBAQEBAQEBAQ","seq":[7,1],"version":[1,0],"updatedAt":[1,1]}"#,
            r#"{"uuids":"no","seq":[7,1],"version":[1,0],"updatedAt":[1,1]}"#,
        ] {
            assert_eq!(read(columns, &["{}", "{}"]).unwrap_err().code(), ErrorCode::InvalidResponse, "{columns}");
        }
    }
}
