//! Why a collection's resolver has not decided.

/// Why a person is asked about a conflict that the collection's resolver should have decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolverFault {
    /// It has no decision: it said so, or it failed.
    NoDecision,
    /// It panicked.
    Panicked,
    /// It took longer than five seconds for its two answers.
    TooSlow,
    /// Its two decisions about the same conflict were different.
    NotDeterministic,
    /// The document that it chose cannot be stored.
    InvalidDocument,
    /// The document changed each time while it was asked.
    KeepsChanging,
    /// The collection has no resolver (any more).
    Missing,
}

impl ResolverFault {
    const ALL: [Self; 7] = [
        Self::NoDecision,
        Self::Panicked,
        Self::TooSlow,
        Self::NotDeterministic,
        Self::InvalidDocument,
        Self::KeepsChanging,
        Self::Missing,
    ];

    /// The name in every language: `noDecision`, `panicked`, `tooSlow`, `notDeterministic`, `invalidDocument`, `keepsChanging`, `missing`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoDecision => "noDecision",
            Self::Panicked => "panicked",
            Self::TooSlow => "tooSlow",
            Self::NotDeterministic => "notDeterministic",
            Self::InvalidDocument => "invalidDocument",
            Self::KeepsChanging => "keepsChanging",
            Self::Missing => "missing",
        }
    }

    /// The number that stands for it in the database: its place, from 0.
    pub(crate) fn number(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.number() == number)
    }
}
