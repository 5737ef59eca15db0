//! Ten thousand offline edits go to the server, against an outbox table that is posted in batches to a server that parses and forgets.

use crate::bench::Bench;
use crate::documents::{COLLECTION, Task, edited, id, patch, task, tasks};
use crate::raw::Raw;
use crate::report::Row;
use crate::server::{Device, Fixture};
use crate::timing::{Least, ROUNDS, ms, timed};
use holm_core::Durability;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

/// Edits.
pub const EDITS: u32 = 10_000;

pub fn run(bench: &mut Bench) {
    let fixture = bench.fixture();
    let edits = bench.scaled(EDITS);
    let raw = Raw::open(&bench.place.fresh("raw"), Durability::Full);
    let known = tasks(0..fixture.documents);
    raw.transaction(|| known.iter().for_each(|task| raw.insert(task)));
    // An own device of the account: the fixture's is only ever copied.
    let device = fixture.new_device(&bench.place.fresh("holm"));
    device.sync();
    let (mut raw_least, mut holm_least) = (Least::default(), Least::default());
    for round in 0..ROUNDS as u32 {
        for turn in 0..2 {
            let changed: Vec<Task> =
                (0..edits).map(|n| edited(task(spread(n, edits, &fixture)), n + round + turn)).collect();
            raw.transaction(|| changed.iter().for_each(|task| raw.update_queued(task)));
            raw_least.take(ms(timed(|| push_raw(&raw, edits)).0));
            if turn == 1 {
                break;
            }
            edit_offline(&device, &fixture, edits, round);
            let (time, report) = timed(|| device.sync());
            assert_eq!((report.pushed, report.conflicts), (u64::from(edits), 0));
            holm_least.take(ms(time));
        }
    }
    device.close();
    bench.row(Row::new("push_10k", holm_least.0, Some(raw_least.0), "ms", "full").goal("≤ 4 R"));
}

/// The document of an edit: they lie all over the account.
fn spread(n: u32, edits: u32, fixture: &Fixture) -> u32 {
    n * (fixture.documents / edits)
}

/// Edits so many documents, three fields each, a transaction for each. `salt`: or else the same edits again would change nothing.
pub fn edit_offline(device: &Device, fixture: &Fixture, edits: u32, salt: u32) {
    for (id, patch) in offline_edits(fixture, edits, salt) {
        let patch = patch.to_string();
        device.holm.write_blocking(move |tx| tx.update_text(COLLECTION, &id, &patch)).unwrap();
    }
}

/// Those edits: ids and merge patches.
pub fn offline_edits(fixture: &Fixture, edits: u32, salt: u32) -> impl Iterator<Item = (String, Value)> {
    (0..edits).map(move |n| (id(spread(n, edits, fixture)), patch(n + (salt + 1) * 1_000_000)))
}

/// Posts the outbox in batches of 1,000 and deletes what was acknowledged.
fn push_raw(raw: &Raw, edits: u32) {
    let mut stream = serve();
    let mut replies = BufReader::new(stream.try_clone().unwrap());
    let mut sent = 0;
    loop {
        let (mut body, mut last, mut count) = (Vec::new(), 0i64, 0);
        {
            let mut select =
                raw.connection.prepare_cached("SELECT seq, body FROM outbox ORDER BY seq LIMIT 1000").unwrap();
            let mut rows = select.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                last = row.get(0).unwrap();
                body.extend_from_slice(row.get_ref(1).unwrap().as_bytes().unwrap());
                body.push(b'\n');
                count += 1;
            }
        }
        if count == 0 {
            break;
        }
        let mut message =
            format!("POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        message.extend_from_slice(&body);
        stream.write_all(&message).unwrap();
        assert_eq!(message_body(&mut replies).unwrap(), count.to_string().into_bytes());
        raw.connection.prepare_cached("DELETE FROM outbox WHERE seq <= ?1").unwrap().execute([last]).unwrap();
        sent += count;
    }
    assert_eq!(sent, edits);
}

/// A server for one connection: parses each document of a request and answers how many there were.
fn serve() -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut requests = BufReader::new(stream.try_clone().unwrap());
        while let Some(body) = message_body(&mut requests) {
            let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let count = lines.filter(|line| serde_json::from_slice::<Task>(line).is_ok()).count().to_string();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{count}", count.len());
            if stream.write_all(answer.as_bytes()).is_err() {
                break;
            }
        }
    });
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// The body of the next message.
fn message_body(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}
