//! Where secrets are kept: the host's keychain, or a stand-in.

use crate::error::Result;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A small store for secrets: Keychain, Keystore. Thread-safe. Calls may block for some milliseconds; they
/// come from no UI thread. The client waits for them with its session locked, so an implementation must not
/// call the client.
pub trait SecretStore: Send + Sync + 'static {
    /// Reads a secret; `None` if it was never set, or was removed.
    fn get(&self, name: &str) -> Result<Option<String>>;
    /// Keeps a secret.
    fn set(&self, name: &str, value: &str) -> Result<()>;
    /// Forgets a secret; nothing happens if there is none.
    fn remove(&self, name: &str) -> Result<()>;
}

/// Keeps secrets until the process ends.
#[derive(Debug, Default)]
pub struct MemorySecrets {
    values: Mutex<BTreeMap<String, String>>,
}

impl MemorySecrets {
    /// The names of all secrets, sorted.
    pub fn names(&self) -> Vec<String> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

impl SecretStore for MemorySecrets {
    fn get(&self, name: &str) -> Result<Option<String>> {
        Ok(self.values.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned())
    }

    fn set(&self, name: &str, value: &str) -> Result<()> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }
}

/// Keeps secrets in files that only this user can read: for desktops, tests and tools, where there is no
/// keychain. Not encrypted.
#[derive(Debug)]
pub struct FileSecrets {
    directory: PathBuf,
}

impl FileSecrets {
    /// Secrets in this directory, which is made when the first one is set.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    fn file(&self, name: &str) -> PathBuf {
        let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        self.directory.join(safe)
    }
}

impl SecretStore for FileSecrets {
    fn get(&self, name: &str) -> Result<Option<String>> {
        match std::fs::read_to_string(self.file(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn set(&self, name: &str, value: &str) -> Result<()> {
        std::fs::create_dir_all(&self.directory)?;
        let file = self.file(name);
        let draft = file.with_extension("new");
        let mut out = private_file(&draft)?;
        out.write_all(value.as_bytes())?;
        out.sync_all()?;
        std::fs::rename(&draft, &file)?;
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        match std::fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn private_file(path: &Path) -> Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_store_keeps_its_promises() {
        let directory = tempfile::tempdir().unwrap();
        let stores: [&dyn SecretStore; 2] = [&MemorySecrets::default(), &FileSecrets::new(directory.path().join("s"))];
        for store in stores {
            assert_eq!(store.get("session/../x").unwrap(), None);
            store.set("session/../x", "one").unwrap();
            store.set("session/../x", "two").unwrap();
            assert_eq!(store.get("session/../x").unwrap().as_deref(), Some("two"));
            store.remove("session/../x").unwrap();
            store.remove("session/../x").unwrap();
            assert_eq!(store.get("session/../x").unwrap(), None);
        }
    }

    #[cfg(unix)]
    #[test]
    fn files_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::new(directory.path());
        secrets.set("session", "x").unwrap();
        let mode = std::fs::metadata(directory.path().join("session")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
