//! How a collection's conflicts are resolved.

use super::FieldRule;
use crate::error::{Error, ErrorCode, Result};

/// How a collection's conflicts are resolved: who decides the members that both sides changed, and what becomes of a document that one
/// side deleted and the other changed. A rule of a path overrides the first for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// The server's value stands, and the server's delete too.
    ServerWins,
    /// The local value stands, and the local delete too.
    LocalWins,
    /// The later of the two edits stands, by hybrid logical clock; so does a later delete.
    LastWriteWins,
    /// The later of the two edits stands; an edit outlives a delete. The default.
    #[default]
    Merge,
    /// A person decides: the conflict is kept until [`resolve_conflict`](crate::Holm::resolve_conflict).
    Prompt,
    /// The collection's resolver decides; if it fails, a person does.
    Custom,
}

impl Strategy {
    /// The name in every language: `serverWins`, `localWins`, `lastWriteWins`, `merge`, `prompt`, `custom`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServerWins => "serverWins",
            Self::LocalWins => "localWins",
            Self::LastWriteWins => "lastWriteWins",
            Self::Merge => "merge",
            Self::Prompt => "prompt",
            Self::Custom => "custom",
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
            "custom" => Ok(Self::Custom),
            _ => {
                let names = "serverWins, localWins, lastWriteWins, merge, prompt or custom";
                let message = format!("unknown conflict strategy {text:?}; expected {names}");
                Err(Error::invalid(ErrorCode::InvalidConfig, message))
            }
        }
    }

    /// The rule for paths that have none of their own.
    pub(crate) const fn rule(self) -> FieldRule {
        match self {
            Self::ServerWins => FieldRule::Server,
            Self::LocalWins => FieldRule::Local,
            Self::LastWriteWins | Self::Merge => FieldRule::Lww,
            Self::Prompt | Self::Custom => FieldRule::Prompt,
        }
    }
}
