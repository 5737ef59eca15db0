//! One write on its way to the server.

use super::{Action, Changes, Edit, Fields, OpId, Seen, Stamp, Version};
use holm_protocol::codes::Code;
use serde::{Deserialize, Serialize};

/// What a write does. The intent lives here and not in the document's row: a create that failed is still a create.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpKind {
    /// Makes the document.
    Create,
    /// Changes paths of it.
    Update,
    /// Deletes it.
    Delete,
    /// Calls an action of the server by its name.
    Action,
}

impl OpKind {
    /// The name in every language: `create`, `update`, `delete`, `action`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Action => "action",
        }
    }

    /// The number that stands for it in the database.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Create => 0,
            Self::Update => 1,
            Self::Delete => 2,
            Self::Action => 3,
        }
    }

    pub(crate) const fn from_number(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Create),
            1 => Some(Self::Update),
            2 => Some(Self::Delete),
            3 => Some(Self::Action),
            _ => None,
        }
    }
}

/// Where an operation is. [`OpState::next`] is the only way from one state to another for a loaded operation; leases and doubts are set in bulk in
/// `store/tables/operation_states.rs`:
///
/// ```text
/// from                         event               to
/// Open, Unanswered             Leased              InFlight
/// InFlight, Unanswered         NoAnswer            Unanswered (sent, fate unknown: goes again unchanged)
/// InFlight, Unanswered, Open   NoEffect            Open
/// InFlight, Unanswered, Open   Refused             Parked { sent: false }
/// InFlight, Unanswered         ParkedUnanswered    Parked { sent: true } (fate unknown)
/// any but Parked               Clashed             InConflict; a parked one stays parked
/// InConflict                   Resolved            Open
/// Parked { sent: false }       Retried             Open
/// Parked { sent: true }        Retried             Unanswered
/// any                          it ends             gone: accepted, overridden, discarded, withdrawn
///
/// in bulk: Open, Unanswered → InFlight (a lease), and back if its request has not left
///          InFlight → Unanswered (after a restart)
///          Open → Unanswered (the store was restored from a backup, and what is queued may have been sent)
/// ```
///
/// ```
/// use holm_core::testing::{OpEvent, OpState};
/// let sent = OpState::Open.next(OpEvent::Leased).unwrap();
/// assert_eq!(sent, OpState::InFlight);
/// assert_eq!(sent.clone().next(OpEvent::NoAnswer).unwrap(), OpState::Unanswered);
/// assert_eq!(sent.clone().next(OpEvent::NoEffect).unwrap(), OpState::Open);
/// assert_eq!(sent.clone().next(OpEvent::Clashed).unwrap(), OpState::InConflict);
/// assert_eq!(OpState::InConflict.next(OpEvent::Resolved).unwrap(), OpState::Open);
/// assert!(sent.next(OpEvent::Retried).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpState {
    /// No request has carried it, or the server has said that it had no effect: later writes may join it.
    Open,
    /// A request has carried it and its fate is unknown: its content is frozen, and it is sent again unchanged.
    Unanswered,
    /// A request that carries it is out. A restart makes it unanswered.
    InFlight,
    /// The server refused it; it waits for retry or discard.
    Parked {
        /// Why.
        error: OpError,
        /// Its fate is unknown: a request has carried it, and only a later request was refused, as a whole. Its content stays frozen.
        sent: bool,
    },
    /// Its document has a conflict that waits for a decision.
    InConflict,
}

/// What happens to an operation that stays in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpEvent {
    /// A request is about to carry it.
    Leased,
    /// The request ended without an answer.
    NoAnswer,
    /// The server has said that it had no effect, and that it may go again.
    NoEffect,
    /// The server, or a guard of this device, has refused it: it has no effect.
    Refused(OpError),
    /// A later request that carried it was refused as a whole, and the server may have it from an earlier one.
    ParkedUnanswered(OpError),
    /// Its conflict waits for a decision.
    Clashed,
    /// The decision has come.
    Resolved,
    /// The app wants it sent again.
    Retried,
}

/// A transition that the state machine does not have: a defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Illegal {
    /// The state.
    pub state: OpState,
    /// The event that it does not know.
    pub event: OpEvent,
}

impl OpState {
    /// The state after an event.
    ///
    /// # Errors
    /// If the event cannot happen in this state.
    pub fn next(self, event: OpEvent) -> Result<Self, Box<Illegal>> {
        use OpEvent as E;
        use OpState as S;
        Ok(match (self, event) {
            (S::Open | S::Unanswered, E::Leased) => S::InFlight,
            (S::InFlight | S::Unanswered, E::NoAnswer) => S::Unanswered,
            (S::InFlight | S::Unanswered | S::Open, E::NoEffect) => S::Open,
            (S::InFlight | S::Unanswered | S::Open, E::Refused(error)) => S::Parked { error, sent: false },
            (S::InFlight | S::Unanswered, E::ParkedUnanswered(error)) => S::Parked { error, sent: true },
            // A refused write stays refused: its conflict comes up again when the app retries it.
            (parked @ S::Parked { .. }, E::Clashed) => parked,
            (S::InFlight | S::Unanswered | S::Open | S::InConflict, E::Clashed) => S::InConflict,
            (S::InConflict, E::Resolved) => S::Open,
            (S::Parked { sent: false, .. }, E::Retried) => S::Open,
            (S::Parked { sent: true, .. }, E::Retried) => S::Unanswered,
            (state, event) => return Err(Box::new(Illegal { state, event })),
        })
    }

    /// Whether a request has carried it and nothing says that it had no effect.
    pub const fn was_sent(&self) -> bool {
        matches!(self, Self::Unanswered | Self::InFlight | Self::Parked { sent: true, .. })
    }

    /// The name in every language: `queued`, `inFlight`, `parked`, `conflict`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open | Self::Unanswered => "queued",
            Self::InFlight => "inFlight",
            Self::Parked { .. } => "parked",
            Self::InConflict => "conflict",
        }
    }

    /// The number that stands for it in the database. Those up to [`LAST_QUEUED`](Self::LAST_QUEUED) wait to be sent.
    pub(crate) const fn number(&self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Unanswered => Self::LAST_QUEUED,
            Self::InFlight => Self::IN_FLIGHT,
            Self::Parked { sent: false, .. } => 3,
            Self::Parked { sent: true, .. } => Self::PARKED_SENT,
            Self::InConflict => 4,
        }
    }

    pub(crate) const LAST_QUEUED: i64 = 1;
    const IN_FLIGHT: i64 = 2;
    const PARKED_SENT: i64 = 5;

    /// The numbers of the states in which a request has carried it and nothing says that it had no effect.
    pub(crate) const SENT: [i64; 3] = [Self::LAST_QUEUED, Self::IN_FLIGHT, Self::PARKED_SENT];

    /// The state of a number; `error` is the stored reason.
    pub(crate) fn from_number(number: i64, error: Option<&OpError>) -> Option<Self> {
        let unknown = || OpError { code: String::new(), message: String::new(), details: Fields::new() };
        match number {
            0 => Some(Self::Open),
            Self::LAST_QUEUED => Some(Self::Unanswered),
            Self::IN_FLIGHT => Some(Self::InFlight),
            3 | Self::PARKED_SENT => {
                let error = error.cloned().unwrap_or_else(unknown);
                Some(Self::Parked { error, sent: number == Self::PARKED_SENT })
            }
            4 => Some(Self::InConflict),
            _ => None,
        }
    }
}

/// Why an operation was refused the last time it was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpError {
    /// The server's code, or one of ours.
    pub code: String,
    /// The message, as the server gave it.
    pub message: String,
    /// The server's `details` by field, if it gave some.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub details: Fields,
}

impl OpError {
    /// A reason that this device gives.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), details: Fields::new() }
    }

    /// Whether nothing is wrong with the operation itself: another one of its group was refused.
    pub(crate) fn is_for_another(&self) -> bool {
        self.code == Code::GroupAborted.as_str()
    }
}

/// The ids of groups whose writes are judged whole begin so. The mark is in the id, so that it is stored, copied and sent with the group.
pub(crate) const EXACT_GROUP: &str = "exact-";

/// One queued write.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its place in the order of this device. Rises, never reused. 0 before it is stored.
    pub op_seq: i64,
    /// Its idempotency key.
    pub op_id: OpId,
    /// The document's row in this store; 0 for an action without a document.
    pub document: i64,
    /// The collection's number in this store; 0 for an action without one.
    pub collection: i64,
    /// The document.
    pub doc_id: String,
    /// What it does.
    pub kind: OpKind,
    /// Where it is.
    pub state: OpState,
    /// The server's version that the user saw when the write was made. `None` for a document unknown there.
    pub base_version: Option<Version>,
    /// An update: what it changes. A create: `None` while the document's own content is what will be sent. A delete: the updates
    /// that were joined to it; they are not sent, but they come back if the delete is undone, and are journalled if it loses.
    pub changes: Option<Changes>,
    /// The changed paths as the user saw them before. A create has them only if it makes a deleted document again: then they are a part of what it
    /// makes ([`created`](Self::created)), because its increments and set edits count on them.
    pub before: Seen,
    /// When its latest part was made: device time, which names its frame. Convert it before it is compared with another device's.
    pub stamp: Stamp,
    /// All operations of a group are accepted together or not at all. What its id begins with says how they are judged: see
    /// [`is_exact`](Self::is_exact).
    pub group: Option<String>,
    /// How often the server has answered it with an error that is its own.
    pub attempts: u32,
    /// How often a conflict of it was resolved and it was sent again.
    pub rounds: u32,
    /// Not before this time of the device, ms since 1970. 0: at once.
    pub not_before_ms: i64,
    /// Why it failed last, while it is not parked.
    pub last_error: Option<OpError>,
    /// Operations that were joined to it after they had ids of their own: what becomes of it becomes of them.
    pub absorbed: Vec<OpId>,
    /// What it calls, if it is an action.
    pub action: Option<Action>,
}

impl Operation {
    /// Whether later writes may still be joined to it: it waits, and the server cannot know it.
    pub fn is_open(&self) -> bool {
        self.state == OpState::Open
    }

    /// What a create makes that has its content itself, and not in the document's body. `None` for other operations.
    pub fn created(&self) -> Option<Fields> {
        let changes = self.changes.as_ref().filter(|_| self.kind == OpKind::Create)?;
        let mut fields = Fields::new();
        for (path, change) in changes.iter() {
            // What it makes again was there before: an increment or a set edit counts on that.
            if change.edit.commutes()
                && Changes::value_at(&fields, path).is_none()
                && let Some(before) = self.before.get(path)
            {
                Edit::Set(before.clone()).apply(&mut fields, path);
            }
            change.edit.apply(&mut fields, path);
        }
        Some(fields)
    }

    /// Whether a request has carried it and nothing says that it had no effect.
    pub fn was_sent(&self) -> bool {
        self.state.was_sent()
    }

    /// Whether it is judged whole: any state but the one that it was made from refuses it, and it is merged with none.
    pub fn is_exact(&self) -> bool {
        self.group.as_deref().is_some_and(|group| group.starts_with(EXACT_GROUP))
    }

    /// Whether it is a write that the server may have, and no answer says so.
    pub fn may_be_there(&self) -> bool {
        self.kind != OpKind::Action && self.was_sent()
    }

    /// Whether it is an action whose call the server has answered with a refusal: it gives that again to each repeat of the call.
    pub fn is_refused_call(&self) -> bool {
        const ANSWERS: [Code; 3] = [Code::ActionRefused, Code::ActionFailed, Code::IdempotencyKeyReused];
        let is_answer = |error: &OpError| ANSWERS.iter().any(|code| code.as_str() == error.code);
        matches!(&self.state, OpState::Parked { error, sent: false } if is_answer(error))
    }

    /// Whether the server refused it.
    pub fn is_parked(&self) -> bool {
        matches!(self.state, OpState::Parked { .. })
    }

    /// Why it failed last.
    pub fn error(&self) -> Option<&OpError> {
        match &self.state {
            OpState::Parked { error, .. } => Some(error),
            _ => self.last_error.as_ref(),
        }
    }

    /// Takes it to its next state. An event that its state does not know changes nothing and is logged: it is a defect, and a write
    /// must not be lost by it.
    pub(crate) fn on(&mut self, event: OpEvent) {
        match self.state.clone().next(event) {
            Ok(state) => self.state = state,
            Err(illegal) => tracing::error!(op = %self.op_id, ?illegal, "an operation cannot take this step"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_survives_its_number() {
        let error = OpError::new("X", "y");
        for state in [
            OpState::Open,
            OpState::Unanswered,
            OpState::InFlight,
            OpState::Parked { error: error.clone(), sent: false },
            OpState::Parked { error: error.clone(), sent: true },
            OpState::InConflict,
        ] {
            assert_eq!(OpState::SENT.contains(&state.number()), state.was_sent());
            assert_eq!(OpState::from_number(state.number(), Some(&error)), Some(state));
        }
        assert_eq!(OpState::from_number(6, None), None);
    }

    #[test]
    fn a_write_of_unknown_fate_that_was_parked_stays_frozen() {
        let parked = OpState::Unanswered.next(OpEvent::ParkedUnanswered(OpError::new("X", "y"))).unwrap();
        assert_eq!(parked.next(OpEvent::Retried), Ok(OpState::Unanswered));
        assert!(OpState::Open.next(OpEvent::ParkedUnanswered(OpError::new("X", "y"))).is_err());
    }

    #[test]
    fn core_l2_an_unanswered_write_never_opens_without_an_answer() {
        for event in [OpEvent::Retried, OpEvent::Resolved] {
            assert!(OpState::Unanswered.next(event).is_err());
        }
    }
}
