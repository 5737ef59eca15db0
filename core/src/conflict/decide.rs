//! The decision: a pure function of what the user did, what the server has, and the rules.

use super::rules::{difference, minus};
use super::three_way::{Leaf, Versions, three_way};
use super::{FieldRule, Local, Merged, Rules, Strategy, list, text};
use crate::model::{Changes, Edit, Fields, Path, Stamps, same};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What the server has now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming<'a> {
    /// Its document. `None` if it is deleted.
    pub fields: Option<&'a Fields>,
    /// When its paths were written, if the server said.
    pub stamps: Option<&'a Stamps>,
    /// Whether the server itself has said that this is a conflict.
    pub declared: bool,
    /// Whether another write than this device's own made the content that it is compared with.
    pub changed: bool,
}

/// What becomes of the pending operations.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decision {
    /// They go on, based on the server's version.
    Rebase(Plan),
    /// Both sides did the same as a whole: nothing is left to send.
    Agreed,
    /// The document is deleted here and stays so; another device's edit of it loses.
    KeepDelete,
    /// The document was deleted on the server and shall live: make it again.
    Revive,
    /// The server's state stands, all of it.
    TakeServer,
    /// A person, or the collection's resolver, decides. The paths that clash; none for a delete against an edit.
    Ask(Vec<Path>),
    /// Only the server's stamps can tell: send it as it is, and the server's answer will bring them.
    NeedsStamps,
}

/// How the paths of an edit fare.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Plan {
    /// Edits that go, by the path at which they were made, and what stands in their place.
    pub replace: BTreeMap<Path, Vec<(Path, Edit)>>,
    /// Local values that lose.
    pub lost: Vec<Loser>,
    /// Server values that lose.
    pub won: Vec<Loser>,
    /// Values of which a part lost when both were merged: those of this device, then the server's. The merged value stands.
    pub parts_lost: (Vec<Loser>, Vec<Loser>),
}

/// A value that loses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loser {
    pub path: Path,
    /// `None` if the losing side had removed it.
    pub lost: Option<Value>,
    /// What stands. `None` if nothing does.
    pub kept: Option<Value>,
}

impl Decision {
    /// Whether two sides really clashed.
    pub fn is_conflict(&self) -> bool {
        match self {
            Self::Rebase(plan) => {
                let (ours, theirs) = &plan.parts_lost;
                [&plan.won, &plan.lost, ours, theirs].iter().any(|losers| !losers.is_empty())
            }
            Self::KeepDelete | Self::Revive | Self::TakeServer | Self::Ask(_) => true,
            Self::Agreed | Self::NeedsStamps => false,
        }
    }
}

/// Decides how pending edits and the server's state combine.
pub(crate) fn decide(rules: &Rules, local: &Local, server: Incoming<'_>) -> Decision {
    let onwards = Decision::Rebase(Plan::default());
    let strategy = rules.strategy;
    match (local.deletes, server.fields) {
        (true, None) => Decision::Agreed,
        (true, Some(_)) if !server.declared && !server.changed => onwards,
        (true, Some(_)) => match strategy {
            // An edit outlives a delete: a device that clears a list must not take another device's edit with it.
            Strategy::ServerWins | Strategy::Merge => Decision::TakeServer,
            Strategy::LocalWins => Decision::KeepDelete,
            Strategy::LastWriteWins => later(local, server, Decision::KeepDelete, Decision::TakeServer),
            Strategy::Prompt | Strategy::Custom => Decision::Ask(Vec::new()),
        },
        (false, None) => match strategy {
            Strategy::ServerWins => Decision::TakeServer,
            Strategy::LocalWins | Strategy::Merge => Decision::Revive,
            Strategy::LastWriteWins => later(local, server, Decision::Revive, Decision::TakeServer),
            Strategy::Prompt | Strategy::Custom => Decision::Ask(Vec::new()),
        },
        (false, Some(fields)) => decide_paths(rules, local, server, fields),
    }
}

/// The later write wins, if it is known which that is.
fn later(local: &Local, server: Incoming<'_>, mine: Decision, theirs: Decision) -> Decision {
    match server.stamps {
        None => Decision::NeedsStamps,
        Some(stamps) if local.latest() > stamps.record => mine,
        Some(_) => theirs,
    }
}

fn decide_paths(rules: &Rules, local: &Local, server: Incoming<'_>, fields: &Fields) -> Decision {
    let mut merger =
        Merger { rules, local, stamps: server.stamps, plan: Plan::default(), ask: Vec::new(), blind: false };
    for (path, edit) in &local.edits {
        let (before, after) = (edit.before.as_ref(), edit.after.as_ref());
        let mut instead = Vec::new();
        // Where the server has something other than an object on the way, the edit would replace that.
        let in_the_way = blocked(fields, path);
        let keep = match &in_the_way {
            Some((place, value)) => merger.clash(
                path,
                Versions { base: before, local: after, server: None },
                &mut instead,
                Some((place, value)),
            ),
            None => {
                let values = Versions { base: before, local: after, server: Changes::value_at(fields, path) };
                merger.merge(path, values, &mut instead)
            }
        };
        if !keep {
            merger.plan.replace.insert(path.clone(), instead);
        }
    }
    if !merger.ask.is_empty() {
        return Decision::Ask(merger.ask);
    }
    if merger.blind {
        return Decision::NeedsStamps;
    }
    Decision::Rebase(merger.plan)
}

/// The nearest place above `path` where the server has a value that is no object.
fn blocked<'a>(fields: &'a Fields, path: &Path) -> Option<(Path, &'a Value)> {
    let mut above = path.parent();
    let mut found = None;
    while let Some(place) = above {
        if let Some(value) = Changes::value_at(fields, &place)
            && !value.is_object()
        {
            found = Some((place.clone(), value));
        }
        above = place.parent();
    }
    found
}

/// Decides path by path and collects what comes of it.
struct Merger<'a> {
    rules: &'a Rules,
    local: &'a Local,
    stamps: Option<&'a Stamps>,
    plan: Plan,
    /// Paths that the app must decide: the document becomes a conflict.
    ask: Vec<Path>,
    /// A clash goes to the later edit, and the server's stamps are unknown.
    blind: bool,
}

impl Merger<'_> {
    /// Merges the edit of one path. True if it stays as it is; else `instead` holds what takes its place.
    fn merge(&mut self, path: &Path, values: Versions<'_>, instead: &mut Vec<(Path, Edit)>) -> bool {
        let mut keep = false;
        let mut leaves = Vec::new();
        let whole = three_way(path, values, &mut |path, values, leaf| leaves.push((path.clone(), values, leaf)));
        for (path, values, leaf) in leaves {
            let stays = match leaf {
                Leaf::Agreed | Leaf::Theirs => false,
                Leaf::Ours => true,
                Leaf::Clash => self.clash(&path, values, instead, None),
            };
            if stays && whole {
                keep = true;
            } else if stays {
                instead.push((path, edit(values.local)));
            }
        }
        keep
    }

    /// Decides a path that both sides changed. True if the local edit stays as it is; a merged value goes to `instead`.
    fn clash(
        &mut self,
        path: &Path,
        values: Versions<'_>,
        instead: &mut Vec<(Path, Edit)>,
        in_the_way: Option<(&Path, &Value)>,
    ) -> bool {
        let rule = self.rules.rule(path);
        if let Some(key) = self.rules.key(path)
            && let Some(merged) = self.by_stamp(path).and_then(|ours| list::merge(key, values, ours))
        {
            return self.merged(path, values, merged, instead);
        }
        let ours = match (rule, values.local, values.server) {
            (FieldRule::Prompt, ..) => {
                self.ask.push(path.clone());
                return true;
            }
            (FieldRule::Server, ..) => false,
            (FieldRule::Local, ..) => true,
            (FieldRule::Sum, Some(Value::Number(ours)), Some(Value::Number(_))) => {
                let before = match values.base {
                    Some(Value::Number(before)) => difference(ours, before),
                    _ => Some(ours.clone()),
                };
                if let Some(by) = before {
                    instead.push((path.clone(), Edit::Inc(by)));
                    return false;
                }
                return self.by_time(path, values, in_the_way);
            }
            (FieldRule::Union, Some(Value::Array(ours)), Some(Value::Array(theirs))) => {
                let base = match values.base {
                    Some(Value::Array(base)) => base.as_slice(),
                    _ => &[],
                };
                let edit = Edit::EditSet { add: minus(ours, base), remove: minus(base, ours) };
                if edit
                    .result(Some(&Value::Array(theirs.clone())))
                    .is_some_and(|after| !same(&after, &Value::Array(theirs.clone())))
                {
                    instead.push((path.clone(), edit));
                }
                return false;
            }
            (FieldRule::Max, Some(ours), Some(theirs)) if order(ours, theirs).is_some() => {
                order(ours, theirs) == Some(Ordering::Greater)
            }
            (FieldRule::Min, Some(ours), Some(theirs)) if order(ours, theirs).is_some() => {
                order(ours, theirs) == Some(Ordering::Less)
            }
            (FieldRule::Text, Some(Value::String(ours)), Some(Value::String(theirs))) => {
                let base = values.base.and_then(Value::as_str).unwrap_or_default();
                let Some(first) = self.by_stamp(path) else { return true };
                let Merged { value, local_lost, server_lost } = text::merge(base, ours, theirs, first);
                let merged = Merged { value: Value::from(value), local_lost, server_lost };
                return self.merged(path, values, merged, instead);
            }
            _ => return self.by_time(path, values, in_the_way),
        };
        self.note(path, values, ours, in_the_way)
    }

    /// Both sides are in the value.
    fn merged(
        &mut self,
        path: &Path,
        values: Versions<'_>,
        merged: Merged<Value>,
        instead: &mut Vec<(Path, Edit)>,
    ) -> bool {
        let loser =
            |lost: Option<&Value>| Loser { path: path.clone(), lost: lost.cloned(), kept: Some(merged.value.clone()) };
        let (ours, theirs) = &mut self.plan.parts_lost;
        ours.extend(merged.local_lost.then(|| loser(values.local)));
        theirs.extend(merged.server_lost.then(|| loser(values.server)));
        let merged = merged.value;
        if values.local.is_some_and(|local| same(local, &merged)) {
            return true;
        }
        if !values.server.is_some_and(|server| same(server, &merged)) {
            instead.push((path.clone(), Edit::Set(merged)));
        }
        false
    }

    fn by_time(&mut self, path: &Path, values: Versions<'_>, in_the_way: Option<(&Path, &Value)>) -> bool {
        match self.by_stamp(path) {
            Some(ours) => self.note(path, values, ours, in_the_way),
            None => true,
        }
    }

    /// Whether the local edit is the later one. `None`, and a note of it, if that is unknown.
    fn by_stamp(&mut self, path: &Path) -> Option<bool> {
        match self.stamps {
            Some(stamps) => Some(self.local.stamp(path) > *stamps.path(path)),
            None => {
                self.blind = true;
                None
            }
        }
    }

    fn note(&mut self, path: &Path, values: Versions<'_>, ours: bool, in_the_way: Option<(&Path, &Value)>) -> bool {
        let (place, local, server) = match in_the_way {
            // One side has a value where the other one has an object: they clash there.
            Some((place, value)) => (place, within(place, path, values.local), Some(value.clone())),
            None => (path, values.local.cloned(), values.server.cloned()),
        };
        let (losers, lost, kept) =
            if ours { (&mut self.plan.won, server, local) } else { (&mut self.plan.lost, local, server) };
        losers.push(Loser { path: place.clone(), lost, kept });
        ours
    }
}

/// The object at `place` that has nothing but a value at `path`, which is below it.
fn within(place: &Path, path: &Path, value: Option<&Value>) -> Option<Value> {
    let mut fields = Fields::new();
    edit(value).apply(&mut fields, path);
    Changes::value_at(&fields, place).cloned()
}

fn edit(value: Option<&Value>) -> Edit {
    value.map_or(Edit::Unset, |value| Edit::Set(value.clone()))
}

/// The order of two numbers or two texts. `None` for other values.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) if same(a, b) => Some(Ordering::Equal),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
