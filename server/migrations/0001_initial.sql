-- One row for each thing that is true of the whole database: epoch; cleaned_ts, the time of the last round of clean-up; probed_ts, that of the
-- last trial write.
CREATE TABLE server (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    public_id     TEXT    NOT NULL UNIQUE,
    email         TEXT    UNIQUE, -- trimmed, in lower case
    name          TEXT,
    password_hash TEXT,           -- PHC string
    created_ts    INTEGER NOT NULL,
    -- Tokens of issuers that are older are refused.
    tokens_from_ts INTEGER,
    -- Who has neither is known by a row of identities.
    CHECK ((email IS NULL) = (password_hash IS NULL))
) STRICT;

-- Users as issuers of tokens name them (the claims iss and sub).
CREATE TABLE identities (
    issuer  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    user    INTEGER NOT NULL REFERENCES users (id),
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_by_user ON identities (user);

-- last_us: the stamp of the newest write in the space. Stamps (columns in _us) are microseconds since 1970; they rise strictly within a
-- space, so one point in time is a cursor for all of its streams. Columns in _ts are milliseconds.
-- Kept with each write: live records, all rows with tombstones, bytes of live bodies, rows of op_ledger, bytes of stored replies and of
-- jobs.
CREATE TABLE spaces (
    id           INTEGER PRIMARY KEY,
    owner        INTEGER NOT NULL UNIQUE REFERENCES users (id),
    last_us      INTEGER NOT NULL,
    live_records INTEGER NOT NULL DEFAULT 0,
    all_rows     INTEGER NOT NULL DEFAULT 0,
    live_bytes   INTEGER NOT NULL DEFAULT 0,
    operations   INTEGER NOT NULL DEFAULT 0,
    reply_bytes  INTEGER NOT NULL DEFAULT 0,
    job_bytes    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- op_seq: the greatest place in its order that the device ever sent; ack_op_seq: the greatest that it confirmed, never above op_seq.
CREATE TABLE devices (
    id           INTEGER PRIMARY KEY,
    user         INTEGER NOT NULL REFERENCES users (id),
    name         TEXT    NOT NULL,
    op_seq       INTEGER NOT NULL DEFAULT -1,
    ack_op_seq   INTEGER NOT NULL DEFAULT -1,
    last_seen_ts INTEGER NOT NULL,
    UNIQUE (user, name)
) STRICT;

-- The head of a stream. Tombstones with seq <= min_seq are gone; min_us is the stamp of the youngest of them.
-- digest: a u64 stored in two's complement.
CREATE TABLE streams (
    id         INTEGER PRIMARY KEY,
    space      INTEGER NOT NULL REFERENCES spaces (id),
    collection TEXT    NOT NULL,
    last_seq   INTEGER NOT NULL,
    last_us    INTEGER NOT NULL,
    min_seq    INTEGER NOT NULL,
    min_us     INTEGER NOT NULL,
    live_count INTEGER NOT NULL,
    digest     INTEGER NOT NULL,
    UNIQUE (space, collection)
) STRICT;

-- What a page of a pull reads stands first. body: the app's fields as JSON text, NULL in a tombstone.
-- own_stamps: 1 if the app has a field createdAt, 2 if updatedAt, 3 if both.
-- created_version: the version that made the record (again); path_stamps: paths edited since, {"/title":[3,"<hlc>"]}, NULL if none.
-- create_hlc: NULL while it equals hlc.
-- References are checked at the commit: one that is checked at once makes every statement keep a journal of its own.
CREATE TABLE records (
    row           INTEGER PRIMARY KEY,
    stream        INTEGER NOT NULL REFERENCES streams (id) DEFERRABLE INITIALLY DEFERRED,
    seq           INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    created_us    INTEGER NOT NULL,
    updated_us    INTEGER NOT NULL,
    own_stamps    INTEGER NOT NULL,
    origin_device INTEGER REFERENCES devices (id) DEFERRABLE INITIALLY DEFERRED,
    origin_op     TEXT,
    body          TEXT,
    created_version INTEGER NOT NULL,
    hlc           TEXT    NOT NULL,
    create_hlc    TEXT,
    path_stamps   TEXT,
    client_id     TEXT
) STRICT;
CREATE UNIQUE INDEX records_by_seq ON records (stream, seq);
CREATE UNIQUE INDEX records_by_id ON records (stream, id);
CREATE UNIQUE INDEX records_by_client_id ON records (stream, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX tombstones ON records (updated_us) WHERE body IS NULL;

-- Results of operations that have their effect, kept for the maximum offline time. Keyed by user, not by device: a restored copy of a
-- store sends its operations again under another device id. row rises with ts, so the oldest are deleted from one end.
CREATE TABLE op_ledger (
    row        INTEGER PRIMARY KEY,
    user       INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    op_id      TEXT    NOT NULL,
    content    BLOB    NOT NULL,
    ts         INTEGER NOT NULL,
    record_id  TEXT    NOT NULL,
    version    INTEGER,
    seq        INTEGER,
    updated_us INTEGER,
    restated   INTEGER NOT NULL -- whether the result carries the record
) STRICT;
CREATE UNIQUE INDEX op_ledger_by_id ON op_ledger (user, op_id);

-- Replies to plain writes that brought an Idempotency-Key.
CREATE TABLE idempotency (
    user       INTEGER NOT NULL REFERENCES users (id),
    key        TEXT    NOT NULL,
    content    BLOB    NOT NULL,
    ts         INTEGER NOT NULL,
    collection TEXT    NOT NULL,
    record_id  TEXT    NOT NULL,
    etag       TEXT,
    data       TEXT, -- NULL for a reply without body
    PRIMARY KEY (user, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (ts);
CREATE INDEX idempotency_by_user ON idempotency (user, ts);

-- Calls of actions. state: 0 running, 1 succeeded, 2 failed; outcome: the result or the error as JSON text.
-- next_ts: when a running job is tried (again), also if the server dies in the middle of an attempt.
CREATE TABLE jobs (
    row        INTEGER PRIMARY KEY,
    public_id  TEXT    NOT NULL UNIQUE,
    user       INTEGER NOT NULL REFERENCES users (id),
    op_id      TEXT    NOT NULL, -- the Idempotency-Key
    content    BLOB    NOT NULL,
    collection TEXT,
    record_id  TEXT,
    name       TEXT    NOT NULL,
    params     TEXT    NOT NULL,
    state      INTEGER NOT NULL,
    next_ts    INTEGER,
    outcome    TEXT,
    attempts   INTEGER NOT NULL,
    created_ts INTEGER NOT NULL,
    updated_ts INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX jobs_by_key ON jobs (user, op_id);
CREATE INDEX jobs_due ON jobs (next_ts) WHERE state = 0;
CREATE INDEX jobs_running ON jobs (user) WHERE state = 0;
CREATE INDEX jobs_ended ON jobs (updated_ts) WHERE state <> 0;

-- One sign-in: every pair of tokens that came of it.
CREATE TABLE families (
    id         INTEGER PRIMARY KEY,
    user       INTEGER NOT NULL REFERENCES users (id),
    device     TEXT,
    created_ts INTEGER NOT NULL,
    -- The last exchange of tokens. A sign-in that is not used gives place to a new one.
    used_ts    INTEGER NOT NULL,
    revoked_ts INTEGER,
    -- Where an issuer's tokens sign in: those that were issued by then are refused.
    tokens_after_ts INTEGER
) STRICT;
CREATE INDEX families_by_user ON families (user);
-- Whether a device has signed in.
CREATE INDEX families_by_device ON families (user, device);

-- Tokens are stored as SHA-256. salt: with the refresh token it gives the pair that replaced this one.
CREATE TABLE pairs (
    id                 INTEGER PRIMARY KEY,
    family             INTEGER NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    session_hash       BLOB    NOT NULL UNIQUE,
    session_expires_ts INTEGER NOT NULL,
    refresh_hash       BLOB    NOT NULL UNIQUE,
    refresh_expires_ts INTEGER NOT NULL,
    used               INTEGER NOT NULL,
    salt               BLOB,
    next               INTEGER REFERENCES pairs (id) ON DELETE SET NULL,
    rotated_ts         INTEGER
) STRICT;
CREATE INDEX pairs_by_family ON pairs (family);
CREATE INDEX pairs_by_next ON pairs (next);
CREATE INDEX pairs_by_age ON pairs (refresh_expires_ts);
