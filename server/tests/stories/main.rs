//! Stories about the server, told through its router. A name that begins with a letter and two digits is a row of the catalogue of
//! failures that were seen in comparable systems.

#![allow(clippy::unwrap_used, clippy::panic)]

mod actions;
mod any_input;
mod compact_pages;
mod conditional_calls;
mod conflicts;
mod described;
mod determinism;
mod f04_idempotency;
mod f09_faults;
mod f14_batches;
mod f15_crashes;
mod f16_limits;
mod f18_writers;
mod f19_paging;
mod f20_echoes;
mod f22_tombstones;
mod f23_epochs;
mod f40_sessions;
mod heavy_writes;
mod issuers;
mod malformed;
mod model;
mod operator_rules;
mod plain_calls;
mod pulling;
mod random;
mod routes;
mod support;
mod webhooks;
