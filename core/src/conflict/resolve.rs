//! Conflicts that a person resolves.

use super::settle::{Settler, intent, settle};
use super::{Incoming, Strategy, Verdict, judge};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::model::{Changes, Fields, OpKind, OpState, Operation, RemoteChange, Version};
use crate::outbox::{parse_body, save_view};
use crate::store::conflicts::{self, ConflictRow};
use crate::store::documents::{self, DocumentRow};
use crate::store::{Tx, outbox};
use rusqlite::Connection;

/// A conflict that waits for a person. It survives restarts, and blocks nothing but its own document's way to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Its number, for [`resolve_conflict`](crate::Holm::resolve_conflict).
    pub id: i64,
    /// The collection's name.
    pub collection: String,
    /// The document.
    pub doc_id: String,
    /// JSON: what both sides started from; none if this device never had it.
    pub base: Option<String>,
    /// JSON: the document as it is here; none: deleted here.
    pub local: Option<String>,
    /// JSON: the document as it is on the server; none: deleted there.
    pub server: Option<String>,
    /// The server's version.
    pub server_version: Option<Version>,
    /// When it was found, server time as known here, ms since 1970.
    pub detected_ms: i64,
}

/// What a person decides.
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

/// All open conflicts, oldest first.
pub(crate) fn list(connection: &Connection, name: impl Fn(i64) -> String) -> Result<Vec<Conflict>> {
    let rows = conflicts::all(connection)?;
    let mut list = Vec::with_capacity(rows.len());
    for row in rows {
        let local =
            documents::find(connection, row.collection, &row.doc_id)?.filter(|d| !d.hidden).and_then(|d| d.body);
        list.push(Conflict {
            id: row.id,
            collection: name(row.collection),
            doc_id: row.doc_id,
            base: row.base,
            local,
            server: row.server,
            server_version: row.server_version,
            detected_ms: row.detected_ms,
        });
    }
    Ok(list)
}

/// Resolves a conflict. What loses goes to the journal; what is left to send is queued.
///
/// # Errors
/// `NOT_FOUND` if it is not open any more; `INVALID_DOCUMENT` for a document that cannot be stored.
pub(crate) fn resolve(tx: &Tx<'_>, device: &Device, id: i64, resolution: &Resolution) -> Result<()> {
    let conflict = conflicts::by_id(tx, id)?.ok_or_else(|| Error::not_found("conflict", id.to_string()))?;
    let Some(mut row) = documents::find(tx, conflict.collection, &conflict.doc_id)? else {
        return conflicts::remove(tx, id);
    };
    let mut ops = outbox::of_document(tx, row.row)?;
    for op in ops.iter_mut().filter(|op| op.state == OpState::InConflict) {
        op.state = OpState::Queued;
        op.rounds = 0;
    }
    let server = server_side(&conflict, &row);
    let server_fields = server.body.as_deref().map(parse_body).transpose()?;
    let verdict = match resolution {
        Resolution::Document(text) => {
            take_document(tx, &mut row, &mut ops, text, server_fields.as_ref())?;
            if ops.is_empty() {
                Verdict::TakeServer
            } else {
                verdict(device, &row, &ops, &server, server_fields.as_ref(), Strategy::LocalWins)?
            }
        }
        Resolution::KeepServer => Verdict::TakeServer,
        Resolution::KeepLocal => verdict(device, &row, &ops, &server, server_fields.as_ref(), Strategy::LocalWins)?,
        Resolution::Merge => match verdict(device, &row, &ops, &server, server_fields.as_ref(), Strategy::Merge)? {
            // Nothing tells which edit is later: the person is here, so what is here stands.
            Verdict::NeedsStamps => verdict(device, &row, &ops, &server, server_fields.as_ref(), Strategy::LocalWins)?,
            verdict => verdict,
        },
    };
    let settler = Settler {
        tx,
        device,
        row: &row,
        server: &server,
        server_fields: server_fields.as_ref(),
        base: None,
        declared: false,
    };
    let left = settle(&settler, ops, verdict)?;
    conflicts::remove(tx, id)?;
    save_view(tx, &mut row, &left)?;
    tx.queued();
    Ok(())
}

fn server_side(conflict: &ConflictRow, row: &DocumentRow) -> RemoteChange {
    RemoteChange {
        id: conflict.doc_id.clone(),
        body: conflict.server.clone(),
        version: conflict.server_version,
        seq: row.seq,
        updated_ms: row.updated_ms,
        origin_op: None,
        stamps: conflict.stamps.clone(),
    }
}

fn verdict(
    device: &Device,
    row: &DocumentRow,
    ops: &[Operation],
    server: &RemoteChange,
    fields: Option<&Fields>,
    strategy: Strategy,
) -> Result<Verdict> {
    let Some(intent) = intent(row, ops, device)? else { return Ok(Verdict::TakeServer) };
    let incoming = Incoming { fields, stamps: server.stamps.as_ref(), declared: true, changed: true };
    Ok(judge(strategy, &intent, incoming))
}

/// Makes the operations say exactly this document: one that leads there from the server's side, or none if it is the same.
fn take_document(
    tx: &Tx<'_>,
    row: &mut DocumentRow,
    ops: &mut Vec<Operation>,
    text: &str,
    server: Option<&Fields>,
) -> Result<()> {
    let (document, _) = crate::model::read_fields(text, holm_protocol::limits::Limits::default().record())?;
    let changes = Changes::between(server.unwrap_or(&Fields::new()), &document);
    row.body = Some(crate::outbox::body_text(&document));
    row.hidden = false;
    let mut rest = std::mem::take(ops).into_iter();
    let Some(mut op) = rest.next() else { return Ok(()) };
    for other in rest {
        outbox::absorb(tx, &mut op, &other)?;
    }
    op.kind = if server.is_some() { OpKind::Update } else { OpKind::Create };
    op.before = server.map(|fields| changes.before(fields)).unwrap_or_default();
    op.changes = Some(changes);
    ops.push(op);
    Ok(())
}
