//! The server as a process.

use super::binaries;
use super::kill_at::KillAt;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A running server. Killed when it is dropped.
pub struct ServerProcess {
    child: Child,
    directory: PathBuf,
    config: Option<PathBuf>,
    /// Where it listens.
    pub url: String,
    /// Where it tells its figures.
    pub metrics: Option<String>,
}

impl ServerProcess {
    /// Starts one on this data directory.
    pub fn start(directory: &Path) -> Self {
        Self::configured(directory, None)
    }

    /// The same with a configuration file.
    pub fn configured(directory: &Path, config: Option<&Path>) -> Self {
        Self::launch(directory, config, &[])
    }

    /// A server that can be killed at a system call.
    pub fn watched(directory: &Path, config: Option<&Path>, kill: &KillAt) -> Self {
        Self::launch_with(directory, config, &[], |command| kill.watch(command))
    }

    /// The same after `prepare` has seen its command: its log and its environment.
    pub fn prepared(directory: &Path, config: Option<&Path>, prepare: impl FnOnce(&mut Command)) -> Self {
        Self::launch_with(directory, config, &[], prepare)
    }

    /// A command of an operator on a data directory: what it printed, and whether it went well.
    pub fn operate(directory: &Path, arguments: &[&str]) -> (bool, Vec<Value>) {
        let mut command = Command::new(binaries::server());
        command.arg("--data-dir").arg(directory).args(arguments).stderr(Stdio::null());
        let output = command.output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        (output.status.success(), lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// The process.
    pub fn process(&mut self) -> &mut Child {
        &mut self.child
    }

    fn launch(directory: &Path, config: Option<&Path>, more: &[&str]) -> Self {
        Self::launch_with(directory, config, more, |_| {})
    }

    fn launch_with(directory: &Path, config: Option<&Path>, more: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(binaries::server());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        prepare(&mut command);
        command.arg("--data-dir").arg(directory).args(["--listen", &own_address()]);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        let mut child = command.args(more).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let hello: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the server did not start: {line:?}"));
        let url = hello["listening"].as_str().unwrap().to_owned();
        let metrics = hello["metrics"].as_str().map(str::to_owned);
        Self { child, directory: directory.to_owned(), config: config.map(Path::to_owned), url, metrics }
    }

    /// Kills it as a power cut would (SIGKILL).
    pub fn kill(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Kills it and starts it again on the same data, on another port.
    pub fn restart(&mut self) {
        self.kill();
        let risen = Self::configured(&self.directory, self.config.as_deref());
        *self = risen;
    }

    /// The same with a new epoch, as after restoring a backup: no cursor is good any more.
    pub fn restart_with_new_epoch(&mut self) {
        self.kill();
        let risen = Self::launch(&self.directory, self.config.as_deref(), &["--new-epoch"]);
        *self = risen;
    }
}

/// An address that no other server of the tests has, where the system has a whole network of them: a device that still asks a server that was killed must
/// not meet the server of another test that got its port.
fn own_address() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if !cfg!(target_os = "linux") {
        return "127.0.0.1:0".to_owned();
    }
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let [_, a, b, c] = ((std::process::id() << 10) | (count & 0x3ff)).to_be_bytes();
    format!("127.{a}.{b}.{c}:0")
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
