//! One file for each table: its rows and its statements.

pub(crate) mod collections;
pub(crate) mod conflicts;
pub(crate) mod dependencies;
pub(crate) mod documents;
pub(crate) mod eviction;
pub(crate) mod frames;
pub(crate) mod journal;
pub(crate) mod meta;
mod operation_columns;
mod operation_states;
pub(crate) mod operations;
pub(crate) mod outcomes;
pub(crate) mod pins;
mod ranges;
mod runnable;
pub(crate) mod server_ids;
pub(crate) mod streams;
pub(crate) mod unreadable;
mod update;
pub(crate) mod waiting_states;
pub(crate) mod wipes;
