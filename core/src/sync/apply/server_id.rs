//! What the server calls a document that was made here, if it gives records ids of its own.

use super::reconcile::Reconciler;
use crate::error::Result;
use crate::model::RemoteChange;
use crate::outbox::{Pending, Source};
use crate::store::documents::{self, DocumentRow};
use crate::store::{collections, server_ids, waiting_states};
use crate::sync::reference_ids::ReferenceIds;

impl Reconciler<'_> {
    /// The server calls a document of this device `server_id`. Its record may be here already under that id, as another device's, because the
    /// answer to the create was lost: that is this document. What is newer of its state than `seq`, the place of the state that comes with the id,
    /// counts, and what was done to it goes on here. The id of another document of this device says nothing.
    ///
    /// `late`: other devices may have known the record before. Then documents may be here that refer to it by the server's id: they are read anew.
    pub fn learn_server_id(&mut self, id: &str, server_id: &str, seq: Option<i64>, late: bool) -> Result<()> {
        let collection = self.stream.collection;
        if id == server_id || server_ids::local(self.tx, collection, server_id)?.is_some() {
            return Ok(());
        }
        let other = Pending::find(self.tx, collection, server_id)?;
        if let Some(other) = &other {
            let counted = self.digest_without(&other.row)?;
            self.count(0, counted);
        }
        self.keep_server_id(id, server_id)?;
        if late || other.is_some() {
            self.read_references_anew()?;
        }
        let Some(other) = other else { return Ok(()) };
        // That it lost its content to a limit says that there is a state that is not here.
        self.unknown |= other.row.evicted && other.row.seq > seq;
        let waiting = waiting_states::take(self.tx, other.row.row)?;
        // First the state: what was done to the record was done to that.
        if let Some(state) = state_of(&other.row).filter(|state| state.seq > seq) {
            self.apply_here(&RemoteChange { id: id.to_owned(), ..state }, Source::State)?;
        }
        if let Some(mut pending) = Pending::find(self.tx, collection, id)? {
            pending.take_over(self.tx, other)?;
            pending.save(self.tx, self.device)?;
        }
        if let Some(waiting) = waiting {
            self.apply_here(&RemoteChange { id: id.to_owned(), ..waiting }, Source::State)?;
        }
        Ok(())
    }

    fn read_references_anew(&mut self) -> Result<()> {
        for name in &self.info.referred_by {
            match collections::find(self.tx, name)? {
                Some(collection) if collection == self.info.id => self.unknown = true,
                Some(collection) => super::restart(self.tx, collection, None)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Keeps the id, and counts the document under it.
    fn keep_server_id(&mut self, id: &str, server_id: &str) -> Result<()> {
        let row = documents::find(self.tx, self.stream.collection, id)?;
        let counted = row.as_ref().map_or(Ok(0), |row| self.digest_without(row))?;
        server_ids::keep(self.tx, self.stream.collection, id, server_id)?;
        self.server_ids = None;
        self.reference_ids = ReferenceIds::of(self.tx, self.info)?;
        row.map_or(Ok(()), |row| self.digest_with(&row, counted))
    }
}

/// The server's state that a row has. `None` if it has none, or has lost its content.
fn state_of(row: &DocumentRow) -> Option<RemoteChange> {
    let state = RemoteChange {
        version: row.version,
        seq: row.seq,
        updated_ms: row.updated_ms,
        ..RemoteChange::missing(&row.id)
    };
    (row.seq.is_some() && !row.evicted).then(|| RemoteChange { body: row.server_body().cloned(), ..state })
}
