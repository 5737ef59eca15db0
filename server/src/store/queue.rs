//! Work that waits for threads.

use super::StoreError;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

/// The sending end of a bounded queue and the threads at its other end. Dropping it lets them finish what is queued.
pub(super) struct Queue<J> {
    open: Mutex<Option<Open<J>>>,
}

struct Open<J> {
    sender: SyncSender<J>,
    threads: Vec<JoinHandle<()>>,
}

impl<J> Queue<J> {
    pub(super) fn new(sender: SyncSender<J>, threads: Vec<JoinHandle<()>>) -> Self {
        Self { open: Mutex::new(Some(Open { sender, threads })) }
    }

    /// Puts work in. Does not block: returns `Unavailable` if the queue is full or closed.
    pub(super) fn submit(&self, job: J) -> Result<(), StoreError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = || StoreError::Unavailable("shutting down".to_owned());
        let sender = &open.as_ref().ok_or_else(closed)?.sender;
        sender.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Unavailable("too much is waiting".to_owned()),
            TrySendError::Disconnected(_) => closed(),
        })
    }

    /// Takes no more, waits until the threads have finished what is queued. Blocks.
    pub(super) fn close(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Open { sender, threads }) = open {
            drop(sender);
            for thread in threads {
                // A thread that panicked has told the log.
                let _ = thread.join();
            }
        }
    }
}

impl<J> Drop for Queue<J> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn full_or_closed_queue_returns_unavailable() {
        let (sender, receiver) = sync_channel(1);
        let queue = Queue::new(sender, Vec::new());
        assert_eq!(queue.submit(1), Ok(()));
        assert_eq!(queue.submit(2), Err(StoreError::Unavailable("too much is waiting".to_owned())));
        queue.close();
        assert_eq!(queue.submit(3), Err(StoreError::Unavailable("shutting down".to_owned())));
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [1], "what was queued is done");
    }
}
