//! The queue of writes that the server has not accepted yet.
//!
//! Invariants:
//! 1. An operation is written in the transaction of the view change that it stands for. There is never one without the other.
//! 2. Its `op_id` is minted there and never changes: every attempt, in this process or a later one, carries the same.
//! 3. Only an **open** operation (queued, never sent) is joined with a later write. Once a request has carried it, its content is
//!    frozen until the server has answered; a later write of the same document queues behind it.
//! 4. Operations of one document go one at a time and in order. Documents do not wait for each other. A group goes together.
//! 5. An operation ends as applied, overridden or discarded (both journalled), or withdrawn (undone before it was ever sent).
//!    One that is joined to another shares its ending. A refused one is parked: it stops its own document and nobody else, and waits for retry or discard.
//! 6. A create whose `changes` are empty is the only operation of its document, and its content is the document's own body: so queueing
//!    ten thousand new documents does not store them twice.

mod coalesce;
mod enqueue;
mod lanes;
mod park;
mod retry;
mod view;

pub(crate) use coalesce::compact;
pub(crate) use enqueue::{Edit, create, delete, update};
pub(crate) use lanes::next_batch;
pub(crate) use park::{discard, park, retry};
pub use retry::RetryPolicy;
pub(crate) use view::{body_text, freeze_create, parse_body, save_view};
