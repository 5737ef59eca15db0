//! What the core has to tell, handed to the host's log.
//!
//! Invariants:
//! - One thread delivers, in batches: who logs never waits for the host, and the host is called with no lock held.
//! - A host that is too slow loses lines, and is told how many; it never slows the core down.

use crate::error::Result;
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Lines that wait at most.
const QUEUE: usize = 1_024;
/// Lines in one call at most.
const BATCH: usize = 256;

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FfiLogLevel {
    /// Something is broken.
    Error,
    /// Something is odd, and was dealt with.
    Warn,
    /// What happens, seldom.
    Info,
    /// What happens, request by request.
    Debug,
    /// Everything.
    Trace,
}

/// One line. Holds no content of documents and no secrets.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiLogLine {
    /// How important it is.
    pub level: FfiLogLevel,
    /// Where it comes from: `holm_core::sync::push`.
    pub target: String,
    /// The text.
    pub message: String,
    /// The device's wall clock, ms since 1970.
    pub at_ms: i64,
}

/// The host's log.
#[uniffi::export(foreign)]
pub trait FfiLogSink: Send + Sync {
    /// Takes lines, oldest first. Called on a thread of the core's that does nothing else.
    fn log(&self, lines: Vec<FfiLogLine>) -> std::result::Result<(), FfiLogError>;
}

/// The host could not take lines. They are lost.
#[derive(Debug, Clone, PartialEq, thiserror::Error, uniffi::Error)]
pub enum FfiLogError {
    /// The only kind.
    #[error("{reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for FfiLogError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: error.reason }
    }
}

static LEVEL: AtomicU8 = AtomicU8::new(0);
static LOST: AtomicU64 = AtomicU64::new(0);
static QUEUED: Mutex<Option<SyncSender<FfiLogLine>>> = Mutex::new(None);
static INSTALLED: Once = Once::new();

/// Hands lines of `level` and above to `sink`, in the place of the one before; without a sink the lines are dropped. For the whole
/// process. Lines that wait for the sink before are still delivered to it.
#[uniffi::export]
pub fn set_log_sink(sink: Option<Arc<dyn FfiLogSink>>, level: FfiLogLevel) -> Result<()> {
    LEVEL.store(if sink.is_some() { rank(level) } else { 0 }, Ordering::Relaxed);
    let queue = sink.and_then(|sink| {
        let (queue, lines) = sync_channel(QUEUE);
        std::thread::Builder::new().name("holm-log".to_owned()).spawn(move || deliver(&lines, sink.as_ref())).ok()?;
        Some(queue)
    });
    *QUEUED.lock().unwrap_or_else(PoisonError::into_inner) = queue;
    INSTALLED.call_once(|| {
        // Fails where the process has a subscriber of its own (a Rust host): that one gets the lines, as it wished.
        let _ = tracing::subscriber::set_global_default(Forwarder);
    });
    Ok(())
}

fn deliver(lines: &Receiver<FfiLogLine>, sink: &dyn FfiLogSink) {
    while let Ok(first) = lines.recv() {
        let mut batch = vec![first];
        batch.extend(lines.try_iter().take(BATCH - 1));
        let lost = LOST.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let last = &batch[batch.len() - 1];
            let message = format!("{lost} lines were lost: the log was too slow");
            batch.push(FfiLogLine { level: FfiLogLevel::Warn, target: "holm".to_owned(), message, at_ms: last.at_ms });
        }
        // A failure of the log is dropped: there is no other log to report it to.
        let _ = sink.log(batch);
    }
}

/// Tracing's events, as lines. Spans are not used in the core.
struct Forwarder;

impl Subscriber for Forwarder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        rank(level(metadata.level())) <= LEVEL.load(Ordering::Relaxed) && metadata.target().starts_with("holm")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let line = FfiLogLine {
            level: level(event.metadata().level()),
            target: event.metadata().target().to_owned(),
            message: text.message + &text.fields,
            at_ms: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64),
        };
        let queue = QUEUED.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if queue.is_some_and(|queue| queue.try_send(line).is_err()) {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event's message, and its other fields as ` name=value`.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a String does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

fn level(level: &Level) -> FfiLogLevel {
    match *level {
        Level::ERROR => FfiLogLevel::Error,
        Level::WARN => FfiLogLevel::Warn,
        Level::INFO => FfiLogLevel::Info,
        Level::DEBUG => FfiLogLevel::Debug,
        Level::TRACE => FfiLogLevel::Trace,
    }
}

const fn rank(level: FfiLogLevel) -> u8 {
    match level {
        FfiLogLevel::Error => 1,
        FfiLogLevel::Warn => 2,
        FfiLogLevel::Info => 3,
        FfiLogLevel::Debug => 4,
        FfiLogLevel::Trace => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    struct Told(Sender<FfiLogLine>);

    impl FfiLogSink for Told {
        fn log(&self, lines: Vec<FfiLogLine>) -> std::result::Result<(), FfiLogError> {
            lines.into_iter().for_each(|line| self.0.send(line).unwrap());
            Ok(())
        }
    }

    #[test]
    fn a_sink_gets_what_was_asked_for_and_nothing_after_it_was_taken_away() {
        let (tell, told) = channel();
        set_log_sink(Some(Arc::new(Told(tell))), FfiLogLevel::Info).unwrap();
        tracing::debug!(target: "holm_core::sync", "too detailed");
        tracing::info!(target: "hyper", "not ours");
        tracing::warn!(target: "holm_core::sync", code = "OFFLINE", tries = 3, "sync ended early");
        // Other tests of this process may log, too.
        let line = told.iter().find(|line| line.message.starts_with("sync ended early")).unwrap();
        assert_eq!((line.level, line.target.as_str()), (FfiLogLevel::Warn, "holm_core::sync"));
        assert_eq!(line.message, "sync ended early code=OFFLINE tries=3");
        set_log_sink(None, FfiLogLevel::Trace).unwrap();
        tracing::error!(target: "holm_core::sync", "no sink is set");
        let later: Vec<FfiLogLine> = told.iter().collect();
        assert!(
            !later.iter().any(|line| line.message == "no sink is set"),
            "and the sink is let go, or this would not end"
        );
    }
}
