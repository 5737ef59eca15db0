//! The one function that opens a database connection, for writing and for reading.
//!
//! Invariants:
//! - No other code of this crate opens SQLite; a key for encryption at rest will be given here.
//! - A file that is not ours, or is newer than this build, is left byte for byte as it was.

use super::{meter, migrate, scrub};
use crate::error::{Error, ErrorCode, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::PathBuf;
use std::time::Duration;

/// A race that can corrupt the log was mended in this version (3.51.3).
const OLDEST_SQLITE: i32 = 3_051_003;
/// Kilobytes of page cache: the writer's working set of a bulk load; readers need little.
const WRITER_CACHE_KB: i32 = 8_000;
const READER_CACHE_KB: i32 = 2_000;
/// Bytes of its file that a log keeps when it starts anew: more than it usually has, so that it is cut after an unusual load only. Writing over
/// them makes a forced commit a third cheaper than letting the file grow.
const LOG_KEEPS: u64 = 16 << 20;
/// Prepared statements kept by each connection: those of this crate, some of them once for each collection, and the app's queries.
const STATEMENTS: usize = 256;

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Every acknowledged write survives a power cut (`synchronous=FULL`). The default.
    #[default]
    Full,
    /// Survives the death of the app; a power cut may take back the last few writes, never tear one (`synchronous=NORMAL`).
    Normal,
}

/// Where a database lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// In `holm.db` in this directory, which is made if it is not there.
    Directory(PathBuf),
    /// The same file, but with one connection and no threads: each job runs on the thread that submits it. For simulators.
    SingleThread(PathBuf),
    /// In memory: gone with the client. For tests.
    Memory,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Role {
    Writer(Durability),
    Reader,
    Checkpointer,
}

impl Location {
    /// The database's file.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Directory(directory) | Self::SingleThread(directory) => Some(directory.join("holm.db")),
            Self::Memory => None,
        }
    }

    /// Whether threads of the store serve this database.
    pub(in crate::store) fn has_threads(&self) -> bool {
        matches!(self, Self::Directory(_))
    }
}

/// Opens a connection. The writer makes the file and brings its schema up to date.
pub(in crate::store) fn open(location: &Location, role: Role) -> Result<Connection> {
    let version = rusqlite::version_number();
    if version < OLDEST_SQLITE {
        return Err(Error::internal(format!("SQLite {version} is linked; at least {OLDEST_SQLITE} is needed")));
    }
    meter::count_bytes();
    let mut connection = match location.file() {
        None => Connection::open_in_memory()?,
        Some(file) => {
            let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            if let (Role::Writer(_), Some(directory)) = (role, file.parent()) {
                std::fs::create_dir_all(directory)?;
                flags |= OpenFlags::SQLITE_OPEN_CREATE;
            }
            Connection::open_with_flags(file, flags)?
        }
    };
    meter::count_statements(&connection);
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    match role {
        Role::Writer(durability) => prepare_writer(&mut connection, durability)?,
        Role::Reader => prepare_shared(&connection, READER_CACHE_KB)?,
        Role::Checkpointer => {
            prepare_shared(&connection, 0)?;
            connection.execute_batch("PRAGMA wal_autocheckpoint = 0")?;
        }
    }
    if role == Role::Reader {
        connection.execute_batch("PRAGMA query_only = ON")?;
    }
    Ok(connection)
}

fn prepare_writer(connection: &mut Connection, durability: Durability) -> Result<()> {
    // Until the file is known to be ours, closing the connection must not fold the log into it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    check_ours(connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if !matches!(mode.as_str(), "wal" | "memory") {
        let message = format!("the database cannot use a write-ahead log here (mode {mode})");
        return Err(Error::Storage { code: ErrorCode::StorageUnavailable, message });
    }
    prepare_shared(connection, WRITER_CACHE_KB)?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    // Apple's fsync leaves data in the drive's cache. Elsewhere the setting has no effect.
    let full_fsync = if durability == Durability::Full { "ON" } else { "OFF" };
    // Checkpoints belong to a thread of their own, hardly ever to a commit.
    connection.execute_batch(&format!(
        "PRAGMA synchronous = {synchronous}; PRAGMA fullfsync = {full_fsync}; PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = {LOG_KEEPS};",
    ))?;
    scrub::set(connection, "FAST")?;
    migrate::run(connection)
}

fn prepare_shared(connection: &Connection, cache_kb: i32) -> Result<()> {
    // Else SQLite parses a statement anew for each new value, in case a partial index would suit that value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // A checkpoint reuses the log once the database has its pages for certain, whichever connection runs it.
    connection.execute_batch(&format!(
        "PRAGMA checkpoint_fullfsync = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF; PRAGMA cache_size = {};",
        -cache_kb
    ))?;
    Ok(())
}

/// Refuses a database of another program or of a newer build. Reads through SQLite, because the newest version may still be in the log.
fn check_ours(connection: &Connection) -> Result<()> {
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != migrate::APPLICATION_ID && (application != 0 || found != 0 || tables != 0) {
        let message = format!("the file is a database of something else (application id {application:#x})");
        return Err(Error::Storage { code: ErrorCode::NotAStore, message });
    }
    let supported = migrate::NEWEST;
    if found > supported {
        let message =
            format!("the database has schema {found}, this build knows {supported}; the file was not touched");
        return Err(Error::Storage { code: ErrorCode::SchemaTooNew, message });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_s01_full_durability_flushes_the_drives_cache() {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::Directory(directory.path().to_owned());
        let setting = |connection: &Connection, name: &str| -> i64 {
            connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap()
        };
        for (role, full) in
            [(Role::Writer(Durability::Full), 1), (Role::Writer(Durability::Normal), 0), (Role::Checkpointer, 0)]
        {
            let connection = open(&location, role).unwrap();
            assert_eq!(setting(&connection, "fullfsync"), full, "{role:?}");
            assert_eq!(setting(&connection, "checkpoint_fullfsync"), 1, "{role:?}");
        }
    }
}
