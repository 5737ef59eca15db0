//! A document, and a window on a long result, live.

use crate::collection::{FfiCollection, parse_query};
use crate::error::Result;
use crate::live::FfiSnapshot;
use crate::pack;
use crate::runtime::run;
use holm_core::{LiveDocument, LiveQueryCloser, LiveWindow, LiveWindowMover};
use std::sync::Arc;
use tokio::sync::Mutex;

#[uniffi::export]
impl FfiCollection {
    /// Watches one document, whether or not it is there.
    pub fn live_document(&self, id: String) -> Result<Arc<FfiLiveDocument>> {
        let live = self.collection.live_document(&id)?;
        Ok(Arc::new(FfiLiveDocument { closer: live.closer(), live: Arc::new(Mutex::new(live)) }))
    }

    /// Watches a window of so many documents on a query's result.
    pub fn live_window(&self, query: String, size: u32) -> Result<Arc<FfiLiveWindow>> {
        let live = self.collection.live_window(&parse_query(&query)?, size)?;
        let (closer, mover) = (live.closer(), live.mover());
        Ok(Arc::new(FfiLiveWindow { live: Arc::new(Mutex::new(live)), closer, mover }))
    }
}

/// What a live document shows.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiShownDocument {
    /// The document, packed. `None` if it is not there.
    pub document: Option<Vec<u8>>,
}

/// A watched document. One caller asks at a time.
#[derive(uniffi::Object)]
pub struct FfiLiveDocument {
    live: Arc<Mutex<LiveDocument>>,
    closer: LiveQueryCloser,
}

#[uniffi::export]
impl FfiLiveDocument {
    /// What there is now, and later what has changed. `None` after [`close`](Self::close) or when the client is closed.
    pub async fn next(&self) -> Result<Option<FfiShownDocument>> {
        let live = self.live.clone();
        let shown = run(async move { live.lock().await.next().await.transpose() }).await?;
        Ok(shown.map(|shown| FfiShownDocument { document: shown.as_deref().map(pack::document) }))
    }

    /// Ends the watch: a waiting `next` returns nothing. Returns at once.
    pub fn close(&self) {
        self.closer.close();
    }
}

/// What a window shows.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiWindowSnapshot {
    /// The documents of the window, and what is different from the window before.
    pub window: FfiSnapshot,
    /// How many documents of the result are before the window.
    pub before: u64,
    /// How many are after it.
    pub after: u64,
}

/// A watched window. One caller asks at a time; any may move it.
#[derive(uniffi::Object)]
pub struct FfiLiveWindow {
    live: Arc<Mutex<LiveWindow>>,
    closer: LiveQueryCloser,
    mover: LiveWindowMover,
}

#[uniffi::export]
impl FfiLiveWindow {
    /// The next snapshot. `None` after [`close`](Self::close) or when the client is closed.
    pub async fn next(&self) -> Result<Option<FfiWindowSnapshot>> {
        let live = self.live.clone();
        let shown = run(async move { live.lock().await.next().await.transpose() }).await?;
        Ok(shown.map(|shown| FfiWindowSnapshot {
            window: shown.window.into(),
            before: shown.before,
            after: shown.after,
        }))
    }

    /// Moves the window to where so many documents are before it. Returns at once.
    pub fn move_to(&self, offset: u64) -> Result<()> {
        self.mover.move_to(offset);
        Ok(())
    }

    /// Moves the window so that it begins with this document, and keeps it there. Returns at once.
    pub fn move_to_document(&self, id: String) -> Result<()> {
        self.mover.move_to_document(&id);
        Ok(())
    }

    /// Ends the watch: a waiting `next` returns nothing. Returns at once.
    pub fn close(&self) {
        self.closer.close();
    }
}
