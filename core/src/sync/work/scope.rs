//! How much a cycle reads and sends.

use std::collections::BTreeSet;

/// Which collections a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sync) enum Scope {
    /// All that there are, and those that the server has besides.
    All,
    /// These collections and no others.
    Only(BTreeSet<String>),
}

impl Scope {
    /// One collection.
    pub fn one(collection: &str) -> Self {
        Self::Only(BTreeSet::from([collection.to_owned()]))
    }

    pub fn has(&self, collection: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(collection),
        }
    }

    /// What covers both.
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut names), Self::Only(more)) => {
                names.extend(more);
                Self::Only(names)
            }
            _ => Self::All,
        }
    }
}
