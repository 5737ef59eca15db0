//! Where it is measured.

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory in memory if the system has one, else on disk. Gone at the end.
pub struct Place {
    root: TempDir,
    /// What it is, for the table's head.
    pub kind: String,
}

impl Place {
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir()
            && let Ok(root) = TempDir::with_prefix_in("holm-bench", memory)
        {
            return Self { root, kind: "tmpfs (/dev/shm): forced writes cost nothing here".to_owned() };
        }
        let root = TempDir::with_prefix("holm-bench").unwrap();
        let kind = format!("the temporary directory ({}), perhaps a disk", root.path().display());
        Self { root, kind }
    }

    /// An empty directory of this name.
    pub fn fresh(&self, name: &str) -> PathBuf {
        let path = self.root.path().join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path).unwrap();
        }
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// A copy of a directory.
    pub fn copy(&self, from: &Path, name: &str) -> PathBuf {
        let to = self.fresh(name);
        copy_into(from, &to);
        to
    }
}

fn copy_into(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_into(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
