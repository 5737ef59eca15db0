//! Field operations: edits of single values that say what was meant instead of what came out.
//!
//! Invariants:
//! - `inc`, `addToSet` and `removeFromSet` never fail because of the value that they meet: one that does not fit counts as
//!   nothing. Somebody else has replaced it by then, and the increment is all that is left of this edit.
//! - Increments add up and set edits join, whatever the order in which devices deliver them.

use super::{Decoder, Details, Fields, details, is_reserved_field};
use json_patch::jsonptr::PointerBuf;
use serde_json::{Number, Value};

/// One edit at one place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldOp {
    /// The first token of the JSON Pointer.
    field: String,
    /// The others.
    inner: Vec<String>,
    edit: Edit,
}

#[derive(Debug, Clone, PartialEq)]
enum Edit {
    Set(Value),
    Remove,
    Inc(Number),
    AddToSet(Vec<Value>),
    RemoveFromSet(Vec<Value>),
}

impl FieldOp {
    /// Reads `{"op":"set","path":"/title","value":"x"}`.
    pub(crate) fn decode(value: Value) -> Result<Self, Details> {
        let mut op = Decoder::new(value, "fieldOps")?;
        let (field, inner) = place(&op.text("path")?.unwrap_or_default())?;
        let name = op.text("op")?.unwrap_or_default();
        let edit = match name.as_str() {
            // Null is a value here: setting it is what a merge patch cannot do.
            "set" => Edit::Set(op.rest().remove("value").ok_or_else(|| details("value", "is missing"))?),
            "remove" => Edit::Remove,
            "inc" => match op.any("by") {
                Some(Value::Number(by)) => Edit::Inc(by),
                _ => return Err(details("by", "must be a number")),
            },
            "addToSet" => Edit::AddToSet(op.list("values")?.ok_or_else(|| details("values", "is missing"))?),
            "removeFromSet" => Edit::RemoveFromSet(op.list("values")?.ok_or_else(|| details("values", "is missing"))?),
            _ => return Err(details("op", "must be set, remove, inc, addToSet or removeFromSet")),
        };
        Ok(Self { field, inner, edit })
    }

    /// The top-level field that the edit is in.
    pub(crate) fn field(&self) -> &str {
        &self.field
    }

    /// Whether the edit gives the same result in any order with others of its kind, so that it never conflicts.
    pub(crate) fn commutes(&self) -> bool {
        !matches!(self.edit, Edit::Set(_) | Edit::Remove)
    }

    /// Makes the edit.
    pub(crate) fn apply(&self, fields: &mut Fields) -> Result<(), Details> {
        match &self.edit {
            Edit::Remove => {
                remove(fields, &self.field, &self.inner);
                Ok(())
            }
            edit => {
                let slot = slot(fields, &self.field, &self.inner).ok_or_else(|| self.fault())?;
                match edit {
                    Edit::Set(value) => *slot = value.clone(),
                    Edit::Inc(by) => *slot = Value::Number(sum(slot, by)),
                    Edit::AddToSet(values) => edit_set(slot, |members| {
                        for value in values {
                            if !members.contains(value) {
                                members.push(value.clone());
                            }
                        }
                    }),
                    Edit::RemoveFromSet(values) => {
                        edit_set(slot, |members| members.retain(|member| !values.contains(member)))
                    }
                    Edit::Remove => {}
                }
                Ok(())
            }
        }
    }

    fn fault(&self) -> Details {
        details(&self.field, "the path leads through a value that is no object or past the end of an array")
    }
}

/// Splits a JSON Pointer (RFC 6901) into a field of the app and the way inside it.
fn place(path: &str) -> Result<(String, Vec<String>), Details> {
    let fault = |text: &str| details("path", format!("{path:?} {text}"));
    let pointer = PointerBuf::parse(path).map_err(|_| fault("is no JSON Pointer"))?;
    let mut tokens = pointer.tokens().map(|token| token.decoded().into_owned());
    match tokens.next() {
        None => Err(fault("names no field")),
        Some(field) if field == "id" || is_reserved_field(&field) => Err(fault("belongs to the server")),
        Some(field) => Ok((field, tokens.collect())),
    }
}

/// The value at the place; it and missing objects on the way are made as needed.
fn slot<'v>(fields: &'v mut Fields, field: &str, inner: &[String]) -> Option<&'v mut Value> {
    let mut place = fields.entry(field).or_insert(Value::Null);
    for token in inner {
        if place.is_null() {
            *place = Value::Object(Fields::new());
        }
        place = match place {
            Value::Object(members) => members.entry(token.as_str()).or_insert(Value::Null),
            Value::Array(elements) => {
                let index = if token == "-" { elements.len() } else { index(token)? };
                if index == elements.len() {
                    elements.push(Value::Null);
                }
                elements.get_mut(index)?
            }
            _ => return None,
        };
    }
    Some(place)
}

/// Takes out what is at the place, if it is there.
fn remove(fields: &mut Fields, field: &str, inner: &[String]) {
    let Some((last, way)) = inner.split_last() else {
        fields.remove(field);
        return;
    };
    let mut place = fields.get_mut(field);
    for token in way {
        place = place.and_then(|value| match value {
            Value::Object(members) => members.get_mut(token),
            Value::Array(elements) => elements.get_mut(index(token)?),
            _ => None,
        });
    }
    match place {
        Some(Value::Object(members)) => {
            members.remove(last);
        }
        Some(Value::Array(elements)) => {
            if let Some(index) = index(last).filter(|index| *index < elements.len()) {
                elements.remove(index);
            }
        }
        _ => {}
    }
}

/// An array index as RFC 6901 writes it: no sign, no leading zeros.
fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with(['0', '+']);
    canonical.then(|| token.parse().ok()).flatten()
}

/// Integers stay integers where the sum fits, else it becomes floating point.
fn sum(current: &Value, by: &Number) -> Number {
    let Value::Number(number) = current else { return by.clone() };
    if let (Some(a), Some(b)) = (number.as_i64(), by.as_i64())
        && let Some(sum) = a.checked_add(b)
    {
        return sum.into();
    }
    let sum = number.as_f64().unwrap_or(0.0) + by.as_f64().unwrap_or(0.0);
    Number::from_f64(sum).unwrap_or_else(|| number.clone())
}

fn edit_set(slot: &mut Value, edit: impl FnOnce(&mut Vec<Value>)) {
    let mut members = match slot.take() {
        Value::Array(members) => members,
        _ => Vec::new(),
    };
    edit(&mut members);
    *slot = Value::Array(members);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn apply(fields: Value, op: Value) -> Result<Value, Details> {
        let mut fields = fields.as_object().unwrap().clone();
        FieldOp::decode(op)?.apply(&mut fields)?;
        Ok(Value::Object(fields))
    }

    #[test]
    fn edits_do_what_they_say() {
        for (before, op, after) in [
            (json!({}), json!({"op":"set","path":"/a","value":null}), json!({"a":null})),
            (json!({}), json!({"op":"set","path":"/a/b/c","value":1}), json!({"a":{"b":{"c":1}}})),
            (json!({"a":[1,2]}), json!({"op":"set","path":"/a/1","value":9}), json!({"a":[1,9]})),
            (json!({"a":[1]}), json!({"op":"set","path":"/a/-","value":9}), json!({"a":[1,9]})),
            (json!({"a/b":1,"m~n":2}), json!({"op":"remove","path":"/a~1b"}), json!({"m~n":2})),
            (json!({"a/b":1,"m~n":2}), json!({"op":"set","path":"/m~0n","value":3}), json!({"a/b":1,"m~n":3})),
            (json!({"a":{"b":1}}), json!({"op":"remove","path":"/a/b"}), json!({"a":{}})),
            (json!({"a":[1,2]}), json!({"op":"remove","path":"/a/0"}), json!({"a":[2]})),
            (json!({"a":[1,2]}), json!({"op":"remove","path":"/a/7"}), json!({"a":[1,2]})),
            (json!({}), json!({"op":"remove","path":"/a/b/c"}), json!({})),
            (json!({}), json!({"op":"inc","path":"/n","by":2}), json!({"n":2})),
            (json!({"n":1}), json!({"op":"inc","path":"/n","by":-2}), json!({"n":-1})),
            (json!({"n":1}), json!({"op":"inc","path":"/n","by":0.5}), json!({"n":1.5})),
            (json!({"n":i64::MAX}), json!({"op":"inc","path":"/n","by":1}), json!({"n":9.223372036854776e18})),
            (json!({"n":"text"}), json!({"op":"inc","path":"/n","by":1}), json!({"n":1})),
            (json!({"t":["a"]}), json!({"op":"addToSet","path":"/t","values":["a","b","b"]}), json!({"t":["a","b"]})),
            (json!({"t":7}), json!({"op":"addToSet","path":"/t","values":["a"]}), json!({"t":["a"]})),
            (json!({"t":["a","b"]}), json!({"op":"removeFromSet","path":"/t","values":["a","x"]}), json!({"t":["b"]})),
            (json!({}), json!({"op":"removeFromSet","path":"/t","values":["a"]}), json!({"t":[]})),
        ] {
            assert_eq!(apply(before, op.clone()), Ok(after), "{op}");
        }
    }

    #[test]
    fn edits_that_mean_nothing_are_refused() {
        for op in [
            json!(1),
            json!({}),
            json!({"op":"set","path":"/a"}),
            json!({"op":"set","path":"","value":1}),
            json!({"op":"set","path":"a","value":1}),
            json!({"op":"set","path":"/a~2","value":1}),
            json!({"op":"set","path":"/version","value":1}),
            json!({"op":"inc","path":"/id","by":1}),
            json!({"op":"remove","path":"/_sync/seq"}),
            json!({"op":"inc","path":"/n","by":"1"}),
            json!({"op":"addToSet","path":"/t","values":"a"}),
            json!({"op":"push","path":"/t"}),
            json!({"op":"set","path":"/s/x","value":1}),
            json!({"op":"set","path":"/t/5","value":1}),
            json!({"op":"set","path":"/t/01","value":1}),
        ] {
            assert!(apply(json!({"s":"text","t":[1]}), op.clone()).is_err(), "{op}");
        }
    }

    fn commuting() -> impl Strategy<Value = Value> {
        let members = || prop::collection::vec(0..3, 0..3);
        prop_oneof![
            (-5..5).prop_map(|by| json!({"op":"inc","path":"/n","by":by})),
            members().prop_map(|v| json!({"op":"addToSet","path":"/s","values":v})),
        ]
    }

    proptest! {
        #[test]
        fn increments_and_additions_give_the_same_in_any_order(ops in prop::collection::vec(commuting(), 0..8), seed in any::<u64>()) {
            let run = |ops: &[Value]| {
                let mut fields = Fields::new();
                for op in ops {
                    FieldOp::decode(op.clone()).unwrap().apply(&mut fields).unwrap();
                }
                if let Some(Value::Array(members)) = fields.get_mut("s") {
                    members.sort_by_key(Value::to_string);
                }
                fields
            };
            let mut shuffled = ops.clone();
            for i in (1..shuffled.len()).rev() {
                shuffled.swap(i, (seed as usize).wrapping_mul(i + 7) % (i + 1));
            }
            prop_assert_eq!(run(&ops), run(&shuffled));
        }

        #[test]
        fn any_path_is_taken_or_refused_without_panic(path in "[/~a0-9-]{0,12}", op in prop_oneof![Just("set"), Just("remove"), Just("inc")]) {
            let op = json!({"op":op,"path":path,"value":1,"by":1});
            let _ = apply(json!({"a":[1,{"a":[]}],"0":{"a":1}}), op);
        }
    }
}
