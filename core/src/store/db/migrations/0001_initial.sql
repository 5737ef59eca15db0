-- One row for each thing that the store must never forget. Times are milliseconds since 1970. The id of a document that is a UUID in its usual
-- notation is stored as its 16 bytes, everywhere (store/doc_id.rs).

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE collections (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- What the user sees. What the server had last stands in operations.base where the two can differ.
-- A rowid table on purpose: random ids in a WITHOUT ROWID table load 2.7 times slower.
CREATE TABLE documents (
    row        INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    hidden     INTEGER NOT NULL,            -- 1: deleted, here or on the server; no query shows it
    pending    INTEGER NOT NULL,            -- op_seq of its first operation, whose base is the server's state; 0: none
    version    INTEGER,                     -- the server's version; NULL: the server has never had it
    seq        INTEGER,                     -- its place in the server's order
    generation INTEGER NOT NULL,            -- the snapshot that confirmed it last
    updated_at INTEGER,                     -- when the server took its version
    body       TEXT,                        -- NULL: a tombstone, or evicted
    evicted    INTEGER NOT NULL DEFAULT 0   -- 1: the body was given up to a limit; id, seq and version stand for the server's copy
);
-- Ids are unique within a collection: each collection has a unique index of its own (documents_of_<number>, made with it), so that no
-- query of one ever looks at rows of another.
CREATE INDEX documents_evicted ON documents (collection) WHERE evicted = 1;

-- The queue of unsynced writes. An op_seq is never used again: meta keeps the last one when its row goes.
-- A document's first operation is found by documents.pending, the others by the partial index: the common queue of one operation
-- costs no index.
CREATE TABLE operations (
    op_seq       INTEGER PRIMARY KEY,
    op_id        BLOB    NOT NULL,          -- carries op_seq in its last four bytes: looked up without an index
    document     INTEGER NOT NULL,          -- documents.row; 0 for an action without a document
    kind         INTEGER NOT NULL,          -- 0 create, 1 update, 2 delete, 3 action
    state        INTEGER NOT NULL,          -- 0 open, 1 unanswered, 2 in flight, 3 parked, 4 in conflict, 5 parked and perhaps on the server
    behind       INTEGER NOT NULL,          -- 1: other operations of its document go first
    base_version INTEGER,
    changes      TEXT,                      -- field operations, as they travel
    before       TEXT,                      -- the changed paths as the user saw them before
    hlc_ms       INTEGER NOT NULL,          -- device time below bit 44, the number of its frame above
    hlc_counter  INTEGER NOT NULL,
    group_id     TEXT,
    attempts     INTEGER NOT NULL DEFAULT 0,
    rounds       INTEGER NOT NULL DEFAULT 0,
    not_before   INTEGER NOT NULL DEFAULT 0,
    error        TEXT,
    absorbed     BLOB,                      -- ids of operations that were joined to this one, 16 bytes each
    action       TEXT,                      -- name and parameters of an action
    base         TEXT                       -- only in a document's first operation: the server's live copy of the document; NULL: it has none
);
CREATE INDEX operations_behind ON operations (document) WHERE behind = 1;
CREATE INDEX operations_held ON operations (state) WHERE state > 1;
CREATE INDEX operations_waiting ON operations (not_before) WHERE not_before > 0;
CREATE INDEX operations_by_group ON operations (group_id) WHERE group_id IS NOT NULL;

-- An operation that waits until another one has ended, because its document refers to that one's.
CREATE TABLE dependencies (
    op_seq INTEGER NOT NULL,
    on_seq INTEGER NOT NULL,
    PRIMARY KEY (op_seq, on_seq)
) WITHOUT ROWID;
CREATE INDEX dependencies_on ON dependencies (on_seq);

-- A document that is not here, and an operation whose document refers to it: if it is made here, the operation waits for it.
CREATE TABLE awaited (
    collection INTEGER NOT NULL,
    doc_id     TEXT    NOT NULL,
    op_seq     INTEGER NOT NULL,
    PRIMARY KEY (collection, doc_id, op_seq)
) WITHOUT ROWID;
CREATE INDEX awaited_by_operation ON awaited (op_seq);

-- What became of operations that are no longer queued: for those who ask after a restart. A plain acceptance has no row.
CREATE TABLE outcomes (
    id          INTEGER PRIMARY KEY,
    op_id       BLOB    NOT NULL UNIQUE,
    outcome     INTEGER NOT NULL,           -- 0 accepted, 1 withdrawn, 2 overridden, 3 discarded, 4 joined to another operation
    version     INTEGER,
    result      TEXT,                       -- JSON: what an action returned
    absorbed_by BLOB                        -- the operation that answers for this one
);

-- Stretches in which the device's clocks ran on undisturbed. A stamp names its frame, and is converted to the server's time through it.
CREATE TABLE frames (
    id          INTEGER PRIMARY KEY,
    nonce       INTEGER NOT NULL,           -- tells it from another frame that got this number after a rollback
    first_ms    INTEGER NOT NULL,           -- device time at its beginning
    wall_lag_ms INTEGER NOT NULL,           -- wall clock minus device time at its beginning
    offset_ms   INTEGER,                    -- server time minus device time; NULL: not known yet
    until_ms    INTEGER                     -- server time that its stamps do not exceed
);

-- How far each collection has been read from the server.
CREATE TABLE streams (
    collection  INTEGER PRIMARY KEY,
    space       TEXT,
    cursor      TEXT,
    generation  INTEGER NOT NULL DEFAULT 1, -- raised when a snapshot starts anew
    loading     INTEGER NOT NULL DEFAULT 1, -- 1: the snapshot of this generation is not complete yet
    live_count  INTEGER NOT NULL DEFAULT 0, -- over base rows without tombstones
    digest      INTEGER NOT NULL DEFAULT 0,
    repaired_at INTEGER,                    -- when a mismatch of the digest was last repaired
    read_at     INTEGER                     -- when it was last read to its head, server time as known here; NULL: never
);

-- States of the server that may show a write of this device that was sent and has no answer. They wait for it: else the app would see that
-- write twice.
CREATE TABLE waiting_states (
    document   INTEGER PRIMARY KEY,         -- documents.row
    collection INTEGER NOT NULL,
    version    INTEGER,
    seq        INTEGER NOT NULL,
    updated_at INTEGER,
    body       TEXT    NOT NULL,
    stamps     TEXT
);

CREATE TABLE conflicts (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    collection     INTEGER NOT NULL,
    doc_id         TEXT    NOT NULL,
    base           TEXT,                    -- what both sides started from
    server         TEXT,                    -- NULL: deleted there
    server_version INTEGER,
    stamps         TEXT,
    paths          TEXT    NOT NULL,        -- the places that clash, as JSON Pointers
    detected_at    INTEGER NOT NULL,
    asks_resolver  INTEGER NOT NULL,        -- 1: the collection's resolver is asked; 0: a person is; more: a person is, as the resolver failed
    asks           INTEGER NOT NULL,        -- how often the resolver was asked
    UNIQUE (collection, doc_id)
);

-- Every value that lost: overwritten by a resolution, or discarded. Nothing is dropped silently.
CREATE TABLE journal (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    collection INTEGER NOT NULL,
    doc_id     TEXT    NOT NULL,
    op_id      BLOB,
    reason     TEXT    NOT NULL,
    deleted    INTEGER NOT NULL,            -- 1: a delete lost
    changes    TEXT    NOT NULL,            -- field operations that would bring back what lost
    kept       TEXT,                        -- JSON: what stands instead
    action     TEXT                         -- JSON: the call that was given up, if it was one
);
CREATE INDEX journal_by_document ON journal (collection, doc_id);
CREATE INDEX journal_by_time ON journal (at);

-- The server's own id of a document, where the server assigns ids. The local id stays the document's name on this device.
CREATE TABLE server_ids (
    collection INTEGER NOT NULL,
    doc_id     TEXT    NOT NULL,
    server_id  TEXT    NOT NULL,
    PRIMARY KEY (collection, doc_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX server_ids_back ON server_ids (collection, server_id);

-- When documents of collections with a limit were last used. Written with evictions; what is not there counts by its last change.
CREATE TABLE uses (
    collection INTEGER NOT NULL,
    doc_id     TEXT    NOT NULL,
    used_at    INTEGER NOT NULL,
    PRIMARY KEY (collection, doc_id)
) WITHOUT ROWID;

-- Documents that the app wants to keep here whatever the limits say.
CREATE TABLE pins (
    collection INTEGER NOT NULL,
    doc_id     TEXT    NOT NULL,
    PRIMARY KEY (collection, doc_id)
) WITHOUT ROWID;

-- Records that could not be read, and what they were at. One that has a newer state, or that could be read later, does not count.
CREATE TABLE unreadable (
    collection INTEGER NOT NULL,
    doc_id     TEXT    NOT NULL,
    seq        INTEGER NOT NULL,
    kept       INTEGER NOT NULL,            -- 1: the document was here in an older state
    PRIMARY KEY (collection, doc_id)
) WITHOUT ROWID;
