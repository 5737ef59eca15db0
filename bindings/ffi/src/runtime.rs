//! The one tokio runtime of the process.

use crate::cancel::FfiCancel;
use crate::error::{FfiError, Result};
use holm_core::ErrorCode;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();

/// The runtime; made at first use. Two threads: the work is waiting for sockets.
pub(crate) fn runtime() -> Result<&'static Runtime> {
    let made = RUNTIME
        .get_or_init(|| Builder::new_multi_thread().worker_threads(2).thread_name("holm").enable_all().build().ok());
    made.as_ref().ok_or_else(|| FfiError::of(ErrorCode::Internal))
}

/// Runs a future on the runtime and waits for it from whatever executor the host has. Dropping this gives the future up.
pub(crate) async fn run<T, F>(future: F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = holm_core::Result<T>> + Send + 'static,
{
    let mut task = AbortOnDrop(runtime()?.spawn(future));
    match (&mut task.0).await {
        Ok(result) => Ok(result?),
        // A panic was caught, or the runtime is going down with the process.
        Err(_) => Err(FfiError::of(ErrorCode::Internal)),
    }
}

/// The same, ended early by `cancel` with `CANCELLED`.
pub(crate) async fn run_until<T, F>(cancel: Option<Arc<FfiCancel>>, future: F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = holm_core::Result<T>> + Send + 'static,
{
    match cancel {
        Some(cancel) => run(cancellable(cancel, future)).await,
        None => run(future).await,
    }
}

/// A future that needs no runtime, ended early by `cancel` with `CANCELLED`.
pub(crate) async fn unless<T>(
    cancel: Option<Arc<FfiCancel>>,
    future: impl Future<Output = holm_core::Result<T>>,
) -> Result<T> {
    Ok(match cancel {
        Some(cancel) => cancellable(cancel, future).await?,
        None => future.await?,
    })
}

async fn cancellable<T>(
    cancel: Arc<FfiCancel>,
    future: impl Future<Output = holm_core::Result<T>>,
) -> holm_core::Result<T> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => {
            Err(holm_core::Error::State { code: ErrorCode::Cancelled, message: ErrorCode::Cancelled.meaning().to_owned() })
        }
        result = future => result,
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
