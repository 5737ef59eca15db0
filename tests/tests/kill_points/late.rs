//! Two processes of one device, an app and its extension, of which one is late.

use crate::{Ground, open_elsewhere, shown};
use holm_tests::real::{Driver, Proxy};
use serde_json::json;

#[test]
fn f12_a_request_that_comes_after_the_other_process_has_confirmed_it_does_nothing_again() {
    let ground = Ground::new();
    let email = "two@example.com";
    let mut app = ground.open("device");
    app.ok("sign_up", json!({"email": email, "password": "password"}));
    app.ok("create", json!({"collection": "tasks", "doc_id": "t", "doc": {"title": "old", "n": 0}}));
    app.ok("sync", json!({}));
    let other_way = Proxy::to(&ground.server.url, 1);
    let mut extension = open_elsewhere(&ground.folder("device"), &other_way.url, email);
    let count = json!({"collection": "tasks", "doc_id": "t", "fields": {"n": {"$inc": 1}}});

    // The extension's request with the first count is on its way, and stays there.
    app.ok("update", count.clone());
    let (on_its_way, go) = other_way.hold("/v1/sync/batch");
    let late = extension.send("sync", json!({}));
    on_its_way.recv().unwrap();
    // The app sends the same, goes on, and confirms what it knows: the server forgets the first count.
    app.ok("sync", json!({}));
    app.ok("update", json!({"collection": "tasks", "doc_id": "t", "fields": {"title": "new"}}));
    app.ok("sync", json!({}));
    // The server has the second count; the app does not know it yet.
    app.ok("update", count);
    let committed = ground.proxy.withhold("/v1/sync/batch", 0);
    app.send("sync", json!({}));
    committed.recv().unwrap();

    go.send(()).unwrap();
    assert_eq!(extension.reply(late).unwrap()["ok"], true);
    app.kill();
    extension.ok("sync", json!({}));
    let mut fresh = ground.direct("fresh", email);
    fresh.ok("sync", json!({}));
    assert_eq!(fresh.dump("tasks").0["t"], json!({"title": "new", "n": 2}));
    assert_eq!(shown(&mut extension), shown(&mut fresh));
}

#[test]
fn f12_each_process_reads_at_once_what_the_other_has_written() {
    let ground = Ground::new();
    let (mut app, mut extension) = (ground.open("device"), ground.open("device"));
    let count =
        |driver: &mut Driver| driver.ok("get", json!({"collection": "tasks", "doc_id": "t"}))["doc"]["n"].take();
    app.ok("create", json!({"collection": "tasks", "doc_id": "t", "doc": {"title": "x", "n": 0}}));
    for n in 1..400 {
        // Each writes some times in turn. From the second read on a document may come from memory.
        let (writer, reader) = if n % 9 < 5 { (&mut app, &mut extension) } else { (&mut extension, &mut app) };
        writer.ok("update", json!({"collection": "tasks", "doc_id": "t", "fields": {"n": n}}));
        for _ in 0..3 {
            assert_eq!((count(reader), count(writer)), (json!(n), json!(n)));
        }
        let found = reader.ok("query", json!({"collection": "tasks", "where": {"eq": ["n", n]}}));
        assert_eq!(found["docs"].as_array().unwrap().len(), 1, "{found}");
    }
    // One that dies with a snapshot open leaves nothing behind that keeps the other from going on.
    app.kill();
    extension.ok("update", json!({"collection": "tasks", "doc_id": "t", "fields": {"n": -1}}));
    assert_eq!(count(&mut extension), json!(-1));
    extension.ok("sign_out", json!({"mode": "wipe_discarding_pending"}));
    assert_eq!(extension.ok("get", json!({"collection": "tasks", "doc_id": "t"}))["doc"], json!(null));
}
