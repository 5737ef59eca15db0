//! Which operations of a push are decided ahead of their transaction.

use super::{Key, Push};
use crate::error::Failure;
use crate::model::{Base, Operation, Target};
use crate::store::records;
use crate::store::streams;
use crate::sync::ahead::Ahead;
use crate::sync::decide::{Write, WriteRules};
use crate::sync::plan::Unit;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// At most so many operations are decided ahead at a time: the reader has other work, too.
const AT_ONCE: usize = 16;

/// Decisions by the places of operations.
pub(crate) type Decisions = BTreeMap<usize, Ahead>;

/// Whether an operation of the push is worth it.
pub(crate) fn is_worth_it(push: &Push, units: &[Unit]) -> bool {
    units.iter().flat_map(Unit::operations).any(|index| heavy(push, index).is_some())
}

/// Decides on the heavy operations of the first units, and says of how many: an operation on a record that one before it may change has to wait until
/// that is done.
pub(crate) fn decide_ahead(db: &Connection, push: &Push, units: &[Unit]) -> Result<(Decisions, usize), Failure> {
    let mut decisions = Decisions::new();
    let mut touched: BTreeSet<Key> = BTreeSet::new();
    for (count, unit) in units.iter().enumerate() {
        let waits = |index| heavy(push, index).is_some_and(|operation| touched.contains(&key(operation)));
        if count > 0
            && unit
                .operations()
                .any(|index| waits(index) || (heavy(push, index).is_some() && decisions.len() >= AT_ONCE))
        {
            return Ok((decisions, count));
        }
        for index in unit.operations() {
            let Some(Ok(operation)) = push.operations.get(index) else { continue };
            let first = touched.insert(key(operation));
            if !first || heavy(push, index).is_none() || decisions.len() >= AT_ONCE {
                continue;
            }
            if let Some(ahead) = decide(db, push, operation)? {
                decisions.insert(index, ahead);
            }
        }
    }
    Ok((decisions, units.len()))
}

/// The operation, if deciding on it may take long and rests on no other operation of the push.
fn heavy(push: &Push, index: usize) -> Option<&Operation> {
    let operation = push.operations.get(index)?.as_ref().ok()?;
    let alone = !matches!(operation.base, Base::Previous) && matches!(operation.target, Target::Id(_));
    (alone && operation.change.as_ref().is_some_and(|change| change.is_heavy())).then_some(operation)
}

fn key(operation: &Operation) -> Key {
    (operation.collection.clone(), operation.target.as_text().to_owned())
}

fn decide(db: &Connection, push: &Push, operation: &Operation) -> Result<Option<Ahead>, Failure> {
    let (collection, Some(change)) = (&operation.collection, &operation.change) else { return Ok(None) };
    let stream = streams::find(db, push.scope.space_row, collection)?.row;
    let Some(record) = records::find(db, stream, operation.target.as_text())? else { return Ok(None) };
    let base = if let Base::At(version) = operation.base { Some(version) } else { None };
    let (hlc, latest_ms) = push.stamp(operation);
    let write = Write { change, base, exact: operation.exact, hlc: &hlc, latest_ms };
    Ok(Some(Ahead::of(&record, write, WriteRules::of(&push.scope.config, collection))?))
}
