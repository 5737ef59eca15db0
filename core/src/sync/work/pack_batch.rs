//! Filling a request with operations, up to its size.

use crate::backend::Outgoing;
use crate::error::{Error, Result};
use crate::model::{BatchLimits, OPERATION_BYTES, OpKind, Operation};
use crate::outbox;
use crate::repository::Registry;
use crate::store::{Tx, documents, operations as queue, server_ids};
use crate::sync::reference_ids::ReferenceIds;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of one request before compression that are enough, whatever the server takes. A group may have more.
const ENOUGH_BYTES: usize = 2 << 20;

/// Joins each operation with what it needs, up to the size of a request. Groups stay whole. Also returns how many bytes they take, at most.
pub(super) fn pack_batch(
    tx: &Tx<'_>,
    batch: Vec<Operation>,
    names: &BTreeMap<i64, String>,
    registry: &Registry,
    limits: BatchLimits,
) -> Result<(Vec<Outgoing>, usize)> {
    let most = limits.bytes.min(ENOUGH_BYTES);
    let mut operations: Vec<Outgoing> = Vec::with_capacity(batch.len());
    let mut weight = 0;
    // Collections, and whether the server has ids of its own for documents of them.
    let mut renames: BTreeMap<i64, bool> = BTreeMap::new();
    let groups: BTreeMap<String, usize> =
        batch.iter().filter_map(|op| op.group.clone()).fold(BTreeMap::new(), |mut count, group| {
            *count.entry(group).or_default() += 1;
            count
        });
    let mut references: BTreeMap<i64, ReferenceIds> = BTreeMap::new();
    for mut op in batch {
        let mut body = match (op.kind, &op.changes) {
            (OpKind::Create, None) => documents::by_row(tx, op.document)?.and_then(|row| row.body),
            // What is made again is more than its changes.
            (OpKind::Create, Some(_)) if !op.before.is_empty() => {
                let content = op.created().map(|fields| outbox::body_text(&fields));
                op.changes = None;
                content
            }
            _ => None,
        };
        let content = body.as_ref().map_or(0, String::len)
            + op.changes.as_ref().map_or(0, |changes| queue::changes_bytes(changes, op.stamp));
        weight += content + OPERATION_BYTES;
        let begun =
            op.group.as_ref().is_some_and(|group| operations.iter().any(|o| o.op.group.as_ref() == Some(group)));
        if weight > most && !operations.is_empty() && !begun {
            break;
        }
        // Only an action may be about no collection.
        let collection = match names.get(&op.collection) {
            Some(name) => name.clone(),
            None if op.kind == OpKind::Action => String::new(),
            None => return Err(Error::internal("an operation without a collection")),
        };
        let renamed = match renames.get(&op.collection) {
            Some(renamed) => *renamed,
            None => *renames.entry(op.collection).or_insert(server_ids::any(tx, op.collection)?),
        };
        let remote_id = if renamed { server_ids::remote(tx, op.collection, &op.doc_id)? } else { None };
        if let Entry::Vacant(place) = references.entry(op.collection) {
            place.insert(ReferenceIds::of(tx, &registry.by_id(op.collection))?);
        }
        if let Some(ids) = references.get(&op.collection) {
            if let Some(with_ids) =
                op.changes.as_ref().map(|changes| ids.changes_to_server(tx, changes)).transpose()?.flatten()
            {
                op.changes = Some(with_ids);
            }
            body = match &body {
                Some(local) => ids.body_to_server(tx, local)?.or(body),
                None => None,
            };
        }
        operations.push(Outgoing { op, collection, remote_id, body });
    }
    // The members of a group need not be neighbours.
    let whole =
        |group: &String| operations.iter().filter(|o| o.op.group.as_ref() == Some(group)).count() == groups[group];
    let broken: BTreeSet<String> = groups.keys().filter(|group| !whole(group)).cloned().collect();
    operations.retain(|o| o.op.group.as_ref().is_none_or(|group| !broken.contains(group)));
    Ok((operations, weight))
}
