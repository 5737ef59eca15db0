-- One row for each thing that the store must never forget. Times are milliseconds since 1970.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE collections (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- What the user sees (body), and what the server had last (base) where the two can differ.
-- A rowid table on purpose: random ids in a WITHOUT ROWID table load 2.7 times slower.
CREATE TABLE documents (
    row        INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    hidden     INTEGER NOT NULL,            -- 1: deleted, here or on the server; no query shows it
    pending    INTEGER NOT NULL,            -- 1: has operations in the outbox, and base holds the server's state
    version    INTEGER,                     -- the server's version; NULL: the server has never had it
    seq        INTEGER,                     -- its place in the server's order
    generation INTEGER NOT NULL,            -- the snapshot that confirmed it last
    updated_at INTEGER,                     -- when the server took its version
    body       TEXT,                        -- NULL: a tombstone
    base       TEXT                         -- only while pending; NULL: no live copy on the server
);
-- Ids are unique within a collection: each collection has a unique index of its own (documents_of_<number>, made with it), so that no
-- query of one ever looks at rows of another.

-- The queue of unsynced writes. AUTOINCREMENT: an op_seq is never used again, even after the queue was empty.
CREATE TABLE outbox (
    op_seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    op_id           BLOB    NOT NULL,
    document        INTEGER NOT NULL,       -- documents.row
    kind            INTEGER NOT NULL,       -- 0 create, 1 update, 2 delete
    state           INTEGER NOT NULL,       -- 0 queued, 1 in flight, 2 parked, 3 in conflict
    sent            INTEGER NOT NULL,       -- 1: a request has carried it: its content is frozen
    base_version    INTEGER,
    changes         TEXT,
    before          TEXT,
    hlc_ms          INTEGER NOT NULL,       -- device time below bit 44, the number of its frame above
    hlc_counter     INTEGER NOT NULL,
    group_id        TEXT,
    attempts        INTEGER NOT NULL DEFAULT 0,
    rounds          INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    error           TEXT,
    absorbed        BLOB                    -- ids of operations that were joined to this one, 16 bytes each
);
CREATE INDEX outbox_by_document ON outbox (document);
CREATE INDEX outbox_held ON outbox (state) WHERE state > 0;
CREATE INDEX outbox_by_group ON outbox (group_id) WHERE group_id IS NOT NULL;

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
    repaired_at INTEGER                     -- when a mismatch of the digest was last repaired
);

CREATE TABLE conflicts (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    collection     INTEGER NOT NULL,
    doc_id         TEXT    NOT NULL,
    base           TEXT,                    -- what both sides started from
    server         TEXT,                    -- NULL: deleted there
    server_version INTEGER,
    stamps         TEXT,
    detected_at    INTEGER NOT NULL,
    UNIQUE (collection, doc_id)
);

-- How operations ended that the server did not simply accept: those who wait for them may ask after a restart.
CREATE TABLE endings (
    id    INTEGER PRIMARY KEY,
    op_id BLOB    NOT NULL UNIQUE,
    how   INTEGER NOT NULL                  -- 1 withdrawn, 2 overridden, 3 discarded
);

-- Every value that lost: overwritten by a resolution, or discarded. Nothing is dropped silently.
CREATE TABLE journal (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    collection INTEGER NOT NULL,
    doc_id     TEXT    NOT NULL,
    op_id      BLOB,
    reason     TEXT    NOT NULL,
    lost       TEXT    NOT NULL,            -- JSON: the fields or the document that lost
    kept       TEXT                         -- JSON: what stands instead
);
CREATE INDEX journal_by_document ON journal (collection, doc_id);
CREATE INDEX journal_by_time ON journal (at);

