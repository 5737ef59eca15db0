//! Named calls that are not create, update or delete.

use serde_json::Value;

/// A call of a server's action, queued like a write.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The action's name.
    pub name: String,
    /// JSON: what the action is given.
    pub params: Value,
    /// The server's job that runs it, once it has said so.
    pub job: Option<String>,
    /// How often that has been asked for.
    pub(crate) polls: u32,
}
