//! Putting pending operations onto a newer state of the server. Pure.

use super::coalesce::{Neighbours, compact};
use super::park::unlink;
use super::writers::{grouped_losers, last_writer, replace};
use super::{GroupFate, Pending, server_time, view};
use crate::conflict::{Decision, Incoming, Local, Loser, Plan, Rules, decide};
use crate::device::Device;
use crate::error::Result;
use crate::model::{
    Change, Changes, Edit, Fields, OpError, OpEvent, OpKind, Operation, Path, RemoteChange, Seen, Stamp, WriteOutcome,
    between,
};
use crate::store::conflicts::{Asked, ConflictRow};
use crate::store::journal::{LossReason, Lost};
use std::collections::BTreeMap;

/// After so many rounds of conflict and resolution an operation is parked: two sides that cannot agree must not go on for ever.
pub(super) const MAX_ROUNDS: u32 = 8;

/// Why a state comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A page, or a document that was read.
    State,
    /// The reason of a refusal: the server says that the operation clashes with it.
    Refusal,
    /// It came with an acknowledgement because others' changes are in it.
    Merged,
}

/// What a rebase came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rebased {
    /// Two sides clashed, however that was resolved.
    pub conflict: bool,
}

/// Decides how the pending operations and a state of the server combine, and carries the decision out. `known`: the server's document as
/// this device knew it, own writes included: only a difference to that is another device's change.
pub(crate) fn rebase_onto(
    pending: &mut Pending,
    device: &Device,
    rules: &Rules,
    state: &RemoteChange,
    known: Option<&Fields>,
    source: Source,
) -> Result<Rebased> {
    let fields = state.body.as_deref().map(view::parse_body).transpose()?;
    let declared = source == Source::Refusal;
    let changed = differ(known, fields.as_ref());
    let stale = (declared || changed) && override_exact(pending, device, fields.is_none())?;
    let Some(local) = local(pending, device)? else { return Ok(Rebased { conflict: stale }) };
    let incoming = Incoming { fields: fields.as_ref(), stamps: state.stamps.as_ref(), declared, changed };
    // A decision has been asked for already: the question stays, with the newer state in it.
    let asked = pending.conflict.is_some();
    let decision = match decide(rules, &local, incoming) {
        Decision::Agreed => Decision::Agreed,
        Decision::Ask(paths) => Decision::Ask(paths),
        _ if asked => Decision::Ask(pending.conflict.iter().flat_map(|conflict| conflict.paths.clone()).collect()),
        decision => decision,
    };
    let rebased = Rebased { conflict: stale || decision.is_conflict() && !asked };
    if decision == Decision::NeedsStamps && !declared {
        leave_to_server(pending, state, || Ok(changed))?;
        return Ok(rebased);
    }
    let base = base_document(known, &local);
    let asks = if rules.strategy == crate::conflict::Strategy::Custom { Asked::Resolver } else { Asked::Person(None) };
    carry_out(pending, device, state, fields.as_ref(), decision, &Round { declared, base, asks })?;
    Ok(rebased)
}

/// Leaves it to the server to judge pending writes against a state. A restored server counts the versions of a document anew: where the state
/// is of no later version than a write's base, that base is of another history, and an equal number there names another content.
/// `changed`: whether the state differs from the server's document as this device knew it; asked for only if a base is in doubt.
pub(crate) fn leave_to_server(
    pending: &mut Pending,
    state: &RemoteChange,
    changed: impl FnOnce() -> Result<bool>,
) -> Result<()> {
    let foreign = |op: &Operation| op.base_version.is_some() && op.base_version >= state.version;
    if !pending.ops.iter().any(foreign) {
        return Ok(());
    }
    let base = if changed()? { Some(0) } else { state.version };
    for op in pending.ops.iter_mut().filter(|op| foreign(op)) {
        op.base_version = base;
    }
    Ok(())
}

/// Whether two bodies are different documents. `None`: there is none.
pub(crate) fn bodies_differ(known: Option<&str>, body: Option<&str>) -> Result<bool> {
    let parse = |body: Option<&str>| body.map(view::parse_body).transpose();
    Ok(differ(parse(known)?.as_ref(), parse(body)?.as_ref()))
}

fn differ(known: Option<&Fields>, fields: Option<&Fields>) -> bool {
    match (known, fields) {
        (Some(known), Some(fields)) => !between(known, fields, Stamp::default()).is_empty(),
        (known, fields) => known.is_some() != fields.is_some(),
    }
}

/// How a decision is carried out.
pub(super) struct Round {
    /// The server refused an operation because of this, so a round is counted.
    pub declared: bool,
    /// What both sides started from, for a person to see.
    pub base: Option<String>,
    /// Who is asked first.
    pub asks: Asked,
}

/// The local side, as `decide` reads it. `None` if no operation changes the document.
pub(super) fn local(pending: &Pending, device: &Device) -> Result<Option<Local>> {
    let body = pending.shown()?;
    let convert = |stamp| server_time(device, stamp);
    Ok(Local::of(&pending.ops, &body, &device.id(), convert))
}

pub(super) fn carry_out(
    pending: &mut Pending,
    device: &Device,
    state: &RemoteChange,
    fields: Option<&Fields>,
    decision: Decision,
    round: &Round,
) -> Result<()> {
    pending.freeze_create()?;
    match decision {
        Decision::NeedsStamps => {
            for at in 0..pending.ops.len() {
                count_round(pending, at, round.declared);
            }
        }
        Decision::Rebase(plan) => rebase(pending, device, state, fields, &plan, round)?,
        Decision::Agreed => end_writes(pending, WriteOutcome::Accepted(state.version)),
        Decision::KeepDelete => {
            let delete = pending.ops.iter().rfind(|op| op.kind == OpKind::Delete);
            // Based on this version already: the edit has been told about.
            let told = delete.is_some_and(|op| op.base_version.is_some() && op.base_version == state.version);
            if let Some(fields) = fields.filter(|_| !told) {
                let lost = between(&Fields::new(), fields, Stamp::default());
                pending.lose(device, None, LossReason::LocalKept, Lost::Paths(lost), None);
            }
            rebase(pending, device, state, fields, &Plan::default(), round)?;
        }
        Decision::Revive => revive(pending, device, state, round)?,
        Decision::TakeServer => override_all(pending, device)?,
        Decision::Ask(paths) => ask(pending, device, state, paths, round),
    }
    Ok(())
}

/// The writes of the queue, without its actions: their places.
fn writes(pending: &Pending) -> Vec<usize> {
    (0..pending.ops.len()).filter(|at| pending.ops[*at].kind != OpKind::Action).collect()
}

fn end_writes(pending: &mut Pending, how: WriteOutcome) {
    for at in writes(pending).into_iter().rev() {
        pending.end(at, how);
    }
}

/// The server's state stands, all of it.
pub(super) fn override_all(pending: &mut Pending, device: &Device) -> Result<()> {
    while let Some(at) = pending.first_write() {
        if let Some(group) = pending.ops[at].group.clone() {
            pending.groups.push((group, GroupFate::Overridden));
        }
        pending.give_up(device, at, LossReason::ServerKept, WriteOutcome::Overridden)?;
    }
    Ok(())
}

/// Writes that are judged whole lose to a state that another write has made; what was edited after them goes on. A delete of what is deleted
/// stands. Returns whether there were any.
fn override_exact(pending: &mut Pending, device: &Device, deleted: bool) -> Result<bool> {
    let loses = |op: &Operation| op.is_exact() && !(deleted && op.kind == OpKind::Delete);
    if !pending.ops.iter().any(loses) {
        return Ok(false);
    }
    pending.freeze_create()?;
    while let Some(at) = pending.ops.iter().position(loses) {
        if let Some(group) = pending.ops[at].group.clone() {
            pending.groups.push((group, GroupFate::Overridden));
        }
        unlink(pending, at);
        pending.give_up(device, at, LossReason::ServerKept, WriteOutcome::Overridden)?;
    }
    Ok(true)
}

fn rebase(
    pending: &mut Pending,
    device: &Device,
    state: &RemoteChange,
    fields: Option<&Fields>,
    plan: &Plan,
    round: &Round,
) -> Result<()> {
    // A group is a unit: if a part of it loses, all of it does.
    let broken: Vec<String> = grouped_losers(pending, &plan.lost);
    let (ours, theirs) = &plan.parts_lost;
    for (reason, losers) in
        [(LossReason::LocalKept, &plan.won), (LossReason::ServerKept, ours), (LossReason::LocalKept, theirs)]
    {
        if !losers.is_empty() {
            let lost = changes_of(losers, Stamp::default());
            pending.lose(device, None, reason, Lost::Paths(lost), Some(kept_of(losers)));
        }
    }
    let losers: Vec<(usize, &Loser)> =
        plan.lost.iter().filter_map(|loser| Some((last_writer(pending, &loser.path)?, loser))).collect();
    let losers: BTreeMap<i64, Vec<Loser>> = losers.into_iter().fold(BTreeMap::new(), |mut by_op, (at, loser)| {
        by_op.entry(pending.ops[at].op_seq).or_default().push(loser.clone());
        by_op
    });
    for (path, instead) in &plan.replace {
        replace(pending, path, instead);
    }
    let mut at = 0;
    while at < pending.ops.len() {
        let op = &mut pending.ops[at];
        if op.kind == OpKind::Action {
            at += 1;
            continue;
        }
        // The document is there by now: making it has become changing it.
        if op.kind == OpKind::Create && fields.is_some() {
            op.kind = OpKind::Update;
        }
        let lost = losers.get(&op.op_seq).cloned().unwrap_or_default();
        let ended = op.kind == OpKind::Update && op.changes.as_ref().is_none_or(Changes::is_empty);
        op.base_version = state.version;
        let (op_id, stamp) = (op.op_id, op.stamp);
        if !lost.is_empty() {
            let values = Lost::Paths(changes_of(&lost, stamp));
            // Only an operation of which nothing is left has lost as such.
            pending.lose(device, ended.then_some(op_id), LossReason::ServerKept, values, Some(kept_of(&lost)));
        }
        if ended {
            let how = if lost.is_empty() { WriteOutcome::Accepted(state.version) } else { WriteOutcome::Overridden };
            pending.end(at, how);
            continue;
        }
        count_round(pending, at, round.declared);
        at += 1;
    }
    for group in broken {
        for at in (0..pending.ops.len()).rev().filter(|at| *at < pending.ops.len()).collect::<Vec<_>>() {
            if pending.ops[at].group.as_deref() == Some(&group) {
                pending.give_up(device, at, LossReason::ServerKept, WriteOutcome::Overridden)?;
            }
        }
        pending.groups.push((group, GroupFate::Overridden));
    }
    see_again(pending, fields);
    compact(pending, Neighbours::OfOneFrame);
    Ok(())
}

/// From here on the user has seen the server's values: what each operation changes is held against those.
pub(super) fn see_again(pending: &mut Pending, fields: Option<&Fields>) {
    let Some(mut fields) = fields.cloned() else { return };
    for op in pending.ops.iter_mut().filter(|op| matches!(op.kind, OpKind::Update)) {
        if let Some(changes) = &op.changes {
            op.before = Seen::of(changes, &fields);
            changes.apply(&mut fields);
        }
    }
}

/// Makes again what the server deleted: one create with what the user sees. It knows what was there before: if another device is first, only what was
/// edited here is held against its document, and increments and set edits count on top of that.
fn revive(pending: &mut Pending, device: &Device, state: &RemoteChange, round: &Round) -> Result<()> {
    let body = pending.shown()?;
    let writes = writes(pending);
    let Some(first) = writes.first().copied() else { return Ok(()) };
    // A create knew of no document: only against an edit has the delete lost.
    if pending.ops[first].kind == OpKind::Update {
        pending.lose(device, None, LossReason::LocalKept, Lost::Delete(Changes::new()), Some(body.clone()));
    }
    let stamp = writes.iter().map(|at| pending.ops[*at].stamp).max().unwrap_or_default();
    let edits = writes.iter().filter_map(|at| pending.ops[*at].changes.clone()).fold(Changes::new(), Changes::then);
    let base = round.base.as_deref().map(view::parse_body).transpose()?.unwrap_or_default();
    for at in writes.into_iter().skip(1).rev() {
        pending.absorb(first, at);
    }
    let create = &mut pending.ops[first];
    create.kind = OpKind::Create;
    create.stamp = stamp;
    let whole = between(&Fields::new(), &body, stamp);
    let mut changes = whole.clone();
    edits.iter().filter(|(_, change)| change.edit.commutes()).for_each(|edit| keep_apart(&mut changes, &base, edit));
    create.before = Seen::of(&changes, &base);
    create.changes = Some(changes);
    if create.created().as_ref() != Some(&body) {
        (create.changes, create.before) = (Some(whole), Seen::default());
    }
    create.base_version = state.version;
    count_round(pending, first, round.declared);
    Ok(())
}

/// Takes an increment or a set edit out of the value that a create sets at its place, and puts it beside that.
fn keep_apart(changes: &mut Changes, base: &Fields, (path, change): (&Path, &Change)) {
    let top = Path::field(path.top());
    if *path == top {
        changes.insert(top, change.clone());
        return;
    }
    let Some(Change { edit: Edit::Set(value), stamp }) = changes.get(&top).cloned() else { return };
    let mut whole = Fields::from_iter([(path.top().to_owned(), value)]);
    Changes::value_at(base, path).cloned().map_or(Edit::Unset, Edit::Set).apply(&mut whole, path);
    if let Some(value) = whole.remove(path.top()) {
        changes.insert(top, Change { edit: Edit::Set(value), stamp });
        changes.insert(path.clone(), change.clone());
    }
}

fn ask(pending: &mut Pending, device: &Device, state: &RemoteChange, paths: Vec<Path>, round: &Round) {
    if let Some(at) = pending.first_write() {
        pending.ops[at].on(OpEvent::Clashed);
    }
    let known = pending.conflict.take();
    pending.conflict = Some(ConflictRow {
        id: known.as_ref().map_or(0, |known| known.id),
        collection: pending.row.collection,
        doc_id: pending.row.id.clone(),
        base: known.as_ref().map_or_else(|| round.base.clone(), |known| known.base.clone()),
        server: state.body.clone(),
        server_version: state.version,
        stamps: state.stamps.clone(),
        paths,
        detected_ms: known.as_ref().map_or_else(|| device.server_now_ms(), |known| known.detected_ms),
        asked: known.as_ref().map_or(round.asks, |known| known.asked),
        asks: known.as_ref().map_or(0, |known| known.asks),
    });
}

fn count_round(pending: &mut Pending, at: usize, declared: bool) {
    let Some(op) = pending.ops.get_mut(at).filter(|_| declared) else { return };
    op.rounds += 1;
    if op.rounds > MAX_ROUNDS && op.is_open() {
        let message = format!("still in conflict with the server after {MAX_ROUNDS} rounds");
        let error = OpError::new("CONFLICT_LOOP", message);
        if let Some(group) = op.group.clone() {
            pending.groups.push((group, GroupFate::Parked { error: error.clone(), sent: false }));
        }
        pending.ops[at].on(OpEvent::Refused(error));
    }
}

/// Values that lose, as changes that would bring them back.
fn changes_of(losers: &[Loser], stamp: Stamp) -> Changes {
    let edits = losers.iter().map(|loser| {
        let edit = loser.lost.clone().map_or(Edit::Unset, Edit::Set);
        (loser.path.clone(), Change { edit, stamp })
    });
    edits.collect()
}

/// What stands in the place of values that lose.
fn kept_of(losers: &[Loser]) -> Fields {
    let mut kept = Fields::new();
    for loser in losers {
        if let Some(value) = &loser.kept {
            Edit::Set(value.clone()).apply(&mut kept, &loser.path);
        }
    }
    kept
}

/// What both sides started from: the server's state as it was known here, with the values that the user saw before editing.
fn base_document(known: Option<&Fields>, local: &Local) -> Option<String> {
    let mut base = known?.clone();
    for (path, edit) in &local.edits {
        edit.before.clone().map_or(Edit::Unset, Edit::Set).apply(&mut base, path);
    }
    Some(view::body_text(&base))
}
