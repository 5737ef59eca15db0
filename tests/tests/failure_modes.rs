//! What broke in comparable systems, row by row. Each name begins with the row of the list that it stands for. (Rows that concern the server
//! alone are in `server/tests`.)

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

use holm_core::{Config, ErrorCode, Network as Net, RetryPolicy, Strategy, SyncStatus, WriteOutcome};
use holm_server::FieldRule;
use holm_tests::sim::{Device, Fate, Faults, World};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const BACKOFF: Duration = Duration::from_secs(30);

/// Both devices have the same, and so has the server (a digest that differs would start a repair, and that would show in the requests).
async fn in_step(devices: &[&Device]) {
    for _ in 0..2 {
        for device in devices {
            device.sync().await;
        }
    }
    for pair in devices.windows(2) {
        assert_eq!(pair[0].view(), pair[1].view());
        assert_eq!(pair[0].digest(), pair[1].digest());
    }
    assert!(devices.iter().all(|device| device.pending() == 0));
}

fn manual(config: &mut Config) {
    config.sync.automatic = false;
}

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
        world.network.set_script(|_, path| if path.contains("batch") { Fate::DropReply } else { Fate::Pass });
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
fn f08_after_one_failed_round_nobody_has_to_touch_anything() {
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
        a.holm.connectivity().set(Net::Cellular);
        world.pass(Duration::from_secs(1)).await;
        assert_eq!(a.status("t"), Some(SyncStatus::Synced));
    });
}

/// A server that takes no title longer than 10 characters.
fn strict() -> holm_server::Config {
    let mut config = holm_server::Config::default();
    config.accounts.argon2.memory_kib = 8;
    config.accounts.argon2.iterations = 1;
    let rule = FieldRule { max_length: Some(10), ..FieldRule::default() };
    config.collections.entry("tasks".to_owned()).or_default().fields.insert("title".to_owned(), rule);
    config
}

#[test]
fn f09_one_refused_write_stops_its_own_document_and_nobody_else() {
    World::configured(9, strict(), |mut world| async move {
        let a = world.device_with(Strategy::Merge, 0, manual).await;
        a.holm
            .write(|tx| {
                for n in 0..1_000 {
                    tx.create("tasks", &json!({"id": format!("t{n:04}"), "title": "fine", "n": 0}))?;
                }
                Ok(())
            })
            .await
            .unwrap();
        a.sync().await;
        let refused = a.update("t0500", json!({"title": "much too long for this server"})).await;
        a.holm
            .write(|tx| {
                for edit in 0..9_999 {
                    let id = format!("t{:04}", if edit % 1_000 == 500 { 499 } else { edit % 1_000 });
                    tx.update("tasks", &id, &json!({"n": {"$inc": 1}}))?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let report = a.sync().await;
        assert_eq!(report.parked, 1);
        assert_eq!(a.pending(), 0);
        let dependant = a.update("t0500", json!({"n": 7})).await;
        a.sync().await;
        let parked = a.holm.parked().unwrap();
        let error = parked[0].error.clone().unwrap();
        assert_eq!((parked.len(), parked[0].op_id, error.code.as_str()), (1, refused, "VALIDATION_ERROR"));
        assert!(error.details.contains_key("title") && parked[0].changes["title"]["set"].is_string());
        assert_eq!((a.status("t0500"), a.pending()), (Some(SyncStatus::Failed), 1), "what depends on it waits");
        assert_eq!(a.holm.confirmed(refused).await.unwrap(), WriteOutcome::Parked);

        a.update("t0500", json!({"title": "short"})).await;
        a.holm.retry(refused).await.unwrap();
        a.sync().await;
        assert_eq!(a.doc("t0500").unwrap(), json!({"title": "short", "n": 7}));
        assert!(matches!(a.holm.confirmed(dependant).await.unwrap(), WriteOutcome::Confirmed(_)));
        let b = world.device(Strategy::Merge).await;
        in_step(&[&a, &b]).await;
        assert_eq!(b.doc("t0499").unwrap()["n"], 20);
    });
}

#[test]
fn f10_a_refused_write_can_be_given_up_and_the_servers_state_comes_back() {
    World::configured(10, strict(), |mut world| async move {
        let a = world.device_with(Strategy::Merge, 0, manual).await;
        a.create("t", json!({"title": "fine"})).await;
        a.sync().await;
        let update = a.update("t", json!({"title": "much too long for this"})).await;
        let create = a.create("u", json!({"title": "too long from the start"})).await;
        a.sync().await;
        for op in [update, create] {
            a.holm.discard(op).await.unwrap();
            assert_eq!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Discarded);
        }
        assert_eq!((a.doc("t").unwrap(), a.doc("u")), (json!({"title": "fine"}), None));
        let journal = a.holm.journal(9).unwrap();
        assert!(journal.iter().all(|entry| entry.lost.contains("too long")) && journal.len() == 2);
        assert_eq!(a.status("t"), Some(SyncStatus::Synced));
    });
}

#[test]
fn f10_what_was_never_sent_can_be_given_up_but_nothing_that_the_server_may_have() {
    World::run(12, |mut world| async move {
        let a = world.device_with(Strategy::Merge, 0, manual).await;
        a.create("t", json!({"title": "known"})).await;
        a.create("gone", json!({"title": "deleted here"})).await;
        a.sync().await;
        let update = a.update("t", json!({"title": "not sent"})).await;
        let create = a.create("u", json!({"title": "not sent"})).await;
        let delete = a.delete("gone").await;
        for op in [update, create, delete] {
            a.holm.discard(op).await.unwrap();
            assert_eq!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Discarded);
        }
        assert_eq!((a.doc("t").unwrap(), a.doc("u")), (json!({"title": "known"}), None));
        assert_eq!(a.doc("gone").unwrap(), json!({"title": "deleted here"}));
        assert_eq!((a.pending(), a.status("gone")), (0, Some(SyncStatus::Synced)));

        // The reply is lost: the operation waits, and the server has it.
        world.network.set_script(|_, path| if path.contains("batch") { Fate::DropReply } else { Fate::Pass });
        let sent = a.update("t", json!({"title": "sent"})).await;
        a.holm.sync().await.unwrap_err();
        assert_eq!(a.holm.discard(sent).await.unwrap_err().code(), ErrorCode::NotFound);
        world.network.set_script(|_, _| Fate::Pass);
        a.sync().await;
        assert_eq!((a.doc("t").unwrap(), a.status("t")), (json!({"title": "sent"}), Some(SyncStatus::Synced)));
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

#[test]
fn f20_own_writes_that_come_back_revive_nothing_and_clash_with_nothing() {
    for lost in [false, true] {
        World::run(20, |mut world| async move {
            let a = world.device_with(Strategy::Merge, 0, manual).await;
            a.create("t", json!({"n": 1})).await;
            if lost {
                world.network.set_script(|_, path| if path.contains("batch") { Fate::DropReply } else { Fate::Pass });
                assert!(a.holm.sync().await.is_err());
                world.heal();
            }
            let created = a.sync().await;
            a.delete("t").await;
            let deleted = a.sync().await;
            for _ in 0..3 {
                let report = a.sync().await;
                assert_eq!((report.conflicts, report.pushed), (0, 0));
            }
            assert_eq!((a.doc("t"), created.conflicts + deleted.conflicts), (None, 0));
            let b = world.device(Strategy::Merge).await;
            in_step(&[&a, &b]).await;
            assert!(b.view().is_empty());
        });
    }
}

#[test]
fn f22_a_device_that_was_away_for_too_long_reads_anew_and_revives_nothing() {
    World::run(22, |mut world| async move {
        let a = world.device_with(Strategy::Merge, 0, manual).await;
        let b = world.device_with(Strategy::Merge, 0, manual).await;
        for n in 0..30 {
            a.create(&format!("t{n}"), json!({"n": n})).await;
        }
        in_step(&[&a, &b]).await;
        for n in 0..20 {
            a.delete(&format!("t{n}")).await;
        }
        a.sync().await;
        b.update("t5", json!({"n": "edited while away"})).await;
        b.update("t25", json!({"n": "edited too"})).await;
        b.create("new", json!({"n": "made while away"})).await;
        world.pass(Duration::from_secs(120 * 86_400)).await;
        world.server.maintain().await.unwrap();
        a.sync().await;
        b.holm.sign_in("sim@example.com", "password").await.unwrap();
        b.sync().await;
        in_step(&[&a, &b]).await;
        let there: BTreeSet<String> = a.view().into_keys().collect();
        let expected: BTreeSet<String> =
            (20..30).map(|n| format!("t{n}")).chain(["new".to_owned(), "t5".to_owned()]).collect();
        assert_eq!(there, expected, "an edit outlives a delete under merge; nothing else comes back");
        assert_eq!(a.doc("t25").unwrap()["n"], "edited too");
    });
}

#[test]
fn f23_a_server_restored_from_a_backup_is_read_anew() {
    World::run_real(|mut world| async move {
        let directory = tempfile::tempdir().unwrap();
        let open = || {
            let mut config = holm_server::Config::default();
            config.accounts.argon2.memory_kib = 8;
            let store = holm_server::Store::Directory(directory.path().to_owned());
            holm_server::Server::open(holm_server::ServerOptions { config, ..holm_server::ServerOptions::new(store) })
                .unwrap()
        };
        world.server = open();
        world.network.connect(world.server.router());
        let a = world.device_with(Strategy::Merge, 0, manual).await;
        let b = world.device_with(Strategy::Merge, 0, manual).await;
        a.create("t", json!({"n": 1})).await;
        in_step(&[&a, &b]).await;
        a.create("u", json!({"n": 2})).await;
        b.update("t", json!({"n": {"$inc": 1}})).await;
        world.network.connect(axum::Router::new());
        world.server = World::new_server();
        holm_server::renew_epoch(directory.path().to_owned(), &holm_server::OsEntropy).unwrap();
        world.server = open();
        world.network.connect(world.server.router());
        in_step(&[&a, &b]).await;
        assert_eq!((a.doc("t").unwrap(), b.doc("u").unwrap()), (json!({"n": 2}), json!({"n": 2})));
    });
}

#[test]
fn f27_wrong_and_jumping_clocks_change_no_outcome() {
    let day = 86_400_000;
    let mut outcomes = BTreeSet::new();
    for skew in [0, 60_000, -60_000, 3 * day, -3 * day, 3_650 * day, -3_650 * day] {
        for jump in [0, 40 * day, -40 * day] {
            let outcome = World::run(27, |mut world| async move {
                let a = world.device_with(Strategy::LastWriteWins, skew, manual).await;
                let b = world.device_with(Strategy::LastWriteWins, 0, manual).await;
                for id in ["a-later", "b-later"] {
                    a.create(id, json!({"title": "base"})).await;
                }
                in_step(&[&a, &b]).await;
                a.update("b-later", json!({"title": "by a"})).await;
                world.pass(Duration::from_secs(10)).await;
                a.clock.set_skew_ms(skew + jump);
                b.update("b-later", json!({"title": "by b"})).await;
                b.update("a-later", json!({"title": "by b"})).await;
                world.pass(Duration::from_secs(10)).await;
                a.update("a-later", json!({"title": "by a"})).await;
                b.sync().await;
                in_step(&[&a, &b]).await;
                a.view()
            });
            assert_eq!(outcome["a-later"].0["title"], "by a", "skew {skew}, jump {jump}");
            assert_eq!(outcome["b-later"].0["title"], "by b", "skew {skew}, jump {jump}");
            outcomes.insert(format!("{outcome:?}"));
        }
    }
    assert_eq!(outcomes.len(), 1);
}

#[test]
fn f28_devices_that_disagree_come_to_rest() {
    for strategy in [Strategy::ServerWins, Strategy::LocalWins, Strategy::LastWriteWins, Strategy::Merge] {
        World::run(28, |mut world| async move {
            let mut devices = Vec::new();
            for _ in 0..5 {
                devices.push(world.device(strategy).await);
            }
            devices[0].create("t", json!({"title": "base"})).await;
            world.pass(Duration::from_secs(1_200)).await;
            for device in &devices {
                device.update("t", json!({"title": device.name.to_string()})).await;
            }
            world.pass(Duration::from_secs(1_200)).await;
            for _ in 0..2 {
                for device in &devices {
                    device.sync().await;
                }
            }
            let version = devices[0].view()["t"].1.unwrap();
            assert!(version <= 11, "{strategy:?}: {version} writes for six edits");
            world.pass(Duration::from_secs(3_600)).await;
            for device in &devices {
                let report = device.sync().await;
                assert_eq!(report.pushed, 0, "{strategy:?}");
                assert_eq!(device.view(), devices[0].view(), "{strategy:?}");
            }
            assert_eq!(devices[0].view()["t"].1.unwrap(), version);
        });
    }
}

#[test]
fn f46_the_servers_wait_is_honoured_and_nobody_knocks_meanwhile() {
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
