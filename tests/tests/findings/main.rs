//! What audits and other people's bug reports have shown, each mended once and for all: one test for each finding, named by its id.
//!
//! `core_l1_…`: an audit of the core (L lost edits, P privacy, V liveness, R results, C cost, A traps). `report_07_…`: a public report of people
//! who build offline-first apps, rebuilt here.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

mod liveness;
mod losses;
mod privacy;
mod reports;
mod results;
mod traps;
