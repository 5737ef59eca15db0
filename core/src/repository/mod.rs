//! Collections: reading and writing documents on this device.
//!
//! Invariants:
//! - Everything here is local. No call waits for the network, but a fetch whose policy asks it, and a write of a confirmed collection.
//! - Reads see every write that was acknowledged before them.

mod cached_reads;
mod collection;
mod consistency;
mod context;
#[cfg(test)]
mod cost_tests;
mod known_wipes;
mod live;
mod query;
mod refresh;
mod registry;
mod transaction;

pub use collection::Collection;
pub use consistency::Consistency;
pub(crate) use consistency::{Confirmer, Unconfirmed};
pub(crate) use context::RepositoryContext;
pub(crate) use known_wipes::KnownWipes;
pub(crate) use live::Watchers;
pub use live::{
    DocumentList, LiveAggregate, LiveDocument, LiveQuery, LiveQueryCloser, LiveWindow, LiveWindowMover, Snapshot,
    WindowSnapshot,
};
pub use query::{Aggregate, AggregateRow, Direction, FieldPath, Filter, Page, Query};
pub(crate) use refresh::{RefreshKey, Refresher};
pub use registry::CollectionConfig;
pub(crate) use registry::{CollectionInfo, Registry};
pub use transaction::{Receipt, Transaction};
