//! The story of two devices and a server, told in the terminal: `./scripts/demo`.
//!
//! The server is the real binary in a process of its own, the devices are two clients of this process, and between them stands a proxy that
//! loses what it is told to lose. Ends with a proof that all three hold the same, and with a status that is not 0 if they do not.

#![allow(clippy::print_stdout)] // Printing is what it is for.

mod proof;
mod screen;
mod stage;
mod story;

use stage::Stage;
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    let start = Instant::now();
    match run().await {
        Ok(()) => {
            println!("\nAll three hold the same. That took {:.1} s.", start.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("\nThe demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome {
    let mut stage = Stage::set().await?;
    story::tell(&mut stage).await?;
    proof::give(&stage).await
}
