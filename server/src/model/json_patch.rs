//! JSON Patch (RFC 6902) over a record's fields.
//!
//! Invariant: a patch of a few bytes cannot make a record of gigabytes. `copy` doubles what it copies, so the size is looked at after
//! each of them and not at the end.

use super::{Details, Fields, details, is_reserved_field};
use json_patch::{PatchErrorKind, PatchOperation, patch_unsafe};
use serde_json::Value;

/// Why a patch was not applied.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PatchFault {
    /// It does not fit the record.
    Invalid(Details),
    /// A `test` found another value.
    TestFailed,
}

/// Reads a patch and checks that it stays inside the fields of the app.
pub(super) fn decode(value: Value) -> Result<Vec<PatchOperation>, Details> {
    let patch: Vec<PatchOperation> = serde_json::from_value(value).map_err(|e| details("patch", e.to_string()))?;
    for operation in &patch {
        let mut places = vec![operation.path()];
        match operation {
            PatchOperation::Copy(op) => places.push(&op.from),
            PatchOperation::Move(op) => places.push(&op.from),
            _ => {}
        }
        for place in places {
            let field = place.first().map(|token| token.decoded().into_owned());
            match field {
                None => return Err(details("path", "\"\" names no field")),
                Some(field) if field == "id" || is_reserved_field(&field) => {
                    return Err(details("path", format!("{:?} belongs to the server", place.to_string())));
                }
                Some(_) => {}
            }
        }
    }
    Ok(patch)
}

/// Applies a patch to a copy of `fields`. A result larger than `max_bytes` is refused.
pub(super) fn apply(fields: &Fields, patch: &[PatchOperation], max_bytes: usize) -> Result<Fields, PatchFault> {
    let mut document = Value::Object(fields.clone());
    for operation in patch {
        patch_unsafe(&mut document, std::slice::from_ref(operation)).map_err(|error| match error.kind {
            PatchErrorKind::TestFailed => PatchFault::TestFailed,
            kind => PatchFault::Invalid(details(error.path.to_string(), kind.to_string())),
        })?;
        if matches!(operation, PatchOperation::Copy(_))
            && serde_json::to_vec(&document).map_or(0, |v| v.len()) > max_bytes
        {
            return Err(PatchFault::Invalid(details(
                "patch",
                format!("makes a record of more than {max_bytes} bytes"),
            )));
        }
    }
    match document {
        Value::Object(fields) => Ok(fields),
        // Every path names a field, so the document itself was not replaced.
        _ => Err(PatchFault::Invalid(details("patch", "must leave an object"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(fields: Value, patch: Value) -> Result<Value, PatchFault> {
        let patch = decode(patch).map_err(PatchFault::Invalid)?;
        apply(fields.as_object().unwrap(), &patch, 1000).map(Value::Object)
    }

    #[test]
    fn json_patch_edits_fields() {
        let patch = json!([
            {"op":"test","path":"/a","value":1}, {"op":"add","path":"/l/-","value":3}, {"op":"move","from":"/a","path":"/b"},
            {"op":"replace","path":"/l/0","value":9}, {"op":"copy","from":"/b","path":"/c"}, {"op":"remove","path":"/b"},
        ]);
        assert_eq!(run(json!({"a":1,"l":[1,2]}), patch), Ok(json!({"c":1,"l":[9,2,3]})));
    }

    #[test]
    fn json_patch_failed_test_differs_from_invalid_patch() {
        assert_eq!(run(json!({"a":1}), json!([{"op":"test","path":"/a","value":2}])), Err(PatchFault::TestFailed));
        for bad in [
            json!({}),
            json!([{"op":"remove","path":"/x"}]),
            json!([{"op":"replace","path":"","value":{}}]),
            json!([{"op":"add","path":"/version","value":1}]),
            json!([{"op":"copy","from":"/_sync","path":"/a"}]),
            json!([{"op":"move","from":"","path":"/a"}]),
            json!([{"op":"add","path":"/l/9","value":1}]),
        ] {
            assert!(matches!(run(json!({"a":1,"l":[1]}), bad.clone()), Err(PatchFault::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn json_patch_repeated_copy_is_bounded() {
        let mut patch = vec![];
        for n in 0..60 {
            patch.push(json!({"op":"copy","from":"/a","path":format!("/a/{n}")}));
        }
        assert!(matches!(run(json!({"a":{}}), Value::Array(patch)), Err(PatchFault::Invalid(_))));
    }
}
