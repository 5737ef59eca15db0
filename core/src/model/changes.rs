//! What an update changes: one entry for each top-level field.
//!
//! Invariants:
//! - `a.then(b)` applied to a document gives the same as `a`, then `b`: [`Changes::then`] is what coalescing rests on.
//! - Missing, `null` and `""` are three different values.
//! - Increments and set edits travel as such, never as their result: two devices that both add one make two.

use super::Fields;
use crate::error::{Error, ErrorCode, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};
use std::collections::BTreeMap;

/// The change of one top-level field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FieldChange {
    /// The field has this value now.
    Set(Value),
    /// The field is gone. (Not the same as `null`.)
    Remove,
    /// The number grew by this much; a missing field counts as 0.
    Inc(Number),
    /// Members joined and left an array that is used as a set; a missing field counts as empty.
    EditSet {
        /// Members that are in it now.
        add: Vec<Value>,
        /// Members that are not.
        remove: Vec<Value>,
    },
}

impl FieldChange {
    /// The value after the change.
    ///
    /// A change that does not fit what it meets (an increment of a text) starts from nothing, as the server does: by then somebody else
    /// has replaced the field, and the increment is all that is left of this one.
    pub fn apply(&self, current: Option<&Value>) -> Option<Value> {
        match self {
            Self::Set(value) => Some(value.clone()),
            Self::Remove => None,
            Self::Inc(by) => Some(Value::Number(match current {
                Some(Value::Number(n)) => add(n, by),
                _ => by.clone(),
            })),
            Self::EditSet { add, remove } => {
                let mut members = match current {
                    Some(Value::Array(members)) => members.clone(),
                    _ => Vec::new(),
                };
                members.retain(|m| !remove.contains(m));
                for member in add {
                    if !members.contains(member) {
                        members.push(member.clone());
                    }
                }
                Some(Value::Array(members))
            }
        }
    }

    /// One change that does what `self`, then `next` do.
    fn then(self, next: Self) -> Self {
        match (self, next) {
            (_, last @ (Self::Set(_) | Self::Remove)) => last,
            (Self::Set(value), edit) => Self::Set(edit.apply(Some(&value)).unwrap_or(Value::Null)),
            (Self::Remove, edit) => Self::Set(edit.apply(None).unwrap_or(Value::Null)),
            (Self::Inc(a), Self::Inc(b)) => Self::Inc(add(&a, &b)),
            (Self::EditSet { add: a1, remove: r1 }, Self::EditSet { add: a2, remove: r2 }) => {
                let add = minus(&a1, &r2).chain(minus(&a2, &a1).cloned().collect::<Vec<_>>().iter()).cloned().collect();
                let remove =
                    minus(&r1, &a2).chain(minus(&r2, &r1).cloned().collect::<Vec<_>>().iter()).cloned().collect();
                Self::EditSet { add, remove }
            }
            // Another kind of edit than before: the field was replaced in between by somebody else; the last word counts.
            (Self::Inc(_) | Self::EditSet { .. }, last) => last,
        }
    }
}

fn minus<'a>(members: &'a [Value], gone: &'a [Value]) -> impl Iterator<Item = &'a Value> {
    members.iter().filter(|m| !gone.contains(m))
}

/// Adds integers as integers where the result fits, else as floating point.
fn add(a: &Number, b: &Number) -> Number {
    if let (Some(x), Some(y)) = (a.as_i64(), b.as_i64())
        && let Some(sum) = x.checked_add(y)
    {
        return sum.into();
    }
    let sum = a.as_f64().unwrap_or(0.0) + b.as_f64().unwrap_or(0.0);
    Number::from_f64(sum).unwrap_or_else(|| a.clone())
}

/// The changes of an update, by top-level field.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changes(pub BTreeMap<String, FieldChange>);

impl Changes {
    /// Reads an update as an app writes it: a merge patch (RFC 7396: `null` removes, objects merge) against `current`, whose values may
    /// also be field operations: `{"$inc": 1}`, `{"$addToSet": […]}`, `{"$removeFromSet": […]}`.
    ///
    /// # Errors
    /// `INVALID_DOCUMENT` for a reserved name, an unknown operation, or one that does not fit the present value.
    pub fn from_patch(patch: &Fields, current: &Fields) -> Result<Self> {
        let mut changes = BTreeMap::new();
        for (name, value) in patch {
            if matches!(name.as_str(), "version" | "_sync" | "id") {
                return Err(Error::document(format!("{name:?} cannot be changed")));
            }
            let change = match value {
                Value::Null => FieldChange::Remove,
                Value::Object(object) => match operator(object) {
                    Some(operator) => field_operation(name, operator, object, current.get(name))?,
                    None => FieldChange::Set(merged(current.get(name), object)),
                },
                other => FieldChange::Set(other.clone()),
            };
            changes.insert(name.clone(), change);
        }
        Ok(Self(changes))
    }

    /// The changes as an app would write them in an update: what [`from_patch`](Self::from_patch) reads.
    pub fn to_patch(&self) -> Fields {
        let patch = self.0.iter().map(|(name, change)| {
            let value = match change {
                FieldChange::Set(value) => value.clone(),
                FieldChange::Remove => Value::Null,
                FieldChange::Inc(by) => json!({"$inc": by}),
                FieldChange::EditSet { add, remove } if remove.is_empty() => json!({"$addToSet": add}),
                FieldChange::EditSet { add, remove } if add.is_empty() => json!({"$removeFromSet": remove}),
                FieldChange::EditSet { add, remove } => json!({"$addToSet": add, "$removeFromSet": remove}),
            };
            (name.clone(), value)
        });
        patch.collect()
    }

    /// The changes that turn `from` into `to`.
    pub fn between(from: &Fields, to: &Fields) -> Self {
        let gone = from.keys().filter(|name| !to.contains_key(*name)).map(|name| (name.clone(), FieldChange::Remove));
        let new = to.iter().filter(|(name, value)| from.get(*name) != Some(value));
        Self(gone.chain(new.map(|(name, value)| (name.clone(), FieldChange::Set(value.clone())))).collect())
    }

    /// Applies the changes to `fields`.
    pub fn apply(&self, fields: &mut Fields) {
        for (name, change) in &self.0 {
            match change.apply(fields.get(name)) {
                Some(value) => fields.insert(name.clone(), value),
                None => fields.remove(name),
            };
        }
    }

    /// These changes, then `next`, as one.
    pub fn then(mut self, next: Changes) -> Self {
        for (name, change) in next.0 {
            let joined = match self.0.remove(&name) {
                Some(earlier) => earlier.then(change),
                None => change,
            };
            self.0.insert(name, joined);
        }
        self
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The touched fields as they are in `fields`; what is missing there is missing here.
    pub fn before(&self, fields: &Fields) -> Fields {
        let known = self.0.keys().filter_map(|name| fields.get_key_value(name));
        known.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// The operator of `{"$inc": 1}`. An object whose names all begin with `$` is never data.
fn operator(object: &Map<String, Value>) -> Option<&str> {
    let mut names = object.keys().map(String::as_str);
    names.next().filter(|name| name.starts_with('$'))
}

fn field_operation(
    name: &str,
    operator: &str,
    object: &Map<String, Value>,
    current: Option<&Value>,
) -> Result<FieldChange> {
    let misfit = |wanted: &str| Err(Error::document(format!("{operator} needs {wanted} in {name:?}")));
    if object.len() != 1 {
        return misfit("to stand alone");
    }
    match (operator, &object[operator]) {
        ("$inc", Value::Number(by)) => match current {
            None | Some(Value::Number(_)) => Ok(FieldChange::Inc(by.clone())),
            Some(_) => misfit("a number"),
        },
        ("$addToSet" | "$removeFromSet", Value::Array(members)) => {
            if !matches!(current, None | Some(Value::Array(_))) {
                return misfit("an array");
            }
            let (add, remove) =
                if operator == "$addToSet" { (members.clone(), vec![]) } else { (vec![], members.clone()) };
            Ok(FieldChange::EditSet { add, remove })
        }
        ("$inc", _) => misfit("a number as its operand"),
        ("$addToSet" | "$removeFromSet", _) => misfit("an array as its operand"),
        _ => Err(Error::State { code: ErrorCode::Unsupported, message: format!("{operator:?} is no field operation") }),
    }
}

/// A merge patch's object member applied to what is there (RFC 7396, section 2).
fn merged(current: Option<&Value>, patch: &Map<String, Value>) -> Value {
    let mut object = match current {
        Some(Value::Object(object)) => object.clone(),
        _ => Map::new(),
    };
    for (name, value) in patch {
        match value {
            Value::Null => {
                object.remove(name);
            }
            Value::Object(inner) => {
                let value = merged(object.get(name), inner);
                object.insert(name.clone(), value);
            }
            other => {
                object.insert(name.clone(), other.clone());
            }
        }
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(value: Value) -> Fields {
        value.as_object().unwrap().clone()
    }

    fn patch(current: Value, patch: Value) -> Result<Value> {
        let mut current = fields(current);
        Changes::from_patch(&fields(patch), &current)?.apply(&mut current);
        Ok(Value::Object(current))
    }

    #[test]
    fn merge_patch_examples_of_rfc_7396() {
        for (target, change, result) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ] {
            assert_eq!(patch(target, change).unwrap(), result);
        }
    }

    #[test]
    fn field_operations_are_checked_against_what_is_there() {
        assert_eq!(patch(json!({"n":1}), json!({"n":{"$inc":2}})).unwrap(), json!({"n":3}));
        assert_eq!(
            patch(json!({"n":i64::MAX}), json!({"n":{"$inc":1}})).unwrap(),
            json!({"n":9_223_372_036_854_775_808_u64 as f64})
        );
        assert_eq!(
            patch(json!({"t":["a","b"]}), json!({"t":{"$addToSet":["b","c"]}})).unwrap(),
            json!({"t":["a","b","c"]})
        );
        assert_eq!(patch(json!({"t":["a","b"]}), json!({"t":{"$removeFromSet":["b"]}})).unwrap(), json!({"t":["a"]}));
        for (current, bad) in [
            (json!({"n":"x"}), json!({"n":{"$inc":1}})),
            (json!({}), json!({"n":{"$inc":"1"}})),
            (json!({"t":1}), json!({"t":{"$addToSet":[1]}})),
            (json!({}), json!({"t":{"$inc":1,"$addToSet":[1]}})),
            (json!({}), json!({"t":{"$push":1}})),
            (json!({}), json!({"id":"x"})),
            (json!({}), json!({"version":1})),
        ] {
            assert!(patch(current, bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn trap_12_a_sum_of_two_counters_counts_every_increment() {
        let up = Changes([("playCount".into(), FieldChange::Inc(1.into()))].into());
        let mut server = fields(json!({"playCount":10}));
        up.apply(&mut server);
        up.apply(&mut server);
        assert_eq!(server["playCount"], 12);
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-3i64..3).prop_map(Value::from),
            "[ab]?".prop_map(Value::from)
        ]
    }

    fn object() -> impl Strategy<Value = Fields> {
        prop::collection::btree_map("[abc]", value(), 0..4).prop_map(|m| m.into_iter().collect())
    }

    fn change() -> impl Strategy<Value = FieldChange> {
        let members = || prop::collection::vec((0i64..3).prop_map(Value::from), 0..3);
        prop_oneof![
            value().prop_map(FieldChange::Set),
            Just(FieldChange::Remove),
            (-3i64..3).prop_map(|n| FieldChange::Inc(n.into())),
            // An app's edit either adds or removes; both at once only come from joining.
            members().prop_map(|add| FieldChange::EditSet { add: dedup(add), remove: vec![] }),
            members().prop_map(|remove| FieldChange::EditSet { add: vec![], remove: dedup(remove) }),
        ]
    }

    fn dedup(members: Vec<Value>) -> Vec<Value> {
        let mut seen = Vec::new();
        members
            .into_iter()
            .filter(|m| {
                !seen.contains(m) && {
                    seen.push(m.clone());
                    true
                }
            })
            .collect()
    }

    /// Sets have no order; compare them as such.
    fn normal(mut fields: Fields) -> Fields {
        for value in fields.values_mut() {
            if let Value::Array(members) = value {
                members.sort_by_key(Value::to_string);
            }
        }
        fields
    }

    fn changes() -> impl Strategy<Value = Changes> {
        prop::collection::btree_map("[abc]", change(), 0..4).prop_map(Changes)
    }

    proptest! {
        #[test]
        fn joined_changes_do_what_both_do(start in object(), a in changes(), b in changes()) {
            // Edits that do not fit what they meet are refused when they are made; leave them out here.
            let fits = |fields: &Fields, changes: &Changes| changes.0.iter().all(|(name, change)| match (change, fields.get(name)) {
                (FieldChange::Inc(_), Some(v)) => v.is_number(),
                (FieldChange::EditSet { .. }, Some(v)) => v.is_array(),
                _ => true,
            });
            let mut one = start.clone();
            prop_assume!(fits(&one, &a));
            a.apply(&mut one);
            prop_assume!(fits(&one, &b));
            b.apply(&mut one);
            let mut two = start;
            a.then(b).apply(&mut two);
            prop_assert_eq!(normal(one), normal(two));
        }

        #[test]
        fn the_difference_of_two_documents_leads_from_one_to_the_other(from in object(), to in object()) {
            let mut result = from.clone();
            Changes::between(&from, &to).apply(&mut result);
            prop_assert_eq!(result, to);
        }

        #[test]
        fn changes_survive_storage(changes in changes()) {
            let text = serde_json::to_string(&changes).unwrap();
            prop_assert_eq!(serde_json::from_str::<Changes>(&text).unwrap(), changes);
        }
    }
}
