//! Live reads: a result now, and again whenever it changes.

mod aggregate;
mod difference;
mod document;
mod list;
mod notes;
mod observation;
mod query;
mod scroll;
mod watchers;
mod window;
#[cfg(test)]
mod window_tests;

pub use aggregate::LiveAggregate;
pub use difference::Snapshot;
pub use document::LiveDocument;
pub use list::DocumentList;
pub use observation::LiveQueryCloser;
pub use query::LiveQuery;
pub use scroll::{LiveWindow, LiveWindowMover, WindowSnapshot};
pub(crate) use watchers::Watchers;
