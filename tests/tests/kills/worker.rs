//! A device that is worked with, killed, and held to what it has said.

use crate::deed::{Deed, Own, SHARED};
use holm_tests::real::Driver;
use holm_tests::sim::Random;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Own documents at most: more would only make every look slower.
const MOST: usize = 30;

/// What the kills of a device hit.
#[derive(Debug, Default)]
pub struct Tally {
    pub kills: u64,
    /// Kills while a sync was under way.
    pub syncing: u64,
    /// Kills while the device was being opened.
    pub opening: u64,
    /// Commands without a reply that had happened, and that had not.
    pub happened: usize,
    pub vanished: usize,
}

/// A device behind the driver.
pub struct Worker {
    pub name: char,
    pub driver: Driver,
    pub tally: Tally,
    directory: PathBuf,
    server: String,
    random: Random,
    /// What it has said is kept.
    pub own: Own,
    /// Commands that it has not answered, oldest first.
    unanswered: VecDeque<(u64, Deed)>,
    syncs: Vec<u64>,
    made: u64,
}

impl Worker {
    /// A device of the account that [`sign_up`] made. Workers in one directory are processes of one device.
    pub fn new(name: char, directory: PathBuf, server: &str, random: Random) -> Self {
        let mut driver = Driver::open(&directory, server, options());
        driver.ok("sign_in", json!({"email": "a@example.com", "password": "password"}));
        Self {
            name,
            driver,
            tally: Tally::default(),
            directory,
            server: server.to_owned(),
            random,
            own: Own::default(),
            unanswered: VecDeque::new(),
            syncs: Vec::new(),
            made: 0,
        }
    }

    /// Does a few random things and waits for none of them.
    pub fn work(&mut self) {
        for _ in 0..=self.random.below(5) {
            let mut ahead = self.own.clone();
            self.unanswered.iter().for_each(|(_, deed)| ahead.apply(deed));
            let deed = if self.random.one_in(6) {
                let mut deeds = Vec::new();
                for _ in 0..2 + self.random.below(3) {
                    let deed = self.think(&ahead);
                    ahead.apply(&deed);
                    deeds.push(deed);
                }
                Deed::Batch(deeds)
            } else {
                self.think(&ahead)
            };
            let (command, fields) = deed.command();
            let number = self.driver.send(command, fields);
            self.unanswered.push_back((number, deed));
            if self.random.one_in(3) {
                self.start_sync();
            }
        }
    }

    pub fn start_sync(&mut self) {
        let number = self.driver.send("sync", json!({}));
        self.syncs.push(number);
    }

    fn think(&mut self, ahead: &Own) -> Deed {
        self.made += 1;
        let (stamp, random) = (format!("{}{}", self.name, self.made), &self.random);
        let ids: Vec<&String> = ahead.documents.keys().collect();
        match random.below(10) {
            0..=2 => Deed::Count { id: SHARED[random.below(SHARED.len() as u64) as usize], mark: stamp },
            3..=5 if ids.len() < MOST => Deed::Create { id: stamp.clone(), title: stamp },
            _ if ids.is_empty() => Deed::Create { id: stamp.clone(), title: stamp },
            kind => {
                let id = (*random.pick(&ids)).clone();
                match kind {
                    6 => Deed::Inc { id },
                    7 => Deed::Title { id, title: stamp },
                    8 => Deed::Replace { id, title: stamp },
                    _ => Deed::Delete { id },
                }
            }
        }
    }

    /// Waits for every reply. Writes must have worked; a sync may have met a broken network.
    pub fn settle(&mut self) {
        while !self.unanswered.is_empty() {
            self.hear_one();
        }
        for number in std::mem::take(&mut self.syncs) {
            let reply = self.driver.reply(number).unwrap_or_else(|| panic!("sync: the driver died"));
            assert!(reply["ok"] == true || reply["error"]["retryable"] == true, "device {}: {reply}", self.name);
        }
        self.look();
    }

    /// Waits for a random moment, kills the process, starts another one and looks what is there.
    pub fn die_and_rise(&mut self) {
        for _ in 0..self.random.below(self.unanswered.len() as u64 + 1) {
            self.hear_one();
        }
        // The moment is the point: from before the next commit to after the last reply.
        std::thread::sleep(moment(&self.random));
        self.driver.kill();
        self.tally.kills += 1;
        while let Some((number, deed)) = self.unanswered.pop_front() {
            match self.driver.reply(number) {
                Some(reply) => self.told(&deed, &reply),
                None => {
                    self.unanswered.push_front((number, deed));
                    break;
                }
            }
        }
        let waiting = std::mem::take(&mut self.syncs).into_iter().filter(|sync| self.driver.reply(*sync).is_none());
        self.tally.syncing += u64::from(waiting.count() > 0);
        while self.random.one_in(8) {
            (self.driver, _) = Driver::begin(&self.directory, &self.server, options());
            std::thread::sleep(moment(&self.random));
            self.driver.kill();
            self.tally.opening += 1;
        }
        self.driver = Driver::open(&self.directory, &self.server, options());
        self.look();
    }

    fn hear_one(&mut self) {
        if let Some((number, deed)) = self.unanswered.pop_front() {
            let reply = self.driver.reply(number).unwrap_or_else(|| panic!("{deed:?}: the driver died"));
            self.told(&deed, &reply);
        }
    }

    fn told(&mut self, deed: &Deed, reply: &Value) {
        assert_eq!(reply["ok"], true, "device {}: {deed:?}: {reply}", self.name);
        self.own.apply(deed);
    }

    /// The device shows what it has said is kept, and of what it had not answered yet everything up to some command and nothing after it.
    pub fn look(&mut self) {
        let shown = Own::shown(&self.driver.dump("tasks").0, self.name);
        let said = self.own.clone();
        while self.own != shown {
            let Some((_, deed)) = self.unanswered.pop_front() else {
                panic!("device {} said {said:#?}\nand shows {shown:#?}", self.name);
            };
            self.own.apply(&deed);
            self.tally.happened += 1;
        }
        self.tally.vanished += self.unanswered.len();
        self.unanswered.clear();
    }

    /// Syncs until nothing is left to send. The network must work, so what is asked is answered; but that a connection went with the server may be found
    /// out by using it. A process that has asked too often without progress asks nothing for up to a minute: then the app is closed and opened
    /// again, and the new process asks at once.
    pub fn finish(&mut self) {
        let mut before = self.driver.ok("stats", json!({}))["requests"].clone();
        let mut first = self.driver.call("sync", json!({}));
        if first["error"]["code"] == "CONNECTION_LOST" {
            before = self.driver.ok("stats", json!({}))["requests"].clone();
            first = self.driver.call("sync", json!({}));
        }
        if first["ok"] != true {
            let after = self.driver.ok("stats", json!({}))["requests"].clone();
            assert_eq!(before, after, "device {}: a request does not get through: {first}", self.name);
            self.driver.ok("close", json!({}));
            self.driver = Driver::open(&self.directory, &self.server, options());
            self.driver.ok("sync", json!({}));
        }
        let status = self.driver.ok("status", json!({}));
        let left = [&status["pending"], &status["failed"], &status["conflicts"]];
        assert_eq!(left, [0, 0, 0], "device {}: {status}", self.name);
    }
}

/// Makes the account, and the documents in which every device counts.
pub fn sign_up(scratch: &Path, server: &str) {
    let mut driver = Driver::open(&scratch.join("first"), server, options());
    driver.ok("sign_up", json!({"email": "a@example.com", "password": "password"}));
    for id in SHARED {
        driver.ok("create", json!({"collection": "tasks", "doc_id": id, "doc": {"n": 0, "marks": []}}));
    }
    driver.ok("sync", json!({}));
}

fn options() -> Value {
    json!({"collections": [{"name": "tasks"}]})
}

/// How long to wait before a kill: as long as a sync takes, or much shorter.
pub fn moment(random: &Random) -> Duration {
    let most = if random.one_in(2) { 12_000 } else { 1 << random.below(13) };
    Duration::from_micros(random.below(most))
}
