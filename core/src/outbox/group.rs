//! A group's members share one fate.

use super::park::{give_up, queue_again, yield_to_delete};
use super::{GroupFate, Pending};
use crate::device::Device;
use crate::error::Result;
use crate::model::{OpEvent, OpState, Operation};
use crate::store::journal::LossReason;
use crate::store::{Tx, operations};
use std::collections::BTreeSet;

/// What became of a member becomes of the others.
pub(super) fn spread(tx: &Tx<'_>, device: &Device, group: &str, fate: &GroupFate) -> Result<()> {
    each_document(tx, group, |mut pending| {
        let member = |op: &Operation| op.group.as_deref() == Some(group);
        match fate {
            GroupFate::Discarded => give_up(&mut pending, device, LossReason::Discarded, &member)?,
            GroupFate::Overridden => give_up(&mut pending, device, LossReason::ServerKept, &member)?,
            GroupFate::Joined(into) => {
                for op in pending.ops.iter_mut().filter(|op| member(op)) {
                    op.group = Some(into.clone());
                }
            }
            GroupFate::Accepted => {
                queue_again(&mut pending, &|op| op.is_parked() && op.was_sent() && member(op));
            }
            GroupFate::Parked { error, sent } => {
                pending.freeze_create()?;
                for at in 0..pending.ops.len() {
                    if member(&pending.ops[at])
                        && !pending.ops[at].is_parked()
                        && pending.ops[at].state != OpState::InConflict
                    {
                        let sent = *sent && pending.ops[at].was_sent();
                        let event = if sent { OpEvent::ParkedUnanswered } else { OpEvent::Refused };
                        pending.ops[at].on(event(error.clone()));
                    }
                }
                yield_to_delete(&mut pending);
            }
        }
        pending.groups.retain(|(other, _)| other != group);
        pending.save(tx, device).map(drop)
    })
}

/// Queues all members of a parked group again.
pub(crate) fn retry_group(tx: &Tx<'_>, device: &Device, group: &str) -> Result<()> {
    each_document(tx, group, |mut pending| {
        queue_again(&mut pending, &|op| op.group.as_deref() == Some(group));
        pending.save(tx, device).map(drop)
    })
}

pub(super) fn each_document(tx: &Tx<'_>, group: &str, mut work: impl FnMut(Pending) -> Result<()>) -> Result<()> {
    let members = operations::of_group(tx, group)?;
    let documents: BTreeSet<i64> = members.iter().map(|op| op.document).collect();
    for document in documents {
        if let Some(pending) = Pending::of_row(tx, document)? {
            work(pending)?;
        }
    }
    Ok(())
}

/// Checks that a group which a transaction has made can be sent: it travels whole.
///
/// # Errors
/// `GROUP_TOO_LARGE`.
pub(crate) fn check_group(tx: &Tx<'_>, device: &Device, group: &str) -> Result<()> {
    let (members, bytes) = operations::group_size(tx, group)?;
    device.limits.check_group(members, bytes)
}
