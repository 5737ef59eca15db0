//! The queue of writes, as an app sees it.

use super::holm::Holm;
use super::inspect::PendingOperation;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{OpId, WriteOutcome};
use crate::outbox as queue;
use crate::repository::Receipt;
use crate::store::journal::{self, JournalEntry};
use crate::store::{operations, outcomes};

impl Holm {
    /// Operations that the server has not accepted yet, oldest first, at most `limit`. Blocking.
    pub fn pending(&self, limit: u32) -> Result<Vec<PendingOperation>> {
        self.inner.context.registry.refresh(self.store())?;
        let operations = self.store().read(|connection| operations::all(connection, limit))?;
        Ok(operations.into_iter().map(|op| self.shown(op)).collect())
    }

    /// Operations that the server refused and that wait for a decision, oldest first. Blocking.
    pub fn parked(&self) -> Result<Vec<PendingOperation>> {
        self.inner.context.registry.refresh(self.store())?;
        let operations = self.store().read(operations::parked)?;
        Ok(operations.into_iter().map(|op| self.shown(op)).collect())
    }

    /// Sends a parked operation again, its group with it, together with what was edited in its document since: that is how a refused
    /// write is repaired. Completes after the commit.
    ///
    /// # Errors
    /// `NOT_FOUND` if no such operation is parked.
    pub async fn retry(&self, op: OpId) -> Result<()> {
        let context = self.inner.context.clone();
        self.store().write(move |tx| queue::retry(tx, &context.device, op)).await?;
        if let Ok(engine) = self.engine() {
            engine.retry_now();
        }
        Ok(())
    }

    /// Gives up an operation that is parked, or that has never been sent, and its group with it: the journal keeps what it held, and the
    /// document goes back to the server's state with what else is pending. Giving up a create gives up the document; documents that refer to
    /// it and wait for it are parked with the code `REFERENCE_DISCARDED`, so that none is sent without it unless the app retries it.
    /// Completes after the commit.
    ///
    /// # Errors
    /// `NOT_FOUND` if there is no such operation. One that was sent is none: the server may have it.
    pub async fn discard(&self, op: OpId) -> Result<()> {
        let context = self.inner.context.clone();
        self.store().write(move |tx| queue::discard(tx, &context.device, op)).await
    }

    /// Values that lost, newest first, at most `limit`: overwritten by a resolution, or discarded. Blocking.
    pub fn journal(&self, limit: u32) -> Result<Vec<JournalEntry>> {
        self.store()
            .read(|connection| journal::newest(connection, limit, |stored_ms| self.device().server_ms(stored_ms)))
    }

    /// Writes the values of a journal entry back, as a write of now: an update of the document, its create if it is gone, or its delete.
    /// An action is queued again, as a new call. The entry stays. Completes after the commit, or in a confirmed collection after the server
    /// has accepted it.
    ///
    /// # Errors
    /// `NOT_FOUND` if there is no such entry (any more), and those of a write.
    pub async fn restore(&self, entry: i64) -> Result<Receipt> {
        self.inner.context.registry.refresh(self.store())?;
        self.write(move |tx| tx.restore(entry)).await
    }

    /// Waits until a write has ended: accepted by the server, or otherwise. Survives restarts: ask with the same id. A parked write counts
    /// as ended here. Dropping the future gives up waiting.
    ///
    /// The newest 10,000 outcomes other than a plain acceptance are kept. An older write reads as accepted, with no version, however it ended.
    ///
    /// # Errors
    /// `NOT_FOUND` if this store has never made such a write; those of storage, and `CLOSED`.
    pub async fn confirmed(&self, op: OpId) -> Result<WriteOutcome> {
        let told = self.inner.waiters.wait_for(op);
        let known = self.store().read(|connection| {
            Ok(match operations::by_id(connection, op)? {
                Some(op) if op.is_parked() => Some(WriteOutcome::Parked),
                Some(_) => None,
                None => Some(queue::ended(connection, op)?),
            })
        })?;
        match known {
            Some(outcome) => Ok(outcome),
            None => told.await.map_err(|_| Error::state(ErrorCode::Closed)),
        }
    }

    /// Calls an action of the server, see [`Transaction::action`](crate::Transaction::action). The receipt's operation is awaited with
    /// [`confirmed`](Self::confirmed), and its result read with [`action_result`](Self::action_result). Completes after the commit.
    ///
    /// # Errors
    /// Those of [`Transaction::action`](crate::Transaction::action), and of storage.
    pub async fn action(
        &self,
        name: &str,
        collection: Option<&str>,
        doc_id: Option<&str>,
        params: &serde_json::Value,
    ) -> Result<Receipt> {
        let (name, params) = (name.to_owned(), params.clone());
        let (collection, doc_id) = (collection.map(str::to_owned), doc_id.map(str::to_owned));
        self.write(move |tx| tx.action(&name, collection.as_deref(), doc_id.as_deref(), &params)).await
    }

    /// JSON: what an action returned. `None` if it has not ended, if the operation is not an action that was accepted, or if it is older than the
    /// newest 10,000 results and outcomes, which are kept. Survives restarts. Blocking.
    pub fn action_result(&self, op: OpId) -> Result<Option<String>> {
        self.store().read(|connection| outcomes::result(connection, op))
    }

    /// Waits until nothing is left to send. What is parked or in conflict does not count. Dropping the future gives up waiting.
    ///
    /// # Errors
    /// Those of storage, and `CLOSED`.
    pub async fn idle(&self) -> Result<()> {
        let mut watch = self.watch_state();
        while let Some(state) = watch.next().await {
            if state?.pending == 0 {
                return Ok(());
            }
        }
        Err(Error::state(ErrorCode::Closed))
    }
}
