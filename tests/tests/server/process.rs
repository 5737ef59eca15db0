//! The life of the process: its log, its connections, its end.

use crate::support::{CHEAP, PATIENCE, World, at_once};
use serde_json::json;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn server_f06_log_that_is_not_read_stops_nothing() {
    let mut world = World::prepared(CHEAP, |command| {
        command.stderr(Stdio::piped());
    });
    // Held open, never read.
    let _log = world.server.process().stderr.take().unwrap();
    let caller = world.caller();
    for _ in 0..3_000 {
        caller.get("/v1/tasks").expect(401);
    }
    caller.get("/healthz").expect(200);
    world.signal("TERM");
    assert!(ends_within(&mut world, Duration::from_secs(5)));
}

fn ends_within(world: &mut World, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if world.server.process().try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn server_f05_connections_that_bring_nothing_are_closed() {
    let world = World::with(&format!("{CHEAP}[server]\nheader_timeout_seconds = 1\n"));
    let mut half = world.connect();
    half.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ").unwrap();
    let silent = world.connect();
    let mut idle = world.connect();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut dripping = world.connect();
    let began = Instant::now();
    dripping.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ").unwrap();
    while began.elapsed() < Duration::from_secs(3) && dripping.write_all(b"a").is_ok() {
        std::thread::sleep(Duration::from_millis(100));
    }
    for mut stream in [half, silent, idle, dripping] {
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut rest = Vec::new();
        // The end of the connection, clean or not, and no time-out of ours.
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
    }
}

#[test]
fn server_f05_too_many_connections_keep_no_user_out() {
    let world = World::with(&format!("{CHEAP}[server]\nmax_connections = 64\nmax_connections_by_address = 32\n"));
    let user = world.sign_up("a@example.org");
    let half: Vec<_> = (0..300)
        .map(|_| {
            let mut stream = world.connect();
            // One that was closed already takes nothing.
            let _ = stream.write_all(b"POST /v1/tasks HTTP/1.1\r\nHost: x\r\n");
            stream
        })
        .collect();
    for n in 0..20 {
        user.post("/v1/tasks", &json!({"clientId": n.to_string()})).expect(201);
        world.caller().get("/healthz").expect(200);
    }
    drop(half);
}

#[test]
fn server_f05_few_descriptors_are_enough() {
    let mut world = World::new();
    let process = world.server.process().id().to_string();
    let set = std::process::Command::new("prlimit").args(["--pid", &process, "--nofile=128:128"]).status();
    if !set.is_ok_and(|status| status.success()) {
        eprintln!("not run here: there is no prlimit");
        return;
    }
    let _half: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = world.connect();
            let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\n");
            stream
        })
        .collect();
    for _ in 0..5 {
        world.caller().get("/healthz").expect(200);
    }
}

#[test]
fn server_f05_readers_that_take_nothing_are_given_up() {
    let mut world = World::with(&format!("{CHEAP}[server]\nwrite_timeout_seconds = 2\n"));
    let user = world.sign_up("a@example.org");
    for n in 0..40 {
        user.post("/v1/tasks", &json!({"clientId": n.to_string(), "t": "x".repeat(200_000)})).expect(201);
    }
    let before = world.memory("VmRSS");
    let head = user.clone();
    let streams: Vec<_> = (0..40)
        .map(|_| {
            let mut stream = world.connect();
            let request =
                format!("GET /v1/sync/changes?collection=tasks HTTP/1.1\r\nHost: x\r\n{}\r\n", head.headers());
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_secs(5));
    // What is left of each reply is what the sockets hold; the server has closed them.
    for mut stream in streams {
        let mut taken = Vec::new();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let ended = stream.read_to_end(&mut taken);
        assert!(ended.is_ok() || ended.unwrap_err().kind() == std::io::ErrorKind::ConnectionReset);
    }
    let after = world.memory("VmRSS");
    assert!(after < before + 300 * 1024, "{before} -> {after} KiB");
    world.caller().get("/healthz").expect(200);
}

#[test]
fn server_f05_header_of_any_size_is_bounded() {
    let mut world = World::new();
    let before = world.memory("VmRSS");
    let huge = "x".repeat(400_000);
    at_once(50, |_| assert!([431, 0].contains(&world.caller().header("X-A", &huge).get("/healthz").status)));
    let after = world.memory("VmRSS");
    assert!(after < before + 64 * 1024, "{before} -> {after} KiB");
}

#[test]
fn server_f21_end_does_not_wait_for_work_of_clients() {
    let mut world = World::with(&format!("{CHEAP}[server]\nshutdown_grace_seconds = 1\nheader_timeout_seconds = 60\n"));
    let user = world.sign_up("a@example.org");
    user.post("/v1/tasks", &json!({"clientId": "x", "n": 0, "l": (0..40_000).collect::<Vec<u32>>()})).expect(201);
    let mut half = world.connect();
    half.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    let slow: Vec<_> = (0..1000)
        .map(|_| json!({"type":"patch","collection":"tasks","id":"x","fieldOps":[{"op":"inc","path":"/n","by":1}]}))
        .collect();
    let pushing = std::thread::spawn(move || user.push("d", slow.into()));
    std::thread::sleep(Duration::from_millis(300));
    world.signal("HUP");
    std::thread::sleep(Duration::from_millis(100));
    world.caller().get("/healthz").expect(200);
    let began = Instant::now();
    world.signal("TERM");
    assert!(ends_within(&mut world, Duration::from_secs(6)), "{:?}", began.elapsed());
    pushing.join().unwrap();
}

#[test]
fn server_f21_end_does_not_wait_for_half_a_header() {
    let mut world =
        World::with(&format!("{CHEAP}[server]\nshutdown_grace_seconds = 60\nheader_timeout_seconds = 60\n"));
    let mut half = world.connect();
    half.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n").unwrap();
    let _silent = world.connect();
    let mut served = world.connect();
    served.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0; 12];
    served.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    served.write_all(b"GET /livez HTTP/1.1\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    world.signal("TERM");
    assert!(ends_within(&mut world, Duration::from_secs(5)));
}

#[test]
fn server_f21_balancers_are_told_before_the_end() {
    let mut world = World::with(&format!("{CHEAP}[server]\ndrain_seconds = 2\n"));
    let user = world.sign_up("a@example.org");
    user.get("/readyz").expect(200);
    world.signal("TERM");
    let end = Instant::now() + PATIENCE;
    while user.get("/readyz").status == 200 && Instant::now() < end {}
    assert_eq!(user.get("/readyz").expect(503).code(), "SERVICE_UNAVAILABLE");
    user.get("/livez").expect(200);
    user.post("/v1/tasks", &json!({"clientId": "last"})).expect(201);
    assert!(ends_within(&mut world, Duration::from_secs(7)));
}

#[test]
fn server_f21_abandoned_writes_are_not_carried_out() {
    let world = World::with(&format!("{CHEAP}[server]\nwork_budget_ms = 5000\n"));
    let user = world.sign_up("a@example.org");
    user.post("/v1/tasks", &json!({"clientId": "x", "n": 0, "l": (0..40_000).collect::<Vec<u32>>()})).expect(201);
    // One transaction that takes seconds, whose client hangs up at once.
    let slow: Vec<_> = (0..1000)
        .map(|_| json!({"type":"patch","collection":"tasks","id":"x","fieldOps":[{"op":"inc","path":"/n","by":1}]}))
        .collect();
    let body = json!({"deviceId":"d","atomic":true,"operations":slow}).to_string();
    let mut stream = world.connect();
    let head =
        format!("POST /v1/sync/batch HTTP/1.1\r\nHost: x\r\n{}Content-Length: {}\r\n\r\n", user.headers(), body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    drop(stream);
    let began = Instant::now();
    user.post("/v1/tasks", &json!({"clientId": "next"})).expect(201);
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert_eq!(user.get("/v1/tasks/x").expect(200).json["data"]["n"], 0);
}
