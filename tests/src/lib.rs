//! What crosses crates and languages: a simulator of devices and a server on virtual time, real processes with faults between them, and
//! the scenarios that Rust, Swift and Kotlin replay alike.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may fail that way.

pub mod fixture;
pub mod histories;
pub mod policies;
pub mod real;
pub mod scenario;
pub mod sim;
pub mod wire;
