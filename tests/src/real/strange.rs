//! Something that listens on a port and is no server of ours, or stands before one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What is answered to every request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status line and headers, without the empty line.
    pub head: String,
    /// What follows it.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer with a body and its length.
    pub fn new(status: &str, headers: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let length = body.len();
        Self { head: format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n"), body }
    }
}

/// What becomes of a connection.
#[derive(Clone)]
enum Manner {
    Answer(Answer),
    /// Its bytes go to a real server, and the server's come back.
    Pass(String),
}

/// A listener that answers whatever it is told to. It ends with the test's process.
pub struct StrangeServer {
    manner: Arc<Mutex<Manner>>,
    heads: Arc<Mutex<Vec<String>>>,
    /// Where it listens.
    pub url: String,
}

impl StrangeServer {
    /// Starts one.
    pub fn start(answer: Answer) -> Self {
        Self::begin(Manner::Answer(answer))
    }

    /// Starts one that passes all on to the server at this address.
    pub fn before(url: &str) -> Self {
        Self::begin(Manner::Pass(address(url)))
    }

    fn begin(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (manner, heads) = (Arc::new(Mutex::new(manner)), Arc::new(Mutex::new(Vec::new())));
        let (shown, noted) = (manner.clone(), heads.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (manner, noted) = (shown.lock().unwrap().clone(), noted.clone());
                std::thread::spawn(move || match manner {
                    Manner::Answer(answer) => serve(&stream, &answer, &noted),
                    Manner::Pass(upstream) => pass(&stream, &upstream),
                });
            }
        });
        Self { manner, heads, url }
    }

    /// Answers this to all who connect from now on.
    pub fn answer(&self, answer: Answer) {
        *self.manner.lock().unwrap() = Manner::Answer(answer);
    }

    /// Passes all who connect from now on to the server at this address.
    pub fn pass_to(&self, url: &str) {
        *self.manner.lock().unwrap() = Manner::Pass(address(url));
    }

    /// The heads of all requests that were answered here so far.
    pub fn requests(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn address(url: &str) -> String {
    url.trim_start_matches("http://").to_owned()
}

/// Copies bytes both ways until both sides have ended.
fn pass(stream: &TcpStream, upstream: &str) {
    let Ok(server) = TcpStream::connect(upstream) else { return };
    let copy = |mut from: &TcpStream, mut to: &TcpStream| {
        // Who goes away in the middle ends the copy as well.
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| copy(stream, &server));
        copy(&server, stream);
    });
}

/// Answers one request and closes.
fn serve(stream: &TcpStream, answer: &Answer, heads: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    heads.lock().unwrap().push(head);
    let mut out = stream;
    // Who does not want all of it may go away.
    let _ = out
        .write_all(format!("{}Connection: close\r\n\r\n", answer.head).as_bytes())
        .and_then(|()| out.write_all(&answer.body));
}
