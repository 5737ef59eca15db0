//! What starts a sync from outside: the host's events, and slices of background time.

use super::holm::Holm;
use crate::error::Result;
use crate::platform::Event;
use crate::sync::{Deadline, Remaining, SliceReport};
use std::time::Duration;

impl Holm {
    /// Tells what has happened to the app or the device; what follows from it is decided here (see [`Event`], and
    /// [`SyncConfig`](crate::SyncConfig) for the intervals). Changes of the network go through [`connectivity`](Self::connectivity).
    ///
    /// [`Event::Foreground`] makes every live query look again. In the background no live query looks for commits of other processes.
    ///
    /// Returns at once and cannot fail. However often it is called, at most one sync a second starts because of it. Without a server, with
    /// [`automatic`](crate::SyncConfig::automatic) off, and after [`close`](Self::close) it starts none.
    pub fn report(&self, event: Event) {
        let watchers = &self.inner.context.watchers;
        match event {
            Event::Launched => watchers.set_foreground(true),
            Event::Foreground => {
                watchers.set_foreground(true);
                // Another process of the app may have written meanwhile.
                watchers.wake_all();
            }
            Event::Background => watchers.set_foreground(false),
            Event::LowPower(_) | Event::PushReceived => {}
        }
        if let Ok(engine) = self.engine() {
            engine.report(event);
        }
    }

    /// Syncs for at most `budget`, as the slice of time that a system grants an app in the background, and returns before it is over (a
    /// tenth of it, at most a second, is left for that).
    ///
    /// Work goes in pieces that are each kept: a page with its cursor, a batch with its answers. No request is begun that, by what earlier
    /// ones took, cannot end in time. Whatever cuts a slice (the budget, dropping the future, the death of the process), the next one
    /// goes on where it was. If a sync is running that no caller waits for, it shares the budget; one that a caller asked for is not
    /// disturbed.
    ///
    /// # Errors
    /// As [`sync`](Self::sync). Too little time is none: see [`SliceReport::complete`].
    pub async fn run_background(&self, budget: Duration) -> Result<SliceReport> {
        let clock = self.device().clock.clone();
        let deadline = Deadline::after(clock.monotonic(), budget);
        match self.engine()?.slice(deadline, clock.as_ref()).await? {
            Some(report) => Ok(report),
            None => Ok(SliceReport {
                more: Remaining::of(self.store(), self.inner.queue.ordered, None)?,
                ..SliceReport::default()
            }),
        }
    }
}
