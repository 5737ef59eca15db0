//! A device as a process.

use super::binaries;
use super::kill_at::KillAt;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Nothing here takes as long as this.
const PATIENCE: Duration = Duration::from_secs(60);

/// A device behind the driver. Killed when it is dropped.
pub struct Driver {
    child: Child,
    input: ChildStdin,
    lines: Receiver<Value>,
    last: u64,
    /// Replies to commands that have not been asked for, and events.
    waiting: Vec<Value>,
}

impl Driver {
    /// Starts a driver and opens a device, with further members of `open`.
    pub fn open(directory: &Path, server: &str, more: Value) -> Self {
        let (mut driver, number) = Self::begin(directory, server, more);
        let reply = driver.reply(number).unwrap_or_else(|| panic!("the driver died while it opened {directory:?}"));
        assert_eq!(reply["ok"], true, "{reply}");
        driver
    }

    /// Starts a driver, tells it to open a device, and does not wait for that. Returns the command's number, too.
    pub fn begin(directory: &Path, server: &str, more: Value) -> (Self, u64) {
        Self::launch(directory, server, more, |_| {})
    }

    /// Starts a driver that can be killed at a system call, and opens a device.
    pub fn open_watched(directory: &Path, server: &str, more: Value, kill: &KillAt) -> Self {
        let (mut driver, number) = Self::launch(directory, server, more, |command| kill.watch(command));
        let reply = driver.reply(number).unwrap_or_else(|| panic!("the driver died while it opened {directory:?}"));
        assert_eq!(reply["ok"], true, "{reply}");
        driver
    }

    fn launch(directory: &Path, server: &str, more: Value, prepare: impl FnOnce(&mut Command)) -> (Self, u64) {
        let mut command = Command::new(binaries::driver());
        prepare(&mut command);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // A line that a kill has cut is none.
                let Ok(line) = serde_json::from_str(&line) else { return };
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take().unwrap();
        let mut driver = Self { child, input, lines, last: 0, waiting: Vec::new() };
        let mut open = json!({"dir": directory, "server": server});
        open.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let number = driver.send("open", open);
        (driver, number)
    }

    /// Sends a command and does not wait for its reply. Returns its number.
    pub fn send(&mut self, command: &str, fields: Value) -> u64 {
        self.last += 1;
        let mut line = json!({"id": self.last, "cmd": command});
        line.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap_or_default());
        // A driver that was killed shows when its reply does not come.
        let _ = writeln!(self.input, "{line}").and_then(|()| self.input.flush());
        self.last
    }

    /// Waits for the reply to a command; none if the driver died before.
    pub fn reply(&mut self, number: u64) -> Option<Value> {
        if let Some(at) = self.waiting.iter().position(|line| line["id"] == number) {
            return Some(self.waiting.remove(at));
        }
        loop {
            let line = self.lines.recv_timeout(PATIENCE).ok()?;
            if line["id"] == number {
                return Some(line);
            }
            self.waiting.push(line);
        }
    }

    /// The reply to a command, if it comes within this time.
    pub fn reply_within(&mut self, number: u64, time: Duration) -> Option<Value> {
        if let Ok(line) = self.lines.recv_timeout(time) {
            self.waiting.push(line);
        }
        let at = self.waiting.iter().position(|line| line["id"] == number)?;
        Some(self.waiting.remove(at))
    }

    /// Sends a command and waits for its reply.
    pub fn call(&mut self, command: &str, fields: Value) -> Value {
        let number = self.send(command, fields.clone());
        self.reply(number).unwrap_or_else(|| panic!("{command} {fields}: the driver died"))
    }

    /// The same for a command that must succeed.
    pub fn ok(&mut self, command: &str, fields: Value) -> Value {
        let reply = self.call(command, fields.clone());
        assert_eq!(reply["ok"], true, "{command} {fields}: {reply}");
        reply
    }

    /// The same for a command that must fail. Returns the code.
    pub fn fails(&mut self, command: &str, fields: Value) -> String {
        let reply = self.call(command, fields.clone());
        assert_eq!(reply["ok"], false, "{command} {fields}: {reply}");
        reply["error"]["code"].as_str().unwrap().to_owned()
    }

    /// Kills it (SIGKILL). Replies that it had printed can still be read.
    pub fn kill(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// What queries see: id to content; and the digest of what the server is known to have.
    pub fn dump(&mut self, collection: &str) -> (Value, String) {
        let reply = self.ok("dump", json!({}));
        let collection = &reply["collections"][collection];
        let docs = collection["docs"].as_array().cloned().unwrap_or_default();
        let docs = docs.iter().map(|doc| (doc["id"].as_str().unwrap().to_owned(), doc["doc"].clone()));
        (Value::Object(docs.collect()), collection["digest"].as_str().unwrap_or_default().to_owned())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.kill();
    }
}
