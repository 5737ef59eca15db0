//! Slices of background time, cut anywhere, on slow lines. On virtual time.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

use holm_core::{ErrorCode, Event, Network as Net, SliceReport, Strategy};
use holm_tests::sim::{Device, Line, Random, Speed, World};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// So much more than one uninterrupted sync may slices cost in all.
const OVERHEAD: f64 = 1.3;
/// Documents on the server, and writes that wait on the device.
const DOCUMENTS: usize = 2_000;
const WRITES: usize = 400;

/// A device on a slow line, in the background, with writes of its own and everything of the others yet to read.
async fn behind(world: &mut World, speed: Speed) -> (Device, Line) {
    let full = world.device_with(Strategy::Merge, 0, |config| config.sync.automatic = false).await;
    create(&full, "server", DOCUMENTS).await;
    full.sync().await;
    full.holm.close().await;
    let line = Line::new(&world.network, world.random.fork(), speed);
    let transport = Arc::new(line.clone());
    // Signed in without being looked after: nothing was read yet.
    let device = world
        .device_with(Strategy::Merge, 0, |config| {
            config.transport = Some(transport);
            config.connectivity.set(Net::Offline);
        })
        .await;
    device.holm.report(Event::Background);
    create(&device, "mine", WRITES).await;
    line.sent();
    (device, line)
}

/// Makes so many documents.
async fn create(device: &Device, name: &'static str, count: usize) {
    let all = move |tx: &mut holm_core::Transaction<'_>| {
        for n in 0..count {
            let note = format!("{:x}", n.wrapping_mul(0x9e37_79b9));
            let document = json!({"title": format!("no. {n}"), "note": note}).to_string();
            tx.create_text("tasks", Some(&format!("{name}-{n}")), &document)?;
        }
        Ok(())
    };
    device.holm.write(all).await.unwrap();
}

/// Everything is here, and the server has everything.
async fn assert_in_step(world: &mut World, device: &Device) {
    assert_eq!((device.pending(), device.view().len()), (0, DOCUMENTS + WRITES));
    let other = world.device_with(Strategy::Merge, 0, |config| config.sync.automatic = false).await;
    other.sync().await;
    assert_eq!(other.view(), device.view());
    assert_eq!(other.digest(), device.digest());
}

/// What one uninterrupted sync costs in bytes.
fn uninterrupted(seed: u64, speed: Speed) -> u64 {
    World::run(seed, |mut world| async move {
        let (device, line) = behind(&mut world, speed).await;
        let before = line.bytes();
        device.holm.connectivity().set(Net::Unmetered);
        device.sync().await;
        let bytes = line.bytes() - before;
        assert_in_step(&mut world, &device).await;
        bytes
    })
}

/// How slices of random budgets, some of them given up early, come to an end: how many it took, and what they cost in bytes.
fn in_slices(seed: u64, speed: Speed) -> (usize, u64) {
    World::run(seed, |mut world| async move {
        let random = Random::new(seed);
        let (device, line) = behind(&mut world, speed).await;
        let before = line.bytes();
        let mut slices = 0;
        device.holm.connectivity().set(Net::Unmetered);
        loop {
            slices += 1;
            assert!(slices < 2_000, "no end at {speed:?}");
            let budget = Duration::from_millis(50 + random.below(4_951));
            let start = tokio::time::Instant::now();
            let slice = device.holm.run_background(budget);
            // The system may take back what it has granted.
            let patience = if random.one_in(10) { budget.mul_f64(0.5) } else { budget };
            let slice = tokio::time::timeout(patience, slice).await;
            assert!(start.elapsed() <= budget, "{:?} of {budget:?}", start.elapsed());
            match slice {
                Ok(slice) if slice.as_ref().unwrap().complete => break,
                Ok(slice) => assert_ne!(slice.unwrap().more, SliceReport::default().more, "what is left is told"),
                Err(_) => assert!(patience < budget, "a slice that is not given up ends by itself"),
            }
            // Between two slices the system holds the process.
            device.holm.suspend().await;
            world.pass(Duration::from_secs(random.below(600))).await;
            device.holm.resume().unwrap();
        }
        let bytes = line.bytes() - before;
        assert_in_step(&mut world, &device).await;
        (slices, bytes)
    })
}

#[test]
fn slices_of_any_length_end_with_all_devices_in_step_in_time_and_at_little_more_cost() {
    let seeds = std::env::var("HOLM_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let (mut worst, mut most) = (0.0_f64, 0);
    for seed in 0..seeds {
        let random = Random::new(seed);
        let speed = Speed {
            latency_ms: *random.pick(&[10, 60, 150, 300]),
            bytes_per_s: *random.pick(&[20_000, 60_000, 200_000]),
        };
        let (whole, (slices, bytes)) = (uninterrupted(seed, speed), in_slices(seed, speed));
        let ratio = bytes as f64 / whole as f64;
        println!("seed {seed}: {speed:?}: {slices} slices, {bytes} bytes, {ratio:.2} times {whole}");
        assert!(ratio <= OVERHEAD, "seed {seed}: {speed:?}: {bytes} bytes in {slices} slices, {whole} in one");
        (worst, most) = (worst.max(ratio), most.max(slices));
    }
    println!("worst ratio {worst:.2}, most slices {most}");
}

/// A line on which everything takes about twenty seconds, and no request less than 300 ms.
const SLOW: Speed = Speed { latency_ms: 300, bytes_per_s: 4_000 };

#[test]
fn nothing_is_begun_that_cannot_end_in_time() {
    World::run(1, |mut world| async move {
        let (device, line) = behind(&mut world, SLOW).await;
        device.holm.connectivity().set(Net::Unmetered);
        let first = device.holm.run_background(8 * SECOND).await.unwrap();
        assert!(!first.complete && first.report.pulled > 0 && first.report.duration < 8 * SECOND, "{first:?}");
        line.sent();
        let hopeless = device.holm.run_background(SECOND / 5).await.unwrap();
        assert_eq!((hopeless.report.requests, hopeless.report.duration), (0, Duration::ZERO));
        assert_eq!(line.sent(), []);
        assert_eq!((hopeless.more.operations, hopeless.more.collections), (WRITES as u64, 1));
        world.pass(800 * SECOND).await;
        assert_eq!(line.sent(), [], "in the background only slices and the long interval do anything");
    });
}

#[test]
fn a_look_that_no_caller_waits_for_shares_the_slices_time() {
    World::run(2, |mut world| async move {
        let (device, line) = behind(&mut world, SLOW).await;
        device.holm.connectivity().set(Net::Unmetered);
        // What opening the client in a process that was woken for a slice does.
        device.holm.report(Event::Launched);
        world.pass(SECOND / 10).await;
        assert_eq!(line.sent().len(), 1, "the look is on its way");
        let start = tokio::time::Instant::now();
        let slice = device.holm.run_background(5 * SECOND).await.unwrap();
        assert!(!slice.complete && start.elapsed() <= 5 * SECOND);
        let bytes = line.bytes();
        world.pass(500 * SECOND).await;
        assert_eq!(line.bytes(), bytes, "after the deadline nothing goes on");
        device.sync().await;
        assert_in_step(&mut world, &device).await;
    });
}

#[test]
fn a_sync_that_a_caller_waits_for_is_not_disturbed_by_a_slice() {
    World::run(3, |mut world| async move {
        let (device, _) = behind(&mut world, SLOW).await;
        device.holm.connectivity().set(Net::Unmetered);
        let holm = device.holm.clone();
        let sync = tokio::spawn(async move { holm.sync().await });
        world.pass(SECOND).await;
        let start = tokio::time::Instant::now();
        let slice = device.holm.run_background(SECOND).await.unwrap();
        assert!(!slice.complete && start.elapsed() <= SECOND && slice.more.operations > 0, "{slice:?}");
        assert_eq!(sync.await.unwrap().unwrap().pushed, WRITES as u64);
        assert_in_step(&mut world, &device).await;
    });
}

#[test]
fn a_slice_that_is_given_up_stops_at_once_and_the_next_goes_on() {
    World::run(4, |mut world| async move {
        let (device, line) = behind(&mut world, SLOW).await;
        device.holm.connectivity().set(Net::Unmetered);
        let given_up = tokio::time::timeout(9 * SECOND, device.holm.run_background(30 * SECOND)).await;
        assert!(given_up.is_err());
        let (here, bytes) = (device.view().len(), line.bytes());
        assert!(here > WRITES, "a page was kept");
        world.pass(600 * SECOND).await;
        assert_eq!(line.bytes(), bytes, "nothing goes on that no caller waits for");
        while !device.holm.run_background(30 * SECOND).await.unwrap().complete {}
        assert_in_step(&mut world, &device).await;
    });
}

#[test]
fn a_slice_without_a_network_fails_as_a_sync_does() {
    World::run(5, |mut world| async move {
        let (device, _) = behind(&mut world, SLOW).await;
        assert_eq!(device.holm.run_background(SECOND).await.unwrap_err().code(), ErrorCode::Offline);
        device.holm.suspend().await;
        assert_eq!(device.holm.run_background(SECOND).await.unwrap_err().code(), ErrorCode::Suspended);
        device.holm.close().await;
        assert_eq!(device.holm.run_background(SECOND).await.unwrap_err().code(), ErrorCode::Suspended);
    });
}
