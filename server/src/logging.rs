//! The log: JSON lines on standard error.
//!
//! Invariants:
//! - Libraries log warnings at most. Below that they show what they read, and that may be a token.
//! - Nothing ever waits for the log: a thread of its own writes it. While it is not read, lines are lost and counted, and the server goes on.

use std::io::{self, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Lines that may wait to be written.
const WAITING: usize = 4096;
/// How long the end of the process waits for the last lines.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Sends events to standard error from now on.
pub(crate) fn start(level: LevelFilter) -> Lines {
    let lines = Lines::start(io::stderr());
    let filter = Targets::new().with_target("holm_server", level).with_default(level.min(LevelFilter::WARN));
    let layer =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    tracing_subscriber::registry().with(layer.with_writer(lines.clone()).with_filter(filter)).init();
    panic::set_hook(Box::new(|panic| {
        // Not the message: it may quote what was being worked on.
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, "panic");
    }));
    lines
}

/// Lines on their way to the log.
#[derive(Clone)]
pub(crate) struct Lines {
    queue: SyncSender<Vec<u8>>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    queued: AtomicU64,
    written: AtomicU64,
    /// Not told of yet.
    lost: AtomicU64,
    lost_ever: Arc<AtomicU64>,
}

impl Lines {
    fn start(out: impl Write + Send + 'static) -> Self {
        let (queue, waiting) = sync_channel(WAITING);
        let counts = Arc::new(Counts::default());
        let of_thread = Arc::clone(&counts);
        // Without the thread there is no log; the server is worth more than that.
        let _ =
            std::thread::Builder::new().name("holm-log".to_owned()).spawn(move || write_all(out, &waiting, &of_thread));
        Self { queue, counts }
    }

    /// How many lines were lost since the start.
    pub(crate) fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.counts.lost_ever)
    }

    /// Waits until what was logged is written, but not for long.
    pub(crate) fn flush(&self) {
        let end = Instant::now() + LAST_LINES;
        let done = || self.counts.written.load(Ordering::Acquire) >= self.counts.queued.load(Ordering::Acquire);
        while !done() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn write_all(mut out: impl Write, waiting: &Receiver<Vec<u8>>, counts: &Counts) {
    while let Ok(line) = waiting.recv() {
        // A log that is closed cannot be told of.
        let _ = out.write_all(&line);
        counts.written.fetch_add(1, Ordering::Release);
        let lost = counts.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(
                out,
                "{{\"level\":\"WARN\",\"target\":\"holm_server\",\"message\":\"lines of the log were lost\",\"lost\":{lost}}}"
            );
        }
    }
}

impl Write for Lines {
    /// One line. Never blocks: a line that has no place is lost.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.counts.queued.fetch_add(1, Ordering::Release);
        if self.queue.try_send(line.to_vec()).is_err() {
            self.counts.queued.fetch_sub(1, Ordering::Release);
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
            self.counts.lost_ever.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Blocks until the lock is free.
    struct Stalled(Arc<Mutex<Vec<u8>>>);

    impl Write for Stalled {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn stalled_log_loses_lines_and_says_how_many() {
        let text = Arc::new(Mutex::new(Vec::new()));
        let mut lines = Lines::start(Stalled(Arc::clone(&text)));
        let stalled = text.lock().unwrap();
        for _ in 0..WAITING + 100 {
            lines.write_all(b"line\n").unwrap();
        }
        drop(stalled);
        while !String::from_utf8(text.lock().unwrap().clone()).unwrap().contains("\"lost\":") {
            std::thread::yield_now();
        }
        lines.write_all(b"last\n").unwrap();
        Lines::flush(&lines);
        let text = String::from_utf8(text.lock().unwrap().clone()).unwrap();
        assert!(text.ends_with("last\n"));
        assert!(text.lines().filter(|line| *line == "line").count() >= WAITING);
    }
}
