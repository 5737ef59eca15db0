//! The machinery: one writing connection with group commit, a few reading ones, checkpoints, schema.

#[cfg(debug_assertions)]
mod changelog;
mod checkpoint;
mod connection;
mod job;
mod meter;
pub(in crate::store) mod migrate;
mod other_processes;
mod pool;
mod read_side;
mod reader;
mod readers;
pub(in crate::store) mod remembered;
mod scrub;
mod sweeper;
mod transaction;
mod wal_index;
mod write_connection;
mod writer;

pub use connection::Durability;
pub(crate) use connection::Location;
pub(in crate::store) use meter::{bytes_written, statements};
pub(crate) use migrate::NEWEST as SCHEMA_VERSION;
pub(in crate::store) use pool::{Pool, ReadLane};
pub(in crate::store) use read_side::ReadSide;
pub(in crate::store) use readers::Readers;
pub(crate) use scrub::{request_scrub, thoroughly};
pub(crate) use transaction::{ChangedRow, Committed, Tx};
pub(in crate::store) use wal_index::Mark;
pub(in crate::store) use writer::Writer;
