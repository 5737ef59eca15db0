//! Queries: against a plain evaluator, their pages, and the indexes that they use.

#![allow(clippy::unwrap_used)] // A test may fail that way.

use holm_core::{Collection, CollectionConfig, Config, Direction, ErrorCode, Filter, Holm, Query};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::cmp::Ordering;

/// What a filter means, said without SQL.
fn matches(filter: &Filter, doc: &Value) -> bool {
    let field = |path: &holm_core::FieldPath| path.as_str().split('.').fold(doc, |value, name| &value[name]);
    let number = |value: &Value| value.as_f64().or(value.as_bool().map(|yes| f64::from(u8::from(yes))));
    let equal = |a: &Value, b: &Value| match (number(a), number(b)) {
        (Some(x), Some(y)) => x == y,
        _ => a == b && !a.is_null(),
    };
    let order = |a: &Value, b: &Value| match (number(a), number(b), a.as_str(), b.as_str()) {
        (Some(x), Some(y), ..) => x.partial_cmp(&y),
        (.., Some(x), Some(y)) => Some(x.cmp(y)),
        _ => None,
    };
    match filter {
        Filter::Eq(path, Value::Null) | Filter::IsNull(path) => field(path).is_null(),
        Filter::Ne(path, Value::Null) => !field(path).is_null(),
        Filter::Eq(path, value) => equal(field(path), value),
        Filter::Ne(path, value) => !equal(field(path), value),
        Filter::Lt(path, value) => order(field(path), value) == Some(Ordering::Less),
        Filter::Lte(path, value) => order(field(path), value).is_some_and(Ordering::is_le),
        Filter::Gt(path, value) => order(field(path), value) == Some(Ordering::Greater),
        Filter::Gte(path, value) => order(field(path), value).is_some_and(Ordering::is_ge),
        Filter::In(path, values) => {
            values.iter().any(|v| equal(field(path), v) || v.is_null() && field(path).is_null())
        }
        Filter::Contains(path, value) => match field(path) {
            Value::Array(members) => members.iter().any(|m| equal(m, value) || m.is_null() && value.is_null()),
            Value::String(text) => value.as_str().is_some_and(|part| text.contains(part)),
            _ => false,
        },
        Filter::Prefix(path, start) => field(path).as_str().is_some_and(|text| text.starts_with(start.as_str())),
        Filter::And(all) => all.iter().all(|one| matches(one, doc)),
        Filter::Or(all) => all.iter().any(|one| matches(one, doc)),
        Filter::Not(one) => !matches(one, doc),
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2i64..3).prop_map(Value::from),
        prop_oneof![Just(0.5), Just(-1.5)].prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ]
}

fn field() -> impl Strategy<Value = Value> {
    prop_oneof![4 => scalar(), 1 => prop::collection::vec(scalar(), 0..3).prop_map(Value::from)]
}

fn document() -> impl Strategy<Value = Value> {
    (prop::collection::btree_map("[xy]", field(), 0..3), prop::option::of(scalar())).prop_map(|(fields, inner)| {
        let mut doc: serde_json::Map<String, Value> = fields.into_iter().collect();
        doc.extend(inner.map(|inner| ("z".to_owned(), json!({"in": inner}))));
        doc.into()
    })
}

fn path() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("x"), Just("y"), Just("z.in"), Just("nothing")]
}

fn filter() -> impl Strategy<Value = Value> {
    let comparable = || scalar().prop_filter("null is neither less nor greater", |value| !value.is_null());
    let leaf = prop_oneof![
        (prop_oneof![Just("eq"), Just("ne"), Just("contains")], path(), scalar())
            .prop_map(|(op, p, v)| json!({op: [p, v]})),
        (prop_oneof![Just("lt"), Just("lte"), Just("gt"), Just("gte")], path(), comparable())
            .prop_map(|(op, p, v)| json!({op: [p, v]})),
        (path(), prop::collection::vec(scalar(), 0..3)).prop_map(|(p, v)| json!({"in": [p, v]})),
        (path(), "[ab]{0,2}").prop_map(|(p, v)| json!({"prefix": [p, v]})),
        path().prop_map(|p| json!({"isNull": p})),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|all| json!({"and": all})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|all| json!({"or": all})),
            inner.prop_map(|one| json!({"not": one})),
        ]
    })
}

fn filled(docs: &[Value]) -> (Holm, Collection) {
    let config = CollectionConfig::new("docs").index(&["x", "y"]).unwrap().index(&["z.in"]).unwrap();
    let holm = Holm::open(Config::in_memory().collection(config)).unwrap();
    let owned: Vec<Value> = docs.to_vec();
    holm.write_blocking(move |tx| {
        for (index, doc) in owned.iter().enumerate() {
            tx.create_with_id("docs", &format!("{index:02}"), doc)?;
        }
        Ok(())
    })
    .unwrap();
    let collection = holm.collection("docs").unwrap();
    (holm, collection)
}

fn ids(collection: &Collection, query: &Query) -> Vec<String> {
    collection.query(query).unwrap().into_iter().map(|document| document.id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_query_finds_what_its_filter_means(docs in prop::collection::vec(document(), 0..12), filter in filter()) {
        let (_holm, collection) = filled(&docs);
        let query = Query::parse(&json!({"where": filter})).unwrap();
        let meant = query.filter.clone().unwrap();
        let expected: Vec<String> =
            docs.iter().enumerate().filter(|(_, doc)| matches(&meant, doc)).map(|(i, _)| format!("{i:02}")).collect();
        prop_assert_eq!(collection.count(&query).unwrap(), expected.len() as u64);
        prop_assert_eq!(ids(&collection, &query), expected);
    }

    #[test]
    fn pages_by_key_give_the_same_list_as_one_query(
        docs in prop::collection::vec(document(), 0..14),
        order in prop::collection::vec((path(), any::<bool>()), 0..3),
        size in 1u32..5,
    ) {
        let (_holm, collection) = filled(&docs);
        let mut query = Query::all();
        for (path, descending) in order {
            let direction = if descending { Direction::Descending } else { Direction::Ascending };
            query = query.order_by(path, direction).unwrap();
        }
        let whole = ids(&collection, &query);
        let query = query.limit(size);
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = collection.page(&query, after.as_deref()).unwrap();
            prop_assert!(page.documents.len() <= size as usize);
            paged.extend(page.documents.into_iter().map(|document| document.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        prop_assert_eq!(paged, whole);
    }
}

#[test]
fn a_declared_index_gives_filter_and_order() {
    let (_holm, collection) = filled(&[]);
    let plan = |query: Value| collection.query_plan(&Query::parse(&query).unwrap()).unwrap().join("; ");
    for query in [
        json!({"where": {"eq": ["x", true]}, "order": [["y", "desc"]], "limit": 50}),
        json!({"where": {"and": [{"eq": ["x", 1]}, {"gt": ["y", 5]}]}, "order": [["y", "asc"]]}),
        json!({"where": {"eq": ["z.in", 1]}}),
        json!({"where": {"prefix": ["z.in", "a"]}, "order": ["z.in"]}),
        json!({"order": [["z.in", "desc"]], "limit": 10}),
    ] {
        let plan = plan(query.clone());
        assert!(plan.contains("USING INDEX ix_") && !plan.contains("TEMP B-TREE"), "{query}: {plan}");
    }
    let partly = plan(json!({"where": {"eq": ["x", 1]}}));
    assert!(partly.contains("USING INDEX ix_"), "the first field of an index is enough to find by: {partly}");
    let without = plan(json!({"where": {"eq": ["y", 1]}, "order": ["nothing"]}));
    assert!(without.contains("TEMP B-TREE"), "a query that no index fits says so: {without}");
}

#[test]
fn indexes_follow_the_declaration() {
    let directory = tempfile::tempdir().unwrap();
    let open = |indexes: &[&[&str]]| {
        let mut collection = CollectionConfig::new("docs");
        for paths in indexes {
            collection = collection.index(paths).unwrap();
        }
        Holm::open(Config::new(directory.path()).collection(collection)).unwrap()
    };
    let uses = |holm: &Holm, field: &str| {
        let query = Query::parse(&json!({"where": {"eq": [field, 1]}})).unwrap();
        holm.collection("docs").unwrap().query_plan(&query).unwrap().join(";").contains("ix_")
    };
    let holm = open(&[&["a"], &["b"]]);
    assert!(uses(&holm, "a") && uses(&holm, "b"));
    drop(holm);
    let holm = open(&[&["b"], &["c"]]);
    assert!(!uses(&holm, "a") && uses(&holm, "b") && uses(&holm, "c"));
}

#[test]
fn bad_queries_are_named() {
    let (_holm, collection) = filled(&[]);
    for query in [
        json!([]),
        json!({"where": {"eq": ["x"]}}),
        json!({"where": {"eq": ["x", []]}}),
        json!({"where": {"like": ["x", "y"]}}),
        json!({"where": {"eq": ["x", 1], "ne": ["x", 1]}}),
        json!({"where": {"and": {}}}),
        json!({"order": [["x", "up"]]}),
        json!({"limit": -1}),
        json!({"limit": "1"}),
        json!({"where": {"prefix": ["x", 1]}}),
    ] {
        assert_eq!(Query::parse(&query).unwrap_err().code(), ErrorCode::InvalidQuery, "{query}");
    }
    for path in ["", "a..b", "a'b", "a\"b", "a[0]", "x') OR 1=1 --"] {
        let query = json!({"where": {"isNull": path}});
        assert_eq!(Query::parse(&query).unwrap_err().code(), ErrorCode::InvalidName, "{path}");
    }
    let nested = (0..30).fold(json!({"isNull": "x"}), |inner, _| json!({"not": inner}));
    assert_eq!(Query::parse(&json!({"where": nested})).unwrap_err().code(), ErrorCode::InvalidQuery);
    let null = Query::parse(&json!({"where": {"lt": ["x", null]}})).unwrap();
    assert_eq!(collection.query(&null).unwrap_err().code(), ErrorCode::InvalidQuery);
    let page = Query::all().limit(1);
    for mark in ["", "[]", "{}", "[1,2,3]"] {
        assert_eq!(collection.page(&page, Some(mark)).unwrap_err().code(), ErrorCode::InvalidQuery, "{mark}");
    }
}
