//! The app's own conflict resolver.

use super::{Conflict, Resolution};
#[cfg(doc)]
use crate::model::ResolverFault;
use std::fmt;
use std::sync::Arc;

/// Decides the conflicts of a collection in the place of a person.
///
/// The same conflict must give the same decision on every device: decide from the conflict alone, not from clocks or random numbers. Each
/// conflict is put to the resolver twice; if the two decisions differ, neither counts.
pub trait ConflictResolver: Send + Sync {
    /// Decides a conflict. Called on a thread of its own, which may block, for at most five seconds (both calls together). After that, or
    /// after an error (any text, for the log), a person is asked: [`ResolverFault`] says why. May be called again for the same conflict if its document
    /// has changed meanwhile, after a restart, and after a suspension.
    ///
    /// # Errors
    /// Whatever keeps the resolver from a decision.
    fn resolve(&self, conflict: &Conflict) -> Result<Resolution, String>;
}

/// A resolver as a part of a collection's configuration. Two are equal if they are the same object.
#[derive(Clone)]
pub struct Resolver(pub Arc<dyn ConflictResolver>);

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl PartialEq for Resolver {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
