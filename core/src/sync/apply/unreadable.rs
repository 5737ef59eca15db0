//! Records that the server has and this build cannot read.

use super::reconcile::Reconciler;
use crate::backend::UnreadableRecord;
use crate::error::Result;
use crate::store::documents::{self, DocumentRow};
use crate::store::meta::{self, Key};
use crate::store::{Tx, collections, unreadable};

/// At the opening of the store: if another build of Holm had it open before, collections with records that could not be read are read anew.
pub(crate) fn retry_after_upgrade(tx: &Tx<'_>) -> Result<()> {
    let build = env!("CARGO_PKG_VERSION");
    if meta::get(tx, Key::Build)?.as_deref() == Some(build) {
        return Ok(());
    }
    for (collection, _) in collections::all(tx)? {
        if unreadable::any(tx, collection)? {
            super::restart(tx, collection, None)?;
        }
    }
    meta::set(tx, Key::Build, build)
}

impl Reconciler<'_> {
    /// Takes note of a record that cannot be read, so that count and digest agree with the server's and nothing is read anew because of it.
    /// A document that is not here yet becomes one without content, as if it had been evicted. One that is here keeps what it shows. A later state is
    /// taken in, and a fetch tries to read this one again.
    ///
    /// False if the record does not even say what it is: then the stream cannot be compared with the server's.
    pub fn take_unreadable(&mut self, record: &UnreadableRecord) -> Result<bool> {
        let (Some(id), Some(seq)) = (&record.id, record.seq) else { return Ok(false) };
        let found = documents::find(self.tx, self.stream.collection, id)?;
        let known = found.is_some();
        let mut row = found.clone().unwrap_or_else(|| DocumentRow::new(self.stream.collection, id.clone()));
        let newer = row.seq.is_none_or(|have| seq > have) || row.generation < self.stream.generation;
        if known && !newer {
            return Ok(true);
        }
        let counted = if known { self.digest_without(&row)? } else { 0 };
        unreadable::note(self.tx, self.stream.collection, id, seq, row.version.is_some())?;
        row.seq = Some(seq);
        row.generation = self.stream.generation;
        if row.server_body().is_none() && !row.is_pending() {
            (row.evicted, row.hidden) = (true, true);
        }
        match &found {
            Some(found) => documents::update(self.tx, found, &row)?,
            None => documents::insert(self.tx, &mut row)?,
        }
        self.digest_with(&row, counted)?;
        Ok(true)
    }
}
