//! Applying server state: the only code that writes it.

mod answer;
mod digest;
mod page;
mod reconcile;
mod server_id;
mod unreadable;

pub(in crate::sync) use answer::Answered;
pub(crate) use digest::of_collection;
#[cfg(test)]
pub(in crate::sync) use digest::term;
pub(in crate::sync) use page::apply_page;
pub(crate) use page::restart;
pub(in crate::sync) use reconcile::Reconciler;
pub(crate) use unreadable::retry_after_upgrade;
