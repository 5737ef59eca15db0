//! The server against a model of it that fits on a page: random batches of several devices, lost replies, repeats, crashes and pulls.

use crate::support::{Copy, World, config};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const IDS: [&str; 4] = ["a", "b", "c", "d"];
const FIELDS: [&str; 3] = ["x", "y", "z"];

#[derive(Debug, Clone)]
enum Kind {
    Create(Map<String, Value>),
    Update(Map<String, Value>),
    Replace(Map<String, Value>),
    Increment(&'static str),
    Delete,
}

#[derive(Debug, Clone)]
struct Op {
    id: &'static str,
    kind: Kind,
    /// How far the version it states lies behind the present one; none: it states none.
    behind: Option<i64>,
}

#[derive(Debug, Clone)]
enum Step {
    /// A device pushes; with its last batch before it if that reply was lost.
    Push {
        device: usize,
        ops: Vec<Op>,
        repeat_last: bool,
    },
    /// The database refuses the commit.
    Fail {
        device: usize,
        ops: Vec<Op>,
    },
    Crash,
    Pull {
        device: usize,
        limit: usize,
    },
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![3 => (0i64..4).prop_map(Value::from), 1 => Just(Value::Null)]
}

/// The members of an object inside of a field.
fn members() -> impl Strategy<Value = BTreeMap<&'static str, Value>> {
    prop::collection::btree_map(prop::sample::select(&["p", "q"][..]), leaf(), 0..3)
}

fn fields() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(
        prop::sample::select(&FIELDS[..]),
        prop_oneof![3 => leaf(), 2 => members().prop_map(|members| json!(members))],
        0..3,
    )
    .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn op() -> impl Strategy<Value = Op> {
    let kind = prop_oneof![
        3 => fields().prop_map(Kind::Create),
        4 => fields().prop_map(Kind::Update),
        1 => fields().prop_map(Kind::Replace),
        1 => prop::sample::select(&FIELDS[..]).prop_map(Kind::Increment),
        2 => Just(Kind::Delete),
    ];
    (prop::sample::select(&IDS[..]), kind, prop::option::weighted(0.8, -1i64..4)).prop_map(|(id, kind, behind)| Op {
        id,
        kind,
        behind,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let ops = || prop::collection::vec(op(), 1..6);
    prop_oneof![
        6 => (0..3usize, ops(), any::<bool>()).prop_map(|(device, ops, repeat_last)| Step::Push { device, ops, repeat_last }),
        1 => (0..3usize, ops()).prop_map(|(device, ops)| Step::Fail { device, ops }),
        1 => Just(Step::Crash),
        2 => (0..3usize, 1..5usize).prop_map(|(device, limit)| Step::Pull { device, limit }),
    ]
}

/// A record as the protocol defines it.
#[derive(Debug, Clone, Default)]
struct Record {
    version: i64,
    seq: i64,
    /// The version that made it.
    created_version: i64,
    fields: Option<Map<String, Value>>,
    /// The version that edited a path last, by pointer.
    changed: BTreeMap<String, i64>,
}

impl Record {
    fn edit(&mut self, path: &str) {
        self.changed.retain(|entry, _| !is_below(entry, path));
        self.changed.insert(path.to_owned(), self.version);
    }

    /// Whether an edit at `path` meets one that was made after `base`.
    fn clashes(&self, path: &str, base: i64) -> bool {
        let meets = |entry: &str| entry == path || is_below(entry, path) || is_below(path, entry);
        self.created_version > base || self.changed.iter().any(|(entry, version)| *version > base && meets(entry))
    }
}

fn is_below(path: &str, of: &str) -> bool {
    path.strip_prefix(of).is_some_and(|rest| rest.starts_with('/'))
}

/// Applies a merge patch, and adds the pointers of its edits to `edits`.
fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>, at: &str, edits: &mut Vec<String>) {
    for (name, value) in patch {
        let path = format!("{at}/{name}");
        match (target.get_mut(name), value) {
            (None, Value::Null) => {}
            (Some(_), Value::Null) => {
                target.remove(name);
                edits.push(path);
            }
            (Some(Value::Object(members)), Value::Object(patch)) => merge(members, patch, &path, edits),
            (before, Value::Object(patch)) => {
                let mut members = Map::new();
                let mut made = Vec::new();
                merge(&mut members, patch, &path, &mut made);
                let is_new = before.is_none();
                target.insert(name.clone(), Value::Object(members));
                if is_new && !made.is_empty() { edits.append(&mut made) } else { edits.push(path) }
            }
            (before, value) => {
                if before.as_deref() != Some(value) {
                    target.insert(name.clone(), value.clone());
                    edits.push(path);
                }
            }
        }
    }
}

/// The pointers at which two records differ.
fn differences(from: &Map<String, Value>, to: &Map<String, Value>, at: &str, edits: &mut Vec<String>) {
    let gone = from.keys().filter(|name| !to.contains_key(*name));
    edits.extend(gone.map(|name| format!("{at}/{name}")));
    for (name, value) in to {
        let path = format!("{at}/{name}");
        match (from.get(name), value) {
            (Some(Value::Object(from)), Value::Object(to)) => differences(from, to, &path, edits),
            (Some(before), value) if before == value => {}
            _ => edits.push(path),
        }
    }
}

/// The server as the protocol defines it.
#[derive(Debug, Default)]
struct Model {
    records: BTreeMap<&'static str, Record>,
    seq: i64,
}

impl Model {
    /// What becomes of an operation: its status and code, and the version it made.
    fn apply(&mut self, op: &Op, base: Option<i64>) -> (&'static str, Option<&'static str>, Option<i64>) {
        let record = self.records.get(op.id).cloned();
        let live = record.as_ref().and_then(|record| record.fields.clone());
        let refused = |code| ("conflict", Some(code), None);
        let mut next = record.clone().unwrap_or_default();
        next.version += 1;
        match (&op.kind, record, live) {
            (Kind::Create(fields), None, _) => {
                next.fields = Some(fields.clone());
                next.created_version = 1;
            }
            (Kind::Create(fields), Some(record), Some(live)) => {
                return if live == *fields {
                    ("duplicate", None, Some(record.version))
                } else {
                    refused("RECORD_EXISTS")
                };
            }
            (Kind::Create(fields), Some(tombstone), None) => {
                if base != Some(tombstone.version) {
                    return refused("RECORD_DELETED");
                }
                next.fields = Some(fields.clone());
                next.created_version = next.version;
                next.changed.clear();
            }
            (Kind::Delete, None, _) => return ("duplicate", None, None),
            (Kind::Delete, Some(tombstone), None) => return ("duplicate", None, Some(tombstone.version)),
            (Kind::Delete, Some(record), Some(_)) => {
                let unseen = |base: i64| {
                    base > record.version || record.created_version > base || record.changed.values().any(|v| *v > base)
                };
                if base.is_some_and(|base| base != record.version && unseen(base)) {
                    return refused("VERSION_CONFLICT");
                }
                next.fields = None;
            }
            (_, None, _) => return refused("RECORD_NOT_FOUND"),
            (_, Some(_), None) => return refused("RECORD_DELETED"),
            (kind, Some(record), Some(live)) => {
                let (mut fields, mut edits) = (live.clone(), Vec::new());
                match kind {
                    Kind::Update(patch) => merge(&mut fields, patch, "", &mut edits),
                    Kind::Replace(whole) => {
                        differences(&live, whole, "", &mut edits);
                        fields = whole.clone();
                    }
                    Kind::Increment(name) => {
                        let number = fields.get(*name).and_then(Value::as_i64).unwrap_or(0);
                        fields.insert((*name).to_owned(), json!(number + 1));
                        edits.push(format!("/{name}"));
                    }
                    Kind::Create(_) | Kind::Delete => unreachable!(),
                }
                let clash = |base: i64| base > record.version || edits.iter().any(|path| record.clashes(path, base));
                let commutes = matches!(kind, Kind::Increment(_));
                if !commutes && base.is_some_and(|base| base != record.version && clash(base)) {
                    return refused("VERSION_CONFLICT");
                }
                if edits.is_empty() {
                    return ("duplicate", None, Some(record.version));
                }
                for path in &edits {
                    next.edit(path);
                }
                next.fields = Some(fields);
            }
        }
        self.seq += 1;
        next.seq = self.seq;
        let version = next.version;
        self.records.insert(op.id, next);
        ("applied", None, Some(version))
    }
}

fn wire(op: &Op, base: Option<i64>, op_id: &str, op_seq: i64) -> Value {
    let mut value = json!({"opId": op_id, "opSeq": op_seq, "id": op.id, "version": base});
    let (kind, content, data) = match &op.kind {
        Kind::Create(fields) => ("create", "data", json!(fields)),
        Kind::Update(fields) => ("update", "data", json!(fields)),
        Kind::Replace(fields) => ("replace", "data", json!(fields)),
        Kind::Increment(name) => ("patch", "fieldOps", json!([{"op": "inc", "path": format!("/{name}"), "by": 1}])),
        Kind::Delete => ("delete", "unused", Value::Null),
    };
    value["type"] = json!(kind);
    value[content] = data;
    value
}

/// A device's side of the run.
#[derive(Default)]
struct Client {
    copy: Copy,
    counter: i64,
    last: Vec<Value>,
}

async fn check(steps: Vec<Step>) {
    let mut config = config();
    config.sync.transaction_ops = 2;
    let mut world = World::with(config);
    let account = world.sign_up("a@example.org").await;
    let mut model = Model::default();
    let mut clients: Vec<Client> = (0..3).map(|_| Client::default()).collect();
    // What the server said of each operation that it applied.
    let mut told: BTreeMap<String, Value> = BTreeMap::new();

    for step in steps {
        match step {
            Step::Crash => world.crash(),
            Step::Fail { device, ops } => {
                let name = format!("device-{device}");
                world.disk.fail_after(0);
                let ops: Vec<Value> = ops.iter().map(|op| wire(op, None, "never", 1_000_000)).collect();
                let reply = world.device_of(&account, &name).batch(json!({"operations": ops})).await;
                assert_eq!(reply.status.as_u16(), 503);
                world.disk.heal();
            }
            Step::Pull { device, limit } => {
                let phone = world.device_of(&account, &format!("device-{device}"));
                // The copy holds itself against count and digest.
                clients[device].copy.pull(&phone, limit).await;
                let live = model.records.iter().filter_map(|(id, record)| Some((*id, record, record.fields.as_ref()?)));
                let expected: Vec<(&str, i64, i64, &Map<String, Value>)> =
                    live.map(|(id, record, fields)| (id, record.version, record.seq, fields)).collect();
                let records = &clients[device].copy.records;
                assert_eq!(records.len(), expected.len());
                for (id, version, seq, fields) in expected {
                    let record = &records[id];
                    assert_eq!((&record["version"], &record["_sync"]["seq"]), (&json!(version), &json!(seq)), "{id}");
                    for name in FIELDS {
                        assert_eq!(record.get(name), fields.get(name), "{id}/{name}");
                    }
                }
            }
            Step::Push { device, ops, repeat_last } => {
                let name = format!("device-{device}");
                let mut batch = if repeat_last { clients[device].last.clone() } else { Vec::new() };
                // What had no effect then would be tried anew now, which is another story.
                batch.retain(|op| told.contains_key(op["opId"].as_str().unwrap()));
                let offset = batch.len();
                let (mut expected, mut fresh, mut failed) = (Vec::new(), Vec::new(), BTreeMap::new());
                for (index, op) in ops.iter().enumerate() {
                    let current = model.records.get(op.id).map_or(0, |record| record.version);
                    let base = op.behind.map(|behind| (current - behind).max(0));
                    clients[device].counter += 1;
                    let op_id = format!("{name}-{}", clients[device].counter);
                    fresh.push(wire(op, base, &op_id, clients[device].counter));
                    expected.push(match failed.get(op.id) {
                        Some(culprit) => ("aborted", Some("DEPENDENCY_FAILED"), Some(*culprit)),
                        None => {
                            let outcome = model.apply(op, base);
                            if outcome.1.is_some() {
                                failed.insert(op.id, (offset + index) as i64);
                            }
                            outcome
                        }
                    });
                }
                let mut all = batch.clone();
                all.extend(fresh.clone());
                let results = world.device_of(&account, &name).push(Value::Array(all)).await;
                for (op, result) in batch.iter().zip(&results) {
                    let first = &told[op["opId"].as_str().unwrap()];
                    assert_eq!(result["status"], "duplicate");
                    for member in ["id", "version", "seq", "updatedAt"] {
                        assert_eq!(result[member], first[member], "a repeat is told the same");
                    }
                }
                for ((op, expected), result) in fresh.iter().zip(&expected).zip(&results[offset..]) {
                    assert_eq!(
                        (&result["status"], result["error"]["code"].as_str()),
                        (&json!(expected.0), expected.1),
                        "{op}: {result}"
                    );
                    match expected.1 {
                        Some("DEPENDENCY_FAILED") => assert_eq!(result["error"]["causedBy"], json!(expected.2)),
                        _ => assert_eq!(result.get("version"), expected.2.map(Value::from).as_ref(), "{op}: {result}"),
                    }
                    if result["status"] == "applied" {
                        told.insert(op["opId"].as_str().unwrap().to_owned(), result.clone());
                    }
                }
                clients[device].last = fresh;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn server_matches_its_model(steps in prop::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check(steps));
    }
}
