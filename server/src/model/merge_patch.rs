//! JSON Merge Patch (RFC 7396).

use super::Fields;
use serde_json::Value;

/// Applies `patch` to `target`: null removes, objects merge, everything else replaces.
pub(crate) fn merge(target: &mut Fields, patch: &Fields) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(name);
            }
            Value::Object(inner) => {
                let slot = target.entry(name.as_str()).or_insert(Value::Null);
                if !slot.is_object() {
                    *slot = Value::Object(Fields::new());
                }
                if let Value::Object(members) = slot {
                    merge(members, inner);
                }
            }
            other => {
                target.insert(name.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn apply(mut target: Value, patch: Value) -> Value {
        merge(target.as_object_mut().unwrap(), patch.as_object().unwrap());
        target
    }

    #[test]
    fn the_examples_of_rfc_7396() {
        for (target, patch, result) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ] {
            assert_eq!(apply(target, patch), result);
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<i8>().prop_map(Value::from), "[ab]".prop_map(Value::from)];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[abc]", inner, 0..3).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        prop::collection::btree_map("[abc]", value(), 0..4).prop_map(|m| Value::Object(m.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn applying_a_patch_twice_is_applying_it_once(target in object(), patch in object()) {
            let once = apply(target, patch.clone());
            prop_assert_eq!(apply(once.clone(), patch), once);
        }

        #[test]
        fn fields_that_a_patch_does_not_name_stay(target in object(), patch in object()) {
            let result = apply(target.clone(), patch.clone());
            for (name, value) in target.as_object().unwrap() {
                if patch.get(name).is_none() {
                    prop_assert_eq!(result.get(name), Some(value));
                }
            }
        }
    }
}
