//! What to do when the same thing was changed here and on the server. Pure: data in, a decision out.
//!
//! Invariants:
//! - Paths changed on one side only never conflict, whatever the strategy; nor do two sides that did the same. Objects merge member by
//!   member: the winner decides the clashing members only.
//! - Increments and set edits never conflict, and are never dropped together with a set.
//! - A conflict is seen by comparing what the user saw before the edit with what the server has now: never from the reply to one's
//!   own write, and never by comparing clocks of two devices.
//! - A decision is a pure function of the two sides and their stamps: the same on every device, in every language.
//! - Every decision names what loses, so that it can be journalled in the transaction in which it loses.
//! - Delete against edit is a conflict of its own kind and always told apart.

mod decide;
mod list;
mod local;
mod rules;
mod strategy;
mod text;
mod three_way;

/// A value in which both sides are.
struct Merged<T> {
    value: T,
    /// A part of what was written here is not in it.
    local_lost: bool,
    /// A part of what the server has is not in it.
    server_lost: bool,
}

pub(crate) use decide::{Decision, Incoming, Loser, Plan, decide};
pub(crate) use local::Local;
pub use rules::FieldRule;
pub(crate) use rules::Rules;
pub use strategy::Strategy;
