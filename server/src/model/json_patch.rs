//! JSON Patch (RFC 6902) over a record's fields.
//!
//! Invariant: no patch makes a record larger or deeper than allowed, not even between two of its operations, and none takes more work than
//! [`Work`] allows: `copy` doubles what it copies, and `move` nests by one what it moves into itself.

use super::work::Work;
use super::{Details, Fields, details, is_reserved_field};
use holm_protocol::json::{self, Bounds};
use json_patch::jsonptr::Pointer;
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

/// Applies a patch to a copy of `fields`.
pub(super) fn apply(
    fields: &Fields,
    patch: &[PatchOperation],
    bounds: Bounds,
    work: &mut Work,
) -> Result<Fields, PatchFault> {
    let mut document = Value::Object(fields.clone());
    // What the document has at most: nothing is taken off for what is removed until it would be too much.
    let mut bytes = json::size(fields);
    for operation in patch {
        bytes += grows_by(&document, operation, work).map_err(PatchFault::Invalid)?;
        patch_unsafe(&mut document, std::slice::from_ref(operation)).map_err(|error| match error.kind {
            PatchErrorKind::TestFailed => PatchFault::TestFailed,
            kind => PatchFault::Invalid(details(error.path.to_string(), kind.to_string())),
        })?;
        if bytes > bounds.bytes {
            work.look_at(&document, 0).map_err(PatchFault::Invalid)?;
            bytes = document.as_object().map_or(0, json::size);
            if bytes > bounds.bytes.saturating_mul(2) {
                let fault = format!("makes a record of more than {} bytes", bounds.bytes);
                return Err(PatchFault::Invalid(details("patch", fault)));
            }
        }
    }
    match document {
        Value::Object(fields) => Ok(fields),
        // Every path names a field, so the document itself was not replaced.
        _ => Err(PatchFault::Invalid(details("patch", "must leave an object"))),
    }
}

/// The bytes that an operation adds at most. Pays for what it looks at, and refuses one that would nest the record too deep.
fn grows_by(document: &Value, operation: &PatchOperation, work: &mut Work) -> Result<usize, Details> {
    let path = operation.path();
    work.spend(path.as_str().len())?;
    shift(document, path, work)?;
    let depth = path.tokens().count();
    match operation {
        PatchOperation::Add(add) => work.look_at(&add.value, depth),
        PatchOperation::Replace(replace) => work.look_at(&replace.value, depth),
        PatchOperation::Copy(copy) => look_from(document, &copy.from, depth, work),
        PatchOperation::Move(from) => look_from(document, &from.from, depth, work).map(|_| 0),
        PatchOperation::Test(test) => {
            work.look_at(&test.value, 0)?;
            Ok(0)
        }
        PatchOperation::Remove(_) => Ok(0),
    }
}

/// Pays for the elements that move when one before them comes or goes.
fn shift(document: &Value, path: &Pointer, work: &mut Work) -> Result<(), Details> {
    let elements = path.parent().and_then(|parent| parent.resolve(document).ok()).and_then(Value::as_array);
    work.spend(elements.map_or(0, |elements| elements.len() / 2))
}

fn look_from(document: &Value, from: &Pointer, depth: usize, work: &mut Work) -> Result<usize, Details> {
    work.spend(from.as_str().len())?;
    shift(document, from, work)?;
    // A place that is not there is the patch's own fault, which it tells.
    from.resolve(document).map_or(Ok(0), |value| work.look_at(value, depth))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(fields: Value, patch: Value) -> Result<Value, PatchFault> {
        let patch = decode(patch).map_err(PatchFault::Invalid)?;
        let bounds = Bounds { depth: 64, members: 1000, bytes: 1000 };
        apply(fields.as_object().unwrap(), &patch, bounds, &mut Work::of(bounds)).map(Value::Object)
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

    #[test]
    fn json_patch_cannot_nest_without_end() {
        let mut patch = vec![];
        for _ in 0..2000 {
            patch.push(json!({"op":"add","path":"/b","value":{}}));
            patch.push(json!({"op":"move","from":"/a","path":"/b/a"}));
            patch.push(json!({"op":"move","from":"/b","path":"/a"}));
        }
        assert!(matches!(run(json!({"a":1}), Value::Array(patch)), Err(PatchFault::Invalid(_))));
        let deep = "/x".repeat(100_000);
        assert!(matches!(
            run(json!({"x":1}), json!([{"op":"add","path":deep,"value":1}])),
            Err(PatchFault::Invalid(_))
        ));
    }

    #[test]
    fn json_patch_pays_for_what_it_copies_and_moves() {
        for (op, back) in [("copy", "copy"), ("move", "move")] {
            let mut patch = vec![];
            for _ in 0..5000 {
                patch.push(json!({"op":op,"from":"/a","path":"/b"}));
                patch.push(json!({"op":back,"from":"/b","path":"/a"}));
            }
            let fields = json!({"a": "x".repeat(400)});
            assert!(matches!(run(fields, Value::Array(patch)), Err(PatchFault::Invalid(_))), "{op}");
        }
    }
}
