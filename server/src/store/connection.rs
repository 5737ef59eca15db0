//! Opening connections: the one place where they get their settings.

use super::OpenError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// SQLite 3.51.3 closes a race that could reset the write-ahead log under a reader and corrupt the database.
const OLDEST_SQLITE: i32 = 3_051_003;

/// The place of the database.
#[derive(Debug, Clone)]
pub(crate) enum Location {
    /// In this folder.
    Directory(PathBuf),
    /// The same, on the tasks that ask, without threads and without a lock.
    SingleThread(PathBuf),
    /// Nowhere: gone with the last connection.
    Memory,
}

/// The purpose of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The only one that writes.
    Writer,
    /// One of those that do not.
    Reader,
}

/// Makes the folder if need be and keeps other servers out of it until the returned file is closed, by whatever end of the process.
pub(crate) fn lock(location: &Location) -> Result<Option<File>, OpenError> {
    let unusable = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Unusable { path, source }
    };
    let (Location::Directory(folder) | Location::SingleThread(folder)) = location else { return Ok(None) };
    make_private(folder).map_err(unusable(folder))?;
    if matches!(location, Location::SingleThread(_)) {
        return Ok(None);
    }
    let path = folder.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(unusable(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: folder.clone() }),
        Err(TryLockError::Error(source)) => Err(unusable(&path)(source)),
    }
}

/// Makes the folder, and an empty database in it, for this user of the machine only: hashes of passwords and the data of all users are there.
/// What other files SQLite makes gets the permissions of the database.
#[cfg(unix)]
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for name in ["holm.db", "lock"] {
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join(name))?;
    }
    // The folder stays as it is if it was there: it may be for more than this. The files are ours.
    for name in ["holm.db", "holm.db-wal", "holm.db-shm", "lock"] {
        let path = folder.join(name);
        if std::fs::metadata(&path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0) {
            tracing::warn!(path = %path.display(), "was open to other users of the machine; it is not any more");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}

/// Opens a connection. A file that is not ours or that a newer server wrote is left as it is.
pub(super) fn open(location: &Location, role: Role) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(OpenError::SqliteTooOld { found: rusqlite::version().to_owned() });
    }
    let connection = match location {
        Location::Memory => Connection::open_in_memory()?,
        Location::Directory(folder) | Location::SingleThread(folder) => {
            let flags = match role {
                Role::Writer => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
                Role::Reader => OpenFlags::SQLITE_OPEN_READ_WRITE,
            };
            Connection::open_with_flags(folder.join("holm.db"), flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?
        }
    };
    connection.busy_timeout(Duration::from_secs(5))?;
    // Closing the last connection would move the log into a file that we may yet have to refuse.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    super::migrations::check(&connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    // Else SQLite parses a statement anew for each new value, in case another plan would suit that value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // In memory the answer is "memory", and that is fine.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Kibibytes, as the minus says.
    connection.pragma_update(None, "cache_size", if role == Role::Writer { -65_536 } else { -8_192 })?;
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "query_only", role == Role::Reader)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::StatementStatus;

    #[test]
    fn a_statement_is_parsed_once_whatever_it_is_asked_with() {
        let connection = open(&Location::Memory, Role::Writer).unwrap();
        connection.execute_batch("CREATE TABLE t (a, b); CREATE INDEX t_by_a ON t (a)").unwrap();
        let sql = "SELECT b FROM t WHERE a = ?1 LIMIT ?2";
        for a in 0..5 {
            assert!(!connection.prepare_cached(sql).unwrap().exists([a, 10]).unwrap());
        }
        assert_eq!(connection.prepare_cached(sql).unwrap().get_status(StatementStatus::RePrepare), 0);
    }
}
