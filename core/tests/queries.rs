//! Queries: against a plain evaluator, their pages, and the indexes that they use.

#![allow(clippy::unwrap_used)] // A test may fail that way.

use holm_core::{Collection, CollectionConfig, Config, Direction, ErrorCode, Filter, Holm, Query};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::cmp::Ordering;

/// What a filter means, said without SQL.
fn matches(filter: &Filter, doc: &Value) -> bool {
    let field = |path: &holm_core::FieldPath| path.names().fold(doc, |value, name| &value[name]);
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
    // UUIDs are greater than other ids.
    let order_at = |path: &holm_core::FieldPath, value: &Value| {
        let is_uuid = |id: &Value| id.as_str().is_some_and(|id| id.len() == 36);
        let ids = path.as_str() == "id" && value.is_string();
        let kinds = ids.then(|| is_uuid(field(path)).cmp(&is_uuid(value))).filter(|kinds| kinds.is_ne());
        kinds.or(order(field(path), value))
    };
    match filter {
        Filter::Eq(path, Value::Null) | Filter::IsNull(path) => field(path).is_null(),
        Filter::Ne(path, Value::Null) => !field(path).is_null(),
        Filter::Eq(path, value) => equal(field(path), value),
        Filter::Ne(path, value) => !equal(field(path), value),
        Filter::Lt(path, value) => order_at(path, value) == Some(Ordering::Less),
        Filter::Lte(path, value) => order_at(path, value).is_some_and(Ordering::is_le),
        Filter::Gt(path, value) => order_at(path, value) == Some(Ordering::Greater),
        Filter::Gte(path, value) => order_at(path, value).is_some_and(Ordering::is_ge),
        Filter::In(path, values) => {
            values.iter().any(|v| equal(field(path), v) || v.is_null() && field(path).is_null())
        }
        Filter::Contains(path, value) => match field(path) {
            Value::Array(members) => members.iter().any(|m| match (m, value) {
                (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
                (m, value) => m == value,
            }),
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
        text().prop_map(Value::from),
    ]
}

/// Short texts, some of which look like JSON or have the greatest character.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]{0,2}",
        1 => "a?[\u{d7ff}\u{e000}\u{ffff}\u{10ffff}]{1,2}b?",
        2 => (0usize..4, 0usize..40).prop_map(|(n, kept)| id(n).chars().take(kept).collect()),
        1 => prop_oneof![Just("[\"a\"]"), Just("{\"k\":1}"), Just("1"), Just("true"), Just("null")].prop_map(str::to_owned),
    ]
}

fn field() -> impl Strategy<Value = Value> {
    let member = prop_oneof![6 => scalar(), 1 => Just(json!(["a"])), 1 => Just(json!({"k": 1}))];
    prop_oneof![4 => scalar(), 1 => prop::collection::vec(member, 0..3).prop_map(Value::from)]
}

fn document() -> impl Strategy<Value = Value> {
    (
        prop::collection::btree_map(
            prop_oneof![Just("x"), Just("y"), Just("a.b")].prop_map(str::to_owned),
            field(),
            0..4,
        ),
        prop::option::of(scalar()),
    )
        .prop_map(|(fields, inner)| {
            let mut doc: serde_json::Map<String, Value> = fields.into_iter().collect();
            doc.extend(inner.map(|inner| ("z".to_owned(), json!({"in": inner}))));
            doc.into()
        })
}

fn path() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("x"), Just("y"), Just("z.in"), Just("a\\.b"), Just("nothing"), Just("id")]
}

fn filter() -> impl Strategy<Value = Value> {
    let comparable = || scalar().prop_filter("null is neither less nor greater", |value| !value.is_null());
    let leaf = prop_oneof![
        (prop_oneof![Just("eq"), Just("ne"), Just("contains")], path(), scalar())
            .prop_map(|(op, p, v)| json!({op: [p, v]})),
        (prop_oneof![Just("lt"), Just("lte"), Just("gt"), Just("gte")], path(), comparable())
            .prop_map(|(op, p, v)| json!({op: [p, v]})),
        (path(), prop::collection::vec(scalar(), 0..3)).prop_map(|(p, v)| json!({"in": [p, v]})),
        (path(), text()).prop_map(|(p, v)| json!({"prefix": [p, v]})),
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

fn short_id(index: usize) -> String {
    format!("{index:02}")
}

/// Every other id is a UUID, which is stored in another way.
fn id(index: usize) -> String {
    if index.is_multiple_of(2) {
        format!("{index:02}")
    } else {
        format!("{index:02}345678-abcd-7abc-8def-0123456789ab")
    }
}

fn filled(docs: &[Value], id: fn(usize) -> String) -> (Holm, Collection) {
    let config = CollectionConfig::new("docs").index(&["x", "y"]).unwrap().index(&["z.in"]).unwrap();
    let holm = Holm::open(Config::in_memory().collection(config)).unwrap();
    let owned: Vec<Value> = docs.to_vec();
    holm.write_blocking(move |tx| {
        for (index, doc) in owned.iter().enumerate() {
            tx.create_with_id("docs", &id(index), doc)?;
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
        let (_holm, collection) = filled(&docs, id);
        let query = Query::parse(&json!({"where": filter})).unwrap();
        let meant = query.filter.clone().unwrap();
        let with_id = |index: usize| {
            let mut doc = docs[index].clone();
            doc["id"] = id(index).into();
            doc
        };
        // UUIDs come behind other ids.
        let (texts, uuids): (Vec<_>, Vec<_>) = (0..docs.len()).partition(|index| index % 2 == 0);
        let all = texts.into_iter().chain(uuids);
        let expected: Vec<String> = all.filter(|index| matches(&meant, &with_id(*index))).map(id).collect();
        prop_assert_eq!(collection.count(&query).unwrap(), expected.len() as u64);
        prop_assert_eq!(ids(&collection, &query), expected);
    }

    #[test]
    fn pages_by_key_give_the_same_list_as_one_query(
        docs in prop::collection::vec(document(), 0..14),
        order in prop::collection::vec((path(), any::<bool>()), 0..3),
        size in 1u32..5,
    ) {
        let (_holm, collection) = filled(&docs, id);
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
fn equal_keys_come_in_the_order_in_which_the_device_got_them_and_no_keys_by_id() {
    let holm = Holm::open(Config::in_memory()).unwrap();
    let collection = holm.collection("docs").unwrap();
    holm.write_blocking(|tx| {
        for (id, x) in [("c", 1), ("a", 2), ("d", 1), ("b", 1)] {
            tx.create_with_id("docs", id, &json!({"x": x}))?;
        }
        // An edit does not move a document.
        tx.update("docs", "c", &json!({"y": 1}))
    })
    .unwrap();
    let found = |query: Value| ids(&collection, &Query::parse(&query).unwrap());
    assert_eq!(found(json!({})), ["a", "b", "c", "d"]);
    assert_eq!(found(json!({"order": ["x"]})), ["c", "d", "b", "a"]);
    assert_eq!(found(json!({"order": [["x", "desc"]]})), ["a", "b", "d", "c"]);
    assert_eq!(found(json!({"order": ["x", "id"]})), ["b", "c", "d", "a"]);
}

#[test]
fn a_declared_index_gives_filter_and_order() {
    let (_holm, collection) = filled(&[], short_id);
    let plan = |query: Value| collection.query_plan(&Query::parse(&query).unwrap()).unwrap().join("; ");
    for query in [
        json!({"where": {"eq": ["x", true]}, "order": [["y", "desc"]], "limit": 50}),
        json!({"where": {"and": [{"eq": ["x", 1]}, {"gt": ["y", 5]}]}, "order": [["y", "asc"]]}),
        json!({"where": {"prefix": ["z.in", "a"]}, "order": ["z.in"]}),
        json!({"order": [["z.in", "desc"]], "limit": 10}),
    ] {
        let plan = plan(query.clone());
        assert!(plan.contains("USING INDEX ix_") && !plan.contains("TEMP B-TREE"), "{query}: {plan}");
    }
    for query in [json!({"order": ["id"], "limit": 10}), json!({"where": {"gt": ["id", "a"]}})] {
        let plan = plan(query.clone());
        assert!(plan.contains("documents_of_") && !plan.contains("TEMP B-TREE"), "{query}: {plan}");
    }
    // No UUID begins so.
    let prefixed = plan(json!({"where": {"prefix": ["id", "user:"]}}));
    assert!(prefixed.contains("SEARCH d USING INDEX documents_of_"), "{prefixed}");
    for field in ["x", "z.in"] {
        let found = plan(json!({"where": {"eq": [field, 1]}}));
        assert!(found.contains("USING INDEX ix_"), "the first field of an index is enough to find by: {found}");
    }
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
    let (_holm, collection) = filled(&[], short_id);
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
    for path in ["", "a..b", "a'b", "a\"b", "a[0]", "x') OR 1=1 --", "a\\", "a\\b", "\\", "a\u{1}", "a.b.c.d.e.f.g.h.i"]
    {
        let query = json!({"where": {"isNull": path}});
        assert_eq!(Query::parse(&query).unwrap_err().code(), ErrorCode::InvalidName, "{path}");
    }
    let nested = (0..30).fold(json!({"isNull": "x"}), |inner, _| json!({"not": inner}));
    assert_eq!(Query::parse(&json!({"where": nested})).unwrap_err().code(), ErrorCode::InvalidQuery);
    let null = Query::parse(&json!({"where": {"lt": ["x", null]}})).unwrap();
    assert_eq!(collection.query(&null).unwrap_err().code(), ErrorCode::InvalidQuery);
    let page = Query::all().limit(1);
    let ordered = page.clone().order_by("x", Direction::Ascending).unwrap();
    for mark in ["[1]", "[1,\"a\"]", "[1,null]"] {
        assert_eq!(collection.page(&ordered, Some(mark)).unwrap_err().code(), ErrorCode::InvalidQuery, "{mark}");
    }
    for mark in ["", "[]", "{}", "[1,2,3]", "[1]"] {
        assert_eq!(collection.page(&page, Some(mark)).unwrap_err().code(), ErrorCode::InvalidQuery, "{mark}");
    }
}

/// The ids of the documents that a filter lets through.
fn found(docs: &[Value], filter: Value) -> Vec<String> {
    let (_holm, collection) = filled(docs, short_id);
    ids(&collection, &Query::parse(&json!({"where": filter})).unwrap())
}

#[test]
fn report_25_a_prefix_has_no_upper_sentinel() {
    let docs = ["case.", "case.a", "case.\u{ffff}", "case.\u{10ffff}", "case.\u{10ffff}x", "casf", "case"]
        .map(|text| json!({"x": text}));
    assert_eq!(found(&docs, json!({"prefix": ["x", "case."]})), ["00", "01", "02", "03", "04"]);
    assert_eq!(found(&docs, json!({"prefix": ["x", "case.\u{10ffff}"]})), ["03", "04"]);
}

#[test]
fn core_r10_an_empty_prefix_finds_every_text() {
    let docs =
        [json!({"x": ""}), json!({"x": "\u{10ffff}\u{10ffff}"}), json!({"x": 1}), json!({"x": ["a"]}), json!({})];
    assert_eq!(found(&docs, json!({"prefix": ["x", ""]})), ["00", "01"]);
    assert_eq!(found(&docs, json!({"prefix": ["x", "\u{10ffff}"]})), ["01"]);
    // What follows the last character before the gap of the surrogates is the first one behind it.
    let docs = ["\u{d7ff}", "\u{d7ff}z", "\u{e000}"].map(|text| json!({"x": text}));
    assert_eq!(found(&docs, json!({"prefix": ["x", "\u{d7ff}"]})), ["00", "01"]);
}

#[test]
fn report_26_contains_compares_texts_with_texts_only() {
    let docs = [json!({"x": [["a"]]}), json!({"x": [{"k": 1}]}), json!({"x": ["[\"a\"]"]}), json!({"x": ["a"]})];
    assert_eq!(found(&docs, json!({"contains": ["x", "[\"a\"]"]})), ["02"]);
    assert_eq!(found(&docs, json!({"contains": ["x", "{\"k\":1}"]})), Vec::<String>::new());
    assert_eq!(found(&docs, json!({"contains": ["x", "a"]})), ["03"]);
}

#[test]
fn core_r10_contains_respects_the_type_of_a_member() {
    let docs =
        [json!({"x": [1]}), json!({"x": [true]}), json!({"x": ["1"]}), json!({"x": [1.0]}), json!({"x": [null]})];
    assert_eq!(found(&docs, json!({"contains": ["x", 1]})), ["00", "03"]);
    assert_eq!(found(&docs, json!({"contains": ["x", true]})), ["01"]);
    assert_eq!(found(&docs, json!({"contains": ["x", "1"]})), ["02"]);
    assert_eq!(found(&docs, json!({"contains": ["x", null]})), ["04"]);
}

#[test]
fn report_27_queries_run_at_their_limits_and_are_refused_beyond() {
    let (_holm, collection) = filled(&[json!({"x": 7}), json!({"x": "p7"})], short_id);
    let run = |filter: Value| {
        let query = Query::parse(&json!({"where": filter}))?;
        collection.query(&query).map(|found| found.len())
    };
    let each = |count: usize, one: fn(usize) -> Value| (0..count).map(one).collect::<Vec<_>>();
    for count in [10, 997, 999, 1_000] {
        assert_eq!(run(json!({"or": each(count, |n| json!({"eq": ["x", n]}))})), Ok(1), "or of {count}");
        assert_eq!(run(json!({"or": each(count, |n| json!({"prefix": ["x", format!("p{n}")]}))})), Ok(1));
        assert_eq!(run(json!({"or": each(count, |n| json!({"contains": ["x", format!("p{n}")]}))})), Ok(1));
        assert_eq!(run(json!({"and": each(count, |n| json!({"ne": ["x", n + 8]}))})), Ok(2), "and of {count}");
    }
    for count in [10, 1_001, 9_999, 10_000] {
        assert_eq!(run(json!({"in": ["x", (0..count).collect::<Vec<_>>()]})), Ok(1), "in of {count}");
    }
    let nested = |depth| (0..depth).fold(json!({"eq": ["x", 7]}), |inner, _| json!({"and": [inner, {"ne": ["x", 1]}]}));
    assert_eq!(run(nested(16)), Ok(1));
    for filter in [
        json!({"or": each(1_001, |n| json!({"eq": ["x", n]}))}),
        json!({"and": each(1_001, |n| json!({"ne": ["x", n]}))}),
        json!({"in": ["x", (0..10_001).collect::<Vec<_>>()]}),
        json!({"in": ["x", (0..40_000).collect::<Vec<_>>()]}),
        nested(17),
    ] {
        assert_eq!(run(filter).unwrap_err().code(), ErrorCode::InvalidQuery);
    }
    // The same for queries that are built in code.
    let path = || holm_core::FieldPath::new("x").unwrap();
    let many = Filter::In(path(), (0..40_000).map(Value::from).collect());
    let deep = (0..2_000).fold(Filter::IsNull(path()), |inner, _| Filter::Not(Box::new(inner)));
    for filter in [many, deep] {
        assert_eq!(collection.query(&Query::all().filter(filter)).unwrap_err().code(), ErrorCode::InvalidQuery);
    }
    let keys = (0..17).try_fold(Query::all(), |query, _| query.order_by("x", Direction::Ascending)).unwrap();
    assert_eq!(collection.query(&keys).unwrap_err().code(), ErrorCode::InvalidQuery);
}

#[test]
fn report_52_a_backslash_makes_a_dot_part_of_a_name() {
    let docs = [
        json!({"a.b": 1, "a": {"b": 2, "c.d": 3}}),
        json!({"x/y": 1, "q\"uo'te": 1, "back\\slash": 1, "[0]": 1, "$v": 1}),
    ];
    for (path, id) in [
        ("a\\.b", "00"),
        ("x/y", "01"),
        ("q\\\"uo\\'te", "01"),
        ("back\\\\slash", "01"),
        ("\\[0\\]", "01"),
        ("$v", "01"),
        ("\\$v", "01"),
    ] {
        assert_eq!(found(&docs, json!({"eq": [path, 1]})), [id], "{path}");
        let indexed = CollectionConfig::new("docs").index(&[path]).unwrap();
        let holm = Holm::open(Config::in_memory().collection(indexed)).unwrap();
        let query = Query::parse(&json!({"where": {"eq": [path, 1]}})).unwrap();
        let plan = holm.collection("docs").unwrap().query_plan(&query).unwrap().join(";");
        assert!(plan.contains("USING INDEX ix_"), "{path}: {plan}");
    }
    assert_eq!(found(&docs, json!({"eq": ["a.b", 2]})), ["00"]);
    assert_eq!(found(&docs, json!({"eq": ["a.c\\.d", 3]})), ["00"]);
}
