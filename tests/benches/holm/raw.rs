//! The reference: plain SQLite, tuned as one would for this table alone.

use crate::documents::{Task, tasks};
use holm_core::Durability;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};
use std::path::Path;

/// A database with a table of documents, an index on two of their fields, and an outbox.
pub struct Raw {
    pub connection: Connection,
}

const INSERT: &str = "INSERT INTO tasks (id, done, created, body) VALUES (?1, ?2, ?3, ?4)";
const NEWEST_OPEN: &str = "SELECT id, body FROM tasks WHERE done = 0 ORDER BY created DESC LIMIT 50";

/// Else SQLite parses a statement anew for each new value, in case another plan would suit that value.
pub fn parse_once(connection: &Connection) {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
}

impl Raw {
    pub fn open(directory: &Path, durability: Durability) -> Self {
        let connection = Connection::open(directory.join("raw.db")).unwrap();
        parse_once(&connection);
        let synchronous = match durability {
            Durability::Full => "FULL",
            Durability::Normal => "NORMAL",
        };
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA cache_size = -16000;
                 PRAGMA wal_autocheckpoint = 4000;
                 CREATE TABLE IF NOT EXISTS tasks (id TEXT NOT NULL PRIMARY KEY, done INT, created INT, body TEXT NOT NULL);
                 CREATE INDEX IF NOT EXISTS newest_open ON tasks (done, created);
                 CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL);"
            ))
            .unwrap();
        connection.set_prepared_statement_cache_capacity(32);
        Self { connection }
    }

    /// Runs work in a transaction.
    pub fn transaction(&self, work: impl FnOnce()) {
        self.connection.prepare_cached("BEGIN IMMEDIATE").unwrap().raw_execute().unwrap();
        work();
        self.connection.prepare_cached("COMMIT").unwrap().raw_execute().unwrap();
    }

    pub fn insert(&self, task: &Task) {
        self.insert_text(&task.id, task.done, task.created, &serde_json::to_string(task).unwrap());
    }

    pub fn insert_text(&self, id: &str, done: bool, created: i64, body: &str) {
        self.connection.prepare_cached(INSERT).unwrap().execute(params![id, done, created, body]).unwrap();
    }

    /// A document and its outbox row.
    pub fn insert_queued(&self, task: &Task) {
        let body = serde_json::to_string(task).unwrap();
        self.insert_text(&task.id, task.done, task.created, &body);
        self.queue(&task.id, &body);
    }

    /// An edit and its outbox row.
    pub fn update_queued(&self, task: &Task) {
        let body = serde_json::to_string(task).unwrap();
        self.connection
            .prepare_cached("UPDATE tasks SET done = ?2, created = ?3, body = ?4 WHERE id = ?1")
            .unwrap()
            .execute(params![task.id, task.done, task.created, body])
            .unwrap();
        self.queue(&task.id, &body);
    }

    fn queue(&self, id: &str, body: &str) {
        let mut insert = self.connection.prepare_cached("INSERT INTO outbox (id, body) VALUES (?1, ?2)").unwrap();
        insert.execute(params![id, body]).unwrap();
    }

    /// Makes the first `count` documents, some in each transaction.
    pub fn fill(&self, count: u32) {
        for from in (0..count).step_by(10_000) {
            let list = tasks(from..(from + 10_000).min(count));
            self.transaction(|| list.iter().for_each(|task| self.insert(task)));
        }
    }

    /// A document's text.
    pub fn get(&self, id: &str) -> String {
        let mut select = self.connection.prepare_cached("SELECT body FROM tasks WHERE id = ?1").unwrap();
        select.query_row([id], |row| row.get(0)).unwrap()
    }

    /// Ids and texts of the 50 newest that are not done.
    pub fn newest_open(&self) -> Vec<(String, String)> {
        let mut select = self.connection.prepare_cached(NEWEST_OPEN).unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    pub fn count(&self) -> u32 {
        self.connection.query_row("SELECT count(*) FROM tasks", [], |row| row.get(0)).unwrap()
    }
}
