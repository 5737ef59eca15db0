//! What a server does under load, measured over a socket: a first pull and a push of queued edits.
//!
//! ```text
//! cargo run --release -p holm-server --example load -- [--records 100000] [--edits 10000] [--page 5000] [--gzip-level 6] [--dir PATH]
//! ```
//!
//! One JSON line a figure. The client reads replies and does nothing with them, so what is measured is the server and the loopback;
//! both share the processors of the machine. Bytes are those of the bodies.

use clap::Parser;
use flate2::read::GzDecoder;
use holm_server::{Config, Server, ServerOptions, Store};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

#[derive(Parser)]
struct Flags {
    /// Records of about 250 bytes.
    #[arg(long, default_value_t = 100_000)]
    records: usize,
    /// Updates of three fields.
    #[arg(long, default_value_t = 10_000)]
    edits: usize,
    /// Rows a page.
    #[arg(long, default_value_t = 5_000)]
    page: usize,
    /// gzip level of replies.
    #[arg(long, default_value_t = Config::default().server.gzip_level)]
    gzip_level: u32,
    /// Where to put the database; a temporary folder if absent.
    #[arg(long)]
    dir: Option<PathBuf>,
}

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let flags = Flags::parse();
    let temporary = tempfile::tempdir()?;
    let folder = flags.dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    let mut config = Config::default();
    config.server.gzip_level = flags.gzip_level;
    let server = Server::open(ServerOptions { config, ..ServerOptions::new(Store::Directory(folder)) })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(listener, async {
            let _ = stopped.await;
        }));
        tokio::task::spawn_blocking(move || measure(address, &flags)).await??;
        let _ = stop.send(());
        running.await??;
        Ok(())
    })
}

fn measure(address: SocketAddr, flags: &Flags) -> Outcome<()> {
    let mut client = Client::connect(address)?;
    let account = json!({"email": format!("{}@example.org", std::process::id()), "password": "secret"});
    let reply = client.json("/v1/auth/sign-up", &account)?;
    client.token = reply["data"]["session"]["token"].as_str().ok_or("no session")?.to_owned();

    let creates: Vec<Value> = (0..flags.records).map(create).collect();
    report("create", flags.records, client.push(&creates)?);
    for (name, accept) in [("pull identity", ""), ("pull gzip", "gzip")] {
        client.accept = accept;
        let mut best: Option<Figures> = None;
        for _ in 0..5 {
            let figures = client.pull(flags.page)?;
            best = Some(best.filter(|best| best.elapsed <= figures.elapsed).unwrap_or(figures));
        }
        report(name, flags.records, best.ok_or("no round")?);
    }
    let edits: Vec<Value> = (0..flags.edits).map(|n| edit(n, flags.records)).collect();
    report("push edits", flags.edits, client.push(&edits)?);
    report("push edits again", flags.edits, client.push(&edits)?);
    Ok(())
}

fn create(n: usize) -> Value {
    let words = ["harbour", "lantern", "meadow", "orchard", "pebble", "quarry", "river", "saddle", "timber", "village"];
    let word = |k: usize| words[(n * 7 + k * 13 + n / 11) % words.len()];
    let data = json!({
        "title": format!("Task {n:06} {} {} {}", word(0), word(1), word(2)),
        "isCompleted": n.is_multiple_of(3),
        "priority": n % 5,
        "dueAt": 1_790_000_000_000_u64 + n as u64 * 977,
        "assignee": id(n + 1_000_000),
        "notes": format!("{} {} {} {}", word(3), word(4), word(5), word(6)),
    });
    json!({"opId": id(n + 2_000_000), "opSeq": n, "type": "create", "collection": "tasks", "clientId": id(n), "data": data,
           "hlc": format!("{}:{n}:bench", 1_760_000_000_000_u64 + n as u64)})
}

fn edit(n: usize, records: usize) -> Value {
    let data = json!({"title": format!("Edited {n}"), "isCompleted": true, "updatedBy": "bench"});
    json!({"opId": id(n + 3_000_000), "opSeq": 10_000_000 + n, "type": "update", "collection": "tasks", "id": id(n * 9973 % records),
           "version": 1, "data": data, "hlc": format!("{}:{n}:bench", 1_770_000_000_000_u64 + n as u64)})
}

/// Something like a UUIDv7: rising in front, noise behind.
fn id(n: usize) -> String {
    let noise = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "0190{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}",
        n / 3,
        noise >> 48,
        noise >> 36 & 0xfff,
        noise >> 24 & 0xfff,
        noise.rotate_left(29) & 0xffff_ffff_ffff
    )
}

struct Figures {
    elapsed: Duration,
    requests: usize,
    bytes_up: usize,
    bytes_down: usize,
}

fn report(name: &str, items: usize, figures: Figures) {
    let line = json!({
        "name": name, "items": items, "ms": figures.elapsed.as_millis() as u64, "requests": figures.requests,
        "bytesUp": figures.bytes_up, "bytesDown": figures.bytes_down,
    });
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// One connection that is kept.
struct Client {
    stream: BufReader<TcpStream>,
    token: String,
    accept: &'static str,
}

impl Client {
    fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), token: String::new(), accept: "" })
    }

    fn push(&mut self, operations: &[Value]) -> Outcome<Figures> {
        let bodies: Vec<Vec<u8>> = operations
            .chunks(1000)
            .map(|ops| json!({"deviceId": "bench", "operations": ops}).to_string().into_bytes())
            .collect();
        let started = Instant::now();
        let mut figures = Figures { elapsed: Duration::ZERO, requests: 0, bytes_up: 0, bytes_down: 0 };
        for body in &bodies {
            let reply = self.call("/v1/sync/batch", body)?;
            figures.requests += 1;
            figures.bytes_up += body.len();
            figures.bytes_down += reply.len();
        }
        figures.elapsed = started.elapsed();
        Ok(figures)
    }

    fn pull(&mut self, page: usize) -> Outcome<Figures> {
        let mut cursor = Value::Null;
        let started = Instant::now();
        let mut figures = Figures { elapsed: Duration::ZERO, requests: 0, bytes_up: 0, bytes_down: 0 };
        loop {
            let body = json!({"streams": [{"collection": "tasks", "cursor": cursor, "limit": page}]}).to_string();
            let reply = self.call("/v1/sync/pull", body.as_bytes())?;
            figures.requests += 1;
            figures.bytes_up += body.len();
            figures.bytes_down += reply.len();
            // Only the end of the page is looked at: reading it is the client's work.
            let text = if self.accept.is_empty() { reply } else { inflate(&reply)? };
            let tail = String::from_utf8_lossy(&text[text.len().saturating_sub(1_200)..]).into_owned();
            let after = |key: &str| tail.rsplit_once(key).map(|(_, rest)| rest);
            let next = after("\"nextCursor\":\"").and_then(|rest| rest.split('"').next()).ok_or("no cursor")?;
            cursor = json!(next);
            if after("\"hasMore\":").is_some_and(|rest| rest.starts_with("false")) {
                figures.elapsed = started.elapsed();
                return Ok(figures);
            }
        }
    }

    fn json(&mut self, path: &str, body: &Value) -> Outcome<Value> {
        Ok(serde_json::from_slice(&self.call(path, body.to_string().as_bytes())?)?)
    }

    fn call(&mut self, path: &str, body: &[u8]) -> Outcome<Vec<u8>> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nAccept-Encoding: {}\r\n\
             Content-Length: {}\r\n\r\n",
            self.token,
            self.accept,
            body.len()
        );
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let (mut length, mut line, mut status) = (0, String::new(), String::new());
        while self.stream.read_line(&mut line)? > 2 {
            if status.is_empty() {
                status = line.trim().to_owned();
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
            line.clear();
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if !status.contains(" 20") {
            return Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(body)
    }
}

fn inflate(packed: &[u8]) -> Outcome<Vec<u8>> {
    let mut text = Vec::with_capacity(packed.len() * 6);
    GzDecoder::new(packed).read_to_end(&mut text)?;
    Ok(text)
}
