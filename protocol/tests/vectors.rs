//! Runs `vectors/*.json` against this crate.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

use holm_protocol::change::{self, Changes, FieldOp, Stamp};
use holm_protocol::codes::Code;
use holm_protocol::columns;
use holm_protocol::digest;
use holm_protocol::hlc::Hlc;
use holm_protocol::json::{self, Bounds, JsonFault};
use holm_protocol::limits::Limits;
use holm_protocol::names::{self, NameFault};
use holm_protocol::time::Timestamp;
use serde_json::{Number, Value, json};
use std::path::Path;

fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn list<'v>(vectors: &'v Value, key: &str) -> &'v Vec<Value> {
    vectors[key].as_array().unwrap()
}

fn text<'v>(case: &'v Value, key: &str) -> &'v str {
    case[key].as_str().unwrap()
}

#[test]
fn names_follow_the_vectors() {
    let vectors = read("names.json");
    let check = |key: &str, member: &str, check: fn(&str) -> Result<(), NameFault>| {
        for case in list(&vectors, key) {
            assert_eq!(check(text(case, member)).is_ok(), case["ok"].as_bool().unwrap(), "{key}: {case}");
        }
    };
    check("collections", "name", names::check_collection);
    check("documents", "id", names::check_document_id);
    check("ops", "id", names::check_op_id);
    check("devices", "id", names::check_device_id);
    check("actions", "name", names::check_action);
    for case in list(&vectors, "deletedKeys") {
        assert_eq!(names::deleted_ids_key(text(case, "collection")), text(case, "key"));
    }
}

fn kind(fault: &JsonFault) -> &'static str {
    match fault {
        JsonFault::Syntax(_) => "syntax",
        JsonFault::NotAnObject => "object",
        JsonFault::DuplicateKey(_) => "duplicate",
        JsonFault::TooDeep(_) => "depth",
        JsonFault::TooManyMembers(_) => "members",
        JsonFault::TooLarge(_) => "bytes",
    }
}

#[test]
fn documents_are_measured_alike_as_text_and_as_tree() {
    for case in list(&read("documents.json"), "documents") {
        let bounds = match &case["bounds"] {
            Value::Null => Limits::default().record(),
            given => {
                let number = |key: &str| given[key].as_u64().unwrap() as usize;
                Bounds { depth: number("depth"), members: number("members"), bytes: number("bytes") }
            }
        };
        let as_text = json::check_object(text(case, "text"), bounds).map(|checked| checked.bytes);
        // Blanks and `id` are no part of a document, but of its text.
        let room = Bounds { bytes: usize::MAX, members: bounds.members + 1, ..bounds };
        let as_tree = json::parse_object(text(case, "text").as_bytes(), room).and_then(|mut fields| {
            fields.remove("id");
            json::check_fields(&fields, bounds)
        });
        for (how, result) in [("text", as_text), ("tree", as_tree)] {
            match case["size"].as_u64() {
                Some(size) => assert_eq!(result, Ok(size as usize), "{how}: {case}"),
                None => assert_eq!(kind(&result.unwrap_err()), text(case, "fault"), "{how}: {case}"),
            }
        }
    }
}

#[test]
fn limits_are_published_and_read_alike() {
    let vectors = read("limits.json");
    let limits = Limits::default();
    assert_eq!(serde_json::to_value(&limits).unwrap(), vectors["limits"]);
    assert_eq!(limits.version(), text(&vectors, "version"));
    let odd = json!({"maxBatchOps": 7, "maxMembers": 0, "maxStreams": "x", "unknown": 1});
    let read = Limits::published(odd.as_object().unwrap());
    assert_eq!(read, Limits { max_batch_ops: 7, ..Limits::default() });
    assert_ne!(read.version(), limits.version());
}

#[test]
fn stamps_follow_the_vectors() {
    let vectors = read("hlc.json");
    let stamps: Vec<Hlc> =
        list(&vectors, "order").iter().map(|text| Hlc::parse(text.as_str().unwrap()).unwrap()).collect();
    assert!(stamps.is_sorted_by(|a, b| a < b));
    for (stamp, text) in stamps.iter().zip(list(&vectors, "order")) {
        assert_eq!(stamp.to_string(), text.as_str().unwrap());
    }
    for bad in list(&vectors, "invalid") {
        assert_eq!(Hlc::parse(bad.as_str().unwrap()), None, "{bad}");
    }
    for case in list(&vectors, "clamped") {
        let clamped = Hlc::parse(text(case, "stamp")).unwrap().clamped(case["latest"].as_i64().unwrap());
        assert_eq!(clamped.to_string(), text(case, "result"));
    }
}

#[test]
fn columns_follow_the_vectors() {
    let vectors = read("columns.json");
    let numbers = |case: &Value, key: &str| list(case, key).iter().map(|n| n.as_i64().unwrap()).collect::<Vec<_>>();
    for case in list(&vectors, "numbers") {
        let (plain, steps) = (numbers(case, "numbers"), numbers(case, "differences"));
        assert_eq!(columns::differences(plain.iter().copied()).collect::<Vec<_>>(), steps);
        assert_eq!(columns::sums(steps).collect::<Vec<_>>(), plain);
    }
    for case in list(&vectors, "uuids") {
        let texts: Vec<&str> = list(case, "uuids").iter().map(|text| text.as_str().unwrap()).collect();
        let bytes: Vec<[u8; 16]> = texts.iter().map(|text| columns::uuid_bytes(text).unwrap()).collect();
        assert_eq!(columns::uuids_text(&bytes), text(case, "text"));
        assert_eq!(columns::uuids(text(case, "text")).unwrap(), bytes);
        assert_eq!(bytes.iter().map(columns::uuid_text).collect::<Vec<_>>(), texts);
    }
    for bad in list(&vectors, "notUuids") {
        assert_eq!(columns::uuid_bytes(bad.as_str().unwrap()), None, "{bad}");
    }
    for bad in list(&vectors, "notColumns") {
        assert_eq!(columns::uuids(bad.as_str().unwrap()), None, "{bad}");
    }
}

#[test]
fn digests_follow_the_vectors() {
    let vectors = read("digest.json");
    let mut sum = 0u64;
    for case in list(&vectors, "terms") {
        let term = digest::term(text(case, "id"), case["seq"].as_i64().unwrap());
        assert_eq!(digest::text(term), text(case, "term"));
        sum = sum.wrapping_add(term);
    }
    assert_eq!(digest::text(sum), text(&vectors, "digest"));
    assert_eq!(digest::parse(text(&vectors, "digest")), Some(sum));
    assert_eq!(digest::text(0), text(&vectors, "empty"));
    assert_eq!(digest::parse("+1"), None);
}

#[test]
fn times_follow_the_vectors() {
    let vectors = read("time.json");
    type Write = fn(Timestamp, &mut Vec<u8>);
    let written: [(&str, Write); 2] = [("milliseconds", Timestamp::write), ("microseconds", Timestamp::write_micros)];
    for case in ["milliseconds", "microseconds", "read"].into_iter().flat_map(|name| list(&vectors, name)) {
        assert_eq!(Timestamp::parse(text(case, "text")).map(Timestamp::micros), case["us"].as_i64(), "{case}");
    }
    for (name, write) in written {
        for case in list(&vectors, name) {
            let mut out = Vec::new();
            write(Timestamp::from_micros(case["us"].as_i64().unwrap()), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text(case, "text"));
        }
    }
    for bad in list(&vectors, "invalid") {
        assert_eq!(Timestamp::parse(bad.as_str().unwrap()), None, "{bad}");
    }
    assert_eq!(Timestamp::from_ms(i64::MAX).to_string(), "9999-12-31T23:59:59.999999Z");
}

#[test]
fn codes_are_read_as_written() {
    for code in Code::ALL {
        assert_eq!(Code::parse(code.as_str()), Some(*code));
    }
    assert_eq!(Code::VersionConflict.title(), "Version conflict");
    assert_eq!(Code::VersionConflict.urn(), "urn:holm:error:version-conflict");
}

#[test]
fn numbers_follow_the_vectors() {
    let vectors = read("numbers.json");
    let number = |value: &Value| serde_json::from_str::<Number>(value.as_str().unwrap()).unwrap();
    for (key, wanted) in [("equal", true), ("different", false)] {
        for pair in list(&vectors, key) {
            assert_eq!(change::same_number(&number(&pair[0]), &number(&pair[1])), wanted, "{pair}");
        }
    }
    for case in list(&vectors, "sums") {
        let sum = change::checked_add(&number(&case["a"]), &number(&case["by"]));
        assert_eq!(sum, Some(number(&case["sum"])), "{case}");
    }
    for case in list(&vectors, "refused") {
        assert_eq!(change::checked_add(&number(&case["a"]), &number(&case["by"])), None, "{case}");
    }
}

#[test]
fn merge_patches_follow_the_vectors() {
    for case in list(&read("merge-patch.json"), "cases") {
        let mut fields = case["document"].as_object().unwrap().clone();
        let patch = case["patch"].as_object().unwrap();
        Changes::from_patch(patch, &fields.clone(), Stamp::default()).unwrap().apply(&mut fields);
        assert_eq!(Value::Object(fields), case["result"], "{case}");
    }
}

#[test]
fn field_operations_follow_the_vectors() {
    let vectors = read("field-ops.json");
    for case in list(&vectors, "cases") {
        let mut fields = case["document"].as_object().unwrap().clone();
        FieldOp::decode(case["op"].clone()).unwrap().apply(&mut fields);
        assert_eq!(Value::Object(fields), case["result"], "{case}");
    }
    for bad in list(&vectors, "invalid") {
        assert!(FieldOp::decode(bad.clone()).is_err(), "{bad}");
    }
}
