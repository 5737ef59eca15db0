//! Letting go of snapshots that are not used.
//!
//! Invariants:
//! - A snapshot that lies idle is let go between one and two [`IDLE`] after its last use, by the monotonic clock.
//! - While no snapshot is kept the thread sleeps without a timer. It holds no file, and ends when the pool is closed or dropped.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// How often idle snapshots are looked for. Longer than a screen's pauses between its reads, shorter than what a process that waits for the
/// log notices.
pub(super) const IDLE: Duration = Duration::from_millis(250);

/// A thread that sweeps while there is something to sweep.
pub(super) struct Sweeper {
    wake: SyncSender<()>,
}

impl Sweeper {
    /// Starts the thread. `sweep` lets go of what was not used since it was called last, and says whether anything is kept still; `None`: the
    /// pool is gone.
    pub fn start(sweep: impl Fn() -> Option<bool> + Send + 'static) -> std::io::Result<Self> {
        let (wake, due) = sync_channel(1);
        std::thread::Builder::new().name("holm-snapshots".into()).spawn(move || serve(&due, &sweep))?;
        Ok(Self { wake })
    }

    /// From now on there is something to sweep.
    pub fn wake(&self) {
        // An error: it is awake, or the thread has gone with the pool.
        let _ = self.wake.try_send(());
    }
}

fn serve(due: &Receiver<()>, sweep: &impl Fn() -> Option<bool>) {
    while due.recv().is_ok() {
        loop {
            if due.recv_timeout(IDLE) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
            match sweep() {
                Some(true) => {}
                Some(false) => break,
                None => return,
            }
        }
    }
}
