//! The truth table of the cache policies, replayed against the real server in a world of its own. `scenarios/README.md` describes it; Swift and
//! Kotlin replay the same file.

use crate::sim::{Device, World};
use holm_core::testing::{Fault, ScriptedNetwork};
use holm_core::{
    CacheConfig, CachePolicy, CollectionConfig, Config, Document, Fetch, Fetched, Holm, Network, Query, Refresh,
    Strategy,
};
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The cells of the table.
pub fn cells() -> Vec<Value> {
    let text = std::fs::read_to_string(crate::scenario::folder().join("policies/table.json")).unwrap();
    let table: Value = serde_json::from_str(&text).unwrap();
    table["cells"].as_array().unwrap().clone()
}

/// Replays the table; each cell with what it gave in the place of what it should give.
pub fn replay(cells: &[Value]) -> Vec<Value> {
    World::run(1, |mut world| async move {
        let writer = world.device_with(Strategy::Merge, 0, |config| config.sync.automatic = false).await;
        writer.create("d", json!({"n": -1})).await;
        let mut told = Vec::new();
        for (number, cell) in cells.iter().enumerate() {
            let mut cell = cell.clone();
            cell["results"] = results(&world, &writer, number as i64, &cell).await.into();
            told.push(cell);
        }
        told
    })
}

/// What one cell gives.
async fn results(world: &World, writer: &Device, number: i64, cell: &Value) -> Vec<Value> {
    let (old, new) = (2 * number, 2 * number + 1);
    write(writer, old).await;
    let network = Arc::new(ScriptedNetwork::new(Arc::new(world.network.clone())));
    let reader = reader(world, network.clone(), cell["cache"] == "stale").await;
    if cell["cache"] != "missing" {
        reader.sync().await.unwrap();
    }
    write(writer, new).await;
    match cell["network"].as_str().unwrap() {
        "online" => {}
        "offline" => reader.connectivity().set(Network::Offline),
        "timeout" => network.fail(Fault::Timeout, None),
        "5xx" => network.fail(status(500), None),
        "401" => network.fail(status(401), None),
        "429" => network.fail(status(429), None),
        other => panic!("no such network: {other}"),
    }
    let policy = CachePolicy::parse(cell["policy"].as_str().unwrap()).unwrap();
    let tasks = reader.collection("tasks").unwrap();
    let told = if cell["subject"] == "document" {
        all(tasks.fetch("d", Some(policy)), |document| shown(document.as_ref(), old)).await
    } else {
        all(tasks.fetch_query(&Query::all(), Some(policy)).unwrap(), |list| shown(list.first(), old)).await
    };
    reader.close().await;
    told
}

async fn write(writer: &Device, n: i64) {
    writer.update("d", json!({"n": n})).await;
    writer.sync().await;
}

/// A device of the same account that has read nothing yet.
async fn reader(world: &World, network: Arc<ScriptedNetwork>, stale: bool) -> Holm {
    let (mut config, _): (Config, _) = world.config(0);
    config.transport = Some(network);
    config.sync.automatic = false;
    let ttl = if stale { Duration::ZERO } else { Duration::from_secs(3_600) };
    let cache = CacheConfig { ttl, ..CacheConfig::default() };
    let reader = Holm::open(config.collection(CollectionConfig::new("tasks").cache(cache))).unwrap();
    reader.sign_in("sim@example.com", "password").await.unwrap();
    reader
}

fn status(status: u16) -> Fault {
    Fault::Status { status: StatusCode::from_u16(status).unwrap(), retry_after: None }
}

/// A document by the number in it: what the reader read first, what was written since, or nothing.
fn shown(document: Option<&Document>, old: i64) -> &'static str {
    match document.map(|document| document.value().unwrap()["n"].as_i64().unwrap() - old) {
        None => "none",
        Some(0) => "old",
        Some(1) => "new",
        Some(_) => panic!("a document of another cell"),
    }
}

/// Everything that a read gives.
async fn all<T>(mut fetch: Fetch<T>, shown: impl Fn(&T) -> &'static str) -> Vec<Value> {
    let mut told = Vec::new();
    while let Some(result) = fetch.next().await {
        told.push(match result {
            Ok(fetched) => row(&fetched, shown(&fetched.value)),
            Err(error) => json!({"error": error.code().as_str()}),
        });
    }
    told
}

fn row<T>(fetched: &Fetched<T>, value: &str) -> Value {
    let (refresh, error) = match &fetched.refresh {
        Refresh::None => ("idle", None),
        Refresh::Running => ("running", None),
        Refresh::Failed(error) => ("failed", Some(error.code().as_str())),
    };
    json!({
        "origin": fetched.origin.as_str(),
        "stale": fetched.stale,
        "value": value,
        "refresh": refresh,
        "error": error,
    })
}
