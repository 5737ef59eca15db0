//! F18: a row that is committed late with an early number is never read.

use crate::support::{Copy, World, config, join_all};
use holm_server::Store;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

const WRITERS: usize = 16;
const BATCHES: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f18_pollers_miss_no_row_of_sixteen_concurrent_writers() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::over(Store::Directory(folder.path().into()), config());
    let account = world.sign_up("a@example.org").await;
    let writing = AtomicUsize::new(WRITERS);

    let writer = |number: usize| {
        let device = world.device_of(&account, &format!("writer-{number}"));
        let writing = &writing;
        async move {
            for batch in 0..BATCHES {
                // A different number of other tasks gets its turn between any two batches of a writer.
                for _ in 0..(number * 7 + batch * 13) % 11 {
                    tokio::task::yield_now().await;
                }
                let ops: Vec<Value> = (0..=(number + batch) % 5)
                    .map(|n| json!({"type": "create", "clientId": format!("{number}-{batch}-{n}"), "data": {"n": n}}))
                    .chain([json!({"type": "update", "id": "shared", "data": {format!("w{number}"): batch}})])
                    .collect();
                for result in device.push(Value::Array(ops)).await {
                    assert_eq!(result["status"], "applied", "{result}");
                }
            }
            writing.fetch_sub(1, Ordering::SeqCst);
            Copy::default()
        }
    };
    let poller = |number: usize| {
        let device = world.device_of(&account, &format!("poller-{number}"));
        let writing = &writing;
        async move {
            let mut copy = Copy::default();
            loop {
                let last_round = writing.load(Ordering::SeqCst) == 0;
                // Every page at the head is held against the digest.
                copy.pull(&device, 1 + number * 3).await;
                if last_round {
                    return copy;
                }
                tokio::task::yield_now().await;
            }
        }
    };

    world.device_of(&account, "first").create("shared", json!({})).await;
    let writers = (0..WRITERS).map(|n| Box::pin(writer(n)) as std::pin::Pin<Box<dyn Future<Output = Copy>>>);
    let pollers = (0..4).map(|n| Box::pin(poller(n)) as std::pin::Pin<Box<dyn Future<Output = Copy>>>);
    let copies = join_all(writers.chain(pollers)).await.split_off(WRITERS);

    let expected: usize = (0..WRITERS).flat_map(|n| (0..BATCHES).map(move |b| (n + b) % 5 + 1)).sum();
    for copy in &copies {
        assert_eq!(copy.records.len(), expected + 1);
        assert_eq!(copy.records, copies[0].records);
    }
    let shared = &copies[0].records["shared"];
    assert_eq!(shared["version"], WRITERS * BATCHES + 1, "every write made exactly one version");
}
