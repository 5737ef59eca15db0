//! A relay that counts bytes where they are: at the sockets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes so far.
#[derive(Debug, Default)]
struct Counts {
    up: AtomicU64,
    down: AtomicU64,
}

/// A running relay. Its threads end with their connections, its listener with the process.
pub struct Relay {
    counts: Arc<Counts>,
    /// Where it listens.
    pub url: String,
}

impl Relay {
    /// A relay to the server at this URL.
    pub fn to(url: &str) -> Self {
        let upstream = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let counts = Arc::new(Counts::default());
        let shared = counts.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(&upstream).unwrap();
                for stream in [&near, &far] {
                    stream.set_nodelay(true).unwrap();
                }
                let (near2, far2) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                let (up, down) = (shared.clone(), shared.clone());
                std::thread::spawn(move || carry(near, far, &up.up));
                std::thread::spawn(move || carry(far2, near2, &down.down));
            }
        });
        Self { counts, url }
    }

    /// (up, down) so far.
    pub fn bytes(&self) -> (u64, u64) {
        (self.counts.up.load(Ordering::SeqCst), self.counts.down.load(Ordering::SeqCst))
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, count: &AtomicU64) {
    let mut buffer = [0; 1 << 16];
    while let Ok(size @ 1..) = from.read(&mut buffer) {
        // Counted before it is passed on: who has the answer finds it counted.
        count.fetch_add(size as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..size]).is_err() {
            break;
        }
    }
    // The other side may be gone already.
    let _ = to.shutdown(Shutdown::Write);
}
