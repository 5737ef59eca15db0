//! The driver answers what `README.md` beside this folder says.

#![allow(clippy::unwrap_used, clippy::panic)] // A test may fail that way.

use holm_tests::real::{Answer, Driver, ServerProcess, StrangeServer};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Names = BTreeSet<String>;

/// The texts between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The README's table: for each command the members of its replies, once for each row that it has.
fn documented() -> BTreeMap<String, Vec<Names>> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let table = readme.split("| `cmd` |").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut commands: BTreeMap<String, Vec<Names>> = BTreeMap::new();
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [names, .., reply] = cells.as_slice() else { panic!("no row: {row}") };
        // What follows the semicolon explains.
        let members: Names = quoted(reply.split(';').next().unwrap()).into_iter().collect();
        for name in quoted(names).into_iter().filter(|name| !name.contains(' ')) {
            commands.entry(name).or_default().push(members.clone());
        }
    }
    commands
}

/// The commands in the driver's sources.
fn implemented() -> Names {
    let read = |name| std::fs::read_to_string(format!("{}/../core/examples/driver/{name}", env!("CARGO_MANIFEST_DIR")));
    let (device, main) = (read("device.rs").unwrap(), read("main.rs").unwrap());
    // The patterns of the arms in `Device::run`, and those of the pairs in `answer`.
    let arms = device.split("match args.command.as_str() {").nth(1).unwrap().split("other =>").next().unwrap();
    let patterns = arms.lines().filter(|line| line.trim_start().starts_with('"')).filter_map(|l| l.split("=>").next());
    let pairs = main.lines().filter_map(|line| line.trim_start().strip_prefix('(')?.split(',').next());
    let texts = |pattern: &str| pattern.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let patterns = patterns.filter_map(|pattern| pattern.split(" if ").next());
    patterns.chain(pairs.filter(|first| first.starts_with('"'))).flat_map(texts).collect()
}

#[test]
fn every_command_is_in_the_readme() {
    assert_eq!(implemented(), documented().into_keys().collect());
}

/// Holds replies against the table.
struct Reader {
    driver: Driver,
    documented: BTreeMap<String, Vec<Names>>,
    asked: BTreeMap<String, BTreeSet<Names>>,
}

impl Reader {
    fn ask(&mut self, command: &str, fields: Value) -> Value {
        let reply = self.driver.ok(command, fields);
        self.note(command, &reply);
        reply
    }

    fn note(&mut self, command: &str, reply: &Value) {
        let members = reply.as_object().unwrap().keys().filter(|name| !matches!(name.as_str(), "id" | "ok"));
        let members: Names = members.cloned().collect();
        let rows = self.documented.get(command).unwrap_or_else(|| panic!("{command} is not documented"));
        assert!(rows.contains(&members), "{command} answers {members:?}, documented is {rows:?}");
        self.asked.entry(command.to_owned()).or_default().insert(members);
    }

    /// Every row of the table has been asked for.
    fn complete(&self) {
        for (command, rows) in &self.documented {
            let rows: BTreeSet<Names> = rows.iter().cloned().collect();
            assert_eq!(self.asked.get(command), Some(&rows), "{command}");
        }
    }
}

#[test]
fn every_command_answers_what_the_readme_says() {
    let scratch = tempfile::tempdir().unwrap();
    let config = scratch.path().join("server.toml");
    let printer = StrangeServer::start(Answer::new("200 OK", "Content-Type: application/json\r\n", "{\"pages\":2}"));
    let webhook = format!(
        "[[actions.webhooks]]\naction = \"print\"\nurl = {:?}\nsecret = \"whsec_{}\"\n",
        printer.url,
        "A".repeat(32)
    );
    std::fs::write(&config, webhook + "[collections.tasks.fields.title]\nmax_length = 5\n").unwrap();
    let server = ServerProcess::configured(&scratch.path().join("server"), Some(&config));
    let collections =
        json!([{"name": "tasks", "conflict": "prompt", "indexes": [["n"]], "cache": {"ttl_ms": 3_600_000}}]);
    let open = |name: &str| {
        let (mut driver, number) =
            Driver::begin(&scratch.path().join(name), &server.url, json!({"collections": collections}));
        let reply = driver.reply(number).unwrap();
        (driver, reply)
    };
    let (driver, opened) = open("a");
    let mut a = Reader { driver, documented: documented(), asked: BTreeMap::new() };
    a.note("open", &opened);
    let account = json!({"email": "a@example.com", "password": "password"});
    a.ask("sign_up", account.clone());
    a.ask("sign_in", account.clone());

    let tasks = |more: Value| {
        let mut fields = json!({"collection": "tasks"});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fields
    };
    a.ask("watch", tasks(json!({})));
    a.ask("create", tasks(json!({"doc_id": "x", "doc": {"n": 1}})));
    a.ask("create", tasks(json!({"doc_id": "y", "doc": {"n": 1}})));
    a.ask("sync", json!({}));
    a.ask("sync", json!({"collection": "tasks"}));
    a.ask("resync", json!({"collection": "tasks"}));
    a.ask("unwatch", json!({"watch": 1}));
    a.ask("watch", tasks(json!({"doc_id": "x"})));
    a.ask("watch", tasks(json!({"of": [{"count": true}]})));
    a.ask("watch", tasks(json!({"size": 1})));
    a.ask("move", json!({"watch": 4, "doc_id": "y"}));
    a.ask("page", tasks(json!({"limit": 1})));
    a.ask("aggregate", tasks(json!({"of": [{"count": true}, {"sum": "n"}], "by": "n"})));
    let print =
        a.ask("action", tasks(json!({"name": "print", "doc_id": "x", "params": {"copies": 2}})))["op_id"].take();
    a.ask("sync", json!({}));
    let printed = a.ask("wait", json!({"until": "confirmed", "op_id": print, "timeout_ms": 20_000}));
    assert_eq!((&printed["outcome"], &printed["result"]), (&json!("accepted"), &json!({"pages": 2})));
    let (mut b, _) = open("b");
    b.ok("sign_in", account);
    b.ok("sync", json!({}));
    b.ok("update", tasks(json!({"doc_id": "x", "fields": {"n": 2}})));
    b.ok("sync", json!({}));
    let op = a.ask("update", tasks(json!({"doc_id": "x", "fields": {"n": 3}})))["op_id"].take();
    a.ask("replace", tasks(json!({"doc_id": "y", "doc": {"title": "too long"}})));
    a.ask("delete", tasks(json!({"doc_id": "y"})));
    let batch = json!([{"cmd": "create", "collection": "tasks", "doc_id": "z", "doc": {"title": "too long"}}]);
    let refused = a.ask("batch", json!({"ops": batch, "group": true}))["op_ids"][0].take();
    let pending = a.ask("pending", json!({}))["ops"].take();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(names(&pending[0]), "attempts collection doc_id kind next_attempt_at op_id state");
    a.ask("sync", json!({}));

    assert_eq!(a.ask("wait", json!({"until": "confirmed", "op_id": op, "timeout_ms": 0}))["outcome"], json!(null));
    assert_eq!(a.ask("wait", json!({"until": "idle", "timeout_ms": 5000}))["reached"], true);
    assert_eq!(a.ask("explain", tasks(json!({"doc_id": "x"})))["status"], "conflict");
    let conflict = a.ask("conflicts", json!({}))["conflicts"][0].take();
    assert_eq!(
        names(&conflict),
        "base collection conflict doc_id fields local local_at local_device server server_at server_device"
    );
    a.ask("resolve", json!({"conflict": conflict["conflict"], "choice": "keep_local"}));
    let parked = a.ask("parked", json!({}));
    assert_eq!(parked["ops"], parked["parked"]);
    let members = "attempts changes code collection doc_id fields kind last_error message next_attempt_at op_id state";
    assert_eq!(names(&parked["ops"][0]), members);
    a.ask("retry", json!({"op_id": refused}));
    a.ask("sync", json!({}));
    a.ask("discard", json!({"op_id": refused}));
    let entry = a.ask("journal", json!({"limit": 1}))["entries"][0].take();
    assert_eq!(names(&entry), "at collection doc_id fields id kept lost op_id reason");
    assert_eq!((&entry["reason"], &entry["doc_id"]), (&json!("discarded"), &json!("z")));
    let restored = a.ask("restore", json!({"entry": entry["id"]}));
    assert_eq!(a.ask("get", tasks(json!({"doc_id": "z"})))["doc"], json!({"title": "too long"}));
    a.ask("discard", json!({"op_id": restored["op_id"]}));

    assert_eq!(a.ask("get", tasks(json!({"doc_id": "x"})))["doc"], json!({"n": 3}));
    let fetched = a.ask("get", tasks(json!({"doc_id": "x", "policy": "networkOnly"})));
    assert_eq!(
        (&fetched["doc"]["n"], &fetched["origin"], &fetched["stale"]),
        (&json!(3), &json!("network"), &json!(false))
    );
    let fetched = a.ask("query", tasks(json!({"where": {"gte": ["n", 3]}, "policy": "cacheOnly"})));
    assert_eq!((fetched["docs"].as_array().unwrap().len(), &fetched["origin"]), (1, &json!("cache")));
    // Fresh for an hour, as the collection's settings say.
    assert!(fetched["age_ms"].is_u64() && fetched["stale"] == false, "{fetched}");
    let found = a.ask("query", tasks(json!({"where": {"gte": ["n", 3]}, "order": [["n", "desc"]], "limit": 1})));
    assert_eq!(names(&found["docs"][0]), "doc id n status version");
    assert_eq!(a.ask("query", tasks(json!({"count": true})))["count"], 1);
    let status = a.ask("status", json!({}));
    assert_eq!((&status["phase"], &status["failed"], &status["last_error"]), (&json!("idle"), &json!(0), &json!(null)));
    let dump = a.ask("dump", json!({}))["collections"]["tasks"].take();
    assert_eq!(
        (names(&dump), names(&dump["docs"][0])),
        ("count digest docs".into(), "doc id seq status version".into())
    );
    a.ask("stats", json!({}));
    for name in ["launched", "foreground", "background", "push_received", "low_power"] {
        a.ask("event", json!({"name": name, "low_power": true}));
    }
    assert_eq!(a.ask("background", json!({"budget_ms": 60_000}))["complete"], true);
    assert_eq!(a.ask("background", json!({"budget_ms": 0}))["complete"], false);
    a.ask("online", json!({"value": false}));
    assert_eq!(a.driver.fails("sync", json!({})), "OFFLINE");
    a.ask("suspend", json!({}));
    assert_eq!(a.driver.fails("get", tasks(json!({"doc_id": "x"}))), "SUSPENDED");
    a.ask("resume", json!({}));
    assert_eq!(a.driver.fails("get", tasks(json!({"doc_id": "x", "policy": "networkOnly"}))), "OFFLINE");
    assert_eq!(a.driver.fails("get", tasks(json!({"doc_id": "x", "policy": "sometimes"}))), "INVALID_CONFIG");
    let locked = json!({"encryption_key": "00"});
    let (mut driver, number) = Driver::begin(&scratch.path().join("c"), &server.url, locked);
    assert_eq!(driver.reply(number).unwrap()["error"]["code"], "UNSUPPORTED");
    a.ask("create", tasks(json!({"doc": {"n": 9}})));
    assert_eq!(a.driver.fails("sign_out", json!({"mode": "wipe"})), "PENDING_WRITES");
    a.ask("sign_out", json!({"mode": "keep"}));
    a.ask("set_token", json!({"token": "from elsewhere"}));
    a.ask("close", json!({}));
    a.complete();
}

#[test]
fn what_is_no_request_is_answered_as_such() {
    let scratch = tempfile::tempdir().unwrap();
    let server = "http://127.0.0.1:9";
    for collection in [
        json!({"name": "tasks", "indexes": 5}),
        json!({"name": "tasks", "indexes": [["a", 5]]}),
        json!({"name": "tasks", "indexes": ["a"]}),
        json!({"name": "tasks", "cache": 5}),
    ] {
        let more = json!({"collections": [collection]});
        let (mut driver, number) = Driver::begin(&scratch.path().join("refused"), server, more);
        assert_eq!(driver.reply(number).unwrap()["error"]["code"], "BAD_REQUEST", "{collection}");
    }
    let mut driver = Driver::open(&scratch.path().join("device"), server, json!({}));
    for (command, fields) in [
        ("fly", json!({})),
        ("create", json!({"collection": "tasks"})),
        ("batch", json!({})),
        ("batch", json!({"ops": [{"op": "create", "collection": "tasks", "doc": {}}]})),
        ("batch", json!({"ops": [{"kind": "create", "collection": "tasks", "doc": {}}]})),
        ("journal", json!({"limit": -5})),
        ("query", json!({"collection": "tasks", "count": true, "policy": "cacheOnly"})),
        ("unwatch", json!({"watch": -1})),
        ("move", json!({"watch": 1, "offset": -1})),
        ("watch", json!({"collection": "tasks", "size": -1})),
        ("background", json!({"budget_ms": -1})),
        ("wait", json!({"until": "idle"})),
        ("wait", json!({"until": "idle", "timeout_ms": -1})),
        ("event", json!({"name": "low_power"})),
    ] {
        assert_eq!(driver.fails(command, fields.clone()), "BAD_REQUEST", "{command} {fields}");
    }
    let unwatched = driver.call("unwatch", json!({"watch": -1}));
    assert_eq!(unwatched["error"]["message"], "\"watch\" must be a whole number from 0");
    driver.ok("journal", json!({"limit": 5_000_000_000_u64}));
}

#[test]
fn a_replace_may_say_what_it_is_based_on() {
    let scratch = tempfile::tempdir().unwrap();
    let server = ServerProcess::configured(&scratch.path().join("server"), None);
    let mut driver = Driver::open(&scratch.path().join("device"), &server.url, json!({}));
    driver.ok("sign_up", json!({"email": "a@example.com", "password": "password"}));
    driver.ok("create", json!({"collection": "tasks", "doc_id": "x", "doc": {"a": 1}}));
    driver.ok("sync", json!({}));
    let here = json!({"collection": "tasks", "doc_id": "x"});
    let version = driver.ok("get", here.clone())["version"].take();
    driver.ok("update", json!({"collection": "tasks", "doc_id": "x", "fields": {"b": 2}}));
    let replace = |version: &Value| json!({"collection": "tasks", "doc_id": "x", "doc": {"a": 3}, "based_on": version});
    driver.ok("replace", replace(&version));
    // What the form did not know stays.
    assert_eq!(driver.ok("get", here)["doc"], json!({"a": 3, "b": 2}));
    assert_eq!(driver.fails("replace", replace(&json!(99))), "VERSION_MISMATCH");
}

/// A device of the server that the scenarios have: titles of at most 40 characters, and the actions `echo` and `refuse`.
fn on_the_scenarios_server(scratch: &Path, more: Value) -> (ServerProcess, Driver) {
    let rules = holm_tests::scenario::folder().join("server.toml");
    let server = ServerProcess::configured(&scratch.join("server"), Some(&rules));
    let mut driver = Driver::open(&scratch.join("device"), &server.url, more);
    driver.ok("sign_up", json!({"email": "a@example.com", "password": "password"}));
    (server, driver)
}

/// How an action ended, as the driver tells it.
fn awaited(driver: &mut Driver, op: &Value) -> Value {
    let mut reply = driver.ok("wait", json!({"until": "confirmed", "op_id": op, "timeout_ms": 0}));
    reply.as_object_mut().unwrap().retain(|name, _| !matches!(name.as_str(), "id" | "ok"));
    reply
}

#[test]
fn an_action_is_listed_with_its_call_and_awaited_with_its_result() {
    let scratch = tempfile::tempdir().unwrap();
    let (server, mut driver) = on_the_scenarios_server(scratch.path(), json!({}));
    driver.ok("create", json!({"collection": "tasks", "doc_id": "t", "doc": {"title": "x"}}));
    let act = json!({"name": "echo", "collection": "tasks", "doc_id": "t", "params": {"copies": 2}});
    let op = driver.ok("action", act)["op_id"].take();
    let pending = driver.ok("pending", json!({}))["ops"].take();
    assert_eq!(pending[0].get("action"), None, "a create calls nothing: {pending}");
    assert_eq!(pending[1]["action"], json!({"name": "echo", "params": {"copies": 2}}));
    assert_eq!(awaited(&mut driver, &op), json!({"reached": false, "outcome": null}));
    driver.ok("sync", json!({}));
    let accepted = json!({"reached": true, "outcome": "accepted", "result": {"copies": 2}});
    assert_eq!(awaited(&mut driver, &op), accepted);
    drop(driver);
    let mut driver = Driver::open(&scratch.path().join("device"), &server.url, json!({}));
    assert_eq!(awaited(&mut driver, &op), accepted, "in the next process");
}

#[test]
fn a_refused_action_is_awaited_without_a_result() {
    let scratch = tempfile::tempdir().unwrap();
    let (_server, mut driver) = on_the_scenarios_server(scratch.path(), json!({}));
    let op = driver.ok("action", json!({"name": "refuse", "params": {"why": "a test"}}))["op_id"].take();
    driver.ok("sync", json!({}));
    assert_eq!(awaited(&mut driver, &op), json!({"reached": false, "outcome": "parked"}));
    let parked = driver.ok("parked", json!({}))["parked"][0].take();
    assert_eq!((&parked["op_id"], &parked["kind"], &parked["code"]), (&op, &json!("action"), &json!("ACTION_REFUSED")));
    assert_eq!(parked["action"], json!({"name": "refuse", "params": {"why": "a test"}}));
    driver.ok("discard", json!({"op_id": op}));
    assert_eq!(awaited(&mut driver, &op), json!({"reached": false, "outcome": "discarded"}));
}

#[test]
fn a_device_that_was_opened_as_ordered_sends_nothing_past_a_refused_write() {
    let scratch = tempfile::tempdir().unwrap();
    let (_server, mut driver) = on_the_scenarios_server(scratch.path(), json!({"ordered": true}));
    driver.ok("create", json!({"collection": "tasks", "doc_id": "long", "doc": {"title": "x".repeat(41)}}));
    driver.ok("create", json!({"collection": "tasks", "doc_id": "later", "doc": {"title": "x"}}));
    let report = driver.ok("sync", json!({}));
    assert_eq!((&report["pushed"], &report["parked"]), (&json!(0), &json!(1)));
    let later = json!({"collection": "tasks", "doc_id": "later"});
    assert_eq!(driver.ok("get", later.clone())["status"], "pendingCreate");
    let refused = driver.ok("parked", json!({}))["parked"][0]["op_id"].take();
    driver.ok("discard", json!({"op_id": refused}));
    driver.ok("sync", json!({}));
    assert_eq!(driver.ok("get", later)["status"], "synced");

    let (mut driver, number) =
        Driver::begin(&scratch.path().join("other"), "http://127.0.0.1:9", json!({"ordered": 1}));
    assert_eq!(driver.reply(number).unwrap()["error"]["code"], "BAD_REQUEST");
}

/// By how much a counter grows with a command: the least of several times, as the store has work of its own now and then.
fn growth(driver: &mut Driver, name: &str, mut command: impl FnMut(&mut Driver)) -> u64 {
    let count = |driver: &mut Driver| driver.ok("stats", json!({}))[name].as_u64().unwrap();
    let mut once = |driver: &mut Driver| {
        let before = count(driver);
        command(driver);
        count(driver) - before
    };
    (0..10).map(|_| once(driver)).min().unwrap()
}

#[test]
fn statements_and_wakeups_of_a_write_and_a_read_are_counted() {
    let scratch = tempfile::tempdir().unwrap();
    let known = json!({"collections": [{"name": "tasks"}]});
    let mut driver = Driver::open(scratch.path(), "http://127.0.0.1:9", known);
    driver.ok("create", json!({"collection": "tasks", "doc_id": "x", "doc": {"n": 0}}));
    let create = |driver: &mut Driver| drop(driver.ok("create", json!({"collection": "tasks", "doc": {"n": 1}})));
    // It begins, stores the document and its operation, and commits. A debug build checks what it has noted.
    let of_a_create = if cfg!(debug_assertions) { 6 } else { 4 };
    assert_eq!(growth(&mut driver, "statements", create), of_a_create);
    // To the thread that writes, and back.
    assert_eq!(growth(&mut driver, "wakeups", create), 2);
    let batch = json!([{"cmd": "create", "collection": "tasks", "doc": {}}, {"cmd": "create", "collection": "tasks", "doc": {}}]);
    let both = |driver: &mut Driver| drop(driver.ok("batch", json!({"ops": batch})));
    assert_eq!(growth(&mut driver, "statements", both), of_a_create + 2);
    assert_eq!(growth(&mut driver, "wakeups", both), 2);

    let query = |driver: &mut Driver| drop(driver.ok("query", json!({"collection": "tasks"})));
    assert_eq!(growth(&mut driver, "statements", query), 1);
    // It comes from memory when it was read twice.
    let get = |driver: &mut Driver| drop(driver.ok("get", json!({"collection": "tasks", "doc_id": "x"})));
    assert_eq!(growth(&mut driver, "statements", get), 0);
    assert_eq!(growth(&mut driver, "wakeups", get), 0);
}

#[test]
fn bytes_written_are_those_that_the_files_got() {
    let scratch = tempfile::tempdir().unwrap();
    let mut driver = Driver::open(scratch.path(), "http://127.0.0.1:9", json!({}));
    driver.ok("create", json!({"collection": "tasks", "doc": {}}));
    let log = || std::fs::metadata(scratch.path().join("holm.db-wal")).unwrap().len();
    let written = |driver: &mut Driver| driver.ok("stats", json!({}))["bytes_written"].as_u64().unwrap();
    let (before, log_before) = (written(&mut driver), log());
    // A log this short is not folded, so it grows with each commit.
    let doc = json!({"text": "x".repeat(20_000)});
    (0..20).for_each(|_| drop(driver.ok("create", json!({"collection": "tasks", "doc": doc}))));
    let grown = log() - log_before;
    assert!(grown > 20 * 20_000, "{grown}");
    assert_eq!(written(&mut driver) - before, grown);
}
