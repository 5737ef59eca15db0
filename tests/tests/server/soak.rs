//! Hostile clients beside honest ones. `HOLM_SOAK_SECONDS` says for how long.

use crate::support::{CHEAP, Caller, World};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Writes and reads until `stop`; the times of the writes.
fn honest(user: &Caller, name: &str, stop: &AtomicBool, written: &AtomicUsize) -> Vec<Duration> {
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let n = written.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        user.post("/v1/tasks", &json!({"clientId": format!("{name}-{n}"), "t": "x".repeat(200)})).expect(201);
        times.push(began.elapsed());
        user.get("/v1/sync/status").expect(200);
        std::thread::sleep(Duration::from_millis(5));
    }
    times
}

fn hostile(world: &World, user: &Caller, kind: usize, stop: &AtomicBool) {
    user.post("/v1/tasks", &json!({"clientId": "x", "n": 0, "l": (0..20_000).collect::<Vec<u32>>()}));
    let mut held = Vec::new();
    let list: Vec<u32> = (0..100_000).collect();
    let set = json!([{"op":"addToSet","path":"/l","values":list}]).to_string();
    let deep = json!([{"op":"add","path":"/a".repeat(20_000),"value":1}]).to_string();
    let incs: Vec<Value> = (0..100)
        .map(|_| json!({"type":"patch","collection":"tasks","id":"x","fieldOps":[{"op":"inc","path":"/n","by":1}]}))
        .collect();
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        match kind {
            0 => drop(user.field_ops("/v1/tasks/x", &set)),
            1 => drop(user.patch("application/json-patch+json", "/v1/tasks/x", &deep)),
            2 => drop(user.push("d", incs.clone().into())),
            3 => {
                drop(world.caller().post("/v1/auth/sign-in", &json!({"email": format!("{n}@b"), "password": "guess"})))
            }
            _ => {
                let mut stream = world.connect();
                let _ = stream.write_all(b"POST /v1/tasks HTTP/1.1\r\nHost: x\r\n");
                held.push(stream);
                if held.len() > 200 {
                    held.remove(0);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

#[test]
fn server_soak_hostile_clients_do_not_hurt_honest_ones() {
    let seconds = std::env::var("HOLM_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let mut world = World::with(&format!("{CHEAP}[server]\nmax_connections_by_address = 256\n"));
    let users: Vec<Caller> = (0..10).map(|n| world.sign_up(&format!("{n}@example.org"))).collect();
    let written: Vec<AtomicUsize> = (0..3).map(|_| AtomicUsize::new(0)).collect();
    let run = |hostile_clients: usize, length: Duration| -> Duration {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (world, stop, users, written) = (&world, &stop, &users, &written);
            let honest: Vec<_> =
                (0..3).map(|n| scope.spawn(move || honest(&users[n], &format!("h{n}"), stop, &written[n]))).collect();
            for kind in 0..hostile_clients {
                scope.spawn(move || hostile(world, &users[3 + kind], kind, stop));
            }
            std::thread::sleep(length);
            stop.store(true, Ordering::Relaxed);
            p99(honest.into_iter().flat_map(|thread| thread.join().unwrap()).collect())
        })
    };
    let quiet = run(0, Duration::from_secs(3));
    let busy = run(5, Duration::from_secs(seconds));
    eprintln!("p99 of honest writes: {quiet:?} quiet, {busy:?} beside hostile clients");
    for (user, written) in users.iter().zip(&written) {
        let list = user.get("/v1/tasks?offset=0&limit=1").expect(200);
        assert_eq!(list.json["pagination"]["total"], written.load(Ordering::Relaxed), "nothing is lost");
    }
    let memory = world.memory("VmHWM");
    assert!(memory < 600 * 1024, "{memory} KiB");
    // Both share two processors with the clients and with whatever else runs: a bound that only a queue or a lock exceeds.
    assert!(busy < quiet * 3 + Duration::from_millis(1_000), "{quiet:?} -> {busy:?}");
}
