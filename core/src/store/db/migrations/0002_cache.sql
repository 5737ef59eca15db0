-- What caching needs: how old what is here is, and which documents have lost their content to a limit.

-- When the stream was last read to its head, server time as known here; NULL: never since this step.
ALTER TABLE streams ADD COLUMN read_at INTEGER;

-- 1: the row has lost its body to a limit and is hidden. Its id, seq and version still stand for the server's live copy.
ALTER TABLE documents ADD COLUMN evicted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX documents_evicted ON documents (collection) WHERE evicted = 1;

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
