//! Where the programs under test are.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The folder of this build's binaries.
fn folder() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    // target/debug/deps/test-123, or target/debug/demo
    here.ancestors().find(|folder| folder.join("deps").is_dir()).unwrap().to_owned()
}

/// Builds a program if need be: a test must not run yesterday's.
fn build(target: [&str; 2]) {
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The whole workspace, for the features that the tests themselves were built with.
    build.args(["build", "--quiet", "--workspace"]).args(target).current_dir(env!("CARGO_MANIFEST_DIR"));
    if folder().ends_with("release") {
        build.arg("--release");
    }
    // What cargo told this test is not for its own build: some build scripts would run again, and much with them.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_")) {
        if name != "CARGO_HOME" && name != "CARGO_TARGET_DIR" {
            build.env_remove(name);
        }
    }
    assert!(build.status().unwrap().success(), "{target:?} cannot be built");
}

/// The server.
pub(super) fn server() -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| build(["--bin", "holm-server"]));
    folder().join("holm-server")
}

/// The driver.
pub(super) fn driver() -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| build(["--example", "driver"]));
    folder().join("examples").join("driver")
}
