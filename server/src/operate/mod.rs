//! What operators do to a server's data: backup, restore, check, repair, figures, sessions.
//!
//! Invariants:
//! - Nothing here is needed by a server that runs, and nothing here stops one: [`backup`], [`check`], [`stats`] and the [`sessions`] work beside it.
//!   [`restore`] and [`repair`] have the folder for themselves, or fail with [`OpenError::InUse`].
//! - A command that fails leaves the data as it was.

mod backup;
mod check;
mod restore;
pub mod sessions;
mod stats;

pub use backup::{Backup, backup};
pub use check::{check, repair};
pub use restore::{Restored, restore};
pub use stats::{Stats, stats};

use crate::store::OpenError;
use std::path::{Path, PathBuf};

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperateError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no database in the folder.
    #[error("there is no database in {}", .0.display())]
    NoDatabase(PathBuf),
    /// A file would be overwritten.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The file is damaged, with what is wrong first.
    #[error("{} is damaged: {fault}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first fault.
        fault: String,
    },
    /// No account has this address.
    #[error("no account has the address {0}")]
    NoAccount(String),
    /// The operating system refuses.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Its error.
        source: std::io::Error,
    },
    /// SQLite refuses.
    #[error("the database fails: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl OperateError {
    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

/// The database of a folder. One that is not there is not made.
fn database_of(folder: &Path) -> Result<PathBuf, OperateError> {
    let path = folder.join("holm.db");
    if path.is_file() { Ok(path) } else { Err(OperateError::NoDatabase(folder.to_owned())) }
}

/// The first fault that SQLite finds in the structure of a database. Reads all of it.
fn damage(connection: &rusqlite::Connection) -> rusqlite::Result<Option<String>> {
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok((found != "ok").then_some(found))
}

/// Makes what was done in a folder durable.
fn sync_folder(folder: &Path) -> Result<(), OperateError> {
    if cfg!(unix) {
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(OperateError::file(folder))?;
    }
    Ok(())
}
