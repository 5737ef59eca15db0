//! The queue of writes that the server has not accepted yet.
//!
//! Invariants:
//! 1. An operation is written in the transaction of the view change that it stands for. There is never one without the other.
//! 2. Its `op_id` is minted there, and every attempt, in this process or a later one, carries the same. It changes only if the server knows it with
//!    another content, because the store was copied.
//! 3. Only an **open** operation (no request has carried it, or the server has said that it had no effect) is joined with a later
//!    write. Once a request has carried it, its content is frozen until the server has answered; a later write of the same document
//!    queues behind it.
//! 4. Operations of one document go one at a time and in order. Documents do not wait for each other, except for declared references,
//!    groups, and `ordered`. A group goes together, and is accepted, parked, overridden or discarded as a whole.
//! 5. An operation ends as accepted, overridden or discarded (both journalled), or withdrawn (undone before it was ever sent). One that
//!    is joined to another shares its outcome. A refused one is parked: it stops its own document only, and waits for retry or discard.
//!    If a create ends before the server had the document, operations that refer to it are parked, unless the app deleted the document.
//! 6. An operation of an exact group is judged whole: any state of the server but the one that it was made from overrides it, and nothing is
//!    ever joined to it.
//! 7. A create whose `changes` are empty is the only operation of its document, and its content is the document's own body: so queueing
//!    ten thousand new documents does not store them twice.
//! 8. [`Pending`] is loaded, changed by pure functions and saved once: `pending.rs` is the only file that writes what a document has pending. Two
//!    cases that need no computing are stored at once: the create of a document that was never seen (`pending.rs`), and the answer to an operation
//!    that was taken as it was sent (`accept_sent.rs`). What marks many rows, or a conflict, and decides nothing is listed in `pending.rs`.

mod accept_sent;
mod acknowledge;
mod action;
mod coalesce;
mod exact;
mod group;
mod ids;
mod new_operation;
mod next_batch;
mod park;
mod pending;
#[cfg(test)]
mod pending_bench;
#[cfg(test)]
mod pending_tests;
mod rebase;
mod references;
mod renew;
mod resolve;
mod resolver;
mod restore;
mod retry;
mod stamps;
mod view;
mod write;
mod writers;

pub(crate) use accept_sent::{Acceptance, Taken};
pub(crate) use acknowledge::{Acknowledgement, accept_by_state, acknowledge, defer, had_no_effect, wait};
pub(crate) use action::{ActionAnswer, Target, act, answer_action};
pub(crate) use exact::{Member, Standing, new_exact_group, standing, withdraw};
pub(crate) use group::{check_group, retry_group};
pub(crate) use ids::{Ticket, ended, is_of_another_life};
pub(crate) use next_batch::next_batch;
pub(crate) use park::{FORGOTTEN, discard, give_way, park, park_unanswered, retry};
pub(crate) use pending::{GroupFate, Pending};
pub(crate) use rebase::{Rebased, Source, bodies_differ, leave_to_server, rebase_onto};
pub(crate) use references::{References, send_again};
pub(crate) use renew::{KNOWN_WITH_OTHER_CONTENT, renew};
pub use resolve::{Conflict, Resolution};
pub(crate) use resolve::{list_conflicts, resolve};
pub use resolver::{ConflictResolver, Resolver};
pub(crate) use restore::{Home, restore};
pub use retry::RetryPolicy;
pub(crate) use stamps::server_time;
pub(crate) use view::{body_text, parse_body};
pub(crate) use write::{Edit, Place, create, delete, update};
