//! Kills a process at its n-th write-class system call: `write`, `pwrite`, `fsync`, `fdatasync`, `ftruncate`, `unlink`, `rename` on files.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where a process is to die. Nothing is counted until [`arm`](Self::arm).
pub struct KillAt {
    file: PathBuf,
}

impl KillAt {
    /// One that is told by a file in this directory.
    pub fn new(directory: &Path, name: &str) -> Self {
        Self { file: directory.join(format!("{name}.kill-at")) }
    }

    /// From now on the process counts, and dies at the `call`-th call (from 1) before it is made.
    pub fn arm(&self, call: u32) {
        let unfinished = self.file.with_extension("new");
        std::fs::write(&unfinished, call.to_string()).unwrap();
        std::fs::rename(unfinished, &self.file).unwrap();
    }

    /// Lets a process that is about to start count.
    pub fn watch(&self, command: &mut Command) {
        command.env("LD_PRELOAD", library()).env("HOLM_KILL_FILE", &self.file);
    }
}

/// The library that counts, built when it is first needed.
fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/real/kill_at.c");
        let library = std::env::temp_dir().join(format!("holm-kill-at-{}.so", std::process::id()));
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl");
        assert!(compile.status().expect("a C compiler is needed").success(), "the library cannot be built");
        library
    })
}
