//! What strangers send costs them more than the server.

use crate::support::{CHEAP, Reply, World, at_once};
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};

fn sign_in(world: &World, email: &str, password: &str, device: Option<&str>) -> Reply {
    world.caller().post("/v1/auth/sign-in", &json!({"email": email, "password": password, "device": device}))
}

#[test]
fn server_f04_sign_ins_at_once_take_the_memory_of_a_few() {
    let mut world = World::new_with_default_cost();
    let before = world.memory("VmHWM");
    for _ in 0..2 {
        let replies = at_once(150, |n| sign_in(&world, &format!("{n}@example.org"), "guess", None).status);
        assert!(replies.iter().all(|status| [401, 429, 503].contains(status)), "{replies:?}");
        world.caller().get("/healthz").expect(200);
    }
    let after = world.memory("VmHWM");
    assert!(after < before + 300 * 1024, "{before} -> {after} KiB");
}

#[test]
fn server_f07_guesses_are_limited_and_the_owner_gets_in() {
    let world = World::new();
    let body = json!({"email": "owner@example.org", "password": "long enough", "device": "phone"});
    world.caller().post("/v1/auth/sign-up", &body).expect(201);
    let statuses: Vec<u16> =
        (0..300).map(|n| sign_in(&world, "owner@example.org", &format!("guess {n}"), None).status).collect();
    assert_eq!(statuses[..5], [401; 5]);
    assert!(statuses.iter().filter(|status| **status == 429).count() > 200, "{statuses:?}");
    let limited = sign_in(&world, "owner@example.org", "long enough", None).expect(429);
    assert!(limited.head.to_lowercase().contains("retry-after:") && limited.json["error"]["retryAfter"].is_u64());
    sign_in(&world, "owner@example.org", "long enough", Some("phone")).expect(200);
}

#[test]
fn server_f07_one_address_cannot_try_everything() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    let limited = |statuses: Vec<u16>| statuses.iter().filter(|status| **status == 429).count();
    let spray = (0..200).map(|n| sign_in(&world, &format!("{n}@example.org"), "password", None).status).collect();
    assert!(limited(spray) > 50);
    let refresh =
        |n| world.caller().post("/v1/auth/session/refresh", &json!({"refreshToken": format!("guess {n}")})).status;
    assert!(limited((0..200).map(refresh).collect()) > 50);
    let tokens = (0..200).map(|n| world.caller().token(&format!("guess {n}")).get("/v1/tasks").status).collect();
    assert!(limited(tokens) > 50);
    let sign_up = |n| {
        let body = json!({"email": format!("new{n}@example.org"), "password": "long enough"});
        world.caller().post("/v1/auth/sign-up", &body).status
    };
    assert!(limited((0..200).map(sign_up).collect()) > 50);
    // Who has a session is served.
    for n in 0..50 {
        user.post("/v1/tasks", &json!({"clientId": n.to_string()})).expect(201);
    }
    let short = json!({"email": "short@example.org", "password": "x"});
    let short = World::new().caller().post("/v1/auth/sign-up", &short).expect(400);
    assert!(short.json["error"]["details"]["password"].is_string());
}

#[test]
fn server_f07_proxy_tells_whose_request_it_is() {
    let (world, log) = World::logged(&format!("{CHEAP}[server]\ntrusted_proxies = [\"127.0.0.1\"]\n"));
    let from = |address: &str| {
        let body = json!({"email": "a@example.org", "password": "guess"});
        world.caller().header("X-Forwarded-For", &format!("9.9.9.9, {address}")).post("/v1/auth/sign-in", &body).status
    };
    assert!((0..100).map(|_| from("192.0.2.1")).any(|status| status == 429));
    assert_eq!(from("192.0.2.2"), 401);
    let told = log.iter().find(|line| line["address"] == "192.0.2.2").unwrap();
    assert!(told["message"].as_str().unwrap().contains("failed"), "{told}");
}

#[test]
fn server_f11_bodies_of_strangers_are_small() {
    let mut world = World::new();
    let before = world.memory("VmHWM");
    let pad = json!({"email":"a@b","password":"long enough","pad": vec![0; 3_000_000]}).to_string();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(pad.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    for path in ["/v1/auth/sign-in", "/v1/auth/sign-up", "/v1/auth/session/refresh", "/api/auth/sign-in"] {
        let caller = world.caller().header("Content-Type", "application/json");
        at_once(30, |_| {
            let refused = caller.header("Content-Encoding", "gzip").send("POST", path, &packed).status;
            assert!([413, 415, 0].contains(&refused), "{refused}");
            let refused = caller.send("POST", path, pad.as_bytes()).status;
            assert!([413, 0].contains(&refused), "{refused}");
        });
    }
    let after = world.memory("VmHWM");
    assert!(after < before + 100 * 1024, "{before} -> {after} KiB");
}

#[test]
fn server_f19_sign_ups_at_once_are_one_account() {
    let world = World::new();
    let body = json!({"email": "a@example.org", "password": "long enough"});
    let mut statuses = at_once(8, |_| world.caller().post("/v1/auth/sign-up", &body).status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
    let look_alikes = ["a\u{200b}@example.org", "a@b@example.org", "\u{ff41}@example.org", "a@exam\u{200d}ple.org"];
    for email in look_alikes {
        world.caller().post("/v1/auth/sign-up", &json!({"email": email, "password": "long enough"})).expect(400);
    }
}

#[test]
fn server_f22_raised_cost_tells_no_address_and_renews_hashes() {
    let mut world = World::new();
    world.sign_up("known@example.org");
    let config = world.folder.path().join("config.toml");
    std::fs::write(&config, "[accounts]\nargon2 = { memory_kib = 65536, iterations = 1 }\n").unwrap();
    world.restart();
    let time = |email: &str| {
        let began = Instant::now();
        sign_in(&world, email, "wrong password", None).expect(401);
        began.elapsed()
    };
    let quickest = |email: &str| (0..3).map(|_| time(email)).min().unwrap_or(Duration::ZERO);
    let (known, unknown) = (quickest("known@example.org"), quickest("unknown@example.org"));
    assert!(known > unknown / 3 && known < unknown * 3, "{known:?} {unknown:?}");
    sign_in(&world, "known@example.org", "long enough", None).expect(200);
    let database = rusqlite::Connection::open(world.database()).unwrap();
    let hash: String = database.query_row("SELECT password_hash FROM users", [], |row| row.get(0)).unwrap();
    assert!(hash.contains("m=65536"), "{hash}");
    sign_in(&world, "known@example.org", "long enough", None).expect(200);
}

#[test]
fn server_f24_replies_with_tokens_are_stored_by_no_cache() {
    let world = World::new();
    let body = json!({"email": "a@example.org", "password": "long enough", "name": "a\u{0}b"});
    world.caller().post("/v1/auth/sign-up", &body).expect(400);
    let body = json!({"email": "a@example.org", "password": "long enough"});
    let reply = world.caller().post("/v1/auth/sign-up", &body).expect(201);
    assert!(reply.head.to_lowercase().contains("cache-control: no-store"), "{}", reply.head);
    let token = reply.json["data"]["session"]["refreshToken"].clone();
    let reply = world.caller().post("/v1/auth/session/refresh", &json!({"refreshToken": token})).expect(200);
    assert!(reply.head.to_lowercase().contains("cache-control: no-store"), "{}", reply.head);
    assert_ne!(reply.json["data"], Value::Null);
}
