//! The one place where SQLite's failures become ours.

use crate::error::{Error, ErrorCode};
use rusqlite::ffi;

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error_code() else {
            return Error::internal(format!("database: {error}"));
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
