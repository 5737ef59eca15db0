//! Figures over a query, one live document, and windows on long lists.

#![allow(clippy::unwrap_used)] // A test may fail that way.

use futures_util::FutureExt;
use holm_core::{
    Aggregate, AggregateRow, Collection, Config, ErrorCode, FieldPath, Holm, LiveWindow, Query, SyncStatus,
    WindowSnapshot,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn query(json: Value) -> Query {
    Query::parse(&json).unwrap()
}

fn figures(list: &[Value]) -> Vec<Aggregate> {
    list.iter().map(|figure| Aggregate::parse(figure).unwrap()).collect()
}

fn all_figures() -> Vec<Aggregate> {
    figures(&[
        json!({"count": true}),
        json!({"sum": "x"}),
        json!({"min": "x"}),
        json!({"max": "x"}),
        json!({"avg": "x"}),
    ])
}

fn filled(docs: &[Value]) -> (Holm, Collection) {
    let holm = Holm::open(Config::in_memory()).unwrap();
    let owned = docs.to_vec();
    holm.write_blocking(move |tx| {
        for (index, doc) in owned.iter().enumerate() {
            tx.create_with_id("docs", &format!("{index:03}"), doc)?;
        }
        Ok(())
    })
    .unwrap();
    let collection = holm.collection("docs").unwrap();
    (holm, collection)
}

/// The figures of [`all_figures`], said without SQL.
fn plain(docs: &[&Value]) -> Vec<Value> {
    let numbers: Vec<f64> = docs.iter().filter_map(|doc| doc["x"].as_f64()).collect();
    let whole = docs.iter().all(|doc| !doc["x"].is_f64());
    let sum: f64 = numbers.iter().sum();
    let rank = |value: &Value| match value {
        Value::Bool(yes) => Some((0, f64::from(u8::from(*yes)), String::new())),
        Value::Number(number) => Some((0, number.as_f64().unwrap(), String::new())),
        Value::String(text) => Some((1, 0.0, text.clone())),
        _ => None,
    };
    let mut ranked: Vec<_> = docs.iter().filter_map(|doc| rank(&doc["x"])).collect();
    ranked.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let shown = |place: Option<&(i32, f64, String)>| match place {
        None => Value::Null,
        Some((0, number, _)) => json!(number),
        Some((_, _, text)) => json!(text),
    };
    vec![
        json!(docs.len()),
        if whole { json!(sum as i64) } else { json!(sum) },
        shown(ranked.first()),
        shown(ranked.last()),
        if numbers.is_empty() { Value::Null } else { json!(sum / numbers.len() as f64) },
    ]
}

/// Numbers compare by value.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..4).prop_map(Value::from),
        prop_oneof![Just(0.5), Just(-1.5), Just(2.0)].prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
        Just(json!([1])),
        Just(json!({"k": 1})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn figures_are_those_of_the_documents(docs in prop::collection::vec((scalar(), scalar()), 0..14)) {
        let docs: Vec<Value> = docs.into_iter().map(|(x, y)| json!({"x": x, "y": y})).collect();
        let (_holm, collection) = filled(&docs);
        let whole = collection.aggregate(&Query::all().limit(1), &all_figures(), None).unwrap();
        prop_assert_eq!((whole.len(), &whole[0].by), (1, &None));
        let expected = plain(&docs.iter().collect::<Vec<_>>());
        prop_assert!(whole[0].values.iter().zip(&expected).all(|(a, b)| same(a, b)), "{whole:?} {expected:?}");
        let groups = collection.aggregate(&Query::all(), &all_figures(), Some(&FieldPath::new("y").unwrap())).unwrap();
        let mut rest: Vec<&Value> = docs.iter().collect();
        for AggregateRow { by, values } in groups {
            let by = by.unwrap();
            let (mine, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|doc| same(&doc["y"], &by));
            rest = others;
            prop_assert!(!mine.is_empty());
            prop_assert!(values.iter().zip(plain(&mine)).all(|(a, b)| same(a, &b)), "{by}: {values:?}");
        }
        prop_assert!(rest.is_empty());
    }
}

#[test]
fn sums_of_integers_are_exact() {
    let sum = |numbers: &[Value]| {
        let docs: Vec<Value> = numbers.iter().map(|x| json!({"x": x})).collect();
        let (_holm, collection) = filled(&docs);
        let rows = collection.aggregate(&Query::all(), &figures(&[json!({"sum": "x"})]), None).unwrap();
        rows[0].values[0].clone()
    };
    let (max, min) = (json!(i64::MAX), json!(i64::MIN));
    assert_eq!(sum(&[]), json!(0));
    assert_eq!(sum(&[json!(9_007_199_254_740_993i64), json!(1)]), json!(9_007_199_254_740_994i64));
    assert_eq!(sum(&[max.clone(), json!(1)]), json!(i64::MAX as u64 + 1));
    assert_eq!(sum(&[max.clone(), max.clone(), min.clone(), min.clone()]), json!(-2));
    assert_eq!(sum(&[min.clone(), min]), json!(-18_446_744_073_709_551_616.0));
    assert_eq!(sum(&[json!(1), json!(0.5)]), json!(1.5));
    assert_eq!(sum(&[json!(1e308), json!(1e308)]), Value::Null);
}

#[test]
fn bad_figures_are_named() {
    let (_holm, collection) = filled(&[]);
    for figure in [json!({}), json!({"count": 1}), json!({"sum": 1}), json!({"median": "x"}), json!("count")] {
        assert_eq!(Aggregate::parse(&figure).unwrap_err().code(), ErrorCode::InvalidQuery, "{figure}");
    }
    assert_eq!(Aggregate::parse(&json!({"sum": "a..b"})).unwrap_err().code(), ErrorCode::InvalidName);
    for of in [vec![], vec![Aggregate::Count; 17]] {
        assert_eq!(collection.aggregate(&Query::all(), &of, None).unwrap_err().code(), ErrorCode::InvalidQuery);
    }
}

#[tokio::test]
async fn live_figures_change_with_the_documents() {
    let (_holm, collection) = filled(&[json!({"x": 1, "done": false}), json!({"x": 2, "done": true})]);
    let open = query(json!({"where": {"eq": ["done", false]}}));
    let mut live = collection.live_aggregate(&open, &all_figures()[..2], None).unwrap();
    let mut next = || live.next().now_or_never().map(|rows| rows.unwrap().unwrap()[0].values.clone());
    assert_eq!(next(), Some(vec![json!(1), json!(1)]));
    collection.update("001", &json!({"x": 7})).await.unwrap();
    assert_eq!(next(), None);
    collection.update("001", &json!({"done": false})).await.unwrap();
    assert_eq!(next(), Some(vec![json!(2), json!(8)]));
    collection.delete("000").await.unwrap();
    assert_eq!(next(), Some(vec![json!(1), json!(7)]));
    let closer = live.closer();
    closer.close();
    assert!(live.next().await.is_none());
}

#[tokio::test]
async fn a_live_document_comes_changes_and_goes() {
    let (_holm, collection) = filled(&[]);
    let mut live = collection.live_document("a").unwrap();
    let mut next = || live.next().now_or_never().map(|document| document.unwrap().unwrap());
    assert_eq!(next(), Some(None));
    collection.create(&json!({"id": "b"})).await.unwrap();
    assert_eq!(next(), None);
    collection.create(&json!({"id": "a", "n": 1})).await.unwrap();
    let document = next().unwrap().unwrap();
    assert_eq!((document.value().unwrap(), document.status), (json!({"n": 1}), SyncStatus::PendingCreate));
    collection.update("a", &json!({"n": 2})).await.unwrap();
    assert_eq!(next().unwrap().unwrap().value().unwrap(), json!({"n": 2}));
    collection.delete("a").await.unwrap();
    assert_eq!(next(), Some(None));
    assert_eq!(collection.live_document("").err().unwrap().code(), ErrorCode::InvalidName);
}

fn poll(live: &mut LiveWindow) -> Option<WindowSnapshot> {
    live.next().now_or_never().map(|snapshot| snapshot.unwrap().unwrap())
}

fn ids(snapshot: &WindowSnapshot) -> Vec<&str> {
    snapshot.window.documents.iter().map(|document| document.id.as_str()).collect()
}

#[tokio::test]
async fn a_window_follows_a_document_and_says_what_is_around_it() {
    let docs: Vec<Value> = (0..100).map(|n| json!({"x": n / 3})).collect();
    let (_holm, collection) = filled(&docs);
    let mut live = collection.live_window(&query(json!({"order": [["x", "desc"]]})), 5).unwrap();
    let mover = live.mover();
    let first = poll(&mut live).unwrap();
    assert_eq!((ids(&first), first.before, first.after), (vec!["099", "098", "097", "096", "095"], 0, 95));
    assert_eq!(poll(&mut live), None);

    mover.move_to_document("050");
    let there = poll(&mut live).unwrap();
    assert_eq!((ids(&there), there.before, there.after), (vec!["050", "049", "048", "047", "046"], 49, 46));
    // Something comes before it: the window stays with its document.
    collection.create(&json!({"id": "new", "x": 1_000})).await.unwrap();
    let moved = poll(&mut live).unwrap();
    assert_eq!((ids(&moved)[0], moved.before, moved.after), ("050", 50, 46));
    assert!(moved.window.inserted.is_empty() && moved.window.removed.is_empty());
    // The document goes: the window stays at its place.
    collection.delete("050").await.unwrap();
    let gone = poll(&mut live).unwrap();
    assert_eq!((ids(&gone), gone.before), (vec!["049", "048", "047", "046", "045"], 50));

    mover.move_to(98);
    let end = poll(&mut live).unwrap();
    assert_eq!((ids(&end), end.before, end.after), (vec!["004", "003", "002", "001", "000"], 95, 0));
    mover.move_to_document("nowhere");
    assert_eq!(poll(&mut live), None);
    live.closer().close();
    assert!(live.next().await.is_none());
    for (json, size) in [(json!({"limit": 1}), 5), (json!({"offset": 1}), 5), (json!({}), 0)] {
        assert_eq!(collection.live_window(&query(json), size).err().unwrap().code(), ErrorCode::InvalidQuery);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_window_at_a_document_begins_with_it(
        docs in prop::collection::vec((scalar(), scalar()), 1..20),
        descending in any::<(bool, bool)>(),
        at in any::<prop::sample::Index>(),
        size in 1u32..6,
    ) {
        let docs: Vec<Value> = docs.into_iter().map(|(x, y)| json!({"x": x, "y": y})).collect();
        let (_holm, collection) = filled(&docs);
        let direction = |descending| if descending { "desc" } else { "asc" };
        let order = json!({"order": [["x", direction(descending.0)], ["y", direction(descending.1)]]});
        let whole = collection.query(&query(order.clone())).unwrap();
        let place = at.index(whole.len());
        let mut live = collection.live_window(&query(order), size).unwrap();
        live.mover().move_to_document(&whole[place].id);
        let shown = poll(&mut live).unwrap();
        let before = place.min(whole.len().saturating_sub(size as usize));
        prop_assert_eq!(shown.before, before as u64);
        let expected: Vec<&str> = whole[before..].iter().take(size as usize).map(|one| one.id.as_str()).collect();
        prop_assert_eq!(ids(&shown), expected.clone());
        prop_assert_eq!(shown.after as usize, whole.len() - before - expected.len());
    }
}
