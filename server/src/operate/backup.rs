//! A copy of the data, taken while the server runs.

use super::{OperateError, damage, database_of, sync_folder};
use crate::store::{self, Location};
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions};
use std::path::Path;

/// A backup that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// Its bytes.
    pub bytes: u64,
}

/// Writes a copy of the database in `folder` to the file `to`: all that was committed when it began, nothing else, without gaps. Blocks; the server goes on
/// meanwhile. The copy is read through before it gets its name, is durable then, and can be read by its owner only.
///
/// # Errors
/// [`OperateError::Exists`] if `to` is there, [`OperateError::Damaged`] if the copy is; then nothing is left of it.
pub fn backup(folder: &Path, to: &Path) -> Result<Backup, OperateError> {
    database_of(folder)?;
    if to.exists() {
        return Err(OperateError::Exists(to.to_owned()));
    }
    let source = store::open_beside(&Location::Directory(folder.to_owned()))?;
    let part = to.with_added_extension("part");
    let written = write(&source, &part).and_then(|bytes| {
        // Fails if a file came to be there meanwhile.
        std::fs::hard_link(&part, to).map_err(OperateError::file(to))?;
        Ok(Backup { bytes })
    });
    // Whatever became of it: under its own name it is complete, or not at all.
    let _ = std::fs::remove_file(&part);
    if let Some(parent) = to.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        sync_folder(parent)?;
    }
    written
}

fn write(source: &Connection, part: &Path) -> Result<u64, OperateError> {
    private_file(part).map_err(OperateError::file(part))?;
    let Some(name) = part.to_str() else {
        let fault = std::io::Error::new(std::io::ErrorKind::InvalidInput, "its name is no text");
        return Err(OperateError::file(part)(fault));
    };
    // The copy is written by this connection, which else only reads.
    source.pragma_update(None, "query_only", false)?;
    source.execute("VACUUM INTO ?1", [name])?;
    let copy = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    if let Some(fault) = damage(&copy)? {
        return Err(OperateError::Damaged { path: part.to_owned(), fault });
    }
    drop(copy);
    let file = File::open(part).map_err(OperateError::file(part))?;
    file.sync_all().map_err(OperateError::file(part))?;
    Ok(file.metadata().map_err(OperateError::file(part))?.len())
}

/// Makes an empty file for this user of the machine only; what was left of an attempt before goes.
fn private_file(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
