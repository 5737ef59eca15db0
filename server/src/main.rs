//! The binary: flags, logging, signals. Everything else is the library's.

mod commands;
mod logging;

use clap::Parser;
use commands::Command;
use holm_server::{Config, OsEntropy, Server, ServerOptions, Store, renew_epoch};
use serde_json::json;
use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::net::TcpListener;
use tracing::level_filters::LevelFilter;

/// Holm's reference sync server.
///
/// The first line on standard output is {"listening":"http://<address>"}, with "metrics" if they are told; logs are JSON lines on standard error.
/// SIGTERM and SIGINT end the server after the requests under way; SIGHUP does nothing.
///
/// With a command it does that instead, and prints JSON, one object a line.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// The folder of the database. Made if need be.
    #[arg(long, env = "HOLM_DATA_DIR", default_value = "holm-data", global = true)]
    data_dir: PathBuf,
    /// Where to listen. Port 0 takes a free one.
    #[arg(long, env = "HOLM_LISTEN", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where to tell figures to Prometheus, without a token: not an address that strangers reach. Nowhere if absent.
    #[arg(long, env = "HOLM_METRICS")]
    metrics: Option<SocketAddr>,
    /// A configuration file (TOML).
    #[arg(long, env = "HOLM_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// How much to log: error, warn, info, debug or trace.
    #[arg(long, env = "HOLM_LOG_LEVEL", default_value = "info")]
    log_level: LevelFilter,
    /// Gives the database a new epoch before starting, so that every device takes a snapshot. Needed once after restoring a backup.
    #[arg(long)]
    new_epoch: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let log = logging::start(flags.log_level);
    let is_command = flags.command.is_some();
    let outcome = match &flags.command {
        Some(command) => command.run(&flags.data_dir, flags.config.as_deref()),
        None => serve(flags, log.lost()).map(|()| true),
    };
    let code = match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let what = if is_command { "the command failed" } else { "the server cannot go on" };
            tracing::error!(%error, "{what}");
            ExitCode::FAILURE
        }
    };
    log.flush();
    code
}

fn serve(flags: Flags, lost_log_lines: Arc<AtomicU64>) -> Result<(), Box<dyn Error>> {
    let config = match &flags.config {
        Some(path) => Config::load(path)?,
        None => Config::default(),
    };
    if flags.new_epoch {
        renew_epoch(flags.data_dir.clone(), &OsEntropy)?;
    }
    let server = Server::open(ServerOptions { config, ..ServerOptions::new(Store::Directory(flags.data_dir)) })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let listener = TcpListener::bind(flags.listen).await?;
        let shutdown = shutdown_signal()?;
        let metrics = match flags.metrics {
            Some(address) => Some(TcpListener::bind(address).await?),
            None => None,
        };
        announce(&listener, metrics.as_ref())?;
        if let Some(listener) = metrics {
            let server = server.clone();
            tokio::spawn(async move { server.serve_metrics(listener, lost_log_lines).await });
        }
        server.run(listener, shutdown).await?;
        Ok(())
    });
    // A body that is being read or a reply that is being packed has no client any more.
    runtime.shutdown_timeout(Duration::from_millis(500));
    served
}

/// Prints the addresses that the server listens on.
fn announce(listener: &TcpListener, metrics: Option<&TcpListener>) -> std::io::Result<()> {
    let mut line = json!({"listening": format!("http://{}", listener.local_addr()?)});
    if let Some(metrics) = metrics {
        line["metrics"] = format!("http://{}/metrics", metrics.local_addr()?).into();
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Completes when the process is asked to end.
#[cfg(unix)]
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // Registered, so that the end of a terminal does not end the server.
    let hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        let _hangup = hangup;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Completes when the process is asked to end.
#[cfg(not(unix))]
fn shutdown_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
