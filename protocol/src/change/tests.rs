use super::*;
use proptest::prelude::*;
use serde_json::json;

const AT: Stamp = Stamp { ms: 1, counter: 0 };

fn fields(value: Value) -> Fields {
    value.as_object().unwrap().clone()
}

fn changes(patch: Value, current: &Value) -> Result<Changes, ChangeError> {
    Changes::from_patch(&fields(patch), &fields(current.clone()), AT)
}

fn patched(current: Value, patch: Value) -> Value {
    let mut result = fields(current.clone());
    changes(patch, &current).unwrap().apply(&mut result);
    Value::Object(result)
}

fn paths(changes: &Changes) -> Vec<String> {
    changes.paths().map(Path::to_string).collect()
}

#[test]
fn merge_patch_examples_of_rfc_7396() {
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
        (json!({"a":5}), json!({"a":{"b":1,"c":null,"d":{"e":null}}}), json!({"a":{"b":1,"d":{}}})),
    ] {
        assert_eq!(patched(target, patch), result);
    }
}

#[test]
fn nested_members_are_paths_of_their_own() {
    let current = json!({"o":{"x":1,"y":2},"s":"text"});
    assert_eq!(
        paths(&changes(json!({"o":{"x":5,"z":{"w":1}},"s":{"a":1}}), &current).unwrap()),
        ["/o/x", "/o/z/w", "/s"]
    );
    assert_eq!(paths(&changes(json!({"o":{"y":null,"q":null}}), &current).unwrap()), ["/o/y"]);
    assert_eq!(paths(&changes(json!({"m":{}}), &current).unwrap()), ["/m"]);
}

#[test]
fn report_41_what_changes_nothing_is_no_change() {
    let current = json!({"a":1,"o":{"x":1.0},"t":["a"],"n":u64::MAX});
    for patch in [
        json!({}),
        json!({"a":1}),
        json!({"a":1.0}),
        json!({"missing":null}),
        json!({"o":{}}),
        json!({"o":{"x":1,"y":null}}),
        json!({"a":{"$inc":0}}),
        json!({"n":{"$inc":0}}),
        json!({"new":{"$inc":0}}),
        json!({"t":{"$addToSet":["a"]}}),
        json!({"t":{"$addToSet":[]}}),
        json!({"new":{"$addToSet":[]}}),
        json!({"new":{"$removeFromSet":["a"]}}),
        json!({"t":{"$removeFromSet":["b"]}}),
    ] {
        assert_eq!(changes(patch.clone(), &current), Ok(Changes::new()), "{patch}");
    }
}

#[test]
fn report_17_operators_work_at_any_depth() {
    assert_eq!(patched(json!({"o":{"n":1}}), json!({"o":{"n":{"$inc":2}}})), json!({"o":{"n":3}}));
    assert_eq!(patched(json!({}), json!({"stats":{"visits":{"$inc":1}}})), json!({"stats":{"visits":1}}));
    assert_eq!(patched(json!({"o":5}), json!({"o":{"n":{"$inc":2},"t":1}})), json!({"o":{"n":2,"t":1}}));
    assert!(matches!(
        changes(json!({"o":{"n":{"$push":2}}}), &json!({})),
        Err(ChangeError::Unsupported { place, .. }) if place == "/o/n"
    ));
}

#[test]
fn operators_are_checked_against_what_is_there() {
    assert_eq!(patched(json!({"t":["a","b"]}), json!({"t":{"$addToSet":["b","c"]}})), json!({"t":["a","b","c"]}));
    assert_eq!(patched(json!({"t":["a","b"]}), json!({"t":{"$removeFromSet":["b"]}})), json!({"t":["a"]}));
    for (current, bad) in [
        (json!({"n":"x"}), json!({"n":{"$inc":1}})),
        (json!({}), json!({"n":{"$inc":"1"}})),
        (json!({"n":1e308}), json!({"n":{"$inc":1e308}})),
        (json!({"t":1}), json!({"t":{"$addToSet":[1]}})),
        (json!({}), json!({"t":{"$inc":1,"$addToSet":[1]}})),
        (json!({}), json!({"t":{"$inc":1,"x":1}})),
        (json!({}), json!({"id":"x"})),
        (json!({}), json!({"version":1})),
        (json!({}), json!({"_sync":{"seq":1}})),
    ] {
        assert!(matches!(changes(bad.clone(), &current), Err(ChangeError::Invalid { .. })), "{bad}");
    }
}

#[test]
fn core_r10_sums_of_integers_are_exact() {
    let sum = |a: Value, b: Value| match (a, b) {
        (Value::Number(a), Value::Number(b)) => Value::Number(add(&a, &b)),
        _ => Value::Null,
    };
    assert_eq!(sum(json!(u64::MAX), json!(0)), json!(u64::MAX));
    assert_eq!(sum(json!(1u64 << 63), json!(-1)), json!(i64::MAX));
    assert_eq!(sum(json!(i64::MAX), json!(1)), json!(1u64 << 63));
    assert_eq!(sum(json!(i64::MIN), json!(-1)), json!(i64::MIN as f64));
    assert_eq!(sum(json!(1), json!(0.5)), json!(1.5));
    assert_eq!(sum(json!(1e308), json!(1e308)), json!(f64::MAX));
    assert_eq!(sum(json!(-1e308), json!(-1e308)), json!(f64::MIN));
}

#[test]
fn core_r3_numbers_compare_by_value() {
    for (a, b) in [
        (json!(1), json!(1.0)),
        (json!(0), json!(-0.0)),
        (json!(1u64 << 53), json!((1u64 << 53) as f64)),
        (json!([{"a":1}]), json!([{"a":1.0}])),
    ] {
        assert!(same(&a, &b), "{a} {b}");
    }
    for (a, b) in [
        (json!((1u64 << 53) + 1), json!((1u64 << 53) as f64)),
        (json!(u64::MAX), json!(u64::MAX as f64)),
        (json!(1), json!(1.5)),
        (json!(1), json!("1")),
        (json!(null), json!("")),
        (json!({"a":null}), json!({})),
    ] {
        assert!(!same(&a, &b), "{a} {b}");
    }
}

#[test]
fn edits_of_the_wire_do_what_they_say() {
    for (before, op, after) in [
        (json!({}), json!({"op":"set","path":"/a","value":null}), json!({"a":null})),
        (json!({}), json!({"op":"set","path":"/a/b/c","value":1}), json!({"a":{"b":{"c":1}}})),
        (json!({"a":[1,2]}), json!({"op":"set","path":"/a/1","value":9}), json!({"a":[1,9]})),
        (json!({"a":[1]}), json!({"op":"set","path":"/a/1","value":9}), json!({"a":[1,9]})),
        (json!({"a":[1]}), json!({"op":"set","path":"/a/-","value":9}), json!({"a":[1,9]})),
        (json!({"a":[1]}), json!({"op":"set","path":"/a/5","value":9}), json!({"a":{"5":9}})),
        (json!({"a":"text"}), json!({"op":"set","path":"/a/b","value":9}), json!({"a":{"b":9}})),
        (json!({"a/b":1,"m~n":2}), json!({"op":"remove","path":"/a~1b"}), json!({"m~n":2})),
        (json!({"a/b":1,"m~n":2}), json!({"op":"set","path":"/m~0n","value":3}), json!({"a/b":1,"m~n":3})),
        (json!({"a":{"b":1}}), json!({"op":"remove","path":"/a/b"}), json!({"a":{}})),
        (json!({"a":[1,2]}), json!({"op":"remove","path":"/a/0"}), json!({"a":[2]})),
        (json!({"a":[1,2]}), json!({"op":"remove","path":"/a/7"}), json!({"a":[1,2]})),
        (json!({}), json!({"op":"remove","path":"/a/b/c"}), json!({})),
        (json!({"n":1}), json!({"op":"inc","path":"/n","by":0.5}), json!({"n":1.5})),
        (json!({"n":"text"}), json!({"op":"inc","path":"/n","by":1}), json!({"n":1})),
        (json!({"t":[1]}), json!({"op":"addToSet","path":"/t","values":[1.0,"b","b"]}), json!({"t":[1,"b"]})),
        (json!({"t":7}), json!({"op":"addToSet","path":"/t","values":["a"]}), json!({"t":["a"]})),
        (json!({}), json!({"op":"removeFromSet","path":"/t","values":["a"]}), json!({"t":[]})),
    ] {
        let mut result = fields(before);
        FieldOp::decode(op.clone()).unwrap().apply(&mut result);
        assert_eq!(Value::Object(result), after, "{op}");
    }
}

#[test]
fn malformed_field_operations_are_refused() {
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
        json!({"op":"remove","path":"/t","hlc":5}),
    ] {
        assert!(FieldOp::decode(op.clone()).is_err(), "{op}");
    }
}

#[test]
fn an_ancestors_edit_replaces_earlier_edits_below() {
    let at = |ms| Stamp { ms, counter: 0 };
    let set = |path: &str, value: Value, ms| Changes::one(Path::parse(path).unwrap(), Edit::Set(value), at(ms));
    let joined = set("/o/x", json!(1), 1).then(set("/o", json!({}), 2)).then(set("/o/y", json!(2), 3));
    assert_eq!(paths(&joined), ["/o", "/o/y"]);
    assert_eq!(joined.iter().map(|(_, change)| change.stamp.ms).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn a_merge_patch_is_used_only_where_it_says_the_same() {
    let of = |patch: Value, current: Value| changes(patch, &current).unwrap();
    let said = of(json!({"a":1,"o":{"x":[null]},"gone":null}), json!({"gone":1,"o":{}}));
    assert_eq!(said.to_merge_patch(AT).map(Value::Object), Some(json!({"a":1,"o":{"x":[null]},"gone":null})));
    assert_eq!(said.merge_patch_text(AT).as_deref(), Some(r#"{"a":1,"gone":null,"o":{"x":[null]}}"#));
    assert_eq!(said.to_merge_patch(Stamp { ms: 2, counter: 0 }), None);
    let plain = of(json!({"a":"\"é\n","b":[1.0, {"x":null}],"gone":null}), json!({"gone":1}));
    assert_eq!(plain.merge_patch_text(AT), Some(Value::Object(plain.to_merge_patch(AT).unwrap()).to_string()));
    assert_eq!(plain.merge_patch_text(Stamp { ms: 2, counter: 0 }), None);
    assert_eq!(Changes::new().merge_patch_text(AT).as_deref(), Some("{}"));
    for unsaid in [
        of(json!({"n":{"$inc":1}}), json!({})),
        of(json!({"t":{"$addToSet":[1]}}), json!({})),
        of(json!({"o":{}}), json!({})),
        of(json!({"o":{"x":null}}), json!({"o":{"x":1}})),
        Changes::one(Path::field("a"), Edit::Set(Value::Null), AT),
        Changes::one(Path::parse("/a/0").unwrap(), Edit::Set(json!(1)), AT),
    ] {
        assert_eq!(unsaid.to_merge_patch(AT), None, "{unsaid:?}");
        assert_eq!(unsaid.merge_patch_text(AT), None, "{unsaid:?}");
    }
}

#[test]
fn field_operations_have_the_same_text_without_a_tree() {
    let path = || Path::parse("/a~1b/\"").unwrap();
    let set = |add: Value, remove: Value| Edit::EditSet {
        add: add.as_array().unwrap().clone(),
        remove: remove.as_array().unwrap().clone(),
    };
    for edit in [
        Edit::Set(json!({"b":[1.0, "é\n"],"a":null})),
        Edit::Unset,
        Edit::Clear,
        Edit::Inc(3.into()),
        set(json!([1]), json!([])),
        set(json!([]), json!(["x"])),
        set(json!([1]), json!([2])),
        set(json!([]), json!([])),
    ] {
        let changes = Changes::one(path(), edit, AT);
        for default in [AT, Stamp::default()] {
            let stamp = |stamp: Stamp| format!("{}:{}", stamp.ms, stamp.counter);
            let tree = changes.to_field_ops(default, stamp).into_iter().map(FieldOp::encode).collect();
            let text = Value::Array(tree).to_string();
            assert_eq!(changes.field_ops_text(default, stamp), text);
            assert_eq!(changes.field_ops_bytes(default, stamp), text.len());
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        any::<bool>().prop_map(Value::from),
        (-3i64..3).prop_map(Value::from),
        prop_oneof![Just(1.0), Just(-2.5)].prop_map(Value::from),
        prop::collection::vec((0i64..3).prop_map(Value::from), 0..3).prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        prop::collection::btree_map("[abc]", inner, 0..3).prop_map(|m| Value::Object(m.into_iter().collect()))
    })
}

fn document() -> impl Strategy<Value = Fields> {
    prop::collection::btree_map("[abc]", value(), 0..4).prop_map(|m| m.into_iter().collect())
}

fn edit() -> impl Strategy<Value = Edit> {
    let members = || prop::collection::vec((0i64..3).prop_map(Value::from), 0..3);
    prop_oneof![
        3 => value().prop_map(Edit::Set),
        1 => Just(Edit::Unset),
        1 => (-3i64..3).prop_map(|n| Edit::Inc(n.into())),
        1 => (members(), members()).prop_map(|(add, remove)| Edit::EditSet { add, remove }),
    ]
}

fn any_changes() -> impl Strategy<Value = Changes> {
    let path = prop::collection::vec("[abc]", 1..4).prop_map(|names| {
        let mut names = names.into_iter();
        let first = Path::field(names.next().unwrap());
        names.fold(first, |path, name| path.member(name))
    });
    prop::collection::vec((path, edit(), 0i64..9), 0..4).prop_map(|list| {
        list.into_iter().fold(Changes::new(), |mut all, (path, edit, ms)| {
            all.push(path, Change { edit, stamp: Stamp { ms, counter: 0 } });
            all
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn joined_changes_do_what_both_do(start in document(), a in any_changes(), b in any_changes()) {
        let mut one = start.clone();
        a.apply(&mut one);
        b.apply(&mut one);
        let mut joined = start;
        a.then(b).apply(&mut joined);
        prop_assert_eq!(joined, one);
    }

    #[test]
    fn the_difference_leads_from_one_to_the_other(from in document(), to in document()) {
        let mut result = from.clone();
        between(&from, &to, AT).apply(&mut result);
        prop_assert!(same(&Value::Object(result), &Value::Object(to.clone())));
        prop_assert!(between(&to, &to, AT).is_empty());
    }

    #[test]
    fn a_patch_does_what_rfc_7396_says(start in document(), patch in document()) {
        let mut result = start.clone();
        Changes::from_patch(&patch, &start, AT).unwrap().apply(&mut result);
        let mut expected = Value::Object(start);
        merge(&mut expected, &Value::Object(patch));
        prop_assert!(same(&Value::Object(result), &expected));
    }

    #[test]
    fn a_merge_patch_says_the_same_as_its_changes(start in document(), changes in any_changes()) {
        let mut same_stamps = changes;
        same_stamps.restamp(|_, _| AT);
        let text = same_stamps.to_merge_patch(AT).map(|patch| Value::Object(patch).to_string());
        prop_assert_eq!(same_stamps.merge_patch_text(AT), text);
        let Some(patch) = same_stamps.to_merge_patch(AT) else { return Ok(()) };
        let mut expected = Value::Object(start.clone());
        merge(&mut expected, &Value::Object(patch));
        let mut result = start;
        same_stamps.apply(&mut result);
        prop_assert_eq!(Value::Object(result), expected);
    }

    #[test]
    fn field_operations_come_back_as_they_were(changes in any_changes()) {
        let default = Stamp { ms: 3, counter: 0 };
        let ops = changes.to_field_ops(default, |stamp| stamp.ms.to_string());
        let encoded: Vec<Value> = ops.into_iter().map(FieldOp::encode).collect();
        prop_assert_eq!(
            changes.field_ops_text(default, |stamp| stamp.ms.to_string()),
            Value::Array(encoded.clone()).to_string()
        );
        let read = encoded.into_iter().map(|op| FieldOp::decode(op).unwrap()).collect::<Vec<_>>();
        let back = Changes::from_field_ops(read, default, |text| Some(Stamp { ms: text.parse().ok()?, counter: 0 }));
        prop_assert_eq!(without_repeats(back.unwrap()), without_repeats(changes));
    }

    #[test]
    fn joining_is_associative(a in any_changes(), b in any_changes(), c in any_changes(), start in document()) {
        let (mut left, mut right) = (start.clone(), start);
        a.clone().then(b.clone()).then(c.clone()).apply(&mut left);
        a.then(b.then(c)).apply(&mut right);
        prop_assert_eq!(left, right);
    }

    #[test]
    fn any_pointer_is_read_or_refused_without_panic(path in "[/~a0-9-]{0,12}") {
        if let Ok(path) = Path::of_edit(&path) {
            let mut fields = fields(json!({"a":[1,{"a":[]}],"0":{"a":1}}));
            Edit::Set(json!(1)).apply(&mut fields, &path);
            prop_assert_eq!(Path::parse(&path.to_string()), Some(path));
        }
    }
}

/// Members of set edits as the set that they are.
fn without_repeats(changes: Changes) -> Changes {
    let unique = |members: &Vec<Value>| {
        members.iter().fold(Vec::new(), |mut unique: Vec<Value>, member| {
            if !unique.iter().any(|known| same(known, member)) {
                unique.push(member.clone());
            }
            unique
        })
    };
    let edits = changes.iter().map(|(path, change)| {
        let edit = match &change.edit {
            Edit::EditSet { add, remove } => Edit::EditSet { add: unique(add), remove: unique(remove) },
            edit => edit.clone(),
        };
        (path.clone(), Change { edit, stamp: change.stamp })
    });
    edits.collect()
}

/// RFC 7396, section 2, word for word.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let members = target.as_object_mut().unwrap();
    for (name, value) in patch {
        if value.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
