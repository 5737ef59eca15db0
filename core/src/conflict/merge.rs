//! Three-way merge of one value.
//!
//! Laws (`b` base, `x` anything): `merge(b, b, x) = x`, `merge(b, x, b) = x`, `merge(b, x, x) = x`. Missing, `null` and `""` are three values.
//! Objects merge member by member; arrays are one value.

use serde_json::{Map, Value};

/// The merge of a local and a server value that both come from `base`; `None` stands for missing. `Err` if both changed it differently.
pub(super) fn three_way(
    base: Option<&Value>,
    local: Option<&Value>,
    server: Option<&Value>,
) -> Result<Option<Value>, ()> {
    if local == server || base == local {
        return Ok(server.cloned());
    }
    if base == server {
        return Ok(local.cloned());
    }
    let (Some(Value::Object(local)), Some(Value::Object(server))) = (local, server) else {
        return Err(());
    };
    let empty = Map::new();
    // Two objects where there was none before merge as if there had been an empty one.
    let base = match base {
        Some(Value::Object(base)) => base,
        None => &empty,
        Some(_) => return Err(()),
    };
    let mut merged = Map::new();
    for name in local.keys().chain(server.keys().filter(|name| !local.contains_key(*name))) {
        if let Some(value) = three_way(base.get(name), local.get(name), server.get(name))? {
            merged.insert(name.clone(), value);
        }
    }
    Ok(Some(Value::Object(merged)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(json!("")),
            any::<bool>().prop_map(Value::from),
            (-2i64..3).prop_map(Value::from),
            prop::collection::vec((0i64..3).prop_map(Value::from), 0..3).prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop::collection::btree_map("[ab]", inner, 0..3).prop_map(|m| Value::Object(m.into_iter().collect()))
        })
    }

    fn slot() -> impl Strategy<Value = Option<Value>> {
        prop::option::of(value())
    }

    proptest! {
        #[test]
        fn f30_the_laws_of_the_merge_hold(b in slot(), x in slot()) {
            prop_assert_eq!(three_way(b.as_ref(), b.as_ref(), x.as_ref()), Ok(x.clone()));
            prop_assert_eq!(three_way(b.as_ref(), x.as_ref(), b.as_ref()), Ok(x.clone()));
            prop_assert_eq!(three_way(b.as_ref(), x.as_ref(), x.as_ref()), Ok(x));
        }

        #[test]
        fn the_result_does_not_depend_on_who_is_local(b in slot(), x in slot(), y in slot()) {
            prop_assert_eq!(three_way(b.as_ref(), x.as_ref(), y.as_ref()), three_way(b.as_ref(), y.as_ref(), x.as_ref()));
        }
    }

    #[test]
    fn members_of_objects_merge_and_arrays_do_not() {
        let base = json!({"a": 1, "b": {"c": 1, "d": 1}});
        let local = json!({"a": 2, "b": {"c": 2, "d": 1}});
        let server = json!({"a": 1, "b": {"c": 1}, "e": 5});
        let merged = three_way(Some(&base), Some(&local), Some(&server)).unwrap().unwrap();
        assert_eq!(merged, json!({"a": 2, "b": {"c": 2}, "e": 5}));
        assert!(three_way(Some(&json!([1])), Some(&json!([1, 2])), Some(&json!([1, 3]))).is_err());
    }
}
