//! The reference server inside a test process: what the testing kits of Swift and Kotlin let devices sync with.
//!
//! Invariants:
//! - It is the real server over its in-memory store, not a model of it.
//! - Its time is virtual, like that of the devices: sessions and retention end when a test says so.
//! - It is reached over a loopback port like any server, so that nothing of a device's network code is left out.

// What UniFFI generates.
#![allow(unsafe_code)]

mod clock;
mod error;
mod server;

pub use error::FfiTestServerError;
pub use server::FfiTestServer;

uniffi::setup_scaffolding!("holm_testing");
