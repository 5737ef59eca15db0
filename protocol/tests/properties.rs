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
    fn a_time_is_read_as_written(ms in -62_167_219_200_000i64..253_402_300_800_000) {
        prop_assert_eq!(Timestamp::parse(&Timestamp(ms).to_string()), Some(Timestamp(ms)));
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
