//! Requests and bytes. Bytes are counted at the sockets, headers included; requests by the client.

use crate::bench::Bench;
use crate::documents::{id, patch, tasks};
use crate::push::{EDITS, edit_offline, offline_edits};
use crate::relay::Relay;
use crate::report::Row;
use crate::server::Device;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::Value;
use std::io::Write;

/// Edits of each side while they did not see each other.
const OFFLINE: u32 = 10;
/// Documents in one page of the raw side's pull.
const PAGE: usize = 5_000;
/// Edits in one request of the raw side's push: each the document's id and the patch.
const BATCH: usize = 1_000;

pub fn run(bench: &mut Bench) {
    let fixture = bench.fixture();
    let relay = Relay::to(fixture.url());
    let device = Device::open(&bench.place.fresh("holm"), &relay.url, None);
    device.sign_in();

    let pulled = exchange(&device, &relay);
    device.check(fixture.documents);
    let all = tasks(0..fixture.documents);
    let packed = all.chunks(PAGE).map(gzipped).sum();
    add(bench, "first_pull_100k", &pulled, [Some(packed), None], ["≤ 0.86 R", ""]);

    let idle = exchange(&device, &relay);
    add(bench, "idle_sync", &idle, [None, None], ["≤ 200", "≤ 360"]);

    let other = fixture.new_device(&bench.place.fresh("other"));
    other.sync();
    for n in 0..OFFLINE {
        other.runtime.block_on(other.tasks.update(&id(n), &patch(n))).unwrap();
        device.runtime.block_on(device.tasks.update(&id(OFFLINE + n), &patch(n))).unwrap();
    }
    assert_eq!(other.sync().pushed, u64::from(OFFLINE));
    other.close();
    let offline = exchange(&device, &relay);
    device.check(fixture.documents);
    add(bench, "offline_edits", &offline, [None, None], ["", ""]);

    let edits = bench.scaled(EDITS);
    edit_offline(&device, &fixture, edits, 7);
    let pushed = exchange(&device, &relay);
    device.check(fixture.documents);
    let patches: Vec<(String, Value)> = offline_edits(&fixture, edits, 7).collect();
    let packed = patches.chunks(BATCH).map(gzipped).sum();
    add(bench, "push_10k", &pushed, [None, Some(packed)], ["≤ 10,000", "≤ 1.05 R"]);
    device.close();
}

struct Exchanged {
    requests: u64,
    up: u64,
    down: u64,
}

/// One sync.
fn exchange(device: &Device, relay: &Relay) -> Exchanged {
    let before = relay.bytes();
    let report = device.sync();
    let after = relay.bytes();
    Exchanged { requests: report.requests, up: after.0 - before.0, down: after.1 - before.1 }
}

/// Three rows. The raw bytes (down, up) are compressed content alone, without requests and headers.
fn add(
    bench: &mut Bench,
    exchange: &'static str,
    counted: &Exchanged,
    raw: [Option<u64>; 2],
    goals: [&'static str; 2],
) {
    let as_f64 = |number: Option<u64>| number.map(|number| number as f64);
    bench.row(Row::new("requests_and_bytes", counted.requests as f64, None, "requests", exchange));
    let down = Row::new("requests_and_bytes", counted.down as f64, as_f64(raw[0]), "bytes down", exchange);
    bench.row(down.goal(goals[0]));
    let up = Row::new("requests_and_bytes", counted.up as f64, as_f64(raw[1]), "bytes up", exchange);
    bench.row(up.goal(goals[1]));
}

/// Size of these as lines of JSON with gzip, level 6.
fn gzipped<T: Serialize>(lines: &[T]) -> u64 {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    for line in lines {
        serde_json::to_writer(&mut encoder, line).unwrap();
        encoder.write_all(b"\n").unwrap();
    }
    encoder.finish().unwrap().len() as u64
}
