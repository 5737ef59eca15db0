//! A local write: the view changes and the operation is queued, in one transaction.

use super::coalesce::{Intent, Joined, join};
use super::view::{body_text, freeze_create, parse_body, save_view};
use crate::device::Device;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Body, Changes, DocumentId, Fields, OpId, OpKind, OpState, Operation, check_view};
use crate::store::documents::{self, DocumentRow};
use crate::store::{Settled, Tx, outbox};

/// How an update is given.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// A merge patch with field operations.
    Patch(Fields),
    /// The whole document: counts as its difference from what the device shows.
    Replace(Fields),
}

/// Makes a document. A document deleted here before may be made again under its id.
///
/// # Errors
/// `ALREADY_EXISTS` if it is there, or was evicted.
pub(crate) fn create(
    tx: &Tx<'_>,
    device: &Device,
    collection: (i64, &str),
    id: &DocumentId,
    body: Body,
    group: Option<&str>,
) -> Result<OpId> {
    let known = documents::find(tx, collection.0, id.as_str())?;
    let Some(mut row) = known else {
        let mut row = DocumentRow { pending: true, body: Some(body), ..DocumentRow::new(collection.0, id.as_str()) };
        documents::insert(tx, &mut row)?;
        return append(tx, device, &row, OpKind::Create, None, group);
    };
    if !row.hidden || row.evicted {
        return Err(Error::AlreadyExists { collection: collection.1.to_owned(), id: id.to_string() });
    }
    let mut ops = outbox::of_document(tx, row.row)?;
    if let Some(last) = ops.last_mut()
        && last.kind == OpKind::Delete
        && last.is_open()
        && last.group.as_deref() == group
    {
        return undo_delete(tx, device, row, last, body);
    }
    begin_pending(&mut row);
    row.hidden = false;
    row.body = Some(body);
    documents::update(tx, &row)?;
    let changes = if ops.is_empty() {
        None
    } else {
        Some(Changes::between(&Fields::new(), &parse_body(row.body.as_deref().unwrap_or("{}"))?))
    };
    append(tx, device, &row, OpKind::Create, changes.map(|changes| (changes, Fields::new())), group)
}

/// Deleted and made again before anything was sent: to the server that is an update, or nothing.
fn undo_delete(tx: &Tx<'_>, device: &Device, mut row: DocumentRow, delete: &mut Operation, body: Body) -> Result<OpId> {
    let was = parse_body(row.body.as_deref().unwrap_or("{}"))?;
    let changes = Changes::between(&was, &parse_body(&body)?);
    row.hidden = false;
    row.body = Some(body);
    if changes.is_empty() {
        outbox::end(tx, delete, Settled::Withdrawn)?;
        let left = outbox::of_document(tx, row.row)?;
        save_view(tx, &mut row, &left)?;
    } else {
        delete.kind = OpKind::Update;
        delete.before = changes.before(&was);
        delete.changes = Some(changes);
        delete.hlc = device.stamp(tx)?;
        outbox::update(tx, delete)?;
        documents::update(tx, &row)?;
    }
    tx.queued();
    Ok(delete.op_id)
}

/// Changes a document. None: a replacement that changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `EVICTED`, or `INVALID_DOCUMENT` if a field operation does not fit the present value.
pub(crate) fn update(
    tx: &Tx<'_>,
    device: &Device,
    collection: i64,
    id: &DocumentId,
    edit: &Edit,
    group: Option<&str>,
) -> Result<Option<OpId>> {
    let mut row = visible(tx, collection, id)?;
    let mut fields = parse_body(row.body.as_deref().unwrap_or("{}"))?;
    let changes = match edit {
        Edit::Patch(patch) => Changes::from_patch(patch, &fields)?,
        Edit::Replace(whole) => Changes::between(&fields, whole),
    };
    if changes.is_empty() && matches!(edit, Edit::Replace(_)) {
        return Ok(None);
    }
    let before = changes.before(&fields);
    changes.apply(&mut fields);
    check_view(&fields, device.limits.document())?;

    let mut ops = if row.pending { outbox::of_document(tx, row.row)? } else { Vec::new() };
    let hlc = device.stamp(tx)?;
    let intent = Intent::Update { changes: changes.clone(), before: before.clone() };
    let joined = ops.last().map_or(Joined::Behind, |last| join(last, &intent, &hlc, group));
    let op_id = if let Joined::Into(op) = joined {
        outbox::update(tx, &op)?;
        tx.queued();
        op.op_id
    } else {
        freeze_create(tx, &row, &mut ops)?;
        append(tx, device, &row, OpKind::Update, Some((changes, before)), group)?
    };
    begin_pending(&mut row);
    row.body = Some(body_text(&fields));
    documents::update(tx, &row)?;
    Ok(Some(op_id))
}

/// Deletes a document: it is hidden at once, and gone when the server has confirmed it.
///
/// # Errors
/// `NOT_FOUND`, `EVICTED`.
pub(crate) fn delete(
    tx: &Tx<'_>,
    device: &Device,
    collection: i64,
    id: &DocumentId,
    group: Option<&str>,
) -> Result<OpId> {
    let mut row = visible(tx, collection, id)?;
    let mut ops = if row.pending { outbox::of_document(tx, row.row)? } else { Vec::new() };
    let hlc = device.stamp(tx)?;
    let joined = ops.last().map_or(Joined::Behind, |last| join(last, &Intent::Delete, &hlc, group));
    let op_id = match (joined, ops.last()) {
        (Joined::Withdrawn, Some(create)) => {
            let op_id = create.op_id;
            outbox::end(tx, create, Settled::Withdrawn)?;
            ops.pop();
            save_view(tx, &mut row, &ops)?;
            return Ok(op_id);
        }
        (Joined::Into(op), _) => {
            outbox::update(tx, &op)?;
            tx.queued();
            op.op_id
        }
        _ => {
            freeze_create(tx, &row, &mut ops)?;
            append(tx, device, &row, OpKind::Delete, None, group)?
        }
    };
    begin_pending(&mut row);
    row.hidden = true;
    documents::update(tx, &row)?;
    Ok(op_id)
}

fn visible(tx: &Tx<'_>, collection: i64, id: &DocumentId) -> Result<DocumentRow> {
    match documents::find(tx, collection, id.as_str())? {
        Some(row) if row.evicted => {
            let message = format!("the content of document {:?} is not here any more: fetch it first", id.as_str());
            Err(Error::State { code: ErrorCode::Evicted, message })
        }
        Some(row) if !row.hidden => Ok(row),
        _ => Err(Error::not_found("document", id.as_str())),
    }
}

/// From the first pending write on, the server's state has a place of its own.
fn begin_pending(row: &mut DocumentRow) {
    if !row.pending {
        row.pending = true;
        row.base = row.body.clone();
    }
}

fn append(
    tx: &Tx<'_>,
    device: &Device,
    row: &DocumentRow,
    kind: OpKind,
    content: Option<(Changes, Fields)>,
    group: Option<&str>,
) -> Result<OpId> {
    let (changes, before) = content.map_or((None, Fields::new()), |(changes, before)| (Some(changes), before));
    let op = Operation {
        op_seq: 0,
        op_id: device.new_op_id(),
        document: row.row,
        collection: row.collection,
        doc_id: row.id.clone(),
        kind,
        state: OpState::Queued,
        sent: false,
        // A create has one only if it revives a tombstone.
        base_version: row.version,
        changes,
        before,
        hlc: device.stamp(tx)?,
        group: group.map(str::to_owned),
        attempts: 0,
        rounds: 0,
        next_attempt_ms: 0,
        error: None,
        absorbed: Vec::new(),
    };
    outbox::insert(tx, &op)?;
    tx.queued();
    Ok(op.op_id)
}
