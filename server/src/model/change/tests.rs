use super::*;
use proptest::prelude::*;
use serde_json::json;

const BOUNDS: Bounds = Bounds { depth: 64, members: 8192, bytes: 10_000 };

fn fields(value: Value) -> Fields {
    value.as_object().unwrap().clone()
}

/// The record afterwards, and the pointers of the edits.
fn applied(change: &Change, current: Value) -> (Value, Vec<String>) {
    let applied = change.apply(fields(current), BOUNDS).unwrap();
    (Value::Object(applied.fields), applied.edits.iter().map(|edit| edit.path.to_string()).collect())
}

fn ops(ops: Value) -> Change {
    Change::FieldOps(field_ops(ops.as_array().unwrap().clone(), 64).unwrap())
}

/// RFC 7396, section 2, as it is written there.
fn merge(target: &mut Fields, patch: &Fields) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(name);
            }
            Value::Object(inner) => {
                let mut members = target.remove(name).and_then(|old| old.as_object().cloned()).unwrap_or_default();
                merge(&mut members, inner);
                target.insert(name.clone(), Value::Object(members));
            }
            other => {
                target.insert(name.clone(), other.clone());
            }
        }
    }
}

#[test]
fn merge_patch_follows_the_examples_of_rfc_7396() {
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
        assert_eq!(applied(&Change::Merge(fields(patch)), target).0, result);
    }
}

#[test]
fn edits_are_named_by_their_paths() {
    let current = json!({"a":{"b":1,"c":2},"l":[1,2],"t":"x","n":1});
    for (change, edited) in [
        (Change::Merge(fields(json!({"a":{"b":2}}))), vec!["/a/b"]),
        (Change::Merge(fields(json!({"a":{"b":1.0},"n":1}))), vec![]),
        (Change::Merge(fields(json!({"t":{"x":1}}))), vec!["/t"]),
        (Change::Merge(fields(json!({"new":{"x":{"y":1}}}))), vec!["/new/x/y"]),
        (Change::Merge(fields(json!({"a":null,"zz":null}))), vec!["/a"]),
        (Change::Replace(fields(json!({"a":{"b":1},"l":[1,2],"t":"x","n":1}))), vec!["/a/c"]),
        (ops(json!([{"op":"set","path":"/a/b","value":1}])), vec![]),
        (ops(json!([{"op":"set","path":"/l/0","value":9}])), vec!["/l"]),
        (ops(json!([{"op":"inc","path":"/a/b","by":1},{"op":"inc","path":"/a/b","by":-1}])), vec![]),
        (ops(json!([{"op":"remove","path":"/a/zz"},{"op":"inc","path":"/a/~01","by":1}])), vec!["/a/~01"]),
        (Change::decode_json_patch(json!([{"op":"add","path":"/a/d","value":1}])).unwrap(), vec!["/a/d"]),
    ] {
        assert_eq!(applied(&change, current.clone()).1, edited, "{change:?}");
    }
}

#[test]
fn field_op_keeps_its_own_stamp_and_whether_it_commutes() {
    let change = ops(json!([
        {"op":"inc","path":"/n","by":1,"hlc":"5:0:d"}, {"op":"set","path":"/t","value":1}, {"op":"inc","path":"/t","by":1},
    ]));
    let edits = change.apply(Fields::new(), BOUNDS).unwrap().edits;
    let seen: Vec<_> = edits.iter().map(|edit| (edit.commutes, edit.hlc.as_ref().map(ToString::to_string))).collect();
    assert_eq!(seen, [(true, Some("5:0:d".to_owned())), (false, None)]);
    assert!(!change.commutes());
}

#[test]
fn malformed_field_ops_are_refused() {
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
        json!({"op":"set","path":"/a","value":1,"hlc":"now"}),
        json!({"op":"set","path":"/a".repeat(65),"value":1}),
    ] {
        assert!(FieldEdit::decode(op.clone(), 64).is_err(), "{op}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<i8>().prop_map(Value::from), "[$ab]".prop_map(Value::from)];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[$ab]c?", inner, 0..3).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Fields> {
    prop::collection::btree_map("[$ab]", value(), 0..4).prop_map(|m| m.into_iter().collect())
}

proptest! {
    #[test]
    fn merge_patch_as_paths_gives_what_rfc_7396_says(target in object(), patch in object()) {
        let mut expected = target.clone();
        merge(&mut expected, &patch);
        let applied = Change::Merge(patch).apply(target.clone(), BOUNDS).unwrap();
        prop_assert!(same(&Value::Object(applied.fields), &Value::Object(expected)));
    }

    #[test]
    fn values_outside_the_edited_paths_stay(target in object(), patch in object(), replace in any::<bool>()) {
        let change = if replace { Change::Replace(patch) } else { Change::Merge(patch) };
        let Applied { fields, edits } = change.apply(target.clone(), BOUNDS).unwrap();
        for (path, _) in between(&target, &fields, Stamp::default()).iter() {
            prop_assert!(edits.iter().any(|edit| edit.path.meets(path)), "{} is not among {:?}", path, edits);
        }
        prop_assert_eq!(edits.is_empty(), same(&Value::Object(target), &Value::Object(fields)));
    }

    #[test]
    fn any_path_is_taken_or_refused_without_panic(
        path in "[/~a0-9-]{0,12}", op in prop_oneof![Just("set"), Just("remove"), Just("inc")]
    ) {
        if let Ok(edit) = FieldEdit::decode(json!({"op":op,"path":path,"value":1,"by":1}), 64) {
            let current = fields(json!({"a":[1,{"a":[]}],"0":{"a":1}}));
            prop_assert!(Change::FieldOps(vec![edit]).apply(current.clone(), BOUNDS).is_ok());
        }
    }
}
