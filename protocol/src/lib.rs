//! What both ends of the Holm protocol must agree on. No I/O, no database.
//!
//! The core and the reference server use the same functions; `vectors/*.json` states the same rules as examples, so that other servers can
//! test themselves against them.

pub mod change;
