//! Conflicts that wait for a decision, and carrying the decision out.

use super::rebase::{Round, carry_out, local, override_all};
use super::references::{References, link};
use super::{Pending, body_text, parse_body};
use crate::conflict::{Decision, FieldRule, Incoming, Rules, Strategy, decide};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::{
    Changes, Fields, Hlc, OpEvent, OpKind, Path, RemoteChange, ResolverFault, Stamp, Version, between, check_own_id,
    read_fields,
};
use crate::store::conflicts::{self, Asked, ConflictRow};
use crate::store::journal::{LossReason, Lost};
use crate::store::{Tx, documents, operations};
use rusqlite::Connection;

/// A conflict that waits for a decision. It survives restarts, and blocks nothing but its own document's way to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Its number, for [`resolve_conflict`](crate::Holm::resolve_conflict).
    pub id: i64,
    /// The collection's name.
    pub collection: String,
    /// The document.
    pub doc_id: String,
    /// The places that both sides changed, as JSON Pointers. Empty if one side deleted the document.
    pub fields: Vec<String>,
    /// JSON: what both sides started from. `None` if this device never had it.
    pub base: Option<String>,
    /// JSON: the document as it is here. `None` if it is deleted here.
    pub local: Option<String>,
    /// JSON: the document as it is on the server. `None` if it is deleted there.
    pub server: Option<String>,
    /// The server's version.
    pub server_version: Option<Version>,
    /// When the local side was written last; server time as known here, ms since 1970.
    pub local_ms: i64,
    /// The device that wrote the local side: this one.
    pub local_device: String,
    /// When the server's side was written last, ms since 1970. `None` if the server did not say.
    pub server_ms: Option<i64>,
    /// The device that wrote the server's side. `None` if the server did not say.
    pub server_device: Option<String>,
    /// When it was found; server time as known here, ms since 1970.
    pub detected_ms: i64,
    /// Why the collection's resolver has not decided it. `None` if it was not to.
    pub resolver_fault: Option<ResolverFault>,
}

/// What is decided about a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// What was changed here stands.
    KeepLocal,
    /// The server's document stands.
    KeepServer,
    /// Field by field; a field that both changed goes to the later edit. An edit outlives a delete.
    Merge,
    /// This JSON object stands.
    Document(String),
}

/// The open conflicts that a person decides, or those that are put to resolvers; oldest first.
pub(crate) fn list_conflicts(
    connection: &Connection,
    device: &Device,
    of_resolvers: bool,
    name: impl Fn(i64) -> String,
) -> Result<Vec<Conflict>> {
    let rows = conflicts::all(connection)?;
    let mut list = Vec::with_capacity(rows.len());
    for row in rows.into_iter().filter(|row| (row.asked == Asked::Resolver) == of_resolvers) {
        list.push(shown(connection, device, row, &name)?);
    }
    Ok(list)
}

fn shown(
    connection: &Connection,
    device: &Device,
    row: ConflictRow,
    name: &impl Fn(i64) -> String,
) -> Result<Conflict> {
    let document = documents::find(connection, row.collection, &row.doc_id)?;
    let ops = match &document {
        Some(document) => operations::of_document(connection, document.row)?,
        None => Vec::new(),
    };
    let stamp = ops.iter().map(|op| super::server_time(device, op.stamp)).max().unwrap_or_default();
    let theirs = row.stamps.as_ref().map(|stamps| {
        let places = row.paths.iter().map(|path| stamps.path(path)).max();
        places.unwrap_or(&stamps.record).clone()
    });
    let (server_ms, server_device) = theirs.map_or((None, None), |Hlc { ms, node, .. }| (Some(ms), Some(node)));
    Ok(Conflict {
        id: row.id,
        collection: name(row.collection),
        doc_id: row.doc_id,
        fields: row.paths.iter().map(ToString::to_string).collect(),
        base: row.base,
        local: document.filter(|document| !document.hidden).and_then(|document| document.body),
        server: row.server,
        server_version: row.server_version,
        local_ms: stamp.ms,
        local_device: device.id().to_string(),
        server_ms,
        server_device,
        detected_ms: row.detected_ms,
        resolver_fault: match row.asked {
            Asked::Person(fault) => fault,
            Asked::Resolver => None,
        },
    })
}

/// Resolves a conflict. What loses goes to the journal; what is left to send is queued.
///
/// # Errors
/// `NOT_FOUND` if it is not open any more; `INVALID_DOCUMENT` for a document that cannot be stored, or that would wait for one that waits
/// for it.
pub(crate) fn resolve(
    tx: &Tx<'_>,
    device: &Device,
    id: i64,
    resolution: &Resolution,
    (rules, references): (&Rules, &References),
) -> Result<()> {
    let conflict = conflicts::by_id(tx, id)?.ok_or_else(|| Error::not_found("conflict", id.to_string()))?;
    let Some(mut pending) = Pending::find(tx, conflict.collection, &conflict.doc_id)? else {
        return conflicts::remove(tx, id);
    };
    let ours = apply(&mut pending, device, &conflict, resolution, rules)?;
    if ours != Ours::AsMade {
        let Hlc { ms, counter, .. } = device.stamp(tx)?;
        stamp_decision(&mut pending, ours, &conflict.paths, Stamp { ms, counter });
    }
    let row = pending.save(tx, device)?;
    link(tx, &row, references)
}

/// What a decision makes of this device's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ours {
    /// Nothing: its edits win or lose as they were made.
    AsMade,
    /// It stands where both sides changed something.
    Kept,
    /// It is the document that was chosen.
    Chosen,
}

/// What was decided is a write of now: it is later than what was written before, on whichever device. `paths`: where both sides changed
/// something; none if one side deleted the document.
fn stamp_decision(pending: &mut Pending, ours: Ours, paths: &[Path], now: Stamp) {
    let decided = |path: &Path| ours == Ours::Chosen || paths.is_empty() || paths.iter().any(|clash| clash.meets(path));
    for op in pending.ops.iter_mut().filter(|op| op.kind != OpKind::Action && op.is_open()) {
        let mut changed = op.kind == OpKind::Delete;
        if let Some(changes) = &mut op.changes {
            changes.restamp(|path, stamp| {
                changed |= decided(path);
                if decided(path) { now } else { stamp }
            });
        }
        if changed {
            op.stamp = now;
        }
    }
}

fn apply(
    pending: &mut Pending,
    device: &Device,
    conflict: &ConflictRow,
    resolution: &Resolution,
    rules: &Rules,
) -> Result<Ours> {
    pending.conflict = None;
    pending.queued = true;
    for op in pending.ops.iter_mut().filter(|op| op.state == crate::model::OpState::InConflict) {
        op.on(OpEvent::Resolved);
        op.rounds = 0;
    }
    let server = server_side(conflict, pending);
    let fields = server.body.as_deref().map(parse_body).transpose()?;
    let (ours, decision) = match resolution {
        Resolution::KeepServer => (Ours::AsMade, Decision::TakeServer),
        Resolution::KeepLocal => (Ours::Kept, keep_local(pending, device, &server, fields.as_ref())?),
        Resolution::Document(text) => {
            take_document(pending, device, conflict, text, fields.as_ref())?;
            (Ours::Chosen, keep_local(pending, device, &server, fields.as_ref())?)
        }
        Resolution::Merge => match by_rules(pending, device, &server, fields.as_ref(), &merging(rules))? {
            // Nothing tells which edit is later: the person is here, so what is here stands.
            Decision::NeedsStamps => (Ours::Kept, keep_local(pending, device, &server, fields.as_ref())?),
            decision => (Ours::AsMade, decision),
        },
    };
    if decision == Decision::TakeServer {
        pending.freeze_create()?;
        override_all(pending, device)?;
        return Ok(ours);
    }
    let round = Round { declared: false, base: None, asks: Asked::Person(None) };
    carry_out(pending, device, &server, fields.as_ref(), decision, &round)?;
    super::references::park_decided(pending)?;
    Ok(ours)
}

/// The collection's rules, with the later edit in the place of every question.
fn merging(rules: &Rules) -> Rules {
    let mut merging = rules.clone();
    merging.strategy = Strategy::Merge;
    merging.replace(FieldRule::Prompt, FieldRule::Lww);
    merging
}

fn keep_local(pending: &Pending, device: &Device, server: &RemoteChange, fields: Option<&Fields>) -> Result<Decision> {
    by_rules(pending, device, server, fields, &Rules::of(Strategy::LocalWins))
}

fn by_rules(
    pending: &Pending,
    device: &Device,
    server: &RemoteChange,
    fields: Option<&Fields>,
    rules: &Rules,
) -> Result<Decision> {
    let Some(local) = local(pending, device)? else { return Ok(Decision::TakeServer) };
    let incoming = Incoming { fields, stamps: server.stamps.as_ref(), declared: true, changed: true };
    Ok(decide(rules, &local, incoming))
}

fn server_side(conflict: &ConflictRow, pending: &Pending) -> RemoteChange {
    RemoteChange {
        id: conflict.doc_id.clone(),
        body: conflict.server.clone(),
        version: conflict.server_version,
        seq: pending.row.seq,
        updated_ms: pending.row.updated_ms,
        origin_op: None,
        stamps: conflict.stamps.clone(),
    }
}

/// Makes the operations say exactly this document: one that leads there from the server's side. What either side has and the document has
/// not is lost.
fn take_document(
    pending: &mut Pending,
    device: &Device,
    conflict: &ConflictRow,
    text: &str,
    server: Option<&Fields>,
) -> Result<()> {
    let (document, own_id) = read_fields(text, device.limits.document())?;
    check_own_id(&conflict.doc_id, own_id)?;
    lose_to(pending, device, conflict, &document, server)?;
    pending.row.body = Some(body_text(&document));
    pending.row.hidden = false;
    let writes: Vec<usize> = (0..pending.ops.len()).filter(|at| pending.ops[*at].kind != OpKind::Action).collect();
    let Some(first) = writes.first().copied() else { return Ok(()) };
    let stamp: Stamp = writes.iter().map(|at| pending.ops[*at].stamp).max().unwrap_or_default();
    for at in writes.into_iter().skip(1).rev() {
        pending.absorb(first, at);
    }
    let changes = between(server.unwrap_or(&Fields::new()), &document, stamp);
    let op = &mut pending.ops[first];
    op.kind = if server.is_some() { OpKind::Update } else { OpKind::Create };
    op.stamp = stamp;
    op.before = server.map(|fields| crate::model::Seen::of(&changes, fields)).unwrap_or_default();
    op.changes = Some(changes);
    Ok(())
}

/// Journals what both sides lose to a third document: of the server's side all that is not in it, of the local one what was edited here.
fn lose_to(
    pending: &mut Pending,
    device: &Device,
    conflict: &ConflictRow,
    document: &Fields,
    server: Option<&Fields>,
) -> Result<()> {
    let local = if pending.row.hidden { None } else { Some(pending.shown()?) };
    let base = conflict.base.as_deref().map(parse_body).transpose()?;
    let sides = [(LossReason::ServerKept, local.as_ref()), (LossReason::LocalKept, server)];
    for (reason, side) in sides {
        let lost = match side {
            None => Lost::Delete(Changes::new()),
            Some(side) => {
                let mut lost = between(document, side, Stamp::default());
                if let (LossReason::ServerKept, Some(base)) = (reason, &base) {
                    let edited = between(base, side, Stamp::default());
                    lost.retain(|path, _| edited.paths().any(|other| other.meets(path)));
                }
                Lost::Paths(lost)
            }
        };
        if lost != Lost::Paths(Changes::new()) {
            pending.lose(device, None, reason, lost, Some(document.clone()));
        }
    }
    Ok(())
}
