//! Stories about the real process: its first line, its end, its deaths, its log.

#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

/// A running server.
struct Process {
    child: Child,
    address: String,
    log: Option<JoinHandle<String>>,
}

const CHEAP: &str = "[accounts]\nargon2 = { memory_kib = 8, iterations = 1 }\n";

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let config = folder.join("config.toml");
    if !config.exists() {
        fs::write(&config, CHEAP).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_holm-server"));
    command.arg("--data-dir").arg(folder.join("data")).arg("--config").arg(config).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Process {
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = command(folder, arguments).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let first: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the first line is {line:?}"));
        let address = first["listening"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        Self { child, address, log: Some(log) }
    }

    /// Asks the process to end and waits until it has; returns the log.
    fn terminate(self) -> (ExitStatus, String) {
        signal(&self.child, "TERM");
        self.ended()
    }

    /// Waits until the process has ended; returns the log.
    fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        (status, self.log.take().unwrap().join().unwrap())
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        call(&self.address, method, path, token, body).unwrap()
    }

    fn sign_up(&self) -> Value {
        let (status, reply) = self.call(
            "POST",
            "/v1/auth/sign-up",
            "",
            &json!({"email": "a@example.org", "password": "secret password"}),
        );
        assert_eq!(status, 201, "{reply}");
        reply["data"]["session"].clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status().unwrap();
    assert!(sent.success());
}

/// One request on a connection of its own.
fn call(address: &str, method: &str, path: &str, token: &str, body: &Value) -> std::io::Result<(u16, Value)> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: holm\r\nAuthorization: Bearer {token}\r\nX-Device-Id: phone\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    read_reply(stream)
}

fn read_reply(mut stream: TcpStream) -> std::io::Result<(u16, Value)> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
    let value = if body.is_empty() { Value::Null } else { serde_json::from_str(body).map_err(|_| cut())? };
    Ok((status, value))
}

#[test]
fn restart_on_the_same_folder_keeps_all_data() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    assert_eq!(process.call("GET", "/healthz", "", &Value::Null), (200, json!({"status": "ok"})));
    let session = process.sign_up();
    let token = session["token"].as_str().unwrap();
    let ops = json!({"operations": [{"opId": "1", "type": "create", "clientId": "a", "data": {"n": 1}}]});
    let (_, first) = process.call("POST", "/v1/sync/batch", token, &ops);
    let (_, page) = process.call("GET", "/v1/tasks", token, &Value::Null);
    let (status, log) = process.terminate();
    assert!(status.success(), "{log}");
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?} is no JSON"));
        assert!(line["level"].is_string() && line["timestamp"].is_string());
    }
    let leftovers = fs::metadata(folder.path().join("data/holm.db-wal")).map_or(0, |file| file.len());
    assert_eq!(leftovers, 0, "the log was moved into the database");

    let process = Process::start(folder.path());
    let (status, again) = process.call("POST", "/v1/sync/batch", token, &ops);
    assert_eq!((status, &again["results"][0]["status"]), (200, &json!("duplicate")), "session and ledger are kept");
    assert_eq!(again["results"][0]["seq"], first["results"][0]["seq"]);
    let (_, after) = process.call("GET", "/v1/tasks", token, &Value::Null);
    assert_eq!(after["data"], page["data"], "records, cursor and epoch are the same");
    let refresh = json!({"refreshToken": session["refreshToken"]});
    assert_eq!(process.call("POST", "/v1/auth/session/refresh", "", &refresh).0, 200);
}

#[test]
fn shutdown_finishes_requests_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    let token = process.sign_up()["token"].as_str().unwrap().to_owned();
    let body = json!({"clientId": "a", "n": 1}).to_string();
    let mut stream = TcpStream::connect(&process.address).unwrap();
    let (first, rest) = body.split_at(5);
    write!(
        stream,
        "POST /v1/tasks HTTP/1.1\r\nHost: holm\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n{first}",
        body.len()
    )
    .unwrap();
    // The interim reply says that the handler has begun to read.
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100"));
    signal(&process.child, "TERM");
    // The listener is closed once the signal was received.
    while TcpStream::connect(&process.address).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(rest.as_bytes()).unwrap();
    let (status, reply) = read_reply(stream).unwrap();
    assert_eq!(status, 201, "{reply}");
    let (status, _) = process.ended();
    assert!(status.success());
}

#[test]
fn f15_sigkill_loses_no_acknowledged_write_and_doubles_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path());
    let token = process.sign_up()["token"].as_str().unwrap().to_owned();
    process.call("POST", "/v1/tasks", &token, &json!({"clientId": "counter", "n": 0}));
    let batch = |number: u64| {
        let mut ops =
            vec![json!({"opId": format!("inc-{number}"), "opSeq": number * 100, "type": "patch", "id": "counter",
                                  "fieldOps": [{"op": "inc", "path": "/n", "by": 1}]})];
        ops.extend((1..40).map(|n| {
            json!({"opId": format!("op-{number}-{n}"), "opSeq": number * 100 + n, "type": "create", "clientId": format!("r-{number}-{n}"), "data": {"n": n}})
        }));
        json!({"operations": ops, "ackOpSeq": (number * 100).saturating_sub(1)})
    };
    let mut next = 1;
    for round in 0..6 {
        let (acknowledged, received) = channel();
        let (address, token, start) = (process.address.clone(), token.clone(), next);
        let writer = std::thread::spawn(move || {
            let mut number = start;
            loop {
                match call(&address, "POST", "/v1/sync/batch", &token, &batch(number)) {
                    Ok((200, reply)) => {
                        let results = reply["results"].as_array().unwrap();
                        assert!(results.iter().all(|result| result["success"] == true), "{reply}");
                        number += 1;
                        let _ = acknowledged.send(number);
                    }
                    // The process was killed: the fate of this batch is unknown.
                    _ => return number,
                }
            }
        });
        for _ in 0..3 + round {
            received.recv().unwrap();
        }
        process.kill();
        next = writer.join().unwrap();
        process = Process::start(folder.path());
    }
    let (status, last) = process.call("POST", "/v1/sync/batch", &token, &batch(next));
    assert_eq!(status, 200, "{last}");
    let (_, counter) = process.call("GET", "/v1/tasks/counter", &token, &Value::Null);
    assert_eq!(counter["data"]["n"], next, "every increment happened exactly once");
    let (_, status) = process.call("GET", "/v1/sync/status", &token, &Value::Null);
    assert_eq!(status["streams"][0]["count"], next * 39 + 1);
}

#[test]
fn f43_log_never_has_secrets() {
    const CANARY: &str = "canary";
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start_with(folder.path(), &["--log-level", "trace"]);
    let account = json!({"email": "canary-mail@example.org", "password": "canary-password", "name": "canary-name"});
    let (_, signed_up) = process.call("POST", "/v1/auth/sign-up", "", &account);
    let (token, refresh) = (&signed_up["data"]["session"]["token"], &signed_up["data"]["session"]["refreshToken"]);
    let token = token.as_str().unwrap();
    for (method, path, token, body) in [
        ("POST", "/v1/auth/sign-in", "canary-token", account),
        ("POST", "/v1/auth/sign-in", token, json!({"email": "canary@example.org", "password": "canary-guess"})),
        ("POST", "/v1/auth/session/refresh", token, json!({"refreshToken": "canary-refresh"})),
        ("POST", "/v1/auth/session/refresh", token, json!({"refreshToken": refresh})),
        ("GET", "/v1/tasks", "canary-token", Value::Null),
        ("GET", "/v1/tasks/canary-id?x=canary-query", token, Value::Null),
        ("POST", "/v1/tasks", token, json!({"clientId": "canary-id", "title": "canary-title"})),
        (
            "POST",
            "/v1/sync/batch",
            token,
            json!({"operations": [{"opId": "canary-op", "type": "canary-type", "id": "canary-id"}]}),
        ),
        ("PATCH", "/v1/tasks/canary-id", token, json!({"version": 9, "title": "canary-conflict"})),
        ("POST", "/canary-path", token, json!({"canary": "canary"})),
        ("POST", "/v1/tasks", token, json!("canary-json")),
    ] {
        process.call(method, path, token, &body);
    }
    let mut stream = TcpStream::connect(&process.address).unwrap();
    stream.write_all(b"canary this is not HTTP\r\n\r\n").unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
    let (_, log) = process.terminate();
    assert!(log.lines().count() > 10);
    for secret in [CANARY, token, refresh.as_str().unwrap()] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}

/// Starts a server that must not start; what it says.
fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"", "a server that does not listen says nothing");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn f53_newer_schema_is_refused_and_left_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    Process::start(folder.path()).terminate();
    let file = folder.path().join("data/holm.db");
    // The schema number stands at byte 60 of the header, the application id at 68 (SQLite's file format, section 1.3).
    let mut bytes = fs::read(&file).unwrap();
    bytes[60..64].copy_from_slice(&99u32.to_be_bytes());
    fs::write(&file, &bytes).unwrap();
    let said = refusal(folder.path(), &[]);
    assert!(said.contains("schema 99") && said.contains("knows 1"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), bytes);

    bytes[60..64].copy_from_slice(&1u32.to_be_bytes());
    bytes[68..72].copy_from_slice(&7u32.to_be_bytes());
    fs::write(&file, &bytes).unwrap();
    let said = refusal(folder.path(), &[]);
    assert!(said.contains("another program"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

#[test]
fn second_server_on_a_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = Process::start(folder.path());
    let said = refusal(folder.path(), &[]);
    assert!(said.contains("in use by another server"), "{said}");
    first.kill();
    Process::start(folder.path());
}

#[test]
fn invalid_configuration_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    for (text, named) in
        [("[limits]\nmax_opps = 1", "max_opps"), ("[retention]\ntombstone_days = 0", "retention.tombstone_days")]
    {
        fs::write(folder.path().join("config.toml"), text).unwrap();
        let said = refusal(folder.path(), &[]);
        assert!(said.contains(named), "{said}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was touched");
}

#[test]
fn f23_new_epoch_after_restore_makes_devices_resync() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    let token = process.sign_up()["token"].as_str().unwrap().to_owned();
    process.call("POST", "/v1/tasks", &token, &json!({"clientId": "a"}));
    let (_, page) = process.call("GET", "/v1/tasks", &token, &Value::Null);
    let cursor = page["data"]["syncMetadata"]["nextCursor"].as_str().unwrap().to_owned();
    process.terminate();
    let process = Process::start_with(folder.path(), &["--new-epoch"]);
    let (status, reply) = process.call("GET", &format!("/v1/tasks?cursor={cursor}"), &token, &Value::Null);
    assert_eq!((status, &reply["error"]["code"]), (410, &json!("EPOCH_CHANGED")));
    let (_, fresh) = process.call("GET", "/v1/tasks", &token, &Value::Null);
    assert_eq!(fresh["data"]["tasks"][0]["id"], "a");
}

#[test]
fn request_that_never_ends_times_out() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.toml"), format!("{CHEAP}[server]\nrequest_timeout_seconds = 1\n")).unwrap();
    let process = Process::start(folder.path());
    let token = process.sign_up()["token"].as_str().unwrap().to_owned();
    let mut stream = TcpStream::connect(&process.address).unwrap();
    let head = format!(
        "POST /v1/tasks HTTP/1.1\r\nHost: holm\r\nAuthorization: Bearer {token}\r\nConnection: close\r\nContent-Length: 9\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (status, reply) = read_reply(stream).unwrap();
    assert_eq!((status, &reply["error"]["code"], &reply["error"]["retryable"]), (504, &json!("TIMEOUT"), &json!(true)));
}

#[test]
fn malformed_http_does_not_stop_other_requests() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    for noise in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/sync/batch HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/sync/batch HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"GET /v1/tasks HTTP/1.1\r\n\r\n",
        b"\0\0\0\0",
    ] {
        let mut stream = TcpStream::connect(&process.address).unwrap();
        stream.write_all(noise).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(process.call("GET", "/healthz", "", &Value::Null).0, 200);
    let (status, log) = process.terminate();
    assert!(status.success());
    assert!(!log.contains("panic"), "{log}");
}

/// A receiver of webhooks: tells of each call's id, leaves the first one without an answer, and answers the others with 7.
fn receiver() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (called, calls) = channel();
    std::thread::spawn(move || {
        let mut unanswered = Vec::new();
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut id, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                match line.trim_end().split_once(": ") {
                    Some((name, value)) if name.eq_ignore_ascii_case("webhook-id") => id = value.to_owned(),
                    Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                        length = value.parse().unwrap()
                    }
                    _ if line.trim_end().is_empty() => break,
                    _ => {}
                }
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            if !unanswered.is_empty() {
                let reply = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n7";
                reader.get_mut().write_all(reply.as_bytes()).unwrap();
            }
            unanswered.push(reader);
            if called.send(id).is_err() {
                return;
            }
        }
    });
    (url, calls)
}

#[test]
fn f15_action_of_a_killed_server_runs_again_with_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let (url, calls) = receiver();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let webhook = format!("[[actions.webhooks]]\naction = \"draw\"\nurl = \"{url}\"\nsecret = \"{secret}\"\n");
    let config = format!("{CHEAP}[actions]\nwait_ms = 0\ntimeout_seconds = 1\n{webhook}");
    fs::write(folder.path().join("config.toml"), config).unwrap();
    let server = Process::start(folder.path());
    let token = server.sign_up()["token"].as_str().unwrap().to_owned();
    let with_key = format!("{token}\r\nIdempotency-Key: op");
    let (status, reply) = server.call("POST", "/v1/actions/draw", &with_key, &json!({}));
    assert_eq!(status, 202, "{reply}");
    let path = format!("/v1/jobs/{}", reply["data"]["jobId"].as_str().unwrap());
    let first = calls.recv().unwrap();
    server.kill();

    let server = Process::start(folder.path());
    assert_eq!(calls.recv().unwrap(), first);
    let job = loop {
        let (_, reply) = server.call("GET", &path, &token, &Value::Null);
        if reply["data"]["state"] != "running" {
            break reply["data"].clone();
        }
    };
    assert_eq!((&job["state"], &job["result"]), (&json!("succeeded"), &json!(7)));
    let (_, log) = server.terminate();
    assert!(!log.contains(secret) && !log.contains(&url), "neither secret nor URL is logged");
}
