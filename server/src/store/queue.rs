//! Work that waits for threads, in turns.
//!
//! Invariants:
//! - Each lane has its turn: work of one account waits for at most one piece of work of every other account, however much another has queued.
//! - One account has at most a quarter of the places, so it cannot make the queue full for others.
//! - Urgent work comes before everything else.

use super::StoreError;
use super::watch::Abandoned;
use prometheus_client::metrics::histogram::Histogram;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Who a piece of work is done for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// Answers that others wait for: who holds a session, whether the server is alive. Short.
    Urgent,
    /// The account with this row.
    User(i64),
    /// Strangers, and the server itself.
    Shared,
}

/// What a thread takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Everything.
    All,
    /// Urgent work only.
    Urgent,
}

/// The sending end and the threads at the other end. Dropping it lets them finish what is queued.
pub(super) struct Queue<J> {
    jobs: Arc<Jobs<J>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Tells the threads to end what is under way.
    stop: Arc<AtomicBool>,
}

/// The receiving end.
pub(super) struct Jobs<J> {
    state: Mutex<Waiting<J>>,
    wake: Condvar,
    /// Wakes the thread that takes urgent work only.
    wake_urgent: Condvar,
    most: usize,
    /// What waits, for those who only want to know how much.
    waiting: Arc<AtomicUsize>,
    /// How long each piece of work waited.
    waited: Histogram,
}

struct Waiting<J> {
    open: bool,
    count: usize,
    /// With the times at which they came.
    by_lane: BTreeMap<Lane, VecDeque<(Instant, J)>>,
    /// The by_lane with work, but for the urgent one, in the order of their turns.
    turns: VecDeque<Lane>,
}

impl<J> Jobs<J> {
    /// Room for `most` pieces of work.
    pub(super) fn new(most: usize, waited: Histogram) -> Arc<Self> {
        let state = Waiting { open: true, count: 0, by_lane: BTreeMap::new(), turns: VecDeque::new() };
        Arc::new(Self {
            state: Mutex::new(state),
            wake: Condvar::new(),
            wake_urgent: Condvar::new(),
            most,
            waiting: Arc::default(),
            waited,
        })
    }

    /// How much waits, as of late.
    pub(super) fn waiting(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.waiting)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(&self, lane: Lane, job: J) -> Result<(), StoreError> {
        let mut waiting = self.lock();
        if !waiting.open {
            return Err(StoreError::Unavailable("shutting down".to_owned()));
        }
        let of_lane = waiting.by_lane.get(&lane).map_or(0, VecDeque::len);
        let share = if matches!(lane, Lane::User(_)) { (self.most / 4).max(1) } else { self.most };
        if waiting.count >= self.most || of_lane >= share {
            return Err(StoreError::Unavailable("too much is waiting".to_owned()));
        }
        if of_lane == 0 && lane != Lane::Urgent {
            waiting.turns.push_back(lane);
        }
        waiting.by_lane.entry(lane).or_default().push_back((Instant::now(), job));
        waiting.count += 1;
        self.waiting.store(waiting.count, Ordering::Relaxed);
        self.wake.notify_one();
        if lane == Lane::Urgent {
            self.wake_urgent.notify_one();
        }
        Ok(())
    }

    /// The next piece of work. Blocks until there is one; `None` once the queue is closed and empty.
    pub(super) fn wait(&self, takes: Takes) -> Option<J> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = self.next_of(&mut waiting, takes) {
                return Some(job);
            }
            if !waiting.open {
                return None;
            }
            let wake = if takes == Takes::Urgent { &self.wake_urgent } else { &self.wake };
            waiting = wake.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The next piece of work, if there is one now.
    pub(super) fn try_next(&self) -> Option<J> {
        self.next_of(&mut self.lock(), Takes::All)
    }

    fn next_of(&self, waiting: &mut Waiting<J>, takes: Takes) -> Option<J> {
        let (came, job) = waiting.next(takes)?;
        self.waiting.store(waiting.count, Ordering::Relaxed);
        self.waited.observe(came.elapsed().as_secs_f64());
        Some(job)
    }
}

impl<J> Waiting<J> {
    fn next(&mut self, takes: Takes) -> Option<(Instant, J)> {
        let job = match (self.pop(Lane::Urgent), takes) {
            (Some(job), _) => Some(job),
            (None, Takes::Urgent) => None,
            (None, Takes::All) => {
                let lane = self.turns.pop_front()?;
                let job = self.pop(lane);
                if self.by_lane.contains_key(&lane) {
                    self.turns.push_back(lane);
                }
                job
            }
        };
        self.count -= usize::from(job.is_some());
        job
    }

    fn pop(&mut self, lane: Lane) -> Option<(Instant, J)> {
        let jobs = self.by_lane.get_mut(&lane)?;
        let job = jobs.pop_front();
        if jobs.is_empty() {
            self.by_lane.remove(&lane);
        }
        job
    }
}

impl<J> Queue<J> {
    /// `stop`: what the threads look at while they work.
    pub(super) fn new(jobs: Arc<Jobs<J>>, threads: Vec<JoinHandle<()>>, stop: Arc<AtomicBool>) -> Self {
        Self { jobs, threads: Mutex::new(threads), stop }
    }

    /// Has work done, and waits for its answer. `job` makes it of what takes the answer and of what tells that the caller has given up, which it
    /// does by dropping the future.
    pub(super) async fn ask<T, E: From<StoreError>>(
        &self,
        lane: Lane,
        job: impl FnOnce(oneshot::Sender<Result<T, E>>, Abandoned) -> J,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        let abandoned = Abandoned::default();
        let waiting = abandoned.unless_kept();
        self.submit(lane, job(reply, abandoned))?;
        let answer = answer.await;
        waiting.keep();
        answer.unwrap_or_else(|_| Err(StoreError::Broken("the work panicked".to_owned()).into()))
    }

    /// How much waits.
    pub(super) fn waiting(&self) -> usize {
        self.jobs.waiting.load(Ordering::Relaxed)
    }

    /// Finishes what is queued within `patience`, then ends what is under way. Blocks. Returns whether the threads have ended.
    pub(super) fn stop(&self, patience: Duration) -> bool {
        if self.close(patience) {
            return true;
        }
        self.stop.store(true, Ordering::Relaxed);
        self.close(Duration::from_secs(1))
    }

    /// Puts work in. Does not block: returns `Unavailable` if the queue is full or closed.
    fn submit(&self, lane: Lane, job: J) -> Result<(), StoreError> {
        self.jobs.submit(lane, job)
    }

    /// Takes no more, and waits until the threads have finished what is queued, for at most `patience`. Blocks. Returns whether they have.
    fn close(&self, patience: Duration) -> bool {
        const STEP: Duration = Duration::from_millis(5);
        self.jobs.lock().open = false;
        self.jobs.wake.notify_all();
        self.jobs.wake_urgent.notify_all();
        let mut threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let end = Instant::now() + patience;
        while !threads.iter().all(JoinHandle::is_finished) {
            if Instant::now() >= end {
                self.threads.lock().unwrap_or_else(PoisonError::into_inner).append(&mut threads);
                return false;
            }
            std::thread::sleep(STEP);
        }
        for thread in threads {
            // A thread that panicked has told the log.
            let _ = thread.join();
        }
        true
    }
}

impl<J> Drop for Queue<J> {
    fn drop(&mut self) {
        // A queue that was closed has waited already.
        let open = self.jobs.lock().open;
        self.close(Duration::from_secs(if open { 3600 } else { 0 }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(most: usize) -> Queue<i32> {
        Queue::new(Jobs::new(most, Histogram::new([1.0])), Vec::new(), Arc::default())
    }

    #[test]
    fn full_or_closed_queue_returns_unavailable() {
        let queue = queue(1);
        assert_eq!(queue.submit(Lane::Shared, 1), Ok(()));
        assert_eq!(queue.submit(Lane::Shared, 2), Err(StoreError::Unavailable("too much is waiting".to_owned())));
        assert!(queue.close(Duration::ZERO));
        assert_eq!(queue.submit(Lane::Shared, 3), Err(StoreError::Unavailable("shutting down".to_owned())));
        let left: Vec<i32> = std::iter::from_fn(|| queue.jobs.wait(Takes::All)).collect();
        assert_eq!(left, [1], "what was queued is done");
    }

    #[test]
    fn accounts_take_turns_and_urgent_work_comes_first() {
        let queue = queue(40);
        for job in 0..10 {
            assert_eq!(queue.submit(Lane::User(1), job), Ok(()));
        }
        assert!(queue.submit(Lane::User(1), 99).is_err(), "one account has a quarter of the places");
        for (lane, job) in [(Lane::User(2), 20), (Lane::User(2), 21), (Lane::Shared, 30), (Lane::Urgent, 40)] {
            assert_eq!(queue.submit(lane, job), Ok(()));
        }
        let order: Vec<i32> = std::iter::from_fn(|| queue.jobs.try_next()).collect();
        assert_eq!(order, [40, 0, 20, 30, 1, 21, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
}
