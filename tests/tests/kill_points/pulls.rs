//! The device dies while it reads.

use crate::{Ground, PAGE, open_elsewhere, shown};
use holm_tests::real::{Driver, Proxy};
use holm_tests::wire::Exchange;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const EMAIL: &str = "a@example.com";
/// Documents on the server: many pages.
const DOCUMENTS: usize = 600;

/// Rows: a page that was being taken in, and the next one, which had come already.
const LOST_BY_A_DEATH: usize = 2 * PAGE;

/// Puts documents on the server.
fn fill(ground: &Ground) -> Driver {
    let mut writer = ground.direct("writer", EMAIL);
    for hundred in 0..DOCUMENTS / 100 {
        let create = |n: usize| {
            let id = format!("t{:04}", hundred * 100 + n);
            json!({"cmd": "create", "collection": "tasks", "doc_id": id, "doc": {"n": n, "title": "some text to read"}})
        };
        writer.ok("batch", json!({"ops": (0..100).map(create).collect::<Vec<_>>()}));
    }
    writer.ok("sync", json!({}));
    writer
}

/// Where documents stand in the server's order.
type Places = BTreeMap<String, i64>;

/// What the wire has shown of a device's reading.
#[derive(Default)]
struct Read {
    /// What was sent up to each cursor, from where the reading began: rows with their places, and tombstones.
    sent: BTreeMap<String, BTreeMap<String, Option<i64>>>,
    /// Cursors of a device that has read everything: it has nothing then that it was not sent.
    complete: BTreeSet<String>,
    /// Pages and rows that came to the device.
    pages: usize,
    rows: usize,
    deaths: usize,
    /// How many rows were sent up to the last page that came to the device.
    furthest: usize,
}

impl Read {
    /// Takes in what one life of the device has asked for and got. Returns the cursor that it began with.
    fn learn(&mut self, notes: &[Exchange]) -> Option<String> {
        for exchange in notes {
            if exchange.path.contains("/sync/pull") {
                self.learn_page(exchange);
            } else if exchange.path.contains("/sync/batch") {
                self.learn_results(exchange);
            }
        }
        asked(notes.iter().find(|exchange| exchange.path.contains("/sync/")).unwrap())
    }

    fn learn_page(&mut self, pull: &Exchange) {
        let stream = &pull.reply["data"]["streams"][0];
        let Some(next) = stream["syncMetadata"]["nextCursor"].as_str() else { return };
        // What is empty is left out.
        let rows = |part: &str| stream[part]["tasks"].as_array().cloned().unwrap_or_default();
        let (records, tombstones) = (rows("changes"), rows("tombstones"));
        assert!(records.len() + tombstones.len() <= PAGE);
        let cursor = asked(pull);
        // A place in a snapshot, or none yet: everything is read there, not only what has changed.
        let in_snapshot = |cursor: &String| cursor.rsplit('.').nth(1).is_some_and(|place| place.starts_with('s'));
        let read_to_the_end = cursor.as_ref().is_none_or(in_snapshot) && stream["syncMetadata"]["hasMore"] == false;
        let places = records.iter().map(|row| (id(row), row["_sync"]["seq"].as_i64()));
        let sent = self.learn_places(
            cursor,
            next,
            read_to_the_end,
            places.chain(tombstones.iter().map(|row| (id(row), None))),
        );
        if pull.delivered {
            self.pages += 1;
            self.furthest = self.furthest.max(sent);
            self.rows += records.len() + tombstones.len();
        }
    }

    fn learn_results(&mut self, push: &Exchange) {
        let cursors = push.reply["deltaUpdates"]["cursors"].as_object();
        let Some(next) = cursors.and_then(|cursors| cursors.values().next()).and_then(Value::as_str) else { return };
        let results = push.reply["results"].as_array().cloned().unwrap_or_default();
        self.learn_places(asked(push), next, false, results.iter().map(|row| (id(row), row["seq"].as_i64())));
    }

    /// Notes where documents are for a device that has come from one cursor to the next. Returns how many documents it was sent in all.
    fn learn_places(
        &mut self,
        from: Option<String>,
        next: &str,
        read_to_the_end: bool,
        places: impl Iterator<Item = (String, Option<i64>)>,
    ) -> usize {
        let mut sent = from.as_ref().and_then(|cursor| self.sent.get(cursor).cloned()).unwrap_or_default();
        sent.extend(places);
        let count = sent.len();
        if read_to_the_end || from.is_some_and(|cursor| self.complete.contains(&cursor)) {
            self.complete.insert(next.to_owned());
        }
        self.sent.insert(next.to_owned(), sent);
        count
    }

    /// What a device must hold whose cursor is this one, and that held `before` when the reading began.
    fn expected(&self, before: &Places, cursor: Option<&String>) -> Places {
        let complete = cursor.is_some_and(|cursor| self.complete.contains(cursor));
        let mut places = if complete { Places::new() } else { before.clone() };
        for (id, place) in cursor.and_then(|cursor| self.sent.get(cursor)).into_iter().flatten() {
            match place {
                Some(place) => places.insert(id.clone(), *place),
                None => places.remove(id),
            };
        }
        places
    }
}

/// The cursor of a request.
fn asked(exchange: &Exchange) -> Option<String> {
    let pulled = &exchange.request["streams"][0]["cursor"];
    let pushed = exchange.request["cursors"].as_object().and_then(|cursors| cursors.values().next());
    pushed.unwrap_or(pulled).as_str().map(str::to_owned)
}

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}

/// The documents of a device that the server has, too.
fn places(driver: &mut Driver) -> Places {
    let dump = shown(driver);
    dump["docs"].as_array().unwrap().iter().filter_map(|doc| Some((id(doc), doc["seq"].as_i64()?))).collect()
}

/// Reads with a device that dies again and again, each time a page or a few later, until it is through. Each life begins with exactly those
/// rows that its cursor stands for. Returns the device as it is then.
fn read_with_deaths(ground: &Ground, name: &str) -> (Driver, Read) {
    let mut read = Read::default();
    let mut device = ground.direct(name, EMAIL);
    let before = places(&mut device);
    drop(device);
    for life in 0..1_000 {
        // Each life has a network of its own: what is late from an earlier one does not disturb it.
        let proxy = Proxy::to(&ground.server.url, life);
        proxy.take_notes();
        let mut device = open_elsewhere(&ground.folder(name), &proxy.url, EMAIL);
        let held = places(&mut device);
        // While a page is being taken in and the next one does not come; or as soon as a page has come.
        let (path, pages) = ("/v1/sync/pull", life / 2 % 3);
        let due = if life % 2 == 0 { proxy.withhold(path, pages) } else { proxy.announce(path, pages) };
        let sync = device.send("sync", json!({}));
        let finished = loop {
            if due.try_recv().is_ok() {
                break None;
            }
            if let Some(reply) = device.reply_within(sync, Duration::from_millis(1)) {
                break Some(reply);
            }
        };
        if finished.is_none() {
            // The moments in between are meant, too.
            std::thread::sleep(Duration::from_micros(life * 137 % 2_500));
        }
        device.kill();
        let furthest = read.furthest;
        let cursor = read.learn(&proxy.end());
        let reached = cursor.as_ref().and_then(|cursor| read.sent.get(cursor)).map_or(0, BTreeMap::len);
        assert!(reached + LOST_BY_A_DEATH >= furthest, "life {life} begins at {reached}, {furthest} rows had come");
        let expected = read.expected(&before, cursor.as_ref());
        let differ: Vec<_> = held.iter().filter(|row| expected.get(row.0) != Some(row.1)).collect();
        let lacking: Vec<_> = expected.iter().filter(|row| !held.contains_key(row.0)).collect();
        assert!(
            lacking.is_empty() && differ.is_empty(),
            "life {life}: not what its cursor {cursor:?} stands for: it lacks {lacking:?}, and has {differ:?}"
        );
        if let Some(reply) = finished {
            assert_eq!(reply["ok"], true, "{reply}");
            return (ground.direct(name, EMAIL), read);
        }
        read.deaths += 1;
    }
    panic!("the reading never comes to its end");
}

/// It died many times, and nothing was read twice but what a death has cut off.
fn assert_resumed(read: &Read, rows: usize) {
    let told = format!("{} rows in {} pages for {rows} rows, {} deaths", read.rows, read.pages, read.deaths);
    assert!(read.deaths >= rows / PAGE / 3, "{told}");
    assert!(read.rows >= rows && read.rows <= rows + read.deaths * LOST_BY_A_DEATH, "{told}");
    eprintln!("{told}");
}

#[test]
fn f21_killed_anywhere_in_a_pull_the_cursor_is_never_ahead_of_the_rows() {
    let ground = Ground::new();
    let mut writer = fill(&ground);
    let (mut reader, read) = read_with_deaths(&ground, "reader");
    assert_eq!(shown(&mut reader), shown(&mut writer));
    assert_resumed(&read, DOCUMENTS);
    drop(reader);

    // The same for changes: edits, deletions and new documents.
    for n in 0..300 {
        let id = format!("t{:04}", n * 2);
        if n % 3 == 0 {
            writer.ok("delete", json!({"collection": "tasks", "doc_id": id}));
        } else {
            writer.ok("update", json!({"collection": "tasks", "doc_id": id, "fields": {"n": {"$inc": 1}}}));
        }
        writer.ok("create", json!({"collection": "tasks", "doc_id": format!("u{n:04}"), "doc": {"n": n}}));
    }
    writer.ok("sync", json!({}));
    let (mut reader, read) = read_with_deaths(&ground, "reader");
    assert_eq!(shown(&mut reader), shown(&mut writer));
    assert_resumed(&read, 600);
}

#[test]
fn f25_killed_anywhere_in_a_resync_it_goes_on_where_it_was() {
    let mut ground = Ground::new();
    let mut writer = fill(&ground);
    let mut reader = ground.direct("reader", EMAIL);
    reader.ok("sync", json!({}));
    drop(reader);
    for n in 0..50 {
        writer.ok("delete", json!({"collection": "tasks", "doc_id": format!("t{:04}", n * 7)}));
    }
    writer.ok("sync", json!({}));
    drop(writer);
    ground.server.restart_with_new_epoch();
    let mut reader = ground.direct("reader", EMAIL);
    let update = |id: &str| json!({"collection": "tasks", "doc_id": id, "fields": {"title": "edited meanwhile"}});
    reader.ok("update", update("t0001"));
    reader.ok("create", json!({"collection": "tasks", "doc_id": "new", "doc": {"n": 1}}));
    drop(reader);

    let (mut reader, read) = read_with_deaths(&ground, "reader");
    assert_resumed(&read, DOCUMENTS - 50);
    reader.ok("sync", json!({}));
    let status = reader.ok("status", json!({}));
    assert_eq!([&status["pending"], &status["failed"], &status["conflicts"]], [0, 0, 0]);
    let mut fresh = ground.direct("fresh", EMAIL);
    fresh.ok("sync", json!({}));
    let (at_last, view) = (shown(&mut reader), reader.dump("tasks").0);
    assert_eq!(at_last, shown(&mut fresh));
    assert_eq!(at_last["count"], DOCUMENTS - 50 + 1);
    assert_eq!((&view["t0001"]["title"], &view["new"]["n"]), (&json!("edited meanwhile"), &json!(1)));
}
