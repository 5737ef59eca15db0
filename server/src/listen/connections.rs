//! Which connections are open, and which one gives place to a new one.

use crate::address::origin;
use crate::config::Runtime;
use crate::metrics::Metrics;
use ipnet::IpNet;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Descriptors for everything but connections: the database, webhooks, the log.
const OTHER_DESCRIPTORS: usize = 64;

/// Connections that are closed at once where there are no descriptors left.
const AT_ONCE: usize = 32;

/// The open connections.
pub(super) struct Connections {
    most: usize,
    most_by_address: usize,
    trusted: Vec<IpNet>,
    open: Mutex<Open>,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Open {
    next: u64,
    /// In the order in which they came.
    connections: BTreeMap<u64, Arc<Known>>,
    by_origin: HashMap<IpAddr, usize>,
}

struct Known {
    /// Whose share it is counted in; `None` for a trusted proxy.
    origin: Option<IpAddr>,
    requests: AtomicUsize,
    close: Notify,
}

/// The place of one connection, free again once this is dropped.
pub(super) struct Slot {
    number: u64,
    known: Arc<Known>,
    connections: Arc<Connections>,
}

/// A request under way.
pub(super) struct Busy(Arc<Known>);

impl Connections {
    pub(super) fn new(runtime: &Runtime, metrics: Arc<Metrics>) -> Self {
        let most = descriptors().map_or(runtime.max_connections, |most| runtime.max_connections.min(room(most)));
        if most < runtime.max_connections {
            tracing::warn!(most, "fewer connections than configured: the process may have no more open files");
        }
        Self {
            most,
            most_by_address: runtime.max_connections_by_address.min(most),
            trusted: runtime.proxies(),
            open: Mutex::default(),
            metrics,
        }
    }

    /// Whether this is the address of a proxy that says where requests come from.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// A place for a connection from `address`. `None` if every connection that could give place has a request under way.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        let origin = (!self.trusts(address)).then(|| origin(address));
        let mut open = self.lock();
        let of_origin = origin.and_then(|origin| open.by_origin.get(&origin)).copied().unwrap_or(0);
        if of_origin >= self.most_by_address {
            open.close_oldest(|known| known.origin == origin).then_some(())?;
        } else if open.connections.len() >= self.most {
            open.close_oldest(|_| true).then_some(())?;
        }
        let number = open.next;
        open.next += 1;
        let known = Arc::new(Known { origin, requests: AtomicUsize::new(0), close: Notify::new() });
        open.connections.insert(number, Arc::clone(&known));
        if let Some(origin) = origin {
            *open.by_origin.entry(origin).or_default() += 1;
        }
        self.metrics.connections.inc();
        Some(Slot { number, known, connections: Arc::clone(self) })
    }

    /// Closes the oldest connections without a request under way, some at once.
    pub(super) fn make_room(&self) {
        let mut open = self.lock();
        let _closed = (0..AT_ONCE).take_while(|_| open.close_oldest(|_| true)).count();
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn close_oldest(&mut self, may: impl Fn(&Known) -> bool) -> bool {
        let idle = |known: &Known| known.requests.load(Ordering::Relaxed) == 0;
        let oldest = self.connections.iter().find(|(_, known)| idle(known) && may(known)).map(|(number, _)| *number);
        let closed = oldest.and_then(|number| self.remove(number));
        closed.is_some_and(|known| {
            known.close.notify_one();
            true
        })
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Known>> {
        let known = self.connections.remove(&number)?;
        if let Some(origin) = known.origin
            && let Some(count) = self.by_origin.get_mut(&origin)
        {
            *count -= 1;
            if *count == 0 {
                self.by_origin.remove(&origin);
            }
        }
        Some(known)
    }
}

impl Slot {
    /// A request begins on the connection. It ends when the result is dropped.
    pub(super) fn busy(&self) -> Busy {
        self.known.requests.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(&self.known))
    }

    /// Whether no request is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.known.requests.load(Ordering::Relaxed) == 0
    }

    /// Completes when the connection must give place.
    pub(super) async fn must_close(&self) {
        self.known.close.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.connections.lock().remove(self.number);
        self.connections.metrics.connections.dec();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Connections that fit so many descriptors.
fn room(descriptors: usize) -> usize {
    descriptors.saturating_sub(OTHER_DESCRIPTORS).max(descriptors / 4).max(1)
}

/// How many files the process may have open, where the system says so.
fn descriptors() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(most: usize, by_address: usize) -> Arc<Connections> {
        let runtime = Runtime {
            max_connections: most,
            max_connections_by_address: by_address,
            trusted_proxies: vec!["10.0.0.0/8".to_owned()],
            ..Runtime::default()
        };
        Arc::new(Connections::new(&runtime, Arc::default()))
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[tokio::test]
    async fn idle_connection_gives_place_and_a_busy_one_does_not() {
        let connections = connections(10, 2);
        let first = connections.admit(address(1)).unwrap();
        let second = connections.admit(address(1)).unwrap();
        let busy = first.busy();
        let third = connections.admit(address(1)).unwrap();
        second.must_close().await;
        drop(second);
        let also_busy = third.busy();
        assert!(connections.admit(address(1)).is_none());
        assert!(connections.admit(address(2)).is_some(), "another address has its own share");
        drop((busy, also_busy));
        assert!(connections.admit(address(1)).is_some());
        first.must_close().await;
    }

    #[test]
    fn share_is_free_again_after_the_connection() {
        let connections = connections(2, 2);
        for _ in 0..10 {
            let slots = [connections.admit(address(1)).unwrap(), connections.admit(address(1)).unwrap()];
            let _requests = slots.each_ref().map(Slot::busy);
            assert!(connections.admit(address(2)).is_none());
        }
        assert!(connections.lock().by_origin.is_empty() && connections.lock().connections.is_empty());
    }

    #[test]
    fn proxy_is_not_counted_by_address() {
        let connections = connections(10, 1);
        let proxy = IpAddr::from([10, 1, 2, 3]);
        let slots = [connections.admit(proxy).unwrap(), connections.admit(proxy).unwrap()];
        let _requests = slots.each_ref().map(Slot::busy);
        assert!(connections.trusts(proxy) && !connections.trusts(address(1)));
        assert!(connections.admit(proxy).is_some());
    }
}
