//! What both ends of the Holm protocol must agree on. No I/O, no database, no clock.
//!
//! Invariants:
//! - A rule of the protocol has one home: this crate. The core checks it at the write, the reference server at the request, with the same
//!   function, so a write that the core accepts is never refused by the server for its form or size.
//! - `vectors/*.json` states the same rules as examples, so that other servers can test themselves against them.

pub mod change;
pub mod codes;
pub mod columns;
pub mod digest;
pub mod headers;
pub mod hlc;
pub mod json;
pub mod limits;
pub mod names;
pub mod time;
