//! How much a cycle reads.

use std::collections::BTreeSet;

/// Which streams are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sync) enum Scope {
    /// All that there are, and those that the server has besides.
    All,
    /// These collections and no others.
    Only(BTreeSet<String>),
}
