//! What audits and other people's bug reports have shown, each mended once and for all: one test for each finding, named by its id.
//!
//! `core_l1_…`: an audit of the core (L lost edits, P privacy, V liveness, R results, C cost, A traps). `report_07_…`: a public report of people
//! who build offline-first apps, rebuilt here. `use_05_…`: what a newcomer met who drove the product by its documentation. `audit_a1_…`: a
//! later audit of the running product (A an auditor, B an adversary). `outside_1_…`: a tester who had the driver and a proxy.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

mod attacks;
mod audit_queue;
mod audit_values;
mod clocks;
mod contents;
mod copies;
mod engine;
mod liveness;
mod losses;
mod orders;
mod outside;
mod privacy;
mod reports;
mod results;
mod server_ids;
mod storms;
mod time;
mod traps;
mod using_conflicts;
mod using_queue;

use holm_tests::fixture::{Device, Fixture, in_step};
use serde_json::Value;
use std::time::Duration;

/// Enough for one edit to be later than another one.
const LATER: Duration = Duration::from_secs(1);

/// Two devices that have `d` with this content.
async fn pair(world: &mut Fixture, document: Value) -> (Device, Device) {
    let (a, b) = (world.open("a").await, world.open("b").await);
    a.create("d", document).await;
    in_step(&[&a, &b]).await;
    (a, b)
}

/// Text of so many bytes that does not compress.
fn noise(seed: u64, bytes: usize) -> String {
    let random = holm_tests::sim::Random::new(seed);
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..bytes).map(|_| char::from(*random.pick(letters))).collect()
}
