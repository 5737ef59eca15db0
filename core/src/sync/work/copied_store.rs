//! A store that was restored from a backup, or copied from another device.

use crate::backend::Outgoing;
use crate::error::Result;
use crate::model::Outcome;
use crate::outbox::KNOWN_WITH_OTHER_CONTENT;
use crate::store::{meta, operations};
use crate::sync::deps::EngineDeps;
use holm_protocol::names::device_id;

/// Whether the server knows newer operations of this device id than this store does. It says so, too, of an
/// operation that another process of this very device has seen to while ours was on its way; that one is no
/// longer in the outbox. To go on under a new id would then do everything again that the other process has
/// just sent.
pub(in crate::sync) fn is_copy(deps: &EngineDeps, sent: &[Outgoing], outcomes: &[Outcome]) -> Result<bool> {
    for (outgoing, _) in sent.iter().zip(outcomes).filter(|(_, outcome)| **outcome == Outcome::Cloned) {
        if deps.store.read(|connection| operations::by_id(connection, outgoing.op.op_id))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an outcome shows that another store writes under this one's device id: it has sent an operation of
/// ours with another content. Such an operation is renewed when the outcomes are taken in.
pub(in crate::sync) fn shares_its_ids(outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(|outcome| matches!(outcome, Outcome::Rejected(error) if error.code == KNOWN_WITH_OTHER_CONTENT))
}

/// Goes on as another device. The same operations go again, and the server recognises by their ids those that
/// the original has sent.
pub(in crate::sync) async fn reassign_device_id(deps: &EngineDeps) -> Result<()> {
    let id = device_id(deps.device.new_uuid().as_bytes());
    tracing::warn!(device = %id, "this store is a copy of another device's: going on under a new id");
    let kept = id.clone();
    deps.store
        .write(move |tx| {
            meta::set(tx, meta::Key::DeviceId, &kept)?;
            operations::release_leases(tx).map(drop)
        })
        .await?;
    deps.device.rename(&id);
    Ok(())
}
