//! Collections with limits, and what a refresh asks the server: stories in the simulator.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

use holm_core::testing::{Fault, ScriptedNetwork};
use holm_core::{
    CacheConfig, CachePolicy, CollectionConfig, Config, ErrorCode, FieldPath, Filter, Holm, Origin, Query, Strategy,
    SyncStatus,
};
use holm_tests::sim::{Device, World};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// So many documents the reader keeps.
const KEPT: u64 = 3;

fn bounded(config: &mut Config) {
    config.sync.automatic = false;
    config.collections[0].cache = CacheConfig { max_documents: Some(KEPT), ..CacheConfig::default() };
}

/// A writer without limits that has made `d0` to `d5`, and a reader that keeps three and has read them all.
async fn writer_and_reader(world: &mut World) -> (Device, Device) {
    let writer = world.device_with(Strategy::Merge, 0, |config| config.sync.automatic = false).await;
    for n in 0..6 {
        writer.create(&format!("d{n}"), json!({"n": n})).await;
        world.pass(Duration::from_secs(1)).await;
        writer.sync().await;
    }
    let reader = world.device_with(Strategy::Merge, 0, bounded).await;
    reader.sync().await;
    (writer, reader)
}

fn ids(device: &Device) -> Vec<String> {
    device.view().into_keys().collect()
}

/// Reads a document alone, as it is on the server.
async fn fetch(device: &Device, id: &str) -> Option<serde_json::Value> {
    let fetched = device.tasks.fetch(id, None).next().await.unwrap().unwrap();
    fetched.value.map(|document| document.value().unwrap())
}

#[test]
fn the_least_recently_used_lose_their_content_and_each_comes_back_alone_when_it_is_asked_for() {
    World::run(1, |mut world| async move {
        let (writer, reader) = writer_and_reader(&mut world).await;
        assert_eq!(ids(&reader), ["d3", "d4", "d5"], "those that changed last are kept");
        assert_eq!(reader.digest(), writer.digest(), "the others still count");
        assert_eq!(reader.holm.stats().cache.evictions, 3);
        let fetched = reader.tasks.fetch_query(&Query::all(), None).unwrap().next().await.unwrap().unwrap();
        assert_eq!((fetched.value.len(), fetched.partial), (3, true), "and a query says that it lacks some");

        let before = world.network.requests();
        let fetched = reader.tasks.fetch("d0", Some(CachePolicy::CacheFirst)).next().await.unwrap().unwrap();
        assert_eq!(fetched.origin, Origin::Network);
        assert_eq!(fetched.value.unwrap().value().unwrap(), json!({"n": 0}));
        assert_eq!(world.network.requests(), before + 1);
        assert!(world.network.log().last().unwrap().contains("GET http://server/v1/tasks/…"));
        assert_eq!(reader.digest(), writer.digest());

        // What was used since is kept, what was not goes.
        reader.doc("d3");
        world.pass(Duration::from_secs(1)).await;
        writer.update("d4", json!({"n": 40})).await;
        writer.sync().await;
        reader.sync().await;
        assert_eq!(ids(&reader), ["d0", "d3", "d4"]);
        assert_eq!(reader.digest(), writer.digest());
    });
}

#[test]
fn pinned_pending_and_watched_documents_stay_whatever_the_limits_say() {
    World::run(2, |mut world| async move {
        let (writer, reader) = writer_and_reader(&mut world).await;
        for id in ["d0", "d1", "d2"] {
            fetch(&reader, id).await.unwrap();
        }
        reader.tasks.pin("d0").await.unwrap();
        let first = Query::all().filter(Filter::Eq(FieldPath::new("n").unwrap(), json!(1)));
        let mut live = reader.tasks.live(&first).unwrap();
        assert_eq!(live.next().await.unwrap().unwrap().inserted, ["d1"]);
        reader.update("d2", json!({"title": "mine"})).await;
        // The others change, and are newer than these three ever will be.
        world.pass(Duration::from_secs(60)).await;
        for id in ["d3", "d4", "d5"] {
            writer.update(id, json!({"n": 7})).await;
        }
        writer.sync().await;
        // A refresh sends nothing, so the edit is still pending.
        let newest = reader.tasks.fetch_query(&Query::all(), Some(CachePolicy::NetworkOnly)).unwrap().next().await;
        assert_eq!(newest.unwrap().unwrap().value.len(), 3);
        assert_eq!(ids(&reader), ["d0", "d1", "d2"]);
        assert_eq!(reader.status("d2"), Some(SyncStatus::PendingUpdate));

        // Nothing holds them any longer.
        drop(live);
        reader.tasks.unpin("d0").await.unwrap();
        reader.sync().await;
        for id in ["d3", "d4", "d5"] {
            fetch(&reader, id).await.unwrap();
        }
        reader.sync().await;
        assert_eq!(ids(&reader), ["d3", "d4", "d5"]);
        writer.sync().await;
        assert_eq!(reader.digest(), writer.digest());
        assert_eq!(writer.doc("d2"), Some(json!({"n": 2, "title": "mine"})));
    });
}

#[test]
fn what_was_evicted_is_fetched_to_be_edited_and_can_be_deleted() {
    World::run(3, |mut world| async move {
        let (writer, reader) = writer_and_reader(&mut world).await;
        let code = |result: holm_core::Result<holm_core::Receipt>| result.unwrap_err().code();
        assert_eq!(code(reader.tasks.update("d0", &json!({"n": 9})).await), ErrorCode::Evicted);
        assert_eq!(code(reader.tasks.replace("d0", &json!({"n": 9})).await), ErrorCode::Evicted);
        assert_eq!(code(reader.tasks.create(&json!({"id": "d0"})).await), ErrorCode::AlreadyExists);
        assert!(reader.holm.explain("tasks", "d0").unwrap().summary.contains("fetch it"));
        fetch(&reader, "d0").await.unwrap();
        reader.update("d0", json!({"n": 9})).await;
        reader.sync().await;
        writer.sync().await;
        assert_eq!(writer.doc("d0"), Some(json!({"n": 9})));
        // A delete needs no content.
        reader.delete("d1").await;
        assert_eq!((reader.doc("d1"), reader.pending()), (None, 1));
        reader.sync().await;
        writer.sync().await;
        assert_eq!((writer.doc("d1"), reader.pending()), (None, 0));
        assert_eq!(reader.digest(), writer.digest());
    });
}

#[test]
fn what_the_server_changes_comes_back_and_what_it_deletes_goes_for_good() {
    World::run(4, |mut world| async move {
        let (writer, reader) = writer_and_reader(&mut world).await;
        writer.update("d0", json!({"n": 10})).await;
        writer.delete("d1").await;
        writer.delete("d2").await;
        writer.sync().await;
        // Asked for alone before the stream says so: gone.
        assert_eq!(fetch(&reader, "d1").await, None);
        reader.sync().await;
        assert_eq!(reader.doc("d0"), Some(json!({"n": 10})));
        assert_eq!(fetch(&reader, "d2").await, None);
        reader.sync().await;
        assert_eq!(reader.digest(), writer.digest());
    });
}

#[test]
fn bytes_are_a_limit_too() {
    World::run(5, |mut world| async move {
        let (_, reader) = writer_and_reader(&mut world).await;
        reader.holm.close().await;
        let small = |config: &mut Config| {
            config.sync.automatic = false;
            config.collections[0].cache = CacheConfig { max_bytes: Some(16), ..CacheConfig::default() };
        };
        let reader = world.device_with(Strategy::Merge, 0, small).await;
        reader.sync().await;
        // Each is seven bytes.
        assert_eq!(ids(&reader), ["d4", "d5"]);
        let none = CacheConfig { max_bytes: Some(0), ..CacheConfig::default() };
        let (config, _) = world.config(0);
        let error = Holm::open(config.collection(CollectionConfig::new("tasks").cache(none))).err().unwrap();
        assert_eq!(error.code(), ErrorCode::InvalidConfig);
    });
}

/// A device with two collections behind a network that fails when it is told to.
async fn two_collections(world: &mut World) -> (Device, Arc<ScriptedNetwork>) {
    let network = Arc::new(ScriptedNetwork::new(Arc::new(world.network.clone())));
    let transport = network.clone();
    let device = world
        .device_with(Strategy::Merge, 0, move |config| {
            config.sync.automatic = false;
            config.transport = Some(transport);
            config.collections.push(CollectionConfig::new("notes"));
        })
        .await;
    (device, network)
}

#[test]
fn a_refresh_reads_what_was_asked_for_and_sends_nothing() {
    World::run(6, |mut world| async move {
        let (device, network) = two_collections(&mut world).await;
        device.create("t", json!({"n": 1})).await;
        let notes = device.holm.collection("notes").unwrap();
        let before = network.requests().len();
        let read = |collection: &holm_core::Collection| {
            let mut fetch = collection.fetch_query(&Query::all(), Some(CachePolicy::NetworkOnly)).unwrap();
            async move { fetch.next().await.unwrap().unwrap().origin }
        };
        // Two collections at the same time, and one of them twice: one request.
        let (first, second, third) = tokio::join!(read(&notes), read(&device.tasks), read(&notes));
        assert_eq!([first, second, third], [Origin::Network; 3]);
        assert_eq!(network.requests()[before..], ["POST /v1/sync/pull"]);
        assert_eq!(device.pending(), 1);
        assert_eq!(device.holm.stats().cache.refreshes, 2);
    });
}

#[test]
fn a_server_that_asks_for_time_is_left_alone_until_then() {
    World::run(7, |mut world| async move {
        let (device, network) = two_collections(&mut world).await;
        device.sync().await;
        let wait = Some(Duration::from_secs(60));
        network.fail(Fault::Status { status: http::StatusCode::TOO_MANY_REQUESTS, retry_after: wait }, Some(1));
        let read = || {
            let mut fetch = device.tasks.fetch("t", Some(CachePolicy::NetworkOnly));
            async move { fetch.next().await.unwrap().map(drop).map_err(|error| error.code()) }
        };
        assert_eq!(read().await, Err(ErrorCode::RateLimited));
        let before = network.requests().len();
        world.pass(Duration::from_secs(59)).await;
        assert_eq!(read().await, Err(ErrorCode::RateLimited));
        assert_eq!(network.requests().len(), before, "nothing was sent");
        world.pass(Duration::from_secs(2)).await;
        assert_eq!(read().await, Ok(()));
    });
}

#[test]
fn a_closed_client_and_one_that_is_gone_say_so() {
    World::run(8, |mut world| async move {
        let (device, _) = two_collections(&mut world).await;
        device.sync().await;
        device.holm.suspend().await;
        let mut fetch = device.tasks.fetch("t", Some(CachePolicy::NetworkOnly));
        assert_eq!(fetch.next().await.unwrap().unwrap_err().code(), ErrorCode::Suspended);
        device.holm.resume().unwrap();
        let tasks = device.tasks.clone();
        device.holm.close().await;
        let mut fetch = tasks.fetch("t", Some(CachePolicy::CacheFirst));
        assert_eq!(fetch.next().await.unwrap().unwrap_err().code(), ErrorCode::Closed);
    });
}

#[test]
fn f32_after_a_restart_nothing_counts_as_fresh_before_the_server_was_heard() {
    World::run_real(|mut world| async move {
        let writer = world.device(Strategy::Merge).await;
        writer.create("d", json!({"n": 1})).await;
        writer.sync().await;
        let directory = tempfile::tempdir().unwrap();
        let open = |skew_ms| {
            let (mut config, _) = world.config(skew_ms);
            config.storage = holm_core::Storage::Directory(directory.path().to_owned());
            config.secrets = None;
            config.sync.automatic = false;
            Holm::open(config.collection(CollectionConfig::new("tasks"))).unwrap()
        };
        let stale = |holm: &Holm| {
            let mut fetch = holm.collection("tasks").unwrap().fetch("d", Some(CachePolicy::CacheOnly));
            async move {
                let fetched = fetch.next().await.unwrap().unwrap();
                (fetched.stale, fetched.age.unwrap() < Duration::from_secs(60))
            }
        };
        let holm = open(0);
        holm.sign_in("sim@example.com", "password").await.unwrap();
        holm.sync().await.unwrap();
        assert_eq!(stale(&holm).await, (false, true));
        holm.close().await;
        // The clock was set back by an hour while nothing ran: it seems to have been read just now, or even later.
        let holm = open(-3_600_000);
        assert_eq!(stale(&holm).await, (true, true));
        // One refresh, and its age is certain.
        holm.sync().await.unwrap();
        assert_eq!(stale(&holm).await, (false, true));
        holm.close().await;
    });
}
