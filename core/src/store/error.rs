//! The one place where SQLite's failures become ours.

use crate::error::{Error, ErrorCode};
use rusqlite::ffi;

/// How SQLite says that a stored body is no JSON, and that a file has a header of no version that there is.
const DAMAGE: [&str; 2] = ["malformed JSON", "unsupported file format"];

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error_code() else {
            return match error {
                // What is stored is what was checked before: other bytes are damage.
                rusqlite::Error::Utf8Error(..) | rusqlite::Error::FromSqlConversionFailure(..) => Error::damaged(error),
                _ => Error::internal(format!("database: {error}")),
            };
        };
        use rusqlite::ErrorCode as Sqlite;
        let kind = match code {
            Sqlite::DiskFull => ErrorCode::StorageFull,
            Sqlite::DatabaseCorrupt => ErrorCode::StorageCorrupt,
            Sqlite::NotADatabase => ErrorCode::NotAStore,
            Sqlite::DatabaseBusy
            | Sqlite::DatabaseLocked
            | Sqlite::CannotOpen
            | Sqlite::PermissionDenied
            | Sqlite::ReadOnly
            | Sqlite::SystemIoFailure
            | Sqlite::FileLockingProtocolFailed => ErrorCode::StorageUnavailable,
            // Only a client that is being suspended or closed interrupts a read.
            Sqlite::OperationInterrupted => return Error::state(ErrorCode::Suspended),
            // SQLite has no code of its own for these.
            _ if DAMAGE.iter().any(|damage| error.to_string().contains(damage)) => return Error::damaged(error),
            _ => return Error::internal(format!("database: {error}")),
        };
        let extended = error.sqlite_error().map_or(0, |e| e.extended_code);
        Error::Storage {
            code: kind,
            message: format!("{} (SQLite {extended}: {})", kind.meaning(), ffi::code_to_str(extended)),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        let code = match error.kind() {
            std::io::ErrorKind::StorageFull => ErrorCode::StorageFull,
            _ => ErrorCode::StorageUnavailable,
        };
        Error::Storage { code, message: format!("{} ({error})", code.meaning()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn outside_9_damage_is_told_as_damage() {
        let connection = Connection::open_in_memory().unwrap();
        for sql in ["SELECT json_extract('{\"a\":', '$.a')", "SELECT CAST(x'ff' AS TEXT)"] {
            let error = connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap_err();
            assert_eq!(Error::from(error).code(), ErrorCode::StorageCorrupt, "{sql}");
        }
        let wrong = connection.query_row("SELECT 1", [], |row| row.get::<_, String>(0)).unwrap_err();
        assert_eq!(Error::from(wrong).code(), ErrorCode::Internal);
    }
}
