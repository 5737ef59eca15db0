//! Live reads: a result now, and again whenever it changes.

mod difference;
mod list;
mod notes;
mod observation;
mod query;
mod watchers;
mod window;
#[cfg(test)]
mod window_tests;

pub use difference::Snapshot;
pub use list::DocumentList;
pub use observation::LiveQueryCloser;
pub use query::LiveQuery;
pub(crate) use watchers::Watchers;
