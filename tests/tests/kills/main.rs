//! Processes that are killed at random moments (SIGKILL): no acknowledged write is lost, none is doubled, and what was not acknowledged has
//! happened once or not at all.
//!
//! `HOLM_KILLS=n` kills so many times. `HOLM_SEED=n` does the same things again, and waits as long before each kill; what that hits is up to
//! the machine.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

mod deed;
mod worker;

use deed::{Own, SHARED};
use holm_tests::real::{Driver, Proxy, ServerProcess};
use holm_tests::sim::Random;
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use worker::{Worker, moment, sign_up};

/// How often a process is killed, unless the environment says otherwise.
const KILLS: u64 = 200;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A server, a network, and an account.
struct Ground {
    scratch: tempfile::TempDir,
    server: ServerProcess,
    proxy: Proxy,
    random: Random,
    observers: u64,
}

impl Ground {
    fn new(seed: u64) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let config = scratch.path().join("server.toml");
        // Hashing passwords is not what is tested here.
        std::fs::write(&config, "[accounts.argon2]\nmemory_kib = 8\niterations = 1\n").unwrap();
        let server = ServerProcess::configured(&scratch.path().join("server"), Some(&config));
        let proxy = Proxy::to(&server.url, seed);
        sign_up(scratch.path(), &proxy.url);
        Self { scratch, server, proxy, random: Random::new(seed), observers: 0 }
    }

    fn worker(&self, name: char) -> Worker {
        self.worker_in(name, &name.to_string())
    }

    fn worker_in(&self, name: char, folder: &str) -> Worker {
        let mut worker = Worker::new(name, self.scratch.path().join(folder), &self.proxy.url, self.random.fork());
        worker.finish();
        worker
    }

    fn restart_server(&mut self) {
        self.server.restart();
        self.proxy.set_upstream(&self.server.url);
    }

    /// Every device has sent everything. Then all devices show the same, and so does one that has just been set up; and it is what was done.
    fn agree(&mut self, workers: &mut [Worker]) {
        self.proxy.lose(0, 0);
        // The second round is for what others have sent in the first.
        for _ in 0..2 {
            workers.iter_mut().for_each(Worker::finish);
        }
        self.observers += 1;
        let directory = self.scratch.path().join(format!("observer-{}", self.observers));
        let mut fresh = Driver::open(&directory, &self.proxy.url, json!({"collections": [{"name": "tasks"}]}));
        fresh.ok("sign_in", json!({"email": "a@example.com", "password": "password"}));
        fresh.ok("sync", json!({}));
        let expected = fresh.ok("dump", json!({}))["collections"].take();
        let mut known = SHARED.len();
        let mut marks = 0;
        let view = fresh.dump("tasks").0;
        for worker in workers {
            let shown = worker.driver.ok("dump", json!({}))["collections"].take();
            assert_eq!(shown, expected, "device {} and a fresh one differ", worker.name);
            assert_eq!(Own::shown(&view, worker.name), worker.own, "device {}", worker.name);
            known += worker.own.documents.len();
            marks += worker.own.marks.len();
        }
        let counted: i64 = SHARED.iter().map(|id| view[id]["n"].as_i64().unwrap()).sum();
        assert_eq!((view.as_object().map(serde_json::Map::len), counted), (Some(known), marks as i64));
    }
}

/// Runs a test with the seed that was asked for, or a new one, and names it if the test fails.
fn seeded(name: &str, test: impl FnOnce(&mut Ground, u64) -> Value) {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::from(time.subsec_nanos()));
    let seed = number("HOLM_SEED").unwrap_or(clock);
    let start = Instant::now();
    let outcome =
        catch_unwind(AssertUnwindSafe(|| test(&mut Ground::new(seed), number("HOLM_KILLS").unwrap_or(KILLS))));
    match outcome {
        Ok(figures) => eprintln!("{name}: seed {seed}, {:.1} s, {figures}", start.elapsed().as_secs_f64()),
        Err(panic) => {
            let why = panic.downcast_ref::<String>().cloned().or(panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            panic!(
                "seed {seed}: {}\nagain: HOLM_SEED={seed} cargo test --workspace --test kills {name}",
                why.unwrap_or_default()
            );
        }
    }
}

fn figures(worker: &Worker) -> Value {
    let tally = &worker.tally;
    json!({
        "kills": tally.kills,
        "while syncing": tally.syncing,
        "while opening": tally.opening,
        "unanswered and done": tally.happened,
        "unanswered and not done": tally.vanished,
        "marks": worker.own.marks.len(),
    })
}

#[test]
fn f57_a_device_that_is_killed_anywhere_loses_and_doubles_nothing() {
    seeded("f57_a_device", |ground, kills| {
        let mut workers = [ground.worker('a')];
        for round in 1..=kills {
            workers[0].work();
            workers[0].die_and_rise();
            if round % 5 == 0 {
                ground.agree(&mut workers);
            }
        }
        ground.agree(&mut workers);
        figures(&workers[0])
    });
}

#[test]
fn f57_a_server_that_is_killed_anywhere_loses_and_doubles_nothing() {
    seeded("f57_a_server", |ground, kills| {
        let mut workers = [ground.worker('a')];
        let mut failed = 0;
        for round in 1..=kills {
            workers[0].work();
            let sync = workers[0].driver.send("sync", json!({}));
            // There may be some more syncs before this one.
            std::thread::sleep(3 * moment(&ground.random));
            ground.server.kill();
            failed += u64::from(workers[0].driver.reply(sync).unwrap()["ok"] == false);
            workers[0].settle();
            ground.restart_server();
            if round % 5 == 0 {
                ground.agree(&mut workers);
            }
        }
        ground.agree(&mut workers);
        json!({"kills": kills, "syncs that broke": failed, "marks": workers[0].own.marks.len()})
    });
}

#[test]
fn f57_three_devices_behind_a_bad_network_come_together() {
    seeded("f57_three_devices", |ground, kills| {
        let mut workers = ['a', 'b', 'c'].map(|name| ground.worker(name));
        let mut crashes = 0;
        for round in 1..=kills / 2 {
            ground.proxy.lose(2 + ground.random.below(8), 2 + ground.random.below(8));
            for worker in &mut workers {
                worker.work();
                worker.start_sync();
            }
            let crash = ground.random.one_in(6);
            if crash {
                std::thread::sleep(moment(&ground.random));
                ground.server.kill();
                crashes += 1;
            }
            for worker in &mut workers {
                if ground.random.one_in(8) { worker.die_and_rise() } else { worker.settle() }
            }
            if crash {
                ground.restart_server();
            }
            if round % 10 == 0 {
                ground.agree(&mut workers);
            }
        }
        ground.agree(&mut workers);
        json!({"rounds": kills / 2, "server kills": crashes, "devices": workers.iter().map(figures).collect::<Vec<_>>()})
    });
}

#[test]
fn f12_two_processes_of_one_device_send_everything_once() {
    seeded("f12_two_processes", |ground, kills| {
        // An app and its extension.
        let mut workers = ['a', 'b'].map(|name| ground.worker_in(name, "device"));
        for round in 1..=kills / 2 {
            ground.proxy.lose(0, 4 + ground.random.below(8));
            for worker in &mut workers {
                worker.work();
                worker.start_sync();
            }
            for worker in &mut workers {
                if ground.random.one_in(8) { worker.die_and_rise() } else { worker.settle() }
            }
            if round % 10 == 0 {
                ground.agree(&mut workers);
            }
        }
        ground.agree(&mut workers);
        json!({"rounds": kills / 2, "processes": workers.iter().map(figures).collect::<Vec<_>>()})
    });
}
