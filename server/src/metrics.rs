//! Figures of the running server, for Prometheus.
//!
//! Invariants:
//! - A label has a bounded number of values: routes and not paths, and nothing of users, devices or records.
//! - To count costs no lock that work of others waits for long: a scrape reads what was counted.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The media type of [`Metrics::text`].
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Routed {
    route: String,
}

/// A queue of the database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Queued {
    queue: &'static str,
}

/// Everything that is counted. Metrics share what they count with their clones in the registry.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    request_seconds: Family<Routed, Histogram, fn() -> Histogram>,
    /// Connections that are open.
    pub(crate) connections: Gauge,
    /// What the database counts.
    pub(crate) store: StoreMetrics,
    waiting: Family<Queued, Gauge>,
    records: Gauge,
    tombstones: Gauge,
    file_bytes: Gauge,
    log_bytes: Gauge,
    lost_log_lines: Counter,
}

/// What the database counts.
#[derive(Clone)]
pub(crate) struct StoreMetrics {
    queue_seconds: Family<Queued, Histogram, fn() -> Histogram>,
    /// From the beginning of a transaction to its end on the disk.
    pub(crate) transaction_seconds: Histogram,
    /// Requests that shared a transaction.
    pub(crate) transaction_requests: Histogram,
}

/// What is looked at when the figures are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Present {
    /// Work that waits to write.
    pub(crate) writes_waiting: usize,
    /// Work that waits to read.
    pub(crate) reads_waiting: usize,
    /// The size of the database file.
    pub(crate) file_bytes: u64,
    /// The size of its log.
    pub(crate) log_bytes: u64,
    /// Lines of the process's log that were lost so far.
    pub(crate) lost_log_lines: u64,
}

/// Times from 0.1 ms to 18 s.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_1, 3.0, 12))
}

impl StoreMetrics {
    fn new() -> Self {
        Self {
            queue_seconds: Family::new_with_constructor(seconds),
            transaction_seconds: seconds(),
            transaction_requests: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]),
        }
    }

    /// The times that work waits in a queue of the database.
    pub(crate) fn waits(&self, queue: &'static str) -> Histogram {
        self.queue_seconds.get_or_create_owned(&Queued { queue })
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        registry.register("holm_requests", "Requests that were answered", requests.clone());
        let request_seconds: Family<Routed, Histogram, fn() -> Histogram> = Family::new_with_constructor(seconds);
        registry.register(
            "holm_request_seconds",
            "From the header of a request to its answer",
            request_seconds.clone(),
        );
        let store = StoreMetrics::new();
        let StoreMetrics { queue_seconds, transaction_seconds, transaction_requests } = store.clone();
        registry.register("holm_queue_seconds", "How long work waited for the database", queue_seconds);
        registry.register(
            "holm_transaction_seconds",
            "From the begin of a transaction to the disk",
            transaction_seconds,
        );
        registry.register("holm_transaction_requests", "Requests that shared a transaction", transaction_requests);
        let waiting = Family::default();
        registry.register("holm_queue_waiting", "Pieces of work that wait for the database", waiting.clone());
        let lost_log_lines = Counter::default();
        registry.register("holm_lost_log_lines", "Lines of the log that were lost", lost_log_lines.clone());
        let mut gauge = |name, help| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        Self {
            connections: gauge("holm_connections", "Open connections"),
            records: gauge("holm_records", "Live records, as of the last round of clean-up"),
            tombstones: gauge("holm_tombstones", "Remembered deletes, as of the last round of clean-up"),
            file_bytes: gauge("holm_database_bytes", "The size of the database file"),
            log_bytes: gauge("holm_database_log_bytes", "The size of the database's log"),
            requests,
            request_seconds,
            store,
            waiting,
            lost_log_lines,
            registry,
        }
    }
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let (method, route) = (method.to_owned(), route.to_owned());
        self.request_seconds.get_or_create(&Routed { route: route.clone() }).observe(took.as_secs_f64());
        self.requests.get_or_create(&Answered { method, route, status }).inc();
    }

    /// There are so many rows.
    pub(crate) fn set_rows(&self, records: i64, tombstones: i64) {
        self.records.set(records);
        self.tombstones.set(tombstones);
    }

    /// All figures as OpenMetrics text.
    pub(crate) fn text(&self, present: Present) -> String {
        for (queue, waiting) in [("write", present.writes_waiting), ("read", present.reads_waiting)] {
            self.waiting.get_or_create(&Queued { queue }).set(whole(waiting as u64));
        }
        self.file_bytes.set(whole(present.file_bytes));
        self.log_bytes.set(whole(present.log_bytes));
        self.lost_log_lines.inc_by(present.lost_log_lines.saturating_sub(self.lost_log_lines.get()));
        let mut text = String::new();
        // Writing into memory cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_with_their_names() {
        let metrics = Metrics::default();
        metrics.answered("GET", "/v1/{collection}", 200, Duration::from_millis(2));
        metrics.connections.inc();
        metrics.set_rows(7, 3);
        metrics.store.waits("write").observe(0.5);
        let present = Present { writes_waiting: 4, lost_log_lines: 9, ..Present::default() };
        metrics.text(present);
        let text = metrics.text(present);
        for line in [
            "holm_requests_total{method=\"GET\",route=\"/v1/{collection}\",status=\"200\"} 1",
            "holm_request_seconds_count{route=\"/v1/{collection}\"} 1",
            "holm_queue_seconds_count{queue=\"write\"} 1",
            "holm_queue_waiting{queue=\"write\"} 4",
            "holm_connections 1",
            "holm_records 7",
            "holm_tombstones 3",
            "holm_lost_log_lines_total 9",
            "# EOF",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }
}
