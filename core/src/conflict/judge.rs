//! The verdict: a pure function of what the user did, what the server has, and the strategy.

use super::Strategy;
use super::merge::three_way;
use crate::model::{Changes, FieldChange, Fields, Hlc, OpKind, Operation, Stamps};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the pending operations of one document come to.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    /// The document is deleted at the end.
    pub deletes: bool,
    /// Every field that is set or removed: (as the user saw it before, as it is now). Increments and set edits are not here: they never
    /// conflict.
    pub fields: BTreeMap<String, (Option<Value>, Option<Value>)>,
    /// The latest write.
    pub hlc: Hlc,
}

/// What the server has now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming<'a> {
    /// Its document; none: deleted.
    pub fields: Option<&'a Fields>,
    /// When its fields were written, if the server said.
    pub stamps: Option<&'a Stamps>,
    /// Whether the server itself has said that this is a conflict.
    pub declared: bool,
    /// Whether the server's content differs from what this device knew before.
    pub changed: bool,
}

/// What becomes of the pending operations.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// They go on, based on the server's version.
    Rebase(Split),
    /// Both sides did the same as a whole: nothing is left to send.
    Agreed,
    /// The document was deleted on the server and shall live: make it again.
    Revive,
    /// The server's state stands, all of it.
    TakeServer,
    /// A person decides.
    Ask,
    /// Only the server's stamps can tell: send it as it is, and the server's answer will bring them.
    NeedsStamps,
}

/// How the fields of an edit fare.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Split {
    /// The server has the same value already: nothing is left to send.
    pub agreed: BTreeSet<String>,
    /// Both changed it, and the server's value stands.
    pub lose: BTreeSet<String>,
    /// Both changed it, and the local value stands.
    pub win: BTreeSet<String>,
    /// The two sides could be merged into one value.
    pub merged: BTreeMap<String, Value>,
}

impl Verdict {
    /// Whether two sides really clashed.
    pub fn is_conflict(&self) -> bool {
        match self {
            Self::Rebase(split) => !split.win.is_empty() || !split.lose.is_empty(),
            Self::Revive | Self::TakeServer | Self::Ask => true,
            Self::Agreed | Self::NeedsStamps => false,
        }
    }
}

impl Intent {
    /// Folds a document's operations, oldest first. `body` is what the document shows now: the content of a create that has none of its own.
    pub fn of(ops: &[Operation], body: &Fields, node: &str) -> Option<Self> {
        let last = ops.last()?;
        let hlc = ops.iter().map(|op| &op.hlc).max()?;
        let mut fields = BTreeMap::new();
        for op in ops {
            let whole;
            let changes = match (&op.changes, op.kind) {
                (Some(changes), _) => changes,
                (None, OpKind::Create) => {
                    whole = Changes::between(&Fields::new(), body);
                    &whole
                }
                (None, _) => continue,
            };
            for (name, change) in &changes.0 {
                let after = match change {
                    FieldChange::Set(value) => Some(value.clone()),
                    FieldChange::Remove => None,
                    FieldChange::Inc(_) | FieldChange::EditSet { .. } => continue,
                };
                fields.entry(name.clone()).or_insert_with(|| (op.before.get(name).cloned(), None)).1 = after;
            }
        }
        Some(Self { deletes: last.kind == OpKind::Delete, fields, hlc: Hlc { node: node.to_owned(), ..hlc.clone() } })
    }
}

/// Judges.
pub(crate) fn judge(strategy: Strategy, local: &Intent, server: Incoming<'_>) -> Verdict {
    let onwards = Verdict::Rebase(Split::default());
    match (local.deletes, server.fields) {
        (true, None) => Verdict::Agreed,
        (true, Some(_)) if !server.declared && !server.changed => onwards,
        (true, Some(_)) => match strategy {
            // An edit outlives a delete: nobody loses work to somebody's tidying.
            Strategy::ServerWins | Strategy::Merge => Verdict::TakeServer,
            Strategy::LocalWins => onwards,
            Strategy::LastWriteWins => later(local, server, onwards, Verdict::TakeServer),
            Strategy::Prompt => Verdict::Ask,
        },
        (false, None) => match strategy {
            Strategy::ServerWins => Verdict::TakeServer,
            Strategy::LocalWins | Strategy::Merge => Verdict::Revive,
            Strategy::LastWriteWins => later(local, server, Verdict::Revive, Verdict::TakeServer),
            Strategy::Prompt => Verdict::Ask,
        },
        (false, Some(fields)) => judge_fields(strategy, local, server, fields),
    }
}

fn judge_fields(strategy: Strategy, local: &Intent, server: Incoming<'_>, fields: &Fields) -> Verdict {
    let mut split = Split::default();
    let mut clashes = BTreeSet::new();
    for (name, (before, after)) in &local.fields {
        let theirs = fields.get(name);
        match three_way(before.as_ref(), after.as_ref(), theirs) {
            Ok(merged) if merged.as_ref() == theirs && before.as_ref() != theirs => {
                split.agreed.insert(name.clone());
            }
            Ok(Some(merged)) if Some(&merged) != after.as_ref() => {
                split.merged.insert(name.clone(), merged);
            }
            Ok(_) => {}
            Err(()) => {
                clashes.insert(name.clone());
            }
        }
    }
    if clashes.is_empty() {
        return Verdict::Rebase(split);
    }
    match strategy {
        Strategy::ServerWins => Verdict::TakeServer,
        Strategy::LocalWins => Verdict::Rebase(Split { win: clashes, ..split }),
        Strategy::LastWriteWins => {
            later(local, server, Verdict::Rebase(Split { win: clashes, ..split }), Verdict::TakeServer)
        }
        Strategy::Prompt => Verdict::Ask,
        Strategy::Merge => {
            let Some(stamps) = server.stamps else { return Verdict::NeedsStamps };
            (split.win, split.lose) = clashes.into_iter().partition(|name| local.hlc > *stamps.field(name));
            Verdict::Rebase(split)
        }
    }
}

/// The later edit wins, if it is known which that is.
fn later(local: &Intent, server: Incoming<'_>, mine: Verdict, theirs: Verdict) -> Verdict {
    match server.stamps {
        None => Verdict::NeedsStamps,
        Some(stamps) if local.hlc > stamps.record => mine,
        Some(_) => theirs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hlc(ms: i64, node: &str) -> Hlc {
        Hlc { ms, counter: 0, node: node.into() }
    }

    fn edit(fields: &[(&str, Value, Value)], ms: i64) -> Intent {
        let fields = fields.iter().map(|(name, b, a)| ((*name).into(), (Some(b.clone()), Some(a.clone())))).collect();
        Intent { deletes: false, fields, hlc: hlc(ms, "me") }
    }

    fn delete(ms: i64) -> Intent {
        Intent { deletes: true, ..edit(&[], ms) }
    }

    fn stamps(ms: i64) -> Stamps {
        Stamps { record: hlc(ms, "they"), created: hlc(1, "they"), fields: [("title".into(), hlc(ms, "they"))].into() }
    }

    fn verdict(strategy: Strategy, local: &Intent, server: Option<Value>, stamps: Option<&Stamps>) -> Verdict {
        let fields = server.map(|value| value.as_object().unwrap().clone());
        judge(strategy, local, Incoming { fields: fields.as_ref(), stamps, declared: false, changed: true })
    }

    fn rebase(agreed: &[&str], lose: &[&str], win: &[&str]) -> Verdict {
        let names = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect();
        Verdict::Rebase(Split { agreed: names(agreed), lose: names(lose), win: names(win), merged: BTreeMap::new() })
    }

    const ALL: [Strategy; 5] =
        [Strategy::ServerWins, Strategy::LocalWins, Strategy::LastWriteWins, Strategy::Merge, Strategy::Prompt];

    #[test]
    fn fields_changed_on_one_side_only_never_conflict() {
        let local = edit(&[("title", json!("a"), json!("b"))], 5);
        for strategy in ALL {
            assert_eq!(
                verdict(strategy, &local, Some(json!({"title": "a", "done": true})), None),
                rebase(&[], &[], &[])
            );
            assert_eq!(verdict(strategy, &local, Some(json!({"title": "b"})), None), rebase(&["title"], &[], &[]));
        }
    }

    #[test]
    fn the_same_field_on_both_sides_goes_by_the_strategy() {
        let local = edit(&[("title", json!("a"), json!("mine")), ("note", json!("n"), json!("m"))], 5);
        let server = || Some(json!({"title": "theirs", "note": "n"}));
        assert_eq!(verdict(Strategy::ServerWins, &local, server(), None), Verdict::TakeServer);
        assert_eq!(verdict(Strategy::LocalWins, &local, server(), None), rebase(&[], &[], &["title"]));
        assert_eq!(verdict(Strategy::Prompt, &local, server(), None), Verdict::Ask);
        for strategy in [Strategy::Merge, Strategy::LastWriteWins] {
            assert_eq!(verdict(strategy, &local, server(), None), Verdict::NeedsStamps);
            assert_eq!(verdict(strategy, &local, server(), Some(&stamps(4))), rebase(&[], &[], &["title"]));
        }
        assert_eq!(verdict(Strategy::LastWriteWins, &local, server(), Some(&stamps(6))), Verdict::TakeServer);
        assert_eq!(verdict(Strategy::Merge, &local, server(), Some(&stamps(6))), rebase(&[], &["title"], &[]));
    }

    #[test]
    fn f27_a_tie_is_broken_by_the_device_and_not_by_who_asks() {
        let mine = edit(&[("title", json!("a"), json!("mine"))], 6);
        // "me" < "they"
        let server = || Some(json!({"title": "theirs"}));
        assert_eq!(verdict(Strategy::Merge, &mine, server(), Some(&stamps(6))), rebase(&[], &["title"], &[]));
    }

    #[test]
    fn delete_against_edit_is_told_apart() {
        let edit = edit(&[("title", json!("a"), json!("b"))], 5);
        let deleted = || None;
        let edited = || Some(json!({"title": "theirs"}));
        for (strategy, edit_meets_delete, delete_meets_edit) in [
            (Strategy::ServerWins, Verdict::TakeServer, Verdict::TakeServer),
            (Strategy::LocalWins, Verdict::Revive, rebase(&[], &[], &[])),
            (Strategy::Merge, Verdict::Revive, Verdict::TakeServer),
            (Strategy::Prompt, Verdict::Ask, Verdict::Ask),
            (Strategy::LastWriteWins, Verdict::NeedsStamps, Verdict::NeedsStamps),
        ] {
            assert_eq!(verdict(strategy, &edit, deleted(), None), edit_meets_delete, "{strategy:?}");
            assert_eq!(verdict(strategy, &delete(5), edited(), None), delete_meets_edit, "{strategy:?}");
            assert_eq!(verdict(strategy, &delete(5), deleted(), None), Verdict::Agreed);
        }
        assert_eq!(verdict(Strategy::LastWriteWins, &delete(5), edited(), Some(&stamps(4))), rebase(&[], &[], &[]));
        assert_eq!(verdict(Strategy::LastWriteWins, &edit, deleted(), Some(&stamps(6))), Verdict::TakeServer);
    }
}
