//! Where the programs under test are.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The folder of this build's binaries. They are built first if need be: a test must not run yesterday's server.
pub(super) fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let here = std::env::current_exe().unwrap();
        // target/debug/deps/test-123, or target/debug/demo
        let folder = here.ancestors().find(|folder| folder.join("deps").is_dir()).unwrap().to_owned();
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // The whole workspace, for the features that the tests themselves were built with.
        build.args(["build", "--quiet", "--workspace", "--bin", "holm-server", "--example", "driver"]);
        // What cargo told this test is not for its own build: some build scripts would run again, and much with them.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_")) {
            if name != "CARGO_HOME" && name != "CARGO_TARGET_DIR" {
                build.env_remove(name);
            }
        }
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the server and the driver cannot be built");
        folder
    })
}

/// The server.
pub(super) fn server() -> PathBuf {
    folder().join("holm-server")
}

/// The driver.
pub(super) fn driver() -> PathBuf {
    folder().join("examples").join("driver")
}
