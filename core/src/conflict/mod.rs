//! When the same thing was changed here and on the server.
//!
//! Invariants:
//! - Fields changed on one side only never conflict, whatever the strategy; nor do two sides that did the same.
//! - A conflict is seen by comparing what the user saw before the edit with what the server has now: never from the reply to one's own
//!   write, and never by comparing clocks of two devices.
//! - The verdict is a pure function of the two sides and their stamps: the same on every device, in every language.
//! - The side that loses is written to the journal in the transaction in which it loses.
//! - Delete against edit is a conflict of its own kind and always told apart.

mod judge;
mod merge;
mod resolve;
mod settle;

pub(crate) use judge::{Incoming, Verdict, judge};
pub use resolve::{Conflict, Resolution};
pub(crate) use resolve::{list, resolve};
pub(crate) use settle::{Settler, intent, settle};

use crate::error::{Error, ErrorCode, Result};

/// How a collection's conflicts are resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// The server's document stands; the local edit goes to the journal.
    ServerWins,
    /// What was changed here stands; fields not touched here are the server's.
    LocalWins,
    /// The later of the two edits stands, by hybrid logical clock.
    LastWriteWins,
    /// Field by field: a field that both sides changed goes to the later edit. An edit outlives a delete. The default.
    #[default]
    Merge,
    /// A person decides: the conflict is kept until [`resolve`](crate::Holm::resolve_conflict).
    Prompt,
}

impl Strategy {
    /// The name on every side: `serverWins`, `localWins`, `lastWriteWins`, `merge`, `prompt`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServerWins => "serverWins",
            Self::LocalWins => "localWins",
            Self::LastWriteWins => "lastWriteWins",
            Self::Merge => "merge",
            Self::Prompt => "prompt",
        }
    }

    /// Reads a name; snake case is understood too.
    ///
    /// # Errors
    /// `INVALID_CONFIG` for any other text.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "serverWins" | "server_wins" => Ok(Self::ServerWins),
            "localWins" | "local_wins" => Ok(Self::LocalWins),
            "lastWriteWins" | "last_write_wins" => Ok(Self::LastWriteWins),
            "merge" => Ok(Self::Merge),
            "prompt" => Ok(Self::Prompt),
            _ => Err(Error::invalid(ErrorCode::InvalidConfig, format!("{text:?} is no conflict strategy"))),
        }
    }
}
