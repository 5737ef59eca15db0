//! A backup in the place of the data.

use super::backup::backup;
use super::{OperateError, damage, database_of, sync_folder};
use crate::entropy::Entropy;
use crate::store::{self, Location};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};

/// The folder in which a restore is prepared, inside that of the data.
const PREPARED: &str = "restoring";

/// A restore that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the data is now that was there before, if there was any.
    pub replaced: Option<PathBuf>,
}

/// Puts the backup `from` in the place of the data in `folder`, with a new epoch, so that every device reads its copy anew and sends what it has not
/// sent. The server must not run. Blocks.
///
/// What was there stays beside it as `holm.db.replaced-<n>`. A crash leaves the old data or the new.
///
/// # Errors
/// [`OperateError::Damaged`] if the backup is; [`OpenError::InUse`](crate::OpenError::InUse) if a server runs.
pub fn restore(folder: &Path, from: &Path, entropy: &dyn Entropy) -> Result<Restored, OperateError> {
    if !from.is_file() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(OperateError::file(from)(missing));
    }
    let location = Location::Directory(folder.to_owned());
    // It makes an empty file where there is no database.
    let had_data = database_of(folder).is_ok_and(|path| path.metadata().is_ok_and(|data| data.len() > 0));
    let _lock = store::lock(&location)?;
    let prepared = folder.join(PREPARED);
    if prepared.exists() {
        std::fs::remove_dir_all(&prepared).map_err(OperateError::file(&prepared))?;
    }
    let outcome = prepare(&prepared, from, entropy).and_then(|()| exchange(folder, &prepared, had_data));
    // Nothing of it is needed any more.
    let _ = std::fs::remove_dir_all(&prepared);
    outcome
}

/// Copies the backup, checks it, and gives it an epoch of its own.
fn prepare(prepared: &Path, from: &Path, entropy: &dyn Entropy) -> Result<(), OperateError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags)?;
    store::check_file(&source)?;
    if let Some(fault) = damage(&source)? {
        return Err(OperateError::Damaged { path: from.to_owned(), fault });
    }
    drop(source);
    let location = Location::Directory(prepared.to_owned());
    let lock = store::lock(&location)?;
    let target = prepared.join("holm.db");
    std::fs::copy(from, &target).map_err(OperateError::file(&target))?;
    drop(lock);
    // Closes the database again, and with it moves its log into the file.
    store::renew_epoch(&location, entropy)?;
    std::fs::File::open(&target).and_then(|file| file.sync_all()).map_err(OperateError::file(&target))
}

fn exchange(folder: &Path, prepared: &Path, had_data: bool) -> Result<Restored, OperateError> {
    let current = folder.join("holm.db");
    let replaced = if had_data {
        let free = (1..).map(|n| folder.join(format!("holm.db.replaced-{n}"))).find(|path| !path.exists());
        // There is always a next number.
        let kept = free.unwrap_or_else(|| folder.join("holm.db.replaced"));
        set_aside(folder, &current, &kept)?;
        Some(kept)
    } else {
        None
    };
    // A log that is not the new file's would be read as if it were.
    for name in ["holm.db-wal", "holm.db-shm"] {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(OperateError::File { path, source });
            }
            _ => {}
        }
    }
    std::fs::rename(prepared.join("holm.db"), &current).map_err(OperateError::file(&current))?;
    sync_folder(folder)?;
    Ok(Restored { replaced })
}

/// Keeps what is there under another name: as a backup, or, where it is too damaged for one, its files as they are.
fn set_aside(folder: &Path, current: &Path, kept: &Path) -> Result<(), OperateError> {
    if backup(folder, kept).is_ok() {
        return Ok(());
    }
    std::fs::copy(current, kept).map_err(OperateError::file(kept))?;
    let (log, kept_log) = (folder.join("holm.db-wal"), kept.with_file_name(wal_of(kept)));
    if log.exists() {
        std::fs::copy(&log, &kept_log).map_err(OperateError::file(&kept_log))?;
    }
    Ok(())
}

/// The name of a database's log.
fn wal_of(database: &Path) -> std::ffi::OsString {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push("-wal");
    name
}
