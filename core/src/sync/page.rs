//! Applying a page: its rows and its cursor in one transaction.

use super::digest::of_collection;
use super::door::{Door, Entered, Source};
use crate::backend::StreamPage;
use crate::conflict::Strategy;
use crate::device::Device;
use crate::error::Result;
use crate::model::RemoteChange;
use crate::store::streams::{self, StreamRow};
use crate::store::{Tx, documents};

/// Rows that the server no longer has are looked for in pieces of this size.
const SWEEP: u32 = 1_000;

/// What a page did.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PageApplied {
    pub entered: Entered,
    /// The stream after it.
    pub stream: StreamRow,
    /// At the head, and the same as the server.
    pub in_step: bool,
    /// At the head, and yet not what the server has.
    pub diverged: bool,
}

/// Applies a page that was asked for at `asked`. A page that was overtaken (the stream has moved on since) is dropped: the next pull goes
/// on from where the stream is.
pub(super) fn apply_page(
    tx: &Tx<'_>,
    device: &Device,
    collection: i64,
    strategy: Strategy,
    asked: Option<&str>,
    page: &StreamPage,
) -> Result<PageApplied> {
    let mut door = Door::open(tx, device, collection, strategy)?;
    if door.stream.cursor.as_deref() != asked {
        tracing::debug!(collection = %page.collection, "a page was overtaken");
        return Ok(PageApplied { entered: Entered::default(), stream: door.stream, in_step: false, diverged: false });
    }
    for change in &page.changes {
        door.take(change, Source::State)?;
    }
    door.stream.cursor = Some(page.next_cursor.clone());
    door.stream.space.clone_from(&page.space);
    if !page.has_more && door.stream.loading {
        sweep(&mut door)?;
        door.stream.loading = false;
    }
    let ours = (door.stream.live_count, door.stream.digest);
    let diverged = !page.has_more && page.integrity.is_some_and(|theirs| theirs != ours);
    if diverged {
        tracing::warn!(collection = %page.collection, count = ours.0, "the documents here are not those of the server");
    }
    let (stream, entered) = door.close()?;
    Ok(PageApplied { entered, stream, in_step: !page.has_more && !diverged, diverged })
}

/// After a snapshot: what it did not show is gone on the server. Documents with pending edits become conflicts, not deletions.
fn sweep(door: &mut Door<'_>) -> Result<()> {
    loop {
        let gone = documents::unconfirmed(door.tx, door.stream.collection, door.stream.generation, SWEEP)?;
        if gone.is_empty() {
            break;
        }
        for row in gone {
            let nowhere = RemoteChange {
                id: row.id,
                body: None,
                version: None,
                seq: None,
                updated_ms: None,
                origin_op: None,
                stamps: None,
            };
            door.take(&nowhere, Source::State)?;
        }
    }
    if door.stream.generation > 1 {
        // Whatever went wrong before: from here on the sums are those of the rows.
        (door.stream.live_count, door.stream.digest) = of_collection(door.tx, door.stream.collection)?;
    }
    Ok(())
}

/// Starts reading a collection anew. Its documents stay in sight, its operations wait.
pub(super) fn restart(tx: &Tx<'_>, collection: i64, repaired_ms: Option<i64>) -> Result<()> {
    let mut stream = streams::get(tx, collection)?;
    stream.generation += 1;
    stream.loading = true;
    stream.cursor = None;
    stream.repaired_ms = repaired_ms.or(stream.repaired_ms);
    streams::save(tx, &stream)
}
