//! A Holm device behind stdin and stdout: one JSON object a line in each direction.
//!
//! Any program in any language can operate it: tests that kill processes, inject faults or compare languages stand on it. It translates
//! the public API and decides nothing. The commands are described in `tests/README.md`.
//!
//! - A reply to a write is printed after its durable commit: a test that has read the line may kill the process.
//! - Local commands take effect in the order in which they were written. Those that wait for something run beside them.

mod args;
mod device;
mod open;
mod render;
mod waiting;
mod watching;
mod writing;

use args::{Args, BadRequest};
use device::Device;
use serde_json::json;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use tokio::sync::mpsc;

/// Prints one line, whole, whatever other tasks print meanwhile.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // If the program that started the driver is gone, this fails; the end of standard input then ends the driver.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("driver: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (tell, mut lines) = mpsc::channel::<String>(64);
    // Reading blocks: it has a thread of its own, which ends with standard input.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().split(b'\n').map_while(Result::ok) {
            if tell.blocking_send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    let opened = runtime.block_on(async {
        let mut device = None;
        while let Some(line) = lines.recv().await {
            if !line.trim().is_empty() && !answer(&mut device, &line).await {
                return true;
            }
        }
        match device {
            Some(device) => {
                device.holm.close().await;
                true
            }
            None => false,
        }
    });
    // Commands that still wait must not keep the process.
    runtime.shutdown_background();
    if opened { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Answers one line. False after `close`.
async fn answer(device: &mut Option<Device>, line: &str) -> bool {
    let args = match Args::parse(line) {
        Ok(args) => args,
        Err((id, error)) => {
            say(&render::failure(&id, &error.into()));
            return true;
        }
    };
    let (id, command) = (args.id.clone(), args.command.clone());
    let result = match (command.as_str(), device.as_ref()) {
        ("open", None) => match open::open(&args).await {
            Ok((opened, reply)) => {
                *device = Some(opened);
                Ok(Some(reply))
            }
            Err(failure) => Err(failure),
        },
        ("open", Some(_)) => Err(BadRequest("the device is open already".into()).into()),
        ("close", None) => Err(BadRequest("nothing is open".into()).into()),
        ("close", Some(open)) => {
            open.holm.close().await;
            say(&render::success(&id, json!({})));
            return false;
        }
        (_, None) => Err(BadRequest("open first".into()).into()),
        (_, Some(open)) => open.run(args).await,
    };
    match result {
        // It will be answered when it has happened.
        Ok(None) => {}
        Ok(Some(reply)) => say(&render::success(&id, reply)),
        Err(failure) => say(&render::failure(&id, &failure)),
    }
    true
}
