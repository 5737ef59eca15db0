//! What was acknowledged, and what must have become of it. Knows nothing of the core but its words.

use holm_core::{JournalEntry, OpId, PendingOperation, WriteOutcome};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a write does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Create {
        n: i64,
    },
    Inc {
        by: i64,
    },
    Add {
        token: String,
    },
    /// A field, or a member of the object `o`: `title`, `note`, `parent`, `o/x`, `o/y`.
    Set {
        path: &'static str,
        value: String,
    },
    Delete,
    /// Calls an action.
    Call,
}

/// One acknowledged effect.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub device: usize,
    pub id: String,
    pub op: OpId,
    pub effect: Effect,
    /// Writes that belong together.
    pub group: Option<u64>,
    /// What became of it, once that is known.
    pub outcome: Option<WriteOutcome>,
    /// Its device was restored or wiped, or its server was: it may be there or not, at most once.
    pub uncertain: bool,
    /// Its device waited for the answer when the server was restored: another one that had read it may make the document again with it, and
    /// its own device sends it again, too.
    pub twice: bool,
}

impl Write {
    /// Whether it is known to have its effect.
    pub fn counts(&self) -> bool {
        !self.uncertain && self.accepted()
    }

    /// Whether it may have its effect: no device was told that it has none.
    pub fn may_count(&self) -> bool {
        self.uncertain || self.accepted() || self.outcome == Some(WriteOutcome::Overridden)
    }

    /// What it adds to a document's number.
    fn adds(&self) -> i64 {
        if let Effect::Create { n: by } | Effect::Inc { by } = self.effect { by } else { 0 }
    }

    /// The same, at most.
    fn adds_at_most(&self) -> i64 {
        let again = self.twice && matches!(self.effect, Effect::Inc { .. });
        if again { 2 * self.adds() } else { self.adds() }
    }

    /// Whether the server has it, as far as its device knows.
    pub fn accepted(&self) -> bool {
        let Some(outcome) = self.outcome else { return false };
        !matches!(outcome, WriteOutcome::Overridden | WriteOutcome::Discarded | WriteOutcome::Parked)
    }
}

/// All writes, in the order in which they were acknowledged.
#[derive(Default)]
pub(crate) struct Model {
    pub writes: Vec<Write>,
    /// Documents whose content is not known exactly: a write failed half-way, or was refused.
    pub fuzzy: BTreeSet<String>,
    /// Documents whose title was refused, or repaired: those titles are not among the writes.
    pub retitled: BTreeSet<String>,
    /// Documents of a write that failed, and may be there all the same.
    pub half: BTreeSet<String>,
    /// Operations that two stores have: what joins them later may be lost with one of the two.
    pub shared: BTreeSet<OpId>,
    /// Values that lost, as devices remembered them until they were wiped, or until so much time passed that they forget.
    pub old_journal: Vec<JournalEntry>,
    /// Documents of the collection whose permission changes: the device, the id, the operation.
    pub shares: Vec<(usize, String, Option<OpId>)>,
    groups: u64,
}

impl Model {
    pub fn len(&self) -> u64 {
        self.writes.len() as u64
    }

    pub fn new_group(&mut self) -> u64 {
        self.groups += 1;
        self.groups
    }

    pub fn note(&mut self, device: usize, id: &str, op: OpId, effect: Effect, group: Option<u64>) {
        let uncertain = self.shared.contains(&op);
        if uncertain {
            self.fuzzy.insert(id.to_owned());
        }
        self.writes.push(Write {
            device,
            id: id.to_owned(),
            op,
            effect,
            group,
            outcome: None,
            uncertain,
            twice: false,
        });
    }

    /// Nothing exact can be said of these writes any more.
    pub fn doubt(&mut self, which: impl Fn(&Write) -> bool) {
        for write in self.writes.iter_mut().filter(|write| which(write)) {
            write.uncertain = true;
            self.fuzzy.insert(write.id.clone());
        }
    }

    /// A parked write is about to be given up. One that was sent and has no answer may have its effect all the same, and its group with it.
    pub fn discarding(&mut self, op: &PendingOperation) {
        if op.error.as_ref().is_some_and(|error| error.details.contains_key("fate")) {
            let group = self.writes.iter().find(|write| write.op == op.op_id).and_then(|write| write.group);
            self.doubt(|write| write.op == op.op_id || group.is_some() && write.group == group);
        }
    }

    /// The one device that writes this document, if its content is known exactly.
    pub fn only_writer(&self, id: &str) -> Option<usize> {
        if self.fuzzy.contains(id) {
            return None;
        }
        let mut writers = self.writes.iter().filter(|write| write.id == id).map(|write| write.device);
        let first = writers.next()?;
        writers.all(|writer| writer == first).then_some(first)
    }

    /// What a document holds whose writes all count. `None`: it is deleted.
    pub fn content(&self, id: &str) -> Option<Value> {
        let mut content: Option<Value> = None;
        for write in self.writes.iter().filter(|write| write.id == id) {
            match (&write.effect, &mut content) {
                (Effect::Create { n }, content) => *content = Some(json!({"n": n, "tags": [], "o": {}})),
                (Effect::Delete, content) => *content = None,
                (Effect::Call, _) | (_, None) => {}
                (Effect::Inc { by }, Some(document)) => {
                    document["n"] = json!(document["n"].as_i64().unwrap_or_default() + by);
                }
                (Effect::Add { token }, Some(document)) => {
                    if let Some(tags) = document["tags"].as_array_mut() {
                        tags.push(json!(token));
                    }
                }
                (Effect::Set { path, value }, Some(document)) => match path.split_once('/') {
                    Some((object, member)) => document[object][member] = json!(value),
                    None => document[*path] = json!(value),
                },
            }
        }
        content
    }

    /// Documents that were deleted at some time: what an edit did against that is checked by stories.
    pub fn deleted(&self) -> BTreeSet<&str> {
        let deletes = self.writes.iter().filter(|write| write.effect == Effect::Delete);
        deletes.map(|write| write.id.as_str()).collect()
    }

    /// For each document the least and the greatest sum that its increments can have.
    pub fn sums(&self) -> BTreeMap<&str, (i64, i64)> {
        let mut sums = BTreeMap::<&str, (i64, i64)>::new();
        for write in &self.writes {
            let sum = sums.entry(&write.id).or_default();
            sum.0 += if write.counts() { write.adds() } else { 0 };
            sum.1 += if write.may_count() { write.adds_at_most() } else { 0 };
        }
        sums
    }

    /// For each document the sum of all increments that were ever acknowledged.
    pub fn most(&self) -> BTreeMap<&str, i64> {
        let mut most = BTreeMap::<&str, i64>::new();
        for write in &self.writes {
            *most.entry(&write.id).or_default() += write.adds_at_most();
        }
        most
    }

    /// Whether another write does the same: two sides that agree never clash, and what comes after either of them is no conflict.
    pub fn written_alike(&self, at: usize) -> bool {
        let (id, effect) = (&self.writes[at].id, &self.writes[at].effect);
        self.writes.iter().enumerate().any(|(other, write)| other != at && write.id == *id && write.effect == *effect)
    }

    /// Whether a person wrote this path after this write, in the order in which people acted.
    pub fn written_again(&self, at: usize, path: &str) -> bool {
        let id = &self.writes[at].id;
        self.writes[at + 1..]
            .iter()
            .any(|other| other.id == *id && matches!(&other.effect, Effect::Set { path: p, .. } if *p == path))
    }
}
