//! A server that a stranger cannot stop: real processes, attacked with requests as small as they need to be.
//!
//! Each test has the id of the attack that it repeats.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod faults;
mod growth;
mod http;
mod issuers;
mod operators;
mod process;
mod replies;
mod soak;
mod strangers;
mod support;
mod work;
