//! Combines the pending operations of one document.

use crate::model::{Edit, Fields, Hlc, OpKind, Operation, Path, Stamp, between};
use serde_json::Value;
use std::collections::BTreeMap;

/// The local side of a conflict: every path that is set or removed. Increments and set edits are not in it: they never conflict.
#[derive(Debug, Clone, Default)]
pub(crate) struct Local {
    /// The document is deleted at the end.
    pub deletes: bool,
    /// By path; no path contains another.
    pub edits: BTreeMap<Path, LocalEdit>,
    /// When each path was written last, in server time.
    written: BTreeMap<Path, Stamp>,
    /// The latest write, in server time.
    pub latest: Stamp,
    /// This device: breaks ties of stamps.
    node: String,
}

/// What the operations do to one path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LocalEdit {
    /// The value that the user saw before. `None` if it was missing.
    pub before: Option<Value>,
    /// The value now. `None` if it was removed.
    pub after: Option<Value>,
}

impl Local {
    /// Folds a document's operations, oldest first. `body` is what the document shows now: the content of a create that has none of its
    /// own. `server_time` converts a stored stamp. `None` without operations that change the document.
    pub fn of(ops: &[Operation], body: &Fields, node: &str, server_time: impl Fn(Stamp) -> Stamp) -> Option<Self> {
        let writes = || ops.iter().filter(|op| op.kind != OpKind::Action);
        let mut local = Self {
            deletes: writes().next_back()?.kind == OpKind::Delete,
            latest: writes().map(|op| server_time(op.stamp)).max()?,
            node: node.to_owned(),
            ..Self::default()
        };
        let mut commuted = BTreeMap::new();
        for op in writes() {
            let whole;
            let changes = match (&op.changes, op.kind) {
                (Some(changes), OpKind::Create | OpKind::Update) => changes,
                (None, OpKind::Create) => {
                    whole = between(&Fields::new(), body, op.stamp);
                    &whole
                }
                _ => continue,
            };
            for (path, change) in changes.iter() {
                if change.edit.commutes() {
                    commuted.entry(path.clone()).or_insert_with(|| op.before.get(path).cloned());
                    continue;
                }
                let stamp = local.written.entry(path.clone()).or_default();
                *stamp = (*stamp).max(server_time(change.stamp));
                local.fold(path, &change.edit, op, &commuted);
            }
        }
        Some(local)
    }

    /// `commuted`: the places of increments and set edits before it, with what the user saw there before them. The server does not have them
    /// yet: what it has is held against that.
    fn fold(&mut self, path: &Path, edit: &Edit, op: &Operation, commuted: &BTreeMap<Path, Option<Value>>) {
        let above = self.edits.keys().find(|known| known.contains(path)).cloned();
        if let Some((above, known)) = above.and_then(|above| Some((above.clone(), self.edits.get_mut(&above)?))) {
            let mut whole = Fields::from_iter(known.after.take().map(|value| ("v".to_owned(), value)));
            edit.apply(&mut whole, &inside(&above, path));
            known.after = whole.remove("v");
            return;
        }
        // What earlier operations have changed below is taken back to see what was there before them.
        let below: Vec<Path> = self.edits.keys().filter(|known| path.contains(known)).cloned().collect();
        let mut whole = Fields::from_iter(op.before.get(path).map(|value| ("v".to_owned(), value.clone())));
        for (place, before) in commuted.iter().filter(|(place, _)| path.contains(place)) {
            before.clone().map_or(Edit::Unset, Edit::Set).apply(&mut whole, &inside(path, place));
        }
        for known in below {
            if let Some(earlier) = self.edits.remove(&known) {
                earlier.before.map_or(Edit::Unset, Edit::Set).apply(&mut whole, &inside(path, &known));
            }
        }
        self.edits.insert(path.clone(), LocalEdit { before: whole.remove("v"), after: edit.result(None) });
    }

    /// The stamp of a path: the latest among those of the path, of what contains it, and of what is in it.
    pub fn stamp(&self, path: &Path) -> Hlc {
        let met = self.written.iter().filter(|(written, _)| written.meets(path)).map(|(_, stamp)| *stamp);
        self.hlc(met.max().unwrap_or(self.latest))
    }

    /// The stamp of the latest write.
    pub fn latest(&self) -> Hlc {
        self.hlc(self.latest)
    }

    fn hlc(&self, stamp: Stamp) -> Hlc {
        Hlc { ms: stamp.ms, counter: stamp.counter, node: self.node.clone() }
    }
}

/// The place of `path` in a document whose member `v` is what `above` leads to.
fn inside(above: &Path, path: &Path) -> Path {
    let names = path.names().iter().skip(above.names().len());
    names.fold(Path::field("v"), |inside, name| inside.member(name.as_str()))
}

#[cfg(test)]
impl Local {
    /// Edits of one operation, all made at `ms`.
    pub fn test(edits: &[(&str, Value, Value)], ms: i64) -> Self {
        let stamp = Stamp { ms, counter: 0 };
        let value = |value: &Value| (value.as_str() != Some("<missing>")).then(|| value.clone());
        let edits: BTreeMap<_, _> = edits
            .iter()
            .map(|(path, b, a)| (Path::parse(path).unwrap(), LocalEdit { before: value(b), after: value(a) }))
            .collect();
        let written = edits.keys().map(|path| (path.clone(), stamp)).collect();
        Self { deletes: false, edits, written, latest: stamp, node: "me".into() }
    }
}
