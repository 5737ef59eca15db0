//! What crosses by value.

use holm_core::{Action, Network, PendingOperation, Phase, Receipt, SignOutMode, Stats, SyncState, WriteOutcome};

/// Identifies a committed write: its document and its queued operation.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiReceipt {
    /// The document.
    pub doc_id: String,
    /// The operation that carries the write; none if nothing was changed.
    pub op_id: Option<String>,
}

impl From<Receipt> for FfiReceipt {
    fn from(receipt: Receipt) -> Self {
        Self { doc_id: receipt.doc_id, op_id: receipt.op_id.map(|op| op.to_string()) }
    }
}

/// What the sync engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
#[allow(missing_docs)] // As in the core's `Phase`.
pub enum FfiPhase {
    Idle,
    Pulling,
    Pushing,
    Offline,
    Waiting,
    SignedOut,
    Suspended,
    Closed,
}

impl From<Phase> for FfiPhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Idle => Self::Idle,
            Phase::Pulling => Self::Pulling,
            Phase::Pushing => Self::Pushing,
            Phase::Offline => Self::Offline,
            Phase::Waiting => Self::Waiting,
            Phase::SignedOut => Self::SignedOut,
            Phase::Suspended => Self::Suspended,
            Phase::Closed => Self::Closed,
        }
    }
}

/// The client's state for a status bar.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FfiSyncState {
    /// What the engine is doing.
    pub phase: FfiPhase,
    /// Operations that will be sent.
    pub pending: u64,
    /// Operations that the server refused.
    pub failed: u64,
    /// Conflicts that wait for a person.
    pub conflicts: u64,
    /// Operations that wait for a time of their own after a failure.
    pub deferred: u64,
    /// Records that cannot be read.
    pub set_aside: u64,
    /// When everything was last in step, ms since 1970.
    pub last_sync_ms: Option<i64>,
    /// Progress of the running sync.
    pub progress_done: Option<u64>,
    /// How much there is in all, if the server said.
    pub progress_total: Option<u64>,
    /// The code of the failure that ended the last round.
    pub last_error_code: Option<String>,
    /// Its message.
    pub last_error_message: Option<String>,
}

impl From<SyncState> for FfiSyncState {
    fn from(state: SyncState) -> Self {
        Self {
            phase: state.phase.into(),
            pending: state.pending,
            failed: state.failed,
            conflicts: state.conflicts,
            deferred: state.deferred,
            set_aside: state.set_aside,
            last_sync_ms: state.last_sync_ms,
            progress_done: state.progress.map(|progress| progress.done),
            progress_total: state.progress.and_then(|progress| progress.total),
            last_error_code: state.last_error.as_ref().map(|error| error.code().as_str().to_owned()),
            last_error_message: state.last_error.as_ref().map(ToString::to_string),
        }
    }
}

/// What a queued action calls.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FfiAction {
    /// The action's name.
    pub name: String,
    /// JSON: what the action is given.
    pub params: String,
}

impl From<Action> for FfiAction {
    fn from(action: Action) -> Self {
        Self { name: action.name, params: action.params.to_string() }
    }
}

/// An operation of the outbox.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FfiOperation {
    /// Its id.
    pub op_id: String,
    /// The collection's name.
    pub collection: String,
    /// The document.
    pub doc_id: String,
    /// `create`, `update`, `delete` or `action`.
    pub kind: String,
    /// `queued`, `inFlight`, `parked` or `conflict`.
    pub state: String,
    /// How often the server has answered it with an error of its own.
    pub attempts: u32,
    /// The code of the last failure.
    pub error_code: Option<String>,
    /// Its message.
    pub error_message: Option<String>,
    /// JSON: what the server says of single fields.
    pub error_details: String,
    /// JSON: what it changes, by field.
    pub changes: String,
    /// What it calls, if it is an action.
    pub action: Option<FfiAction>,
    /// When it was made, ms since 1970.
    pub made_ms: i64,
}

impl From<PendingOperation> for FfiOperation {
    fn from(op: PendingOperation) -> Self {
        let details = op.error.as_ref().map(|error| error.details.clone()).unwrap_or_default();
        Self {
            op_id: op.op_id.to_string(),
            collection: op.collection,
            doc_id: op.doc_id,
            kind: op.kind.to_owned(),
            state: op.state.to_owned(),
            attempts: op.attempts,
            error_code: op.error.as_ref().map(|error| error.code.clone()),
            error_message: op.error.map(|error| error.message),
            error_details: serde_json::Value::Object(details).to_string(),
            changes: op.changes.to_string(),
            action: op.action.map(Into::into),
            made_ms: op.made_ms,
        }
    }
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
#[allow(missing_docs)] // As in the core's `WriteOutcome`.
pub enum FfiWriteOutcome {
    Accepted { version: Option<i64> },
    Withdrawn,
    Overridden,
    Discarded,
    Parked,
}

impl From<WriteOutcome> for FfiWriteOutcome {
    fn from(outcome: WriteOutcome) -> Self {
        match outcome {
            WriteOutcome::Accepted(version) => Self::Accepted { version },
            WriteOutcome::Withdrawn => Self::Withdrawn,
            WriteOutcome::Overridden => Self::Overridden,
            WriteOutcome::Discarded => Self::Discarded,
            WriteOutcome::Parked => Self::Parked,
        }
    }
}

/// What becomes of the local data at a sign-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
#[allow(missing_docs)] // As in the core's `SignOutMode`.
pub enum FfiSignOutMode {
    Keep,
    Wipe,
    WipeDiscardingPending,
}

impl From<FfiSignOutMode> for SignOutMode {
    fn from(mode: FfiSignOutMode) -> Self {
        match mode {
            FfiSignOutMode::Keep => Self::Keep,
            FfiSignOutMode::Wipe => Self::Wipe,
            FfiSignOutMode::WipeDiscardingPending => Self::WipeDiscardingPending,
        }
    }
}

/// The kind of network that the device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
#[allow(missing_docs)] // As in the core's `Network`.
pub enum FfiNetwork {
    Offline,
    Metered,
    Unmetered,
}

impl From<FfiNetwork> for Network {
    fn from(network: FfiNetwork) -> Self {
        match network {
            FfiNetwork::Offline => Self::Offline,
            FfiNetwork::Metered => Self::Metered,
            FfiNetwork::Unmetered => Self::Unmetered,
        }
    }
}

/// Counters of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
#[allow(missing_docs)] // As in the core's `Stats`.
pub struct FfiStats {
    pub commits: u64,
    pub forced_writes: u64,
    pub writes: u64,
    pub statements: u64,
    pub bytes_written: Option<u64>,
    pub wakeups: u64,
    pub requests: u64,
    pub bytes_up: u64,
    pub bytes_down: u64,
    pub cache_hits: u64,
    pub cache_stale_hits: u64,
    pub cache_misses: u64,
    pub evictions: u64,
    pub refreshes: u64,
    pub failed_refreshes: u64,
    pub last_refresh_ms: Option<u64>,
    pub mean_refresh_ms: Option<u64>,
}

impl From<Stats> for FfiStats {
    fn from(stats: Stats) -> Self {
        Self {
            commits: stats.commits,
            forced_writes: stats.forced_writes,
            writes: stats.writes,
            statements: stats.statements,
            bytes_written: stats.bytes_written,
            wakeups: stats.wakeups,
            requests: stats.requests,
            bytes_up: stats.bytes_up,
            bytes_down: stats.bytes_down,
            cache_hits: stats.cache.hits,
            cache_stale_hits: stats.cache.stale_hits,
            cache_misses: stats.cache.misses,
            evictions: stats.cache.evictions,
            refreshes: stats.cache.refreshes,
            failed_refreshes: stats.cache.failed_refreshes,
            last_refresh_ms: stats.cache.last_refresh.map(|took| took.as_millis() as u64),
            mean_refresh_ms: stats.cache.mean_refresh.map(|took| took.as_millis() as u64),
        }
    }
}
