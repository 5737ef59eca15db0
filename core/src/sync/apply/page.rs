//! Applying a page: its rows and its cursor in one transaction.

use super::digest::of_collection;
use super::reconcile::{Applied, Reconciler};
use crate::backend::StreamPage;
use crate::device::Device;
use crate::error::Result;
use crate::model::RemoteChange;
use crate::outbox::Source;
use crate::repository::CollectionInfo;
use crate::store::streams::{self, StreamRow};
use crate::store::{Tx, documents, waiting_states};

/// Rows that the server no longer has are looked for in pieces of this size.
const SWEEP: u32 = 1_000;

/// What a page did.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sync) struct PageApplied {
    pub applied: Applied,
    /// The stream after it.
    pub stream: StreamRow,
    /// It had rows, be they this device's own, and the stream is behind them now.
    pub advanced: bool,
    /// At the head, and the same as the server.
    pub in_step: bool,
    /// At the head, and yet not what the server has.
    pub diverged: bool,
}

/// Applies a page that was asked for at `asked`. A page that was overtaken (the stream has moved on since) is dropped: the next pull goes
/// on from where the stream is.
pub(in crate::sync) fn apply_page(
    tx: &Tx<'_>,
    device: &Device,
    info: &CollectionInfo,
    asked: Option<&str>,
    page: &StreamPage,
) -> Result<PageApplied> {
    let collection = info.id;
    let mut reconciler = Reconciler::open(tx, device, info)?;
    if reconciler.stream.cursor.as_deref() != asked {
        tracing::debug!(collection = %page.collection, "a page was overtaken");
        return Ok(PageApplied {
            applied: Applied::default(),
            stream: reconciler.stream,
            advanced: false,
            in_step: false,
            diverged: false,
        });
    }
    for change in &page.changes {
        reconciler.apply(change, Source::State)?;
    }
    let mut comparable = !waiting_states::any(tx, collection)?;
    for record in &page.unreadable {
        tracing::warn!(collection = %page.collection, why = %record.why, "a record cannot be read");
        comparable &= reconciler.take_unreadable(record)?;
    }
    let has_rows = !page.changes.is_empty() || !page.unreadable.is_empty();
    let advanced = has_rows && asked != Some(page.next_cursor.as_str());
    reconciler.stream.cursor = Some(page.next_cursor.clone());
    reconciler.stream.space.clone_from(&page.space);
    if !page.has_more && reconciler.stream.loading {
        sweep(&mut reconciler)?;
        reconciler.stream.loading = false;
    }
    let ours = (reconciler.stream.live_count, reconciler.stream.digest);
    let diverged = comparable && !page.has_more && page.integrity.is_some_and(|theirs| theirs != ours);
    if diverged {
        tracing::warn!(collection = %page.collection, count = ours.0, "the documents here are not those of the server");
    }
    let (stream, applied) = reconciler.close()?;
    Ok(PageApplied { applied, stream, advanced, in_step: !page.has_more && !diverged, diverged })
}

/// After a snapshot: what it did not show is gone on the server. Documents with pending edits become conflicts, not deletions.
fn sweep(reconciler: &mut Reconciler<'_>) -> Result<()> {
    // Every row is looked at once, whatever becomes of it.
    let mut after = 0;
    loop {
        let stream = &reconciler.stream;
        let gone = documents::of_older_readings(reconciler.tx, stream.collection, stream.generation, after, SWEEP)?;
        let Some(last) = gone.last() else { break };
        after = last.row;
        for row in gone {
            reconciler.apply_here(&RemoteChange::missing(row.id), Source::State)?;
        }
    }
    if reconciler.stream.generation > 1 {
        // Whatever went wrong before: from here on the sums are those of the rows.
        (reconciler.stream.live_count, reconciler.stream.digest) =
            of_collection(reconciler.tx, reconciler.stream.collection)?;
    }
    Ok(())
}

/// Starts reading a collection anew. Its documents stay in sight, its operations wait.
pub(crate) fn restart(tx: &Tx<'_>, collection: i64, repaired_ms: Option<i64>) -> Result<()> {
    let mut stream = streams::get(tx, collection)?;
    stream.generation += 1;
    stream.loading = true;
    stream.cursor = None;
    stream.repaired_ms = repaired_ms.or(stream.repaired_ms);
    // The snapshot shows what waits, too, or the server does not have it any more.
    waiting_states::forget_all(tx, collection)?;
    streams::save(tx, &stream)
}
