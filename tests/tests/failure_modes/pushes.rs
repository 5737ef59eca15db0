//! Sending: lost replies, kills, edits and pulls meanwhile, and when it is tried again.

use crate::{BACKOFF, in_step, manual};
use holm_core::{Network as Net, RetryPolicy, Strategy, SyncStatus};
use holm_tests::sim::{Fate, Faults, World};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

#[test]
fn f02_replies_lost_up_to_ten_times_make_no_second_document() {
    for losses in [1, 2, 5, 10] {
        World::run(2, |mut world| async move {
            let a = world.device(Strategy::Merge).await;
            let lost = Arc::new(AtomicU64::new(losses));
            world.network.set_script(move |_, path| {
                let batch = path.contains("batch");
                if batch && lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
                    Fate::DropReply
                } else {
                    Fate::Pass
                }
            });
            a.create("t", json!({"n": 1})).await;
            world.pass(BACKOFF * 12).await;
            assert_eq!(a.pending(), 0);
            a.update("t", json!({"n": {"$inc": 1}})).await;
            world.pass(BACKOFF).await;
            let b = world.device(Strategy::Merge).await;
            in_step(&[&a, &b]).await;
            assert_eq!(b.view().len(), 1);
            assert_eq!(b.view()["t"], (json!({"n": 2}), Some(2)), "after {losses} lost replies");
        });
    }
}

#[test]
fn f03_every_attempt_carries_the_same_bytes_also_after_a_restart() {
    World::run_real(|mut world| async move {
        let directory = tempfile::tempdir().unwrap();
        let sent = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (mut config, _) = world.config(0);
        config.storage = holm_core::Storage::Directory(directory.path().to_owned());
        config.secrets = None;
        config.sync.automatic = false;
        config.transport = Some(Arc::new(Recorder { network: world.network.clone(), sent: sent.clone() }));
        let holm = holm_core::Holm::open(config.clone()).unwrap();
        holm.sign_up("sim@example.com", "password").await.unwrap();
        let tasks = holm.collection("tasks").unwrap();
        holm.sync().await.unwrap();
        tasks.create(&json!({"id": "t", "n": 1})).await.unwrap();
        world.network.set_script(|_, path| if path.contains("batch") { Fate::DropRequest } else { Fate::Pass });
        assert!(holm.sync().await.is_err());
        // What is written now must not change what was sent.
        tasks.update("t", &json!({"n": 2})).await.unwrap();
        assert!(holm.sync().await.is_err());
        holm.close().await;
        let holm = holm_core::Holm::open(config).unwrap();
        assert!(holm.sync().await.is_err());
        world.heal();
        holm.sync().await.unwrap();
        let mut sent = sent.lock().unwrap().clone();
        let update = sent.pop().unwrap();
        assert!(update.contains("\"update\""), "{update}");
        assert_eq!((sent.len(), sent.iter().collect::<BTreeSet<_>>().len()), (4, 1), "{sent:#?}");
        let b = world.device(Strategy::Merge).await;
        b.sync().await;
        assert_eq!(b.view()["t"], (json!({"n": 2}), Some(2)));
        holm.close().await;
    });
}

/// Notes the operations of every batch that is sent.
struct Recorder {
    network: holm_tests::sim::Network,
    sent: Arc<std::sync::Mutex<Vec<String>>>,
}

#[async_trait::async_trait]
impl holm_core::Transport for Recorder {
    async fn send(&self, request: holm_core::Request) -> Result<holm_core::Response, holm_core::TransportError> {
        if let Ok(body) = serde_json::from_slice::<serde_json::Value>(&request.body)
            && let Some(operations) = body.get("operations")
        {
            self.sent.lock().unwrap().push(operations.to_string());
        }
        self.network.send(request).await
    }
}

#[test]
fn f05_edit_during_in_flight_push_survives() {
    // The edit falls into each moment of the exchange: before, on the way there, on the way back, after.
    for moment in [0, 1, 30, 60, 90, 150] {
        World::run(5, |mut world| async move {
            let a = world.device_with(Strategy::Merge, 0, manual).await;
            a.create("t", json!({"title": "one", "n": 0})).await;
            a.sync().await;
            a.update("t", json!({"title": "two"})).await;
            world.network.set_faults(Faults { delay_ms: 50, ..Faults::default() });
            let holm = a.holm.clone();
            let sync = tokio::spawn(async move { holm.sync().await });
            world.pass(Duration::from_millis(moment)).await;
            a.update("t", json!({"title": "three", "n": {"$inc": 1}})).await;
            assert_eq!(a.doc("t").unwrap(), json!({"title": "three", "n": 1}));
            sync.await.unwrap().unwrap();
            assert_eq!(a.doc("t").unwrap(), json!({"title": "three", "n": 1}), "moment {moment}");
            world.heal();
            let b = world.device(Strategy::Merge).await;
            in_step(&[&a, &b]).await;
            assert_eq!(b.doc("t").unwrap(), json!({"title": "three", "n": 1}), "moment {moment}");
        });
    }
}

#[test]
fn f06_a_pull_never_takes_an_unpushed_edit_away() {
    for strategy in
        [Strategy::ServerWins, Strategy::LocalWins, Strategy::LastWriteWins, Strategy::Merge, Strategy::Prompt]
    {
        World::run(6, |mut world| async move {
            let a = world.device_with(strategy, 0, manual).await;
            let b = world.device_with(strategy, 0, manual).await;
            a.create("t", json!({"title": "base", "note": "base"})).await;
            in_step(&[&a, &b]).await;
            b.update("t", json!({"title": "theirs"})).await;
            b.sync().await;
            world.pass(Duration::from_secs(1)).await;
            a.update("t", json!({"title": "mine"})).await;
            // Reading works, sending does not: the edit must outlive what is read.
            world.network.set_script(|_, path| if path.contains("batch") { Fate::DropRequest } else { Fate::Pass });
            let _ = a.holm.sync().await;
            let pending = a.doc("t").unwrap()["title"] == "mine";
            let journalled = a.holm.journal(9).unwrap().iter().any(|entry| entry.lost.contains("mine"));
            let asked = a
                .holm
                .conflicts()
                .unwrap()
                .iter()
                .any(|c| c.local.as_ref().is_some_and(|local| local.contains("mine")));
            assert!(pending || journalled || asked, "{strategy:?}: the edit is nowhere");
            world.heal();
            let outcome = a.sync().await;
            assert_eq!(outcome.parked, 0);
        });
    }
}

#[test]
fn f07_a_write_made_while_a_sync_runs_is_sent_without_a_further_call() {
    for moment in 0..40 {
        World::run(7, |mut world| async move {
            let a = world.device(Strategy::Merge).await;
            world.network.set_faults(Faults { delay_ms: 20, ..Faults::default() });
            a.create("first", json!({})).await;
            let holm = a.holm.clone();
            tokio::spawn(async move { holm.sync().await });
            world.pass(Duration::from_millis(moment * 5)).await;
            a.create("second", json!({})).await;
            world.pass(BACKOFF).await;
            assert_eq!(
                (a.status("first"), a.status("second")),
                (Some(SyncStatus::Synced), Some(SyncStatus::Synced)),
                "moment {moment}"
            );
        });
    }
}

#[test]
fn f08_after_one_failed_round_the_engine_tries_again_by_itself() {
    for (request, fate) in [(0, Fate::DropRequest), (1, Fate::DropRequest), (0, Fate::DropReply), (1, Fate::DropReply)]
    {
        World::run(8, |mut world| async move {
            let a = world.device(Strategy::Merge).await;
            world.pass(Duration::from_secs(5)).await;
            let before = world.network.requests();
            world.network.set_script(move |number, _| if number == before + request { fate } else { Fate::Pass });
            a.create("t", json!({})).await;
            world.pass(2 * BACKOFF).await;
            assert_eq!(a.status("t"), Some(SyncStatus::Synced), "{fate:?} of request {request}");
        });
    }
}

#[test]
fn f08_the_network_coming_back_starts_a_sync_within_a_second() {
    World::run(8, |mut world| async move {
        let a = world.device(Strategy::Merge).await;
        a.holm.connectivity().set(Net::Offline);
        a.create("t", json!({})).await;
        let before = world.network.requests();
        world.pass(Duration::from_secs(3_600)).await;
        assert_eq!(world.network.requests(), before, "nothing is tried without a network");
        a.holm.connectivity().set(Net::Metered);
        world.pass(Duration::from_secs(1)).await;
        assert_eq!(a.status("t"), Some(SyncStatus::Synced));
    });
}

#[test]
fn f46_the_servers_wait_is_honoured_and_no_request_goes_meanwhile() {
    let mut config = holm_server::Config::default();
    config.accounts.argon2.memory_kib = 8;
    config.rate_limit = Some(holm_server::RateLimit { requests_per_minute: 1, burst: 4 });
    World::configured(46, config, |mut world| async move {
        let a = world
            .device_with(Strategy::Merge, 0, |config| {
                config.sync.retry = RetryPolicy { cap: Duration::from_secs(2), ..RetryPolicy::default() }
            })
            .await;
        for n in 0..20 {
            a.create(&format!("t{n}"), json!({})).await;
            world.pass(Duration::from_secs(1)).await;
        }
        let before = world.network.requests();
        world.pass(Duration::from_secs(600)).await;
        let rate = world.network.requests() - before;
        assert!(rate <= 25, "{rate} requests in ten minutes, although one a minute is allowed");
        assert_eq!(a.pending(), 0);
    });
}

#[test]
fn f13_what_was_on_its_way_when_the_app_died_is_runnable_at_once() {
    World::run_real(|world| async move {
        let directory = tempfile::tempdir().unwrap();
        let (mut config, _) = world.config(0);
        config.storage = holm_core::Storage::Directory(directory.path().to_owned());
        config.secrets = None;
        config.sync.automatic = false;
        let holm = holm_core::Holm::open(config.clone()).unwrap();
        holm.sign_up("sim@example.com", "password").await.unwrap();
        let tasks = holm.collection("tasks").unwrap();
        holm.sync().await.unwrap();
        tasks.create(&json!({"id": "t"})).await.unwrap();
        // The request never comes back, and the process dies (as far as its files can tell).
        let copy = tempfile::tempdir().unwrap();
        let arrived = Arc::new(tokio::sync::Notify::new());
        let (seen, hung) = (arrived.clone(), AtomicBool::new(false));
        world.network.set_script(move |_, path| {
            if path.contains("batch") && !hung.swap(true, Ordering::SeqCst) {
                seen.notify_one();
            }
            Fate::Pass
        });
        world.network.set_faults(Faults { delay_ms: 3_600_000, ..Faults::default() });
        let syncing = holm.clone();
        tokio::spawn(async move { syncing.sync().await });
        arrived.notified().await;
        assert_eq!(holm.pending(1).unwrap()[0].state, "inFlight");
        for entry in std::fs::read_dir(directory.path()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
            }
        }
        config.storage = holm_core::Storage::Directory(copy.path().to_owned());
        let risen = holm_core::Holm::open(config).unwrap();
        assert_eq!(risen.pending(1).unwrap()[0].state, "queued");
        assert_eq!(risen.pending(1).unwrap()[0].next_attempt_ms, 0);
        risen.close().await;
        holm.close().await;
    });
}
