//! Laws of reading and measuring JSON, and of times.

use holm_protocol::json::{self, Bounds};
use holm_protocol::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value};

const WIDE: Bounds = Bounds { depth: 64, members: usize::MAX, bytes: usize::MAX };

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC*|[\\x00-\\x7f]*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-f]|\\PC{0,3}", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[a-f]|\\PC{0,3}", value(), 0..5).prop_map(|m| m.into_iter().collect())
}

proptest! {
    #[test]
    fn the_size_is_the_length_of_the_compact_text(fields in object()) {
        let text = serde_json::to_string(&fields).unwrap();
        prop_assert_eq!(json::size(&fields), text.len());
        if !fields.contains_key("id") {
            prop_assert_eq!(json::check_object(&text, WIDE).unwrap().bytes, text.len());
        }
    }

    #[test]
    fn text_and_tree_are_refused_at_the_same_limits(fields in object(), depth in 1usize..6, members in 0usize..6, bytes in 2usize..400) {
        prop_assume!(!fields.contains_key("id"));
        let bounds = Bounds { depth, members, bytes };
        let text = serde_json::to_string_pretty(&fields).unwrap();
        let as_text = json::check_object(&text, bounds).map(|checked| checked.bytes);
        prop_assert_eq!(as_text.is_ok(), json::check_fields(&fields, bounds).is_ok());
    }

    #[test]
    fn what_is_read_strictly_is_what_serde_reads(fields in object()) {
        let text = serde_json::to_string(&fields).unwrap();
        prop_assert_eq!(json::parse_object(text.as_bytes(), Bounds { bytes: 1 << 20, ..WIDE }).unwrap(), serde_json::from_str::<Map<_, _>>(&text).unwrap());
    }

    #[test]
    fn any_bytes_are_taken_or_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = json::parse_value(&bytes, Bounds { depth: 8, members: 8, bytes: 1000 });
        let _ = json::check_object(&String::from_utf8_lossy(&bytes), WIDE);
    }

    #[test]
    fn a_time_is_read_as_written(micros in -62_167_219_200_000_000i64..253_402_300_800_000_000) {
        let time = Timestamp::from_micros(micros);
        prop_assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
    }

    #[test]
    fn any_text_is_a_time_or_none_without_panic(text in "\\PC{0,40}|[0-9TZ:.+-]{0,30}") {
        let _ = Timestamp::parse(&text);
    }
}

#[test]
fn small_text_that_needs_much_memory_is_refused() {
    let bomb = format!("[{}{{}}]", "{},".repeat(100_000));
    let bounds = Bounds { depth: 8, members: 100, bytes: bomb.len() };
    assert_eq!(json::parse_value(bomb.as_bytes(), bounds), Err(json::JsonFault::TooLarge(bomb.len())));
    let bulky = format!(r#"[{{"title":"{}","tags":["a","b"]}}]"#, "x".repeat(1000));
    assert!(json::parse_value(bulky.as_bytes(), Bounds { bytes: bulky.len(), ..bounds }).is_ok());
}

/// A document's text with an id somewhere, or damaged, or both.
fn document() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\n",
        "\\u0041",
        "0",
        "-",
        ".",
        "e1",
        "\"id\":\"i\",",
        ",\"id\":\"i\"",
        "\"a\":1,",
        "\u{7f}",
        "\u{1}",
        "é",
        "version",
        "id",
        "00",
        ".0",
        "0.05",
        "0.00001",
        "123456789012345678",
        "1234567890123456789",
        "1.23456789012345",
    ]);
    let damage = prop::collection::vec((any::<prop::sample::Index>(), 0usize..3, piece), 0..3);
    (object(), prop::option::of("[a-z]{1,3}"), damage).prop_map(|(mut fields, id, damage)| {
        if let Some(id) = id {
            fields.insert("id".to_owned(), id.into());
        }
        let mut text: Vec<char> = Value::Object(fields).to_string().chars().collect();
        for (at, gone, piece) in damage {
            let from = at.index(text.len() + 1);
            let to = (from + gone).min(text.len());
            text.splice(from..to, piece.chars());
        }
        text.into_iter().collect()
    })
}

/// What a scan and a check say of one text.
fn agree(text: &str, bounds: Bounds) -> Result<bool, TestCaseError> {
    let Some(scanned) = json::scan_object(text, bounds) else { return Ok(false) };
    let checked = json::check_object(text, bounds).map_err(|fault| TestCaseError::fail(format!("{text}: {fault}")))?;
    let bytes = scanned.bytes();
    prop_assert_eq!((scanned.id.map(Value::from), None, bytes), (checked.id, checked.reserved, checked.bytes));
    let body = scanned.body();
    let fields = json::parse_object(text.as_bytes(), WIDE).map(|mut fields| {
        fields.remove("id");
        fields
    });
    prop_assert_eq!(json::parse_object(body.as_bytes(), WIDE), fields);
    prop_assert_eq!(body.len(), bytes);
    Ok(true)
}

fn depth_and_members(value: &Value) -> (usize, usize) {
    let (inner, own): (Vec<_>, usize) = match value {
        Value::Array(elements) => (elements.iter().collect(), 0),
        Value::Object(members) => (members.values().collect(), members.len()),
        _ => return (0, 0),
    };
    let inner = inner.into_iter().map(depth_and_members);
    inner.fold((1, own), |(depth, most), (inner, members)| (depth.max(inner + 1), most.max(members)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn what_a_scan_takes_a_check_takes_alike(
        text in document(), depth in 1usize..6, members in 0usize..6, bytes in 2usize..100,
    ) {
        agree(&text, WIDE)?;
        agree(&text, Bounds { depth, members, bytes })?;
    }

    #[test]
    fn a_scan_and_a_check_have_the_same_limits(text in document()) {
        let Some(scanned) = json::scan_object(&text, WIDE) else { return Ok(()) };
        let body = json::parse_object(scanned.body().as_bytes(), WIDE).unwrap();
        let (depth, members) = depth_and_members(&Value::Object(body));
        let exact = Bounds { depth, members, bytes: scanned.bytes() };
        prop_assert!(agree(&text, exact)?);
        let less = [
            Bounds { depth: depth - 1, ..exact },
            Bounds { bytes: exact.bytes - 1, ..exact },
            Bounds { members: members.wrapping_sub(1), ..exact },
        ];
        for bounds in &less[..if members == 0 { 2 } else { 3 }] {
            prop_assert_eq!(json::scan_object(&text, *bounds), None);
            prop_assert!(json::check_object(&text, *bounds).is_err());
        }
    }
}

#[test]
fn a_scan_takes_ordinary_documents_and_leaves_the_rest() {
    for text in [
        "{}",
        r#"{"id":"a"}"#,
        r#"{"id":"a","title":"Milk\n\"2 l\"","done":false,"price":0.05,"rank":-12,"at":1764408218123,"tags":["x",null],"o":{"title":{}}}"#,
        r#"{"title":"é","id":"a"}"#,
        r#"{"n":[0,-1,1.5,100.0,0.0,-0.5,999999999999999999]}"#,
    ] {
        assert!(json::scan_object(text, WIDE).is_some(), "{text}");
        assert!(agree(text, WIDE).unwrap());
    }
    let many: String = (0..65).map(|n| format!("\"{n}\":1,")).collect();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(32), "]".repeat(32));
    for text in [
        "",
        "[]",
        " {}",
        "{} ",
        r#"{"a": 1}"#,
        r#"{"a":1,}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"id":1}"#,
        r#"{"id":null}"#,
        r#"{"version":1}"#,
        r#"{"_sync":1}"#,
        r#"{"a":"\u0041"}"#,
        r#"{"\n":1}"#,
        r#"{"a":01}"#,
        r#"{"a":-0}"#,
        r#"{"a":1e5}"#,
        r#"{"a":1.50}"#,
        r#"{"a":0.00001}"#,
        r#"{"a":1234567890123456789}"#,
        r#"{"id":"a","id":"a"}"#,
        &format!("{{{many}\"a\":1}}"),
        &deep,
    ] {
        assert_eq!(json::scan_object(text, WIDE), None, "{text}");
    }
}
