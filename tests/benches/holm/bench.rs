//! What all measurements share.

use crate::place::Place;
use crate::report::{Report, Row};
use crate::server::Fixture;
use std::rc::Rc;
use tokio::runtime::{Builder, Runtime};

/// One run.
pub struct Bench {
    /// Where files go.
    pub place: Place,
    /// The full size is 1.
    scale: f64,
    fixture: Option<Rc<Fixture>>,
    report: Report,
}

impl Bench {
    pub fn new() -> Self {
        let scale = std::env::var("HOLM_BENCH_SCALE").map_or(1.0, |text| text.parse().expect("HOLM_BENCH_SCALE"));
        assert!((0.01..=1.0).contains(&scale), "HOLM_BENCH_SCALE must be between 0.01 and 1");
        let place = Place::new();
        let report = Report::new(&place, scale);
        Self { place, scale, fixture: None, report }
    }

    /// So many of `full`, by the scale.
    pub fn scaled(&self, full: u32) -> u32 {
        (f64::from(full) * self.scale) as u32
    }

    /// The server with an account full of documents, and a device that has them all. Made when first asked for.
    pub fn fixture(&mut self) -> Rc<Fixture> {
        let documents = self.scaled(100_000);
        self.fixture.get_or_insert_with(|| Rc::new(Fixture::new(&self.place, documents))).clone()
    }

    /// Adds a figure.
    pub fn row(&mut self, row: Row) {
        self.report.add(row);
    }

    /// Prints and writes what was measured; `whole`: all subjects were.
    pub fn finish(self, whole: bool) {
        self.report.finish(whole);
    }
}

/// A runtime such as the bindings use.
pub fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
