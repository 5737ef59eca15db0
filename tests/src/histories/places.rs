//! No device's place in a stream is ahead of what it has.
//!
//! Invariant: each record of the server up to a device's cursor is on the device, in that state or a later one; and no cursor is beyond the
//! server's last write. Looks into both databases: neither end says this of itself.

use super::{History, Member};
use base64ct::{Base64UrlUnpadded, Encoding};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Records that lie before a device's place and that it lacks. Parameters: 1 the stream on the server, 2 the place, 3 whether deletes lie before
/// it, too. Not so once the stream was read anew: that tells of no older delete, and the answer to a create of before may be late. Then the
/// digests differ, and the next page says so (history 118549). The device stores a UUID as its bytes.
const LACKING: &str = "
    SELECT r.id || ' at ' || r.seq FROM server.records r, main.collections c
    WHERE r.stream = ?1 AND r.seq <= ?2 AND c.name = 'tasks'
      AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.collection = c.id AND d.id IN (r.id, unhex(r.id, '-')) AND d.seq >= r.seq)
      AND NOT EXISTS (SELECT 1 FROM waiting_states w JOIN documents d ON d.row = w.document
                      WHERE d.collection = c.id AND d.id IN (r.id, unhex(r.id, '-')) AND w.seq >= r.seq)
      AND (r.body IS NOT NULL
           OR ?3 AND (SELECT s.generation = 1 FROM streams s WHERE s.collection = c.id) AND EXISTS (
               SELECT 1 FROM documents d WHERE d.collection = c.id AND d.id IN (r.id, unhex(r.id, '-')) AND d.seq IS NOT NULL AND CASE WHEN d.pending THEN (SELECT o.base IS NOT NULL FROM operations o WHERE o.op_seq = d.pending) ELSE d.body IS NOT NULL END))";

impl History {
    pub(super) fn no_place_is_ahead(&mut self, at: usize) {
        let server = self.world.server_directory().join("holm.db");
        let Member { device, both, .. } = &mut self.devices[at];
        let connection = both.look(&device.directory().join("holm.db"), &server);
        let mut statement = connection
            .prepare_cached(
                "SELECT s.cursor FROM streams s JOIN collections c ON c.id = s.collection WHERE c.name = 'tasks'",
            )
            .unwrap();
        let cursor: Option<String> = statement.query_row([], |row| row.get(0)).optional().unwrap().flatten();
        let Some(cursor) = cursor.as_deref().map(Place::of) else { return };
        let mut statement = connection.prepare_cached("SELECT value FROM server.server WHERE key = 'epoch'").unwrap();
        let epoch: String = statement.query_row([], |row| row.get(0)).unwrap();
        // A place in a database that is gone: it will be refused.
        if cursor.epoch != tag(&epoch) {
            return;
        }
        let mut streams = connection
            .prepare_cached(
                "SELECT 'u:' || u.public_id, s.id, s.last_seq FROM server.streams s JOIN server.spaces p ON p.id = s.space
                 JOIN server.users u ON u.id = p.owner WHERE s.collection = ?1",
            )
            .unwrap();
        let streams =
            streams.query_map([cursor.collection], |row| Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?))));
        let stream: Option<(i64, i64)> = streams
            .unwrap()
            .map(Result::unwrap)
            .find(|(space, _)| cursor.space == tag(space))
            .map(|(_, stream)| stream);
        let place = cursor.seq;
        let (stream, head) = stream.unwrap_or_default();
        assert!(place <= head, "{} is at {place}, and the server's last write is {head}", device.name);
        let mut statement = connection.prepare_cached(LACKING).unwrap();
        let lacking: Vec<String> = statement
            .query_map(params![stream, place, cursor.is_delta], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(lacking.is_empty(), "{} is at {place} and lacks {lacking:?}", device.name);
        self.run.count("places checked");
    }
}

/// A device's database and the server's, open for looking into both.
#[derive(Default)]
pub(crate) struct BothDatabases {
    open: Option<(Files, Connection)>,
}

/// The files of the device and of the server, by inode: a wipe makes a new file under the same name.
type Files = [(PathBuf, u64); 2];

impl BothDatabases {
    fn look(&mut self, device: &Path, server: &Path) -> &Connection {
        let known = |file: &Path| (file.to_owned(), file.metadata().unwrap().ino());
        let files = [known(device), known(server)];
        if self.open.as_ref().is_none_or(|(open, _)| *open != files) {
            let connection = Connection::open_with_flags(device, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
            // Else SQLite parses each statement anew for each new value.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
            connection.execute("ATTACH ?1 AS server", [server.to_str().unwrap()]).unwrap();
            self.open = Some((files, connection));
        }
        &self.open.as_ref().unwrap().1
    }
}

/// What a cursor says (protocol, section 1).
struct Place<'c> {
    epoch: &'c str,
    space: &'c str,
    collection: &'c str,
    seq: i64,
    is_delta: bool,
}

impl<'c> Place<'c> {
    fn of(cursor: &'c str) -> Self {
        let mut parts = cursor.split('.');
        let (tags, collection, place) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let (epoch, space) = tags.split_at(8);
        Self { epoch, space, collection, seq: place[1..].parse().unwrap(), is_delta: place.starts_with('d') }
    }
}

/// What a cursor says of an epoch or a space.
fn tag(text: &str) -> String {
    Base64UrlUnpadded::encode_string(&Sha256::digest(text)[..6])
}
