//! Writes that belong together, and what an app asks of the server beside writes: groups, references, one global order, actions, resolvers.
//! The real core and the real server; replies are lost, stores are copied, and the app edits meanwhile.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

mod actions;
mod belonging;
mod given_up;
mod groups;
mod joined;
mod made_again;
mod ordered;
mod overlap;
mod parked_unanswered;
mod references;
mod resolvers;
mod server_ids;
mod undo;

use holm_core::{PendingOperation, Transaction};
use holm_tests::fixture::Device;
use serde_json::Value;

/// A server that takes no title longer than 10 characters.
const STRICT: &str = "[collections.tasks.fields.title]\nmax_length = 10";
const TOO_LONG: &str = "much too long for this server";

/// Makes a group of these writes.
async fn group(device: &Device, work: impl FnOnce(&Transaction<'_>) -> holm_core::Result<()> + Send + 'static) {
    let all = move |tx: &mut Transaction<'_>| {
        tx.group();
        work(tx)
    };
    device.holm.write(all).await.unwrap();
}

/// The parked operation of a document.
fn parked(device: &Device, id: &str) -> PendingOperation {
    let found = device.holm.parked().unwrap().into_iter().find(|op| op.doc_id == id);
    found.unwrap_or_else(|| panic!("nothing of {id} is parked on {}", device.name))
}

/// The code for which the operation of a document is parked. `None` if none is.
fn why(device: &Device, id: &str) -> Option<String> {
    let found = device.holm.parked().unwrap().into_iter().find(|op| op.doc_id == id);
    found.map(|op| op.error.unwrap().code)
}

/// The number in a member of a document.
fn number(device: &Device, id: &str, member: &str) -> Value {
    device.get(id).map_or(Value::Null, |document| document[member].clone())
}
