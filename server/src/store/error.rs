//! How the database can fail.

use crate::entropy::EntropyUnavailable;
use rusqlite::ErrorCode;
use std::path::PathBuf;

/// Why the database cannot be opened. Nothing was changed in an existing file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder cannot be made or read.
    #[error("cannot use {}: {source}", path.display())]
    Unusable {
        /// The folder or file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// Another server has it open.
    #[error("{} is in use by another server", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The file is a database of something else.
    #[error("the database belongs to another program (application id {application_id:#x})")]
    Foreign {
        /// The id in the file's header.
        application_id: i32,
    },
    /// A newer server wrote it.
    #[error("the database has schema {found}, this server knows {supported}")]
    SchemaTooNew {
        /// The schema of the file.
        found: i32,
        /// The newest that this build knows.
        supported: i32,
    },
    /// The SQLite that this was linked with has a known way to corrupt databases.
    #[error("SQLite {found} is too old, 3.51.3 is needed")]
    SqliteTooOld {
        /// Its version.
        found: String,
    },
    /// SQLite refuses.
    #[error("cannot open the database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// No randomness for the epoch.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// Why work was not done. Cloned for every request that shared the transaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    /// It may work later: busy, full, shutting down.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// It took longer than it may, or its caller has given up.
    #[error("took too long")]
    TimedOut,
    /// It will not.
    #[error("broken: {0}")]
    Broken(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly,
            ) => Self::Unavailable(text),
            Some(ErrorCode::OperationInterrupted) => Self::TimedOut,
            _ => Self::Broken(text),
        }
    }
}
