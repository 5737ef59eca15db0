//! Looking inside: for support, tests and figures.

use super::holm::Holm;
use crate::cache::CacheStats;
use crate::error::{Error, Result};
use crate::model::{Action, Document, OpError, Operation, SyncStatus, Version};
use crate::store::documents::{self, DOCUMENT_COLUMNS, DOCUMENT_WIDTH, read_document};
use crate::store::{conflicts, operations};
use crate::sync;
use serde_json::{Value, json};

/// One queued write.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingOperation {
    /// Its idempotency key.
    pub op_id: crate::model::OpId,
    /// The collection's name.
    pub collection: String,
    /// The document.
    pub doc_id: String,
    /// `create`, `update`, `delete` or `action`.
    pub kind: &'static str,
    /// `queued`, `inFlight`, `parked` or `conflict`.
    pub state: &'static str,
    /// How often the server has answered it with an error of its own.
    pub attempts: u32,
    /// Not before this time of the device, ms since 1970; 0: at once.
    pub next_attempt_ms: i64,
    /// Why it failed last.
    pub error: Option<OpError>,
    /// What it changes, as a patch: `{"title":"x","n":{"$inc":1}}`. Empty for a delete, and for a create whose content is the document itself.
    pub changes: Value,
    /// What it calls, if it is an action.
    pub action: Option<Action>,
    /// When it was made, server time as known here, ms since 1970.
    pub made_ms: i64,
}

/// A document with all that is known of its sync.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentDump {
    /// The document.
    pub document: Document,
    /// Its place in the server's order.
    pub seq: Option<i64>,
}

/// A whole collection.
#[derive(Debug, Clone, PartialEq)]
pub struct CollectionDump {
    /// Its name.
    pub name: String,
    /// Documents that queries see, sorted by id.
    pub documents: Vec<DocumentDump>,
    /// How many live documents the server had, as far as it was read.
    pub base_count: i64,
    /// The digest over those, 16 hex digits, as in the protocol.
    pub digest: String,
}

/// Why a document is in the state that it is in.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// One sentence.
    pub summary: String,
    /// Status, versions, base and view.
    pub status: Option<SyncStatus>,
    /// The server's version that the view is based on.
    pub version: Option<Version>,
    /// The server's last known content, if it has one.
    pub base: Option<String>,
    /// Its operations, oldest first.
    pub operations: Vec<PendingOperation>,
    /// The number of its open conflict.
    pub conflict: Option<i64>,
}

/// Counters of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Transactions.
    pub commits: u64,
    /// Transactions that were forced to the disk before their callers got an answer.
    pub forced_writes: u64,
    /// Acknowledged writes, ours and those of the sync engine.
    pub writes: u64,
    /// SQL statements that began to run, of all clients of this process. What a trigger runs is a part of its statement.
    pub statements: u64,
    /// Bytes that the database and its log were written with, of all clients of this process. `None` where that is not counted: systems other
    /// than 64-bit Unix.
    pub bytes_written: Option<u64>,
    /// How often a thread handed work or a result of a write to another one: to the thread that writes, back to the caller, to the thread that
    /// folds the log. Each may wake a thread. Observers are not counted.
    pub wakeups: u64,
    /// HTTP requests.
    pub requests: u64,
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
    /// How well the cache serves.
    pub cache: CacheStats,
}

impl Holm {
    /// This device's id.
    pub fn device_id(&self) -> String {
        self.device().id().to_string()
    }

    /// The schema of the local database that this build writes.
    pub const fn schema_version() -> u32 {
        crate::store::SCHEMA_VERSION
    }

    /// Every document that queries see, and a digest over what the server is known to have. Blocking; reads everything.
    pub fn dump(&self) -> Result<Vec<CollectionDump>> {
        self.store().read(|connection| {
            let mut dumps = Vec::new();
            for (id, name) in crate::store::collections::all(connection)? {
                let mut statement = connection.prepare_cached(&format!(
                    "SELECT {DOCUMENT_COLUMNS}, d.seq FROM documents d WHERE d.collection = ?1 AND d.hidden = 0 ORDER BY {}",
                    crate::store::doc_id::text_of("d.id")
                ))?;
                let rows = statement.query_map([id], |row| Ok(DocumentDump { document: read_document(row)?, seq: row.get(DOCUMENT_WIDTH)? }))?;
                let documents = rows.collect::<Result<_, _>>()?;
                let (base_count, digest) = sync::of_collection(connection, id)?;
                dumps.push(CollectionDump { name, documents, base_count, digest: format!("{digest:016x}") });
            }
            Ok(dumps)
        })
    }

    /// Why a document is in the state that it is in. Blocking.
    ///
    /// # Errors
    /// `NOT_FOUND` if this store has never had it.
    pub fn explain(&self, collection: &str, id: &str) -> Result<Explanation> {
        let missing = || Error::not_found("document", id);
        self.inner.context.registry.refresh(self.store())?;
        let info = self.inner.context.registry.get(collection).ok_or_else(missing)?;
        let (row, ops, conflict) = self.store().read(|connection| {
            let row = documents::find(connection, info.id, id)?.ok_or_else(missing)?;
            let ops = operations::of_document(connection, row.row)?;
            let conflict = conflicts::of_document(connection, info.id, id)?.map(|conflict| conflict.id);
            Ok((row, ops, conflict))
        })?;
        let status =
            self.store().read(|connection| documents::get(connection, info.id, id))?.map(|document| document.status);
        let operations: Vec<_> = ops.into_iter().map(|op| self.shown(op)).collect();
        let summary = match (&operations.first(), conflict) {
            (_, Some(conflict)) => format!("conflict {conflict} waits for a decision"),
            (Some(op), _) if op.state == "parked" => {
                let reason =
                    op.error.as_ref().map(|error| format!("{}: {}", error.code, error.message)).unwrap_or_default();
                format!("the server refused its {}: {reason}", op.kind)
            }
            (Some(op), _) => format!("{} {} waits to be sent", op.state, op.kind),
            (None, _) if row.evicted => "its content was given up to keep within the limits: fetch it".to_owned(),
            (None, _) if row.hidden => "deleted on the server".to_owned(),
            (None, _) => "in step with the server".to_owned(),
        };
        Ok(Explanation {
            summary,
            status,
            version: row.version,
            base: row.server_body().cloned(),
            operations,
            conflict,
        })
    }

    /// Counters of this process.
    pub fn stats(&self) -> Stats {
        let counts = self.store().counts();
        let traffic = self.inner.http.as_ref().map(|http| http.traffic()).unwrap_or_default();
        Stats {
            commits: counts.commits,
            forced_writes: counts.forced_writes,
            writes: counts.writes,
            statements: counts.statements,
            bytes_written: counts.bytes_written,
            wakeups: counts.wakeups,
            requests: traffic.requests,
            bytes_up: traffic.bytes_up,
            bytes_down: traffic.bytes_down,
            cache: self.inner.context.executor.metrics().read(),
        }
    }

    pub(super) fn shown(&self, op: Operation) -> PendingOperation {
        PendingOperation {
            op_id: op.op_id,
            error: op.error().cloned(),
            collection: self.inner.context.registry.name(op.collection),
            doc_id: op.doc_id,
            kind: op.kind.as_str(),
            state: op.state.as_str(),
            attempts: op.attempts,
            next_attempt_ms: op.not_before_ms,
            changes: op.changes.map_or_else(|| json!({}), |changes| Value::Object(changes.to_patch())),
            action: op.action,
            made_ms: self.device().server_ms(op.stamp.ms),
        }
    }
}
