//! What a device accepts, the real server never refuses for its form or size; what the server would refuse, the device refuses when it is
//! written.
//!
//! Each history makes writes at each limit and one to either side (ids, names, depth, members, bytes, groups), then syncs. After it nothing is
//! parked, nothing waits, no request was refused, and a second device shows the same.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

use holm_core::{ErrorCode, Result};
use holm_protocol::limits::Limits;
use holm_tests::fixture::{Device, Fixture, code, in_step, story_on};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A configuration whose limits are small enough to meet them often.
const SMALL: &str = "[limits]\nmax_record_bytes = 2000\nmax_batch_ops = 6\nmax_batch_bytes = 9000\nmax_body_bytes = 12000\n\
                     max_json_depth = 5\nmax_members = 16\nmax_streams = 3\nmax_page_bytes = 8000\n";
/// Other limits: some larger, some smaller.
const OTHER: &str = "[limits]\nmax_record_bytes = 1500\nmax_batch_ops = 9\nmax_batch_bytes = 20000\nmax_json_depth = 7\nmax_members = 20\n";

fn small() -> Limits {
    Limits {
        max_record_bytes: 2000,
        max_batch_ops: 6,
        max_batch_bytes: 9000,
        max_body_bytes: 12_000,
        max_json_depth: 5,
        max_members: 16,
        max_streams: 3,
        ..Limits::default()
    }
}

/// One write of a history.
#[derive(Debug, Clone)]
enum Write {
    Create { collection: String, id: String, document: Value },
    Update { id: usize, patch: Value },
    Replace { id: usize, document: Value },
    Delete { id: usize },
    Group { ops: usize, bytes: usize },
}

/// A number at a limit or one to either side, or a small one.
fn near(limit: usize) -> impl Strategy<Value = usize> {
    prop_oneof![Just(limit.saturating_sub(1)), Just(limit), Just(limit + 1), 1..4usize]
}

fn id() -> impl Strategy<Value = String> {
    let letter = prop_oneof![Just("x"), Just("é"), Just("/"), Just("%"), Just("\""), Just("😀")];
    prop_oneof![
        3 => (near(128), letter).prop_map(|(bytes, letter)| {
            let mut id = letter.repeat(bytes / letter.len());
            id.push_str(&"y".repeat(bytes - id.len()));
            id
        }),
        1 => prop_oneof![Just(""), Just("."), Just(".."), Just("..."), Just("fetch"), Just("$a"), Just("a$"), Just("a\nb"), Just("\u{7f}")]
            .prop_map(str::to_owned),
        1 => "\\PC{1,12}",
    ]
}

fn collection() -> impl Strategy<Value = String> {
    let reserved =
        ["sync", "auth", "user", "jobs", "actions", "cursors", "hasMore", "integrity", "tombstones", "syncMetadata"];
    prop_oneof![
        6 => Just("tasks".to_owned()),
        1 => prop::sample::select(reserved.to_vec()).prop_map(str::to_owned),
        1 => near(64).prop_map(|length| "c".repeat(length)),
        1 => prop_oneof![Just("deletedTaskIds"), Just("a-b"), Just("1a"), Just(""), Just("deletedIt")].prop_map(str::to_owned),
    ]
}

/// A document at one of the limits.
fn document(limits: &Limits) -> impl Strategy<Value = Value> + use<> {
    let (depth, members, bytes) = (limits.max_json_depth, limits.max_members, limits.max_record_bytes);
    prop_oneof![
        (near(depth), any::<bool>()).prop_map(|(levels, empty)| deep(levels, if empty { json!([]) } else { json!(1) })),
        near(members).prop_map(wide),
        near(members).prop_map(|members| json!({"o": wide(members), "l": [wide(members)]})),
        (near(bytes), letters()).prop_map(|(bytes, letter)| large(bytes, letter)),
        scalar().prop_map(|value| json!({"v": value})),
    ]
}

fn patch(limits: &Limits) -> impl Strategy<Value = Value> + use<> {
    let (depth, bytes) = (limits.max_json_depth, limits.max_record_bytes);
    prop_oneof![
        document(limits),
        near(depth).prop_map(|levels| deep(levels, json!({"$inc": 1}))),
        near(depth).prop_map(|levels| deep(levels, json!({"$addToSet": ["a"]}))),
        near(depth).prop_map(|levels| deep(levels, Value::Null)),
        near(bytes).prop_map(|bytes| json!({"t": {"$addToSet": ["x".repeat(bytes / 2)]}})),
        near(bytes).prop_map(|bytes| json!({"t": {"$removeFromSet": ["x".repeat(bytes.saturating_sub(20))]}})),
        scalar().prop_map(|value| json!({"v": value})),
        Just(json!({"v": {"$inc": 1}, "o": {"a": null}})),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(u64::MAX)),
        Just(json!(i64::MIN)),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}|[\\x00-\\x7f]{0,8}".prop_map(Value::from),
    ]
}

fn letters() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("x"), Just("é"), Just("\""), Just("\u{1}"), Just("\n"), Just("/")]
}

/// Objects and arrays inside each other, so many with the document itself.
fn deep(levels: usize, inside: Value) -> Value {
    let own = usize::from(inside.is_array() || inside.is_object());
    (0..levels.saturating_sub(own).max(1)).fold(inside, |inner, _| json!({"x": inner}))
}

fn wide(members: usize) -> Value {
    (0..members).map(|n| (format!("f{n}"), json!(n))).collect::<Map<_, _>>().into()
}

/// A document that counts exactly so many bytes, if that is possible.
fn large(bytes: usize, letter: &str) -> Value {
    let one = serde_json::to_string(letter).unwrap().len() - 2;
    let room = bytes.saturating_sub(8);
    json!({"t": letter.repeat(room / one) + &"y".repeat(room % one)})
}

fn write(limits: &Limits) -> impl Strategy<Value = Write> + use<> {
    let (ops, bytes) = (limits.max_batch_ops, limits.max_batch_bytes);
    prop_oneof![
        4 => (collection(), id(), document(limits))
            .prop_map(|(collection, id, document)| Write::Create { collection, id, document }),
        4 => (0..6usize, patch(limits)).prop_map(|(id, patch)| Write::Update { id, patch }),
        1 => (0..6usize, document(limits)).prop_map(|(id, document)| Write::Replace { id, document }),
        1 => (0..6usize).prop_map(|id| Write::Delete { id }),
        1 => (near(ops), near(bytes)).prop_map(|(ops, bytes)| Write::Group { ops, bytes }),
    ]
}

/// What a device may answer to a write that cannot be sent.
fn is_typed(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::InvalidName
            | ErrorCode::InvalidDocument
            | ErrorCode::DocumentTooLarge
            | ErrorCode::GroupTooLarge
            | ErrorCode::NotFound
            | ErrorCode::AlreadyExists
    )
}

/// Makes the writes; those that are refused must be refused by name.
async fn make(device: &Device, writes: &[Write], round: usize) {
    for (number, write) in writes.iter().enumerate() {
        let known: Vec<String> = device.view().into_keys().collect();
        let known = |id: usize| known.get(id % known.len().max(1)).cloned().unwrap_or_default();
        let result = match write.clone() {
            Write::Create { collection, id, document } => create(device, collection, id, document).await,
            Write::Update { id, patch } => device.tasks.update(&known(id), &patch).await.map(drop),
            Write::Replace { id, document } => device.tasks.replace(&known(id), &document).await.map(drop),
            Write::Delete { id } => device.tasks.delete(&known(id)).await.map(drop),
            Write::Group { ops, bytes } => group(device, &format!("g{round}-{number}"), ops, bytes).await,
        };
        if let Err(error) = result {
            assert!(is_typed(error.code()), "{error}: {write:?}");
        }
    }
}

async fn create(device: &Device, collection: String, id: String, document: Value) -> Result<()> {
    device.holm.write(move |tx| tx.create_with_id(&collection, &id, &document).map(drop)).await
}

async fn group(device: &Device, name: &str, ops: usize, bytes: usize) -> Result<()> {
    let (name, text) = (name.to_owned(), "x".repeat(bytes / ops.max(1)));
    let write = move |tx: &mut holm_core::Transaction<'_>| {
        tx.group();
        for n in 0..ops {
            tx.create("tasks", &json!({"id": format!("{name}-{n}"), "t": text}))?;
        }
        Ok(())
    };
    device.holm.write(write).await
}

/// Syncs, and checks that the server took everything.
async fn sync_whole(device: &Device) {
    device.link.forget();
    let report = device.sync().await;
    assert_eq!(report.parked, 0, "{:?}", device.holm.parked().unwrap());
    assert!(device.pending().is_empty(), "{:?}", device.pending());
    for sent in device.link.sent() {
        let (status, reply) = sent.reply.clone().unwrap_or_default();
        assert!(matches!(status, 200 | 204), "{} {reply}", sent.path);
        for result in reply["results"].as_array().into_iter().flatten() {
            assert_eq!(result["success"], true, "{result}");
        }
    }
}

fn accepted_is_taken(toml: &str, writes: Vec<Vec<Write>>) {
    story_on(toml, |mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        // The limits come with the first exchange.
        a.sync().await;
        for (round, writes) in writes.iter().enumerate() {
            make(&a, writes, round).await;
            sync_whole(&a).await;
        }
        in_step(&[&a, &b]).await;
    });
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(48);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn accepted_writes_are_taken_under_small_limits(
        writes in prop::collection::vec(prop::collection::vec(write(&small()), 1..8), 1..4)
    ) {
        accepted_is_taken(SMALL, writes);
    }

    #[test]
    fn accepted_writes_are_taken_under_default_limits(
        writes in prop::collection::vec(prop::collection::vec(write(&Limits { max_batch_ops: 20, max_batch_bytes: 100_000, ..Limits::default() }), 1..5), 1..3)
    ) {
        accepted_is_taken("", writes);
    }

    #[test]
    fn changed_limits_hold_from_the_next_sync(
        before in prop::collection::vec(write(&small()), 1..6),
        between in prop::collection::vec(write(&small()), 0..6),
        after in prop::collection::vec(write(&small()), 1..6),
    ) {
        story_on(SMALL, |mut world| async move {
            let a = world.open("a").await;
            a.sync().await;
            make(&a, &before, 0).await;
            sync_whole(&a).await;
            world.restart_server_with(OTHER);
            // Made under limits that hold no more: some may be too large now, and nothing waits behind them for ever.
            make(&a, &between, 1).await;
            a.sync().await;
            let parked = a.holm.parked().unwrap();
            assert_eq!(a.pending().len(), parked.len(), "{:?}", a.pending());
            for parked in parked {
                a.holm.discard(parked.op_id).await.unwrap();
            }
            make(&a, &after, 2).await;
            sync_whole(&a).await;
        });
    }
}

#[test]
fn core_a1_documents_at_each_default_limit_are_taken_and_beyond_refused() {
    story_on("", |mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        let limits = Limits::default();
        type Case = (&'static str, usize, fn(usize) -> Value, ErrorCode);
        let cases: [Case; 4] = [
            ("depth", limits.max_json_depth, |n| deep(n, json!(1)), ErrorCode::InvalidDocument),
            ("members", limits.max_members, wide, ErrorCode::InvalidDocument),
            ("inner", limits.max_members, |n| json!({"o": wide(n)}), ErrorCode::InvalidDocument),
            ("bytes", limits.max_record_bytes, |n| large(n, "é"), ErrorCode::DocumentTooLarge),
        ];
        for (name, limit, document, refusal) in cases {
            assert_eq!(code(a.try_create(&format!("{name}+"), document(limit + 1)).await), refusal, "{name}");
            for (mark, n) in [("=", limit), ("-", limit - 1)] {
                a.create(&format!("{name}{mark}"), document(n)).await;
            }
        }
        sync_whole(&a).await;
        b.sync().await;
        assert_eq!(b.view(), a.view());
        assert_eq!(b.view().len(), 8);
    });
}

#[test]
fn report_07_groups_at_each_default_limit_are_taken_and_beyond_refused() {
    story_on("", |mut world| async move {
        let a = world.open("a").await;
        group(&a, "most", 1000, 0).await.unwrap();
        sync_whole(&a).await;
        assert_eq!(code(group(&a, "more", 1001, 0).await), ErrorCode::GroupTooLarge);
        group(&a, "large", 16, 16 * 255_000).await.unwrap();
        sync_whole(&a).await;
        assert_eq!(code(group(&a, "larger", 17, 17 * 255_000).await), ErrorCode::GroupTooLarge);
        assert_eq!(a.view().len(), 1016);
    });
}

#[test]
fn core_a1_edits_that_grow_a_document_count_with_it() {
    story_on("", |mut world| async move {
        let a = world.open("a").await;
        a.create("d", json!({"t": "x".repeat(150_000), "n": 1})).await;
        a.sync().await;
        let grown = json!({"u": "x".repeat(115_000)});
        assert_eq!(code(a.tasks.update("d", &grown).await), ErrorCode::DocumentTooLarge);
        let added = json!({"s": {"$addToSet": ["x".repeat(115_000)]}});
        assert_eq!(code(a.tasks.update("d", &added).await), ErrorCode::DocumentTooLarge);
        let sunk = deep(66, json!({"$inc": 1}));
        assert_eq!(code(a.tasks.update("d", &sunk).await), ErrorCode::InvalidDocument);
        for n in 0..8 {
            let members = (0..1024).map(|m| (format!("m{n}-{m}"), json!(0))).collect::<Map<_, _>>();
            let update = a.tasks.update("d", &Value::Object(members)).await;
            assert_eq!(update.is_ok(), n < 7, "{n}: {update:?}");
        }
        sync_whole(&a).await;
    });
}

#[test]
fn core_a1_joined_edits_larger_than_a_push_are_refused() {
    story_on("", |mut world| async move {
        let a = world.open("a").await;
        a.create("d", json!({"t": ["kept"], "n": 1})).await;
        a.sync().await;
        let mut refused = 0;
        for n in 0..20 {
            // Each member comes and goes again: the document stays small, and the edit names every one of them.
            let members = vec![format!("{n}{}", "x".repeat(250_000))];
            for operator in ["$addToSet", "$removeFromSet"] {
                let update = a.tasks.update("d", &json!({"t": {operator: members}})).await;
                refused += u32::from(update.is_err_and(|error| error.code() == ErrorCode::DocumentTooLarge));
            }
        }
        assert!(refused > 0);
        sync_whole(&a).await;
    });
}

/// Every field changed many times, and removed again: what the server keeps of that does not make it refuse.
#[test]
fn core_a1_many_changed_and_removed_fields_are_taken() {
    story_on("", |mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        a.create("d", json!({})).await;
        a.sync().await;
        for round in 0..4 {
            let fill: Map<String, Value> = (0..4000).map(|n| (format!("field-{round}-{n}"), json!(n))).collect();
            let clear: Map<String, Value> = fill.keys().map(|name| (name.clone(), Value::Null)).collect();
            a.update("d", Value::Object(fill)).await;
            sync_whole(&a).await;
            a.update("d", Value::Object(clear)).await;
            sync_whole(&a).await;
        }
        in_step(&[&a, &b]).await;
    });
}

#[test]
fn report_03_no_collection_of_the_protocol_can_be_named() {
    story_on("", |mut world: Fixture| async move {
        let a = world.open("a").await;
        for name in [
            "sync",
            "auth",
            "user",
            "jobs",
            "actions",
            "cursors",
            "hasMore",
            "integrity",
            "tombstones",
            "deletedTaskIds",
        ] {
            assert_eq!(code(a.holm.collection(name).map(drop)), ErrorCode::InvalidName, "{name}");
        }
        a.create("d", json!({})).await;
        sync_whole(&a).await;
    });
}
