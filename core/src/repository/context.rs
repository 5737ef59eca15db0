//! What collections and transactions work with.

use super::consistency::{Confirmer, Unconfirmed};
use super::known_wipes::KnownWipes;
use super::live::Watchers;
use super::refresh::Refresher;
use super::registry::Registry;
use super::transaction::Transaction;
use crate::cache::{Executor, Readings};
use crate::device::Device;
use crate::error::{Error, ErrorCode, Result};
use crate::store::{Store, Tx};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What reads and writes share.
pub(crate) struct RepositoryContext {
    pub store: Store,
    pub device: Arc<Device>,
    pub registry: Arc<Registry>,
    pub wipes: KnownWipes,
    pub watchers: Arc<Watchers>,
    pub executor: Executor,
    /// When this process has read what.
    pub readings: Arc<Readings>,
    /// Reads from the server. `None` if the client has no server.
    pub refresher: Option<Arc<dyn Refresher>>,
    /// Waits for the server's word on writes; none: there is no server.
    pub confirmer: Option<Arc<dyn Confirmer>>,
}

impl RepositoryContext {
    /// Runs a transaction, and returns after its commit; if `may_confirm`, and it has written to a confirmed collection, after the server has
    /// accepted it.
    pub async fn write<T, F>(self: &Arc<Self>, may_confirm: bool, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    {
        if may_confirm {
            return self.start(work)?.await.unwrap_or_else(|_| Err(Error::state(ErrorCode::Closed)));
        }
        let context = self.clone();
        self.store.write(move |tx| context.carry_out(tx, work)).await
    }

    /// [`write`](Self::write) for a thread that may block.
    pub fn write_blocking<T, F>(self: &Arc<Self>, may_confirm: bool, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    {
        if may_confirm {
            return self.start(work)?.blocking_recv().unwrap_or_else(|_| Err(Error::state(ErrorCode::Closed)));
        }
        let context = self.clone();
        self.store.write_blocking(move |tx| context.carry_out(tx, work))
    }

    fn carry_out<T>(&self, tx: &Tx<'_>, work: impl FnOnce(&mut Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut transaction = self.begin(tx)?;
        let result = work(&mut transaction)?;
        transaction.finish().map(|_| result)
    }

    fn begin<'t>(&'t self, tx: &'t Tx<'t>) -> Result<Transaction<'t>> {
        self.wipes.check(tx)?;
        Ok(Transaction::new(tx, &self.device, &self.registry))
    }

    /// Starts a transaction that may write to confirmed collections. It goes to its end by itself; a caller that stops listening gives up
    /// waiting for the server, and what has not been sent by then is taken back.
    fn start<T, F>(self: &Arc<Self>, work: F) -> Result<oneshot::Receiver<Result<T>>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let (mut tell, told) = oneshot::channel();
        let context = self.clone();
        let write = async move {
            let result = match context.commit(work).await {
                Ok((result, Some(unconfirmed))) => context.confirm(unconfirmed, &mut tell).await.map(|()| result),
                Ok((result, None)) => Ok(result),
                Err(error) => Err(error),
            };
            // An error: the caller has gone.
            let _ = tell.send(result);
        };
        self.confirmer()?.spawn(Box::pin(write));
        Ok(told)
    }

    async fn commit<T, F>(self: &Arc<Self>, work: F) -> Result<(T, Option<Unconfirmed>)>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let context = self.clone();
        self.store
            .write(move |tx| {
                let ready = || context.confirmer()?.ready();
                let mut transaction = context.begin(tx)?.confirming(&ready);
                let result = work(&mut transaction)?;
                Ok((result, transaction.finish()?))
            })
            .await
    }

    async fn confirm<T: Send>(&self, write: Unconfirmed, tell: &mut oneshot::Sender<Result<T>>) -> Result<()> {
        self.confirmer()?.confirm(write, Box::pin(tell.closed())).await
    }

    fn confirmer(&self) -> Result<&Arc<dyn Confirmer>> {
        self.confirmer.as_ref().ok_or_else(Error::no_server)
    }
}
