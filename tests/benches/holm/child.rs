//! This program again, as a fresh process that does one thing.

use crate::bench::runtime;
use crate::documents::{COLLECTION, collection, newest_open, tasks};
use crate::pull;
use crate::raw::Raw;
use crate::server::Device;
use crate::timing::ms;
use holm_core::{Config, Durability, Holm};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// First argument of such a process.
pub const FLAG: &str = "--child";

/// Documents in a call of the bulk write that is killed.
const CALL: u32 = 1_000;

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Raw,
    Holm,
}

/// What the process does, by its arguments; it prints a figure a line.
pub fn run(args: &[String]) {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["open-raw", directory] => {
            let start = Instant::now();
            let raw = Raw::open(Path::new(directory), Durability::Full);
            assert_eq!(raw.newest_open().len(), 50);
            println!("{}", ms(start.elapsed()));
        }
        ["open-holm", directory] => {
            let runtime = runtime();
            let _inside = runtime.enter();
            let start = Instant::now();
            // With a server, as an app has one, but without looking for it.
            let mut config = Config::new(directory).server("http://127.0.0.1:9").collection(collection());
            config.sync.automatic = false;
            let holm = Holm::open(config).unwrap();
            let held = holm.collection(COLLECTION).unwrap();
            assert_eq!(held.query(&newest_open()).unwrap().len(), 50);
            println!("{}", ms(start.elapsed()));
        }
        ["bulk-raw", directory, from] => {
            let raw = Raw::open(Path::new(directory), Durability::Full);
            endless(from, |list| raw.transaction(|| list.iter().for_each(|task| raw.insert(task))));
        }
        ["bulk-holm", directory, from] => {
            let runtime = runtime();
            let holm = Holm::open(Config::new(directory).collection(collection())).unwrap();
            let held = holm.collection(COLLECTION).unwrap();
            endless(from, |list| drop(runtime.block_on(held.create_all(list)).unwrap()));
        }
        ["pull-raw", directory, pages] => {
            let raw = Raw::open(Path::new(directory), Durability::Full);
            let mut files: Vec<_> = std::fs::read_dir(pages).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            files.iter().for_each(|file| pull::apply(&raw, &std::fs::read(file).unwrap()));
            println!("{}", peak_mb());
        }
        ["pull-holm", directory, url] => {
            let device = Device::open(Path::new(directory), url, None);
            device.sign_in();
            device.sync();
            println!("{}", peak_mb());
        }
        _ => panic!("{args:?}"),
    }
}

/// Writes for ever, telling after each call.
fn endless(from: &str, mut write: impl FnMut(&[crate::documents::Task])) {
    let mut from: u32 = from.parse().unwrap();
    loop {
        write(&tasks(from..from + CALL));
        println!("{from}");
        from += CALL;
    }
}

/// Peak of the memory that this process had, MB.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("peak memory is measured on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// Milliseconds of a cold open.
pub fn cold_open(side: Side, directory: &Path) -> f64 {
    figure(&[side.job("open"), directory.to_str().unwrap()])
}

/// Peak memory of a pull, MB.
pub fn peak_of_pull(directory: &Path, url: &str) -> f64 {
    figure(&["pull-holm", directory.to_str().unwrap(), url])
}

/// Peak memory of the raw side's pull, MB.
pub fn peak_of_raw_pull(directory: &Path, pages: &Path) -> f64 {
    figure(&["pull-raw", directory.to_str().unwrap(), pages.to_str().unwrap()])
}

/// Writes documents from number `from` on in a process of its own and kills it (SIGKILL) after so many calls, in the
/// middle of the ones that follow.
pub fn kill_in_bulk_write(side: Side, directory: &Path, from: u32, calls: u32) {
    let mut child = start(&[side.job("bulk"), directory.to_str().unwrap(), &from.to_string()]);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.take(calls as usize).map(Result::unwrap).count(), calls as usize);
    child.kill().unwrap();
    child.wait().unwrap();
}

impl Side {
    fn job(self, what: &str) -> &'static str {
        match (self, what) {
            (Self::Raw, "open") => "open-raw",
            (Self::Holm, "open") => "open-holm",
            (Self::Raw, _) => "bulk-raw",
            (Self::Holm, _) => "bulk-holm",
        }
    }
}

fn start(args: &[&str]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(FLAG).args(args).stdout(Stdio::piped()).spawn().unwrap()
}

/// The last line that a process prints.
fn figure(args: &[&str]) -> f64 {
    let output = start(args).wait_with_output().unwrap();
    assert!(output.status.success(), "{args:?}");
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap().parse().unwrap()
}
