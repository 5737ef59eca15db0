//! What starts a sync, and what does not: events, networks, timers, the server's advice. On virtual time.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

use holm_core::{Config, Event, Network as Net, Strategy, SyncStatus};
use holm_tests::sim::{Device, Faults, Line, Sent, Speed, World};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const FAST: Speed = Speed { latency_ms: 2, bytes_per_s: 10_000_000 };

/// A device whose requests are noted. It has calmed down after its start, and read everything.
async fn watched(world: &mut World, adjust: impl FnOnce(&mut Config)) -> (Device, Line) {
    let line = Line::new(&world.network, world.random.fork(), FAST);
    let transport = Arc::new(line.clone());
    let device = world
        .device_with(Strategy::Merge, 0, |config| {
            config.transport = Some(transport);
            adjust(config);
        })
        .await;
    device.sync().await;
    world.pass(3 * SECOND).await;
    line.sent();
    (device, line)
}

/// Another device of the account writes a document, and the server has it.
async fn another_writes(other: &Device, id: &str) {
    other.create(id, json!({})).await;
    other.sync().await;
}

/// How many looks there are in this time.
async fn looks(world: &World, line: &Line, time: Duration) -> usize {
    line.sent();
    world.pass(time).await;
    line.sent().len()
}

#[test]
fn launching_and_coming_to_the_foreground_look_at_once() {
    for event in [Event::Launched, Event::Foreground] {
        World::run(1, |mut world| async move {
            let (a, line) = watched(&mut world, |_| {}).await;
            let other = world.device(Strategy::Merge).await;
            another_writes(&other, "t").await;
            a.holm.report(event);
            world.pass(Duration::from_millis(50)).await;
            assert!(a.doc("t").is_some(), "{event:?}: {:?}", line.sent());
        });
    }
}

#[test]
fn who_sees_the_app_gets_news_in_seconds_and_who_does_not_in_a_quarter_of_an_hour() {
    World::run(2, |mut world| async move {
        let (a, line) = watched(&mut world, |_| {}).await;
        let minute = 60 * SECOND;
        assert_eq!(looks(&world, &line, 10 * minute).await, 0, "no life reported: the long interval");
        a.holm.report(Event::Foreground);
        world.pass(SECOND).await;
        let mut seen = Vec::new();
        for (network, low_power) in [
            (Net::Unmetered, false),
            (Net::Metered, false),
            (Net::Offline, false),
            (Net::Unmetered, true),
            (Net::Metered, true),
        ] {
            a.holm.report(Event::LowPower(low_power));
            a.holm.connectivity().set(network);
            world.pass(2 * SECOND).await;
            seen.push(looks(&world, &line, 10 * minute).await);
        }
        let expected = [114..=127, 19..=21, 0..=0, 28..=32, 4..=6];
        assert!(seen.iter().zip(&expected).all(|(seen, range)| range.contains(seen)), "{seen:?}, not {expected:?}");
        a.holm.report(Event::LowPower(false));
        a.holm.connectivity().set(Net::Unmetered);
        a.holm.report(Event::Background);
        world.pass(2 * SECOND).await;
        assert_eq!(looks(&world, &line, 14 * minute).await, 0, "the short timer has gone with the foreground");
        assert!((3..=5).contains(&looks(&world, &line, 60 * minute).await));
    });
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let mut config = holm_server::Config::default();
    config.accounts.argon2.memory_kib = 8;
    config.accounts.argon2.iterations = 1;
    config.sync.suggested_sync_interval = 120;
    World::configured(3, config, |mut world| async move {
        let (a, line) = watched(&mut world, |_| {}).await;
        a.holm.report(Event::Foreground);
        world.pass(2 * SECOND).await;
        assert!(looks(&world, &line, 60 * SECOND).await >= 11, "the server has suggested nothing yet");
        a.create("t", json!({})).await;
        world.pass(SECOND).await;
        assert_eq!(a.status("t"), Some(SyncStatus::Synced));
        assert!((4..=6).contains(&looks(&world, &line, 600 * SECOND).await));
        a.holm.report(Event::Background);
        assert!(looks(&world, &line, 3_600 * SECOND).await <= 5, "it asks for more patience, never for less");
    });
}

#[test]
fn a_network_that_comes_is_used_within_a_second_but_not_by_all_devices_at_once() {
    World::run(4, |mut world| async move {
        let mut devices = Vec::new();
        for _ in 0..8 {
            devices.push(watched(&mut world, |_| {}).await);
        }
        let mut firsts = Vec::new();
        for (device, _) in &devices {
            device.holm.connectivity().set(Net::Offline);
        }
        world.pass(60 * SECOND).await;
        let lines_start: Vec<Duration> = devices.iter().map(|(_, line)| line.now()).collect();
        for (device, _) in &devices {
            device.holm.connectivity().set(Net::Unmetered);
        }
        world.pass(2 * SECOND).await;
        for ((_, line), start) in devices.iter().zip(lines_start) {
            firsts.push(line.sent().first().unwrap().at - start);
        }
        assert!(firsts.iter().all(|after| *after < SECOND), "{firsts:?}");
        let (first, last) = (firsts.iter().min().unwrap(), firsts.iter().max().unwrap());
        assert!(*last - *first > Duration::from_millis(100), "all at once: {firsts:?}");
    });
}

/// Each request is a cycle of its own here: nothing is queued, and everything was read.
fn assert_one_a_second(sent: &[Sent]) {
    assert!(sent.windows(2).all(|pair| pair[1].at - pair[0].at >= SECOND), "{sent:#?}");
}

#[test]
fn an_app_that_flaps_a_hundred_times_a_second_asks_the_server_once_a_second() {
    for unavailable in [0, 1] {
        World::run(5, |mut world| async move {
            let (a, line) = watched(&mut world, |_| {}).await;
            world.network.set_faults(Faults { unavailable, ..Faults::default() });
            for flap in 0..1_000 {
                a.holm.report(if flap % 2 == 0 { Event::Background } else { Event::Foreground });
                a.holm.report(Event::PushReceived);
                a.holm.connectivity().set(if flap % 2 == 0 { Net::Metered } else { Net::Unmetered });
                world.pass(Duration::from_millis(10)).await;
            }
            let sent = line.sent();
            assert!((8..=11).contains(&sent.len()), "{} in ten seconds", sent.len());
            assert_one_a_second(&sent);
        });
    }
}

#[test]
fn a_failing_server_is_left_in_peace_whatever_is_reported_that_says_nothing_of_the_network() {
    World::run(6, |mut world| async move {
        let (a, line) = watched(&mut world, |_| {}).await;
        world.network.set_faults(Faults { unavailable: 1, ..Faults::default() });
        a.create("t", json!({})).await;
        // Six failures: the back-off is at its cap.
        world.pass(90 * SECOND).await;
        line.sent();
        for _ in 0..120 {
            for event in [Event::PushReceived, Event::LowPower(true), Event::LowPower(false), Event::Background] {
                a.holm.report(event);
            }
            world.pass(SECOND).await;
        }
        let sent = line.sent();
        assert!((3..=8).contains(&sent.len()), "{sent:#?}");
        world.heal();
        a.holm.report(Event::Foreground);
        world.pass(SECOND).await;
        assert_eq!(a.status("t"), Some(SyncStatus::Synced), "a person looks: the engine tries again at once");
    });
}

#[test]
fn the_server_is_told_why_it_is_asked() {
    World::run(7, |mut world| async move {
        let (a, line) = watched(&mut world, |_| {}).await;
        let why = |line: &Line| line.sent().into_iter().map(|sent| sent.context).collect::<Vec<_>>();
        a.holm.report(Event::Foreground);
        world.pass(SECOND).await;
        assert_eq!(why(&line), ["foreground"]);
        a.sync().await;
        assert_eq!(why(&line), ["user"]);
        a.holm.report(Event::Background);
        a.holm.report(Event::PushReceived);
        world.pass(SECOND).await;
        assert_eq!(why(&line), ["push"]);
        a.holm.run_background(SECOND).await.unwrap();
        assert_eq!(why(&line), ["background"]);
        world.pass(1_000 * SECOND).await;
        assert_eq!(why(&line), ["background"], "the long interval");
    });
}

#[test]
fn a_client_that_syncs_only_when_asked_listens_to_no_event() {
    World::run(8, |mut world| async move {
        let (a, line) = watched(&mut world, |config| config.sync.automatic = false).await;
        for event in [Event::Launched, Event::Foreground, Event::PushReceived] {
            a.holm.report(event);
        }
        world.pass(3_600 * SECOND).await;
        assert_eq!(line.sent(), []);
        a.holm.close().await;
        a.holm.report(Event::Foreground);
    });
}
