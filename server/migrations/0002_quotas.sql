-- What a space holds, kept with each write: live records, all rows with tombstones, bytes of live bodies, bytes of stored replies.
ALTER TABLE spaces ADD COLUMN live_records INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spaces ADD COLUMN all_rows     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spaces ADD COLUMN live_bytes   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spaces ADD COLUMN reply_bytes  INTEGER NOT NULL DEFAULT 0;

UPDATE spaces SET
    live_records = (SELECT coalesce(sum(live_count), 0) FROM streams WHERE space = spaces.id),
    all_rows     = (SELECT count(*) FROM records JOIN streams ON streams.id = records.stream WHERE space = spaces.id),
    live_bytes   = (SELECT coalesce(sum(octet_length(body)), 0) FROM records JOIN streams ON streams.id = records.stream
                    WHERE space = spaces.id),
    reply_bytes  = (SELECT coalesce(sum(coalesce(octet_length(data), 0) + 256), 0) FROM idempotency WHERE user = spaces.owner);

-- The oldest replies of one user, and whether a device has signed in.
CREATE INDEX idempotency_by_user ON idempotency (user, ts);
CREATE INDEX families_by_device ON families (user, device);

-- When the sign-in was last used: its last exchange of tokens. A sign-in that is not used gives place to a new one.
ALTER TABLE families ADD COLUMN used_ts INTEGER NOT NULL DEFAULT 0;
UPDATE families SET used_ts = coalesce((SELECT max(rotated_ts) FROM pairs WHERE family = families.id), created_ts);
