//! The device or the server dies at the n-th write-class system call, for one n after the other.
//!
//! `HOLM_KILL_CALLS=n` tries n of the calls of each sweep, spread evenly (12 if it is not set; 0: all of them).

use crate::pushes::writes;
use crate::{Ground, PAGE, open, shown};
use holm_tests::real::{Driver, KillAt, ServerProcess};
use serde_json::{Value, json};

/// How many calls of a sweep are tried, unless the environment says otherwise.
const CALLS: u32 = 12;
/// No sweep goes on after so many.
const MOST: u32 = 400;

/// Which calls are tried, given how many there are.
fn chosen(all: u32) -> Vec<u32> {
    let wanted = std::env::var("HOLM_KILL_CALLS").ok().and_then(|text| text.parse().ok()).unwrap_or(CALLS);
    if wanted == 0 || wanted >= all {
        return (1..=all).collect();
    }
    (0..wanted).map(|n| 1 + n * (all - 1) / (wanted - 1).max(1)).collect()
}

/// Does the writes and a sync, as far as it lives.
fn write_and_sync(device: &mut Driver, commands: &[(&str, Value)]) -> Vec<bool> {
    let numbers: Vec<u64> = commands.iter().map(|(command, fields)| device.send(command, fields.clone())).collect();
    let acknowledged = numbers.into_iter().map(|number| device.reply(number).is_some_and(|reply| reply["ok"] == true));
    let acknowledged = acknowledged.collect();
    let sync = device.send("sync", json!({}));
    device.reply(sync);
    acknowledged
}

/// A device with two documents that the server has, too.
fn begin(device: &mut Driver, email: &str) {
    device.ok("sign_up", json!({"email": email, "password": "password"}));
    for id in ["one", "two"] {
        device.ok("create", json!({"collection": "tasks", "doc_id": id, "doc": {"title": "old", "n": 5}}));
    }
    device.ok("sync", json!({}));
}

/// How far a device gets that dies at its `call`-th call: which commands it acknowledged; `None`: it did not die.
fn die_at(ground: &Ground, name: &str, commands: &[(&str, Value)], call: u32) -> Option<Vec<bool>> {
    let (folder, kill) = (ground.folder(name), KillAt::new(ground.scratch.path(), name));
    let more = json!({"collections": [{"name": "tasks"}]});
    let mut device = Driver::open_watched(&folder, &ground.server.url, more, &kill);
    begin(&mut device, &format!("{name}@example.com"));
    kill.arm(call);
    let acknowledged = write_and_sync(&mut device, commands);
    let probe = device.send("status", json!({}));
    device.reply(probe).is_none().then_some(acknowledged)
}

/// The number of calls that these commands take on a device.
fn calls_of(ground: &Ground, name: &str, commands: &[(&str, Value)]) -> u32 {
    // Twice as many until it lives, then halved to the last call that kills.
    let (mut dies, mut lives) = (0, 8);
    while lives < MOST && die_at(ground, &format!("{name}-up{lives}"), commands, lives).is_some() {
        (dies, lives) = (lives, lives * 2);
    }
    while lives - dies > 1 {
        let middle = (dies + lives) / 2;
        match die_at(ground, &format!("{name}-mid{middle}"), commands, middle) {
            Some(_) => dies = middle,
            None => lives = middle,
        }
    }
    dies
}

#[test]
fn f01_device_killed_at_each_write_call_of_a_push() {
    let ground = Ground::new();
    let mut tried = 0;
    for (name, commands) in writes() {
        let all = calls_of(&ground, name, &commands);
        assert!(all > 2, "{name}: a write and a sync take {all} calls");
        for call in chosen(all) {
            let folder = format!("{name}-{call}");
            let Some(acknowledged) = die_at(&ground, &folder, &commands, call) else { continue };
            tried += 1;
            let mut device = open(&ground.folder(&folder), &ground.server.url);
            device.ok("sync", json!({}));
            device.ok("sync", json!({}));
            let ended = shown(&mut device);
            // What was acknowledged is there once; what was not, once or not at all.
            let lived = |which: &[bool]| ideal(&ground, &format!("{folder}-ideal"), &commands, which);
            let all = lived(&vec![true; commands.len()]);
            let known = if acknowledged.contains(&false) { lived(&acknowledged) } else { all.clone() };
            let content = documents(&ended);
            assert!(
                content == known || content == all || between(&content, &known, &all),
                "{name} at call {call}: {ended}"
            );
            let mut fresh = ground.direct(&format!("{folder}-fresh"), &format!("{folder}@example.com"));
            fresh.ok("sync", json!({}));
            assert_eq!(documents(&shown(&mut fresh)), content, "{name} at call {call}");
        }
    }
    println!("{tried} kills of a device at a write-class call");
}

/// What every device has after those commands that are chosen.
fn ideal(ground: &Ground, name: &str, commands: &[(&str, Value)], which: &[bool]) -> Value {
    let name = format!("{name}-{}", which.iter().map(|done| if *done { '1' } else { '0' }).collect::<String>());
    let mut device = open(&ground.folder(&name), &ground.server.url);
    begin(&mut device, &format!("{name}@example.com"));
    for ((command, fields), _) in commands.iter().zip(which).filter(|(_, done)| **done) {
        device.ok(command, fields.clone());
    }
    device.ok("sync", json!({}));
    documents(&shown(&mut device))
}

/// Ids and contents, without versions and places.
fn documents(shown: &Value) -> Value {
    let docs = shown["docs"].as_array().cloned().unwrap_or_default();
    docs.iter()
        .map(|doc| (doc["id"].as_str().unwrap().to_owned(), doc["doc"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Whether each document is as in one of the two.
fn between(content: &Value, known: &Value, all: &Value) -> bool {
    ["one", "two", "new"].iter().all(|id| content.get(id) == known.get(id) || content.get(id) == all.get(id))
}

#[test]
fn f15_server_killed_at_each_write_call_of_a_push() {
    let ground = Ground::new();
    let commands = writes().into_iter().find(|(name, _)| *name == "everything").unwrap().1;
    let expected = ideal(&ground, "server-ideal", &commands, &vec![true; commands.len()]);
    let mut tried = 0;
    for call in (1..MOST).step_by(if std::env::var_os("HOLM_KILL_CALLS").is_some() { 1 } else { 2 }) {
        let name = format!("server-{call}");
        let (data, kill) = (ground.folder(&format!("{name}-data")), KillAt::new(ground.scratch.path(), &name));
        let config = ground.scratch.path().join("server.toml");
        let mut server = ServerProcess::watched(&data, Some(&config), &kill);
        let mut device = open(&ground.folder(&name), &server.url);
        begin(&mut device, "device@example.com");
        kill.arm(call);
        write_and_sync(&mut device, &commands);
        let died = device.call("sync", json!({}))["ok"] != true;
        drop(device);
        server.kill();
        let server = ServerProcess::configured(&data, Some(&config));
        // A session belongs to the address where it began.
        let mut device = open(&ground.folder(&name), &server.url);
        device.ok("sign_in", json!({"email": "device@example.com", "password": "password"}));
        device.ok("sync", json!({}));
        assert_eq!(documents(&shown(&mut device)), expected, "the server died at call {call}");
        let mut fresh = open(&ground.folder(&format!("{name}-fresh")), &server.url);
        fresh.ok("sign_in", json!({"email": "device@example.com", "password": "password"}));
        fresh.ok("sync", json!({}));
        assert_eq!(documents(&shown(&mut fresh)), expected, "the server died at call {call}");
        if !died {
            break;
        }
        tried += 1;
    }
    assert!(tried > 0, "the server writes nothing");
    println!("{tried} kills of the server at a write-class call; pages of {PAGE}");
}
