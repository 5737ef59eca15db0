//! The reference for a push: two plain SQLite files, a device and a server, that store what both must.
//!
//! The device keeps the server's state beside an edit until that is taken, and marks what a request carries before it goes. The server knows an
//! operation that comes twice, numbers versions and places, and commits a batch at once. Both in turn, 1,000 operations a request.

use crate::documents::{Task, edited, id, patch, task};
use crate::raw::parse_once;
use crate::timing::{ms, timed};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rusqlite::{Connection, params};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000;";

/// A device and a server with the same documents.
pub struct RawPush {
    device: Connection,
    server: SocketAddr,
    documents: u32,
}

#[derive(Deserialize)]
struct Operation {
    seq: i64,
    id: String,
    version: i64,
    patch: Map<String, Value>,
}

impl RawPush {
    pub fn new(directory: &Path, documents: u32) -> Self {
        let device = Connection::open(directory.join("device.db")).unwrap();
        parse_once(&device);
        device
            .execute_batch(&format!(
                "{SETTINGS}
                 CREATE TABLE tasks (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, done INT, created INT, body TEXT NOT NULL, base TEXT,
                                     version INTEGER, seq INTEGER);
                 CREATE INDEX newest_open ON tasks (done, created);
                 CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, task INTEGER NOT NULL, patch TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0);"
            ))
            .unwrap();
        let server = Connection::open(directory.join("server.db")).unwrap();
        parse_once(&server);
        server
            .execute_batch(&format!(
                "{SETTINGS}
                 CREATE TABLE records (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL);
                 CREATE UNIQUE INDEX by_seq ON records (seq);
                 CREATE TABLE ledger (op INTEGER PRIMARY KEY, version INTEGER NOT NULL, seq INTEGER NOT NULL);"
            ))
            .unwrap();
        transaction(&device, || (0..documents).for_each(|n| insert(&device, &server, n)), &server);
        Self { device, server: serve(server, i64::from(documents)), documents }
    }

    /// Edits documents that lie all over the account, as [`crate::push::offline_edits`] does. `salt`: or else nothing would change.
    pub fn edit_offline(&self, edits: u32, salt: u32) {
        let edit = |n: u32| {
            let number = n * (self.documents / edits);
            let (row, before): (i64, String) = self
                .device
                .prepare_cached("SELECT row, body FROM tasks WHERE id = ?1")
                .unwrap()
                .query_row([id(number)], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap();
            let salted = n + (salt + 1) * 1_000_000;
            let task: Task = edited(task(number), salted);
            let mut update =
                self.device.prepare_cached("UPDATE tasks SET done = ?2, body = ?3, base = ?4 WHERE row = ?1").unwrap();
            update.execute(params![row, task.done, serde_json::to_string(&task).unwrap(), before]).unwrap();
            let mut queue = self.device.prepare_cached("INSERT INTO outbox (task, patch) VALUES (?1, ?2)").unwrap();
            queue.execute(params![row, patch(salted).to_string()]).unwrap();
        };
        run(&self.device, "BEGIN IMMEDIATE");
        (0..edits).for_each(edit);
        run(&self.device, "COMMIT");
    }

    /// Sends the outbox, and takes in what the server says. Returns milliseconds.
    pub fn push(&self, edits: u32) -> f64 {
        let stream = TcpStream::connect(self.server).unwrap();
        stream.set_nodelay(true).unwrap();
        let (time, taken) = timed(|| self.exchange(&stream));
        assert_eq!(taken, edits);
        ms(time)
    }

    fn exchange(&self, mut stream: &TcpStream) -> u32 {
        let mut replies = BufReader::new(stream);
        let mut taken = 0;
        loop {
            let (body, last) = self.batch();
            if body.is_empty() {
                return taken;
            }
            self.device.prepare_cached("UPDATE outbox SET sent = 1 WHERE seq <= ?1").unwrap().execute([last]).unwrap();
            let body = packed(&body);
            write!(stream, "POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
            stream.write_all(&body).unwrap();
            let answer = unpacked(&message_body(&mut replies).unwrap());
            run(&self.device, "BEGIN IMMEDIATE");
            for line in answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let (op, version, seq): (i64, i64, i64) = serde_json::from_slice(line).unwrap();
                let take = "UPDATE tasks SET base = NULL, version = ?2, seq = ?3 WHERE row = (SELECT task FROM outbox WHERE seq = ?1)";
                self.device.prepare_cached(take).unwrap().execute([op, version, seq]).unwrap();
                self.device.prepare_cached("DELETE FROM outbox WHERE seq = ?1").unwrap().execute([op]).unwrap();
                taken += 1;
            }
            run(&self.device, "COMMIT");
        }
    }

    /// The next operations, a line each, and the number of the last.
    fn batch(&self) -> (Vec<u8>, i64) {
        let mut select = self
            .device
            .prepare_cached(
                "SELECT o.seq, t.id, t.version, o.patch FROM outbox o JOIN tasks t ON t.row = o.task ORDER BY o.seq LIMIT 1000",
            )
            .unwrap();
        let (mut body, mut last) = (Vec::new(), 0);
        let mut rows = select.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            last = row.get(0).unwrap();
            let text = |column| row.get_ref(column).unwrap().as_str().unwrap();
            let version: i64 = row.get(2).unwrap();
            let (id, patch) = (text(1), text(3));
            writeln!(body, r#"{{"seq":{last},"id":"{id}","version":{version},"patch":{patch}}}"#).unwrap();
        }
        (body, last)
    }
}

fn insert(device: &Connection, server: &Connection, n: u32) {
    let task = task(n);
    let (body, seq) = (serde_json::to_string(&task).unwrap(), n + 1);
    let mut insert = device
        .prepare_cached("INSERT INTO tasks (id, done, created, body, version, seq) VALUES (?1, ?2, ?3, ?4, 1, ?5)")
        .unwrap();
    insert.execute(params![task.id, task.done, task.created, body, seq]).unwrap();
    let mut insert =
        server.prepare_cached("INSERT INTO records (id, seq, version, body) VALUES (?1, ?2, 1, ?3)").unwrap();
    insert.execute(params![task.id, seq, body]).unwrap();
}

fn transaction(one: &Connection, work: impl FnOnce(), other: &Connection) {
    [one, other].iter().for_each(|connection| run(connection, "BEGIN IMMEDIATE"));
    work();
    [one, other].iter().for_each(|connection| run(connection, "COMMIT"));
}

/// Serves one connection after another. Ends with the process.
fn serve(database: Connection, last_seq: i64) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut seq = last_seq;
        for mut stream in listener.incoming().flatten() {
            stream.set_nodelay(true).unwrap();
            let mut requests = BufReader::new(stream.try_clone().unwrap());
            while let Some(body) = message_body(&mut requests) {
                let answer = packed(&take(&database, &unpacked(&body), &mut seq));
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
                if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer)).is_err() {
                    break;
                }
            }
        }
    });
    address
}

/// Takes a batch, in one transaction. Returns number, version and place of each operation, a line each.
fn take(database: &Connection, batch: &[u8], seq: &mut i64) -> Vec<u8> {
    let mut answer = Vec::new();
    run(database, "BEGIN IMMEDIATE");
    for line in batch.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let op: Operation = serde_json::from_slice(line).unwrap();
        let known = database.prepare_cached("SELECT 1 FROM ledger WHERE op = ?1").unwrap().exists([op.seq]).unwrap();
        assert!(!known);
        let (row, version, body): (i64, i64, String) = database
            .prepare_cached("SELECT row, version, body FROM records WHERE id = ?1")
            .unwrap()
            .query_row([&op.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        assert_eq!(version, op.version);
        let mut fields: Map<String, Value> = serde_json::from_str(&body).unwrap();
        fields.extend(op.patch);
        *seq += 1;
        database
            .prepare_cached("UPDATE records SET seq = ?2, version = ?3, body = ?4 WHERE row = ?1")
            .unwrap()
            .execute(params![row, *seq, version + 1, serde_json::to_string(&fields).unwrap()])
            .unwrap();
        let mut note = database.prepare_cached("INSERT INTO ledger (op, version, seq) VALUES (?1, ?2, ?3)").unwrap();
        note.execute([op.seq, version + 1, *seq]).unwrap();
        writeln!(answer, "[{},{},{seq}]", op.seq, version + 1).unwrap();
    }
    run(database, "COMMIT");
    answer
}

fn run(database: &Connection, sql: &str) {
    database.prepare_cached(sql).unwrap().raw_execute().unwrap();
}

fn packed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut plain).unwrap();
    plain
}

/// The body of the next message.
fn message_body(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}
