//! A server as a process, and a client that sends exactly what it is told.

use holm_tests::real::ServerProcess;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Passwords cost nothing where they are not what is tested.
pub const CHEAP: &str = "[accounts]\nargon2 = { memory_kib = 8, iterations = 1 }\n";

/// What another user's request may take while an attack runs. The machine may be busy with other tests; what these attacks did before was many times
/// longer.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// A server on a folder of its own.
pub struct World {
    pub server: ServerProcess,
    pub folder: TempDir,
    address: String,
}

/// The answer to a request. Status 0: the connection ended without one.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub bytes: Vec<u8>,
    pub json: Value,
}

impl Reply {
    pub fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or("-")
    }

    pub fn expect(self, status: u16) -> Self {
        let shown = String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(500)]).into_owned();
        assert_eq!(self.status, status, "{shown}");
        self
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(CHEAP)
    }

    /// Passwords cost what they cost in production.
    pub fn new_with_default_cost() -> Self {
        Self::with("")
    }

    /// Kills the server and starts it again, with what the configuration says now.
    pub fn restart(&mut self) {
        self.server.restart();
        self.address = self.server.url.strip_prefix("http://").unwrap().to_owned();
    }

    pub fn with(config: &str) -> Self {
        Self::prepared(config, |_| {})
    }

    pub fn prepared(config: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, config).unwrap();
        let server = ServerProcess::prepared(&folder.path().join("data"), Some(&path), prepare);
        let address = server.url.strip_prefix("http://").unwrap().to_owned();
        Self { server, folder, address }
    }

    /// The same, and the lines of its log.
    pub fn logged(config: &str) -> (Self, Receiver<Value>) {
        let mut world = Self::prepared(config, |command| {
            command.stderr(Stdio::piped());
        });
        let log = world.server.process().stderr.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in std::io::BufRead::lines(std::io::BufReader::new(log)).map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap_or(Value::Null));
            }
        });
        (world, lines)
    }

    /// A command of an operator, beside the server or after its end.
    pub fn operate(&self, arguments: &[&str]) -> (bool, Vec<Value>) {
        ServerProcess::operate(&self.folder.path().join("data"), arguments)
    }

    /// The server's figures.
    pub fn metrics(&self) -> String {
        let url = self.server.metrics.as_ref().unwrap();
        let address = url.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap().to_owned();
        let reply = Caller { address, headers: String::new() }.get("/metrics").expect(200);
        assert!(reply.head.to_lowercase().contains("application/openmetrics-text"), "{}", reply.head);
        String::from_utf8(reply.bytes).unwrap()
    }

    pub fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("data/holm.db")
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    pub fn caller(&self) -> Caller {
        Caller { address: self.address.clone(), headers: String::new() }
    }

    pub fn sign_up(&self, email: &str) -> Caller {
        let body = json!({"email": email, "password": "long enough"});
        let reply = self.caller().post("/v1/auth/sign-up", &body).expect(201);
        self.caller().token(reply.json["data"]["session"]["token"].as_str().unwrap())
    }

    /// A line of `/proc/<pid>/status`, in KiB.
    pub fn memory(&mut self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.process().id())).unwrap();
        let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')).unwrap();
        value.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub fn signal(&mut self, name: &str) {
        let process = self.server.process().id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &process]).status().unwrap().success());
    }
}

/// A client.
#[derive(Debug, Clone)]
pub struct Caller {
    address: String,
    headers: String,
}

impl Caller {
    pub fn header(&self, name: &str, value: &str) -> Self {
        Self { address: self.address.clone(), headers: format!("{}{name}: {value}\r\n", self.headers) }
    }

    /// Its headers, each with its line end.
    pub fn headers(&self) -> &str {
        &self.headers
    }

    pub fn token(&self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, b"")
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.header("Content-Type", "application/json").send("POST", path, body.to_string().as_bytes())
    }

    pub fn push(&self, device: &str, operations: Value) -> Reply {
        self.post("/v1/sync/batch", &json!({"deviceId": device, "operations": operations}))
    }

    pub fn patch(&self, kind: &str, path: &str, body: &str) -> Reply {
        self.header("Content-Type", kind).send("PATCH", path, body.as_bytes())
    }

    pub fn field_ops(&self, path: &str, ops: &str) -> Reply {
        self.patch("application/vnd.holm.fieldops+json", path, &format!("{{\"ops\":{ops}}}"))
    }

    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> Reply {
        self.try_send(method, path, body).unwrap_or(Reply {
            status: 0,
            head: String::new(),
            bytes: Vec::new(),
            json: Value::Null,
        })
    }

    fn try_send(&self, method: &str, path: &str, body: &[u8]) -> std::io::Result<Reply> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.set_nodelay(true)?;
        let length = if body.is_empty() && method == "GET" {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}{length}\r\n", self.headers);
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        // A server that refuses may not read all of it.
        let _ = stream.write_all(&request);
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        if bytes.is_empty() {
            read?;
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let bytes = bytes.split_off(end + 4);
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Reply { status, head, bytes, json })
    }
}

/// The longest time that `check` took while `attack` ran.
pub fn worst_meanwhile(attack: impl FnOnce() + Send, mut check: impl FnMut()) -> Duration {
    std::thread::scope(|scope| {
        let attack = scope.spawn(attack);
        let mut worst = Duration::ZERO;
        while !attack.is_finished() {
            let began = Instant::now();
            check();
            worst = worst.max(began.elapsed());
        }
        attack.join().unwrap();
        worst
    })
}

/// Runs `work` that many times at once; the results.
pub fn at_once<T: Send>(times: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..times)
            .map(|n| {
                scope.spawn({
                    let work = &work;
                    move || work(n)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
