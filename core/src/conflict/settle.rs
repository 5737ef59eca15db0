//! Carrying out a verdict on a document's operations.

use super::judge::{Intent, Split, Verdict};
use crate::device::Device;
use crate::error::Result;
use crate::model::{Changes, FieldChange, Fields, OpError, OpId, OpKind, OpState, Operation, RemoteChange};
use crate::outbox::{body_text, compact, freeze_create, parse_body};
use crate::store::conflicts::{self, ConflictRow};
use crate::store::documents::DocumentRow;
use crate::store::journal::{self, Loss, LossReason};
use crate::store::{Settled, Tx, outbox};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// After so many rounds of conflict and resolution an operation is parked: two sides that cannot agree must not go on for ever.
const MAX_ROUNDS: u32 = 8;

/// What a verdict is carried out with.
pub(crate) struct Settler<'a> {
    pub tx: &'a Tx<'a>,
    pub device: &'a Device,
    /// The document.
    pub row: &'a DocumentRow,
    /// What the server has now.
    pub server: &'a RemoteChange,
    /// The same as a tree.
    pub server_fields: Option<&'a Fields>,
    /// What both sides started from, for a person to see.
    pub base: Option<String>,
    /// Whether the server refused an operation because of this, so that a round is counted.
    pub declared: bool,
}

/// Carries out a verdict. Returns the operations that are left, oldest first, as they are in the outbox now. The row
/// itself is left to the caller.
pub(crate) fn settle(settler: &Settler<'_>, mut ops: Vec<Operation>, verdict: Verdict) -> Result<Vec<Operation>> {
    freeze_create(settler.tx, settler.row, &mut ops)?;
    match verdict {
        Verdict::NeedsStamps => {
            for op in &mut ops {
                count_round(settler, op);
                outbox::update(settler.tx, op)?;
            }
            Ok(ops)
        }
        Verdict::Rebase(split) => rebase(settler, ops, &split),
        Verdict::Agreed => {
            for op in &ops {
                outbox::end(settler.tx, op, Settled::Applied(settler.server.version))?;
            }
            Ok(Vec::new())
        }
        Verdict::Revive => revive(settler, ops),
        Verdict::TakeServer => {
            for op in &ops {
                lose(settler, op)?;
            }
            Ok(Vec::new())
        }
        Verdict::Ask => ask(settler, ops),
    }
}

fn rebase(settler: &Settler<'_>, ops: Vec<Operation>, split: &Split) -> Result<Vec<Operation>> {
    let theirs = |name: &String| settler.server_fields.and_then(|fields| fields.get(name));
    let server_side = |names: &BTreeSet<String>| -> Fields {
        names.iter().filter_map(|name| Some((name.clone(), theirs(name)?.clone()))).collect()
    };
    if !split.win.is_empty() {
        let local = split.win.iter().filter_map(|name| Some((name.clone(), last_value(&ops, name)?))).collect();
        write_loss(settler, None, LossReason::LocalKept, &server_side(&split.win), Some(&local))?;
    }
    let touches =
        ops.iter().flat_map(|op| op.changes.iter().flat_map(|c| c.0.keys().map(|name| (name.clone(), op.op_seq))));
    let last_touch: BTreeMap<String, i64> = touches.collect();
    let mut met = BTreeSet::new();
    let mut left = Vec::with_capacity(ops.len());
    for mut op in ops {
        // The document is there by now: making it has become changing it.
        if op.kind == OpKind::Create && settler.server_fields.is_some() {
            op.kind = OpKind::Update;
            op.before = Fields::new();
        }
        let own = std::slice::from_ref(&op);
        let lost: Fields = split.lose.iter().filter_map(|name| Some((name.clone(), last_value(own, name)?))).collect();
        if let Some(changes) = &mut op.changes {
            changes.0.retain(|name, _| !split.agreed.contains(name) && !split.lose.contains(name));
            for (name, change) in &mut changes.0 {
                if let Some(value) = split.merged.get(name).filter(|_| last_touch.get(name) == Some(&op.op_seq)) {
                    *change = FieldChange::Set(value.clone());
                }
                // From here on the user has seen the server's value.
                if met.insert(name.clone()) {
                    match theirs(name) {
                        Some(value) => op.before.insert(name.clone(), value.clone()),
                        None => op.before.remove(name),
                    };
                }
            }
        }
        op.before.retain(|name, _| op.changes.as_ref().is_some_and(|changes| changes.0.contains_key(name)));
        let ended = op.kind == OpKind::Update && op.changes.as_ref().is_none_or(Changes::is_empty);
        if !lost.is_empty() {
            // Only an operation of which nothing is left has lost as such.
            let op_id = ended.then_some(op.op_id);
            write_loss(settler, op_id, LossReason::ServerKept, &lost, Some(&server_side(&split.lose)))?;
        }
        if ended {
            let how = if lost.is_empty() { Settled::Applied(settler.server.version) } else { Settled::Overridden };
            outbox::end(settler.tx, &op, how)?;
            continue;
        }
        op.base_version = settler.server.version;
        count_round(settler, &mut op);
        outbox::update(settler.tx, &op)?;
        left.push(op);
    }
    compact(settler.tx, left)
}

/// Makes again what the server deleted: one create with what the user sees.
fn revive(settler: &Settler<'_>, ops: Vec<Operation>) -> Result<Vec<Operation>> {
    let mut ops = ops.into_iter();
    let Some(mut create) = ops.next() else { return Ok(Vec::new()) };
    for other in ops {
        outbox::absorb(settler.tx, &mut create, &other)?;
        create.hlc = create.hlc.max(other.hlc);
    }
    let body = parse_body(settler.row.body.as_deref().unwrap_or("{}"))?;
    create.kind = OpKind::Create;
    create.changes = Some(Changes::between(&Fields::new(), &body));
    create.before = Fields::new();
    create.base_version = settler.server.version;
    count_round(settler, &mut create);
    outbox::update(settler.tx, &create)?;
    Ok(vec![create])
}

fn ask(settler: &Settler<'_>, mut ops: Vec<Operation>) -> Result<Vec<Operation>> {
    let Some(head) = ops.first_mut() else { return Ok(ops) };
    if head.state != OpState::Parked {
        head.state = OpState::InConflict;
    }
    outbox::update(settler.tx, head)?;
    conflicts::keep(
        settler.tx,
        &ConflictRow {
            id: 0,
            collection: head.collection,
            doc_id: head.doc_id.clone(),
            base: settler.base.clone(),
            server: settler.server.body.clone(),
            server_version: settler.server.version,
            stamps: settler.server.stamps.clone(),
            detected_ms: settler.device.server_now_ms(),
        },
    )?;
    Ok(ops)
}

fn count_round(settler: &Settler<'_>, op: &mut Operation) {
    if !settler.declared {
        return;
    }
    op.rounds += 1;
    if op.rounds > MAX_ROUNDS && op.state == OpState::Queued {
        op.state = OpState::Parked;
        op.error = Some(OpError {
            code: "CONFLICT_LOOP".into(),
            message: format!("still in conflict with the server after {MAX_ROUNDS} rounds"),
            details: Fields::new(),
        });
        outbox::tell_parked(settler.tx, op);
    }
}

/// An operation loses as a whole.
fn lose(settler: &Settler<'_>, op: &Operation) -> Result<()> {
    let lost = match &op.changes {
        Some(changes) => changes
            .0
            .keys()
            .filter_map(|name| Some((name.clone(), last_value(std::slice::from_ref(op), name)?)))
            .collect(),
        None => Fields::from_iter([("deleted".to_owned(), Value::Bool(true))]),
    };
    write_loss(settler, Some(op.op_id), LossReason::ServerKept, &lost, settler.server_fields)?;
    outbox::end(settler.tx, op, Settled::Overridden)
}

fn write_loss(
    settler: &Settler<'_>,
    op_id: Option<OpId>,
    reason: LossReason,
    lost: &Fields,
    kept: Option<&Fields>,
) -> Result<()> {
    journal::record(
        settler.tx,
        &Loss {
            at_ms: settler.device.server_now_ms(),
            collection: settler.row.collection,
            doc_id: &settler.row.id,
            op_id,
            reason,
            lost: body_text(lost),
            kept: kept.map(body_text),
        },
    )
}

/// The value that the operations leave in a field, as JSON; an edit that is no value is shown as itself.
fn last_value(ops: &[Operation], name: &str) -> Option<Value> {
    let change = ops.iter().rev().find_map(|op| op.changes.as_ref()?.0.get(name))?;
    match change {
        FieldChange::Set(value) => Some(value.clone()),
        FieldChange::Remove => Some(Value::Null),
        edit => serde_json::to_value(edit).ok(),
    }
}

/// The judge's view of the operations of a row.
pub(crate) fn intent(row: &DocumentRow, ops: &[Operation], device: &Device) -> Result<Option<Intent>> {
    let body = parse_body(row.body.as_deref().unwrap_or("{}"))?;
    let intent = Intent::of(ops, &body, "");
    Ok(intent.map(|intent| Intent { hlc: device.server_stamp(&intent.hlc), ..intent }))
}
