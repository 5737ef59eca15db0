//! Something that listens on a port and is no server of ours.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
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

/// A listener that answers whatever it is told to. It ends with the test's process.
pub struct StrangeServer {
    answer: Arc<Mutex<Answer>>,
    heads: Arc<Mutex<Vec<String>>>,
    /// Where it listens.
    pub url: String,
}

impl StrangeServer {
    /// Starts one.
    pub fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answer, heads) = (Arc::new(Mutex::new(answer)), Arc::new(Mutex::new(Vec::new())));
        let (shown, noted) = (answer.clone(), heads.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shown, noted) = (shown.clone(), noted.clone());
                std::thread::spawn(move || serve(&stream, &shown, &noted));
            }
        });
        Self { answer, heads, url }
    }

    /// Answers this from now on.
    pub fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// The heads of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Answers one request and closes.
fn serve(stream: &TcpStream, answer: &Mutex<Answer>, heads: &Mutex<Vec<String>>) {
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
    let answer = answer.lock().unwrap().clone();
    let mut out = stream;
    // Who does not want all of it may go away.
    let _ = out
        .write_all(format!("{}Connection: close\r\n\r\n", answer.head).as_bytes())
        .and_then(|()| out.write_all(&answer.body));
}
