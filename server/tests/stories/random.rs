//! Random JSON whose names and texts the decoders know, so that it gets far.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

/// Values of any kind. Four of five names are among `names`, and some texts are among `texts`.
pub fn value(names: &'static [&'static str], texts: &'static [&'static str]) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(1 << 53), -3i64..9, any::<i64>()].prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(texts).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    let inner = leaf.prop_recursive(5, 60, 6, move |inner| {
        let name = prop_oneof![4 => select(names).prop_map(str::to_owned), 1 => "\\PC{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(name, inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    inner.boxed()
}
