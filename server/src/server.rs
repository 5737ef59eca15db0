//! A running server: its parts put together, and its life.

use crate::actions::{self, Actions, Jobs, Registry, Webhooks};
use crate::auth::{Decoy, Guard, Hashing, Issuers, RateLimiter};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError, Runtime};
use crate::entropy::{Entropy, OsEntropy};
use crate::executor::Executor;
use crate::http::{self, Intake};
use crate::listen;
use crate::maintenance::{self, Maintenance, MaintenanceError};
use crate::metrics::{MEDIA_TYPE, Metrics, Present};
use crate::state::State;
use crate::store::{self, CommitGate, Database, Location, OpenError};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// How long the end of a server waits for work of the database that is queued. No request waits for it any more.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Where a server keeps its data.
#[derive(Debug, Clone)]
pub enum Store {
    /// In this folder, made if need be. A process has it for itself.
    Directory(PathBuf),
    /// In this folder, and otherwise like [`Memory`](Self::Memory): for simulators that restore backups. Copy the folder while no request is
    /// served.
    SingleThread(PathBuf),
    /// In memory, for simulators and tests. All work is done on the task that asks: no threads, no clock and no randomness but those of
    /// [`ServerOptions`], so the same calls give the same replies, byte for byte.
    Memory,
}

/// The parts that a server is opened with.
pub struct ServerOptions {
    /// The place of its data.
    pub store: Store,
    /// The configuration.
    pub config: Config,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// The source of random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// The actions that this process serves by itself.
    pub actions: Actions,
    /// Asked before every commit, to act crashes and full disks. `None` outside simulators.
    pub commit_gate: Option<Arc<dyn CommitGate>>,
}

impl ServerOptions {
    /// The default configuration with the clock and the randomness of the operating system.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            config: Config::default(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            actions: Actions::new(),
            commit_gate: None,
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Passwords cannot be hashed with the configured cost.
    #[error("{0}")]
    Passwords(String),
    /// The client of webhooks cannot be set up.
    #[error("{0}")]
    Webhooks(String),
    /// The client that asks issuers for their keys cannot be set up.
    #[error("issuers: {0}")]
    Issuers(String),
}

/// A server. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct Server {
    state: Arc<State>,
}

impl Server {
    /// Opens the database and makes a server over it. Blocks for as long as migrations take.
    ///
    /// # Errors
    /// [`StartError`]; an existing database is then as it was.
    pub fn open(options: ServerOptions) -> Result<Self, StartError> {
        let ServerOptions { store, config, clock, entropy, actions, commit_gate } = options;
        config.validate()?;
        let (location, executor) = match store {
            Store::Directory(path) => (Location::Directory(path), Executor::Pool),
            Store::SingleThread(path) => (Location::SingleThread(path), Executor::Inline),
            Store::Memory => (Location::Memory, Executor::Inline),
        };
        let metrics = Arc::new(Metrics::default());
        let database = Database::open(&location, &config.server, &*entropy, commit_gate, &metrics.store)?;
        let decoy = Decoy::new(&*entropy, &config.accounts.argon2).map_err(|e| StartError::Passwords(e.to_string()))?;
        let hashing = match executor {
            Executor::Inline => Ok(Hashing::inline()),
            Executor::Pool => Hashing::threads(&config.accounts),
        };
        let hashing = hashing.map_err(|error| StartError::Passwords(error.to_string()))?;
        let actions = if config.actions.trial { Actions::for_trial().with(actions) } else { actions };
        let webhooks =
            Webhooks::new(&config.actions, config.limits.max_record_bytes, &clock).map_err(StartError::Webhooks)?;
        let issuers = Issuers::new(&config.accounts.issuers, &clock).map_err(StartError::Issuers)?;
        let state = State {
            issuers: Arc::new(issuers),
            jobs: Jobs::new(Registry { actions, webhooks }, config.actions.max_parallel),
            database: Arc::new(database),
            hashing,
            limiter: RateLimiter::new(config.rate_limit.clone()),
            guard: Guard::new(config.strangers.clone()),
            config: Arc::new(config),
            clock,
            entropy,
            executor,
            decoy: Arc::new(decoy),
            intake: Intake::new(),
            readiness: Arc::default(),
            metrics,
        };
        Ok(Self { state: Arc::new(state) })
    }

    /// A server over the same database that remembers nothing else, as after a crash between two commits. The old one must not be
    /// asked any more; a reply of its that is under way is lost if the caller drops it.
    pub fn reopen(&self) -> Self {
        self.reopened(Arc::clone(&self.state.config), Arc::clone(&self.state.issuers))
    }

    /// The same with another configuration.
    ///
    /// # Errors
    /// If the configuration cannot be used.
    pub fn reopen_with(&self, config: Config) -> Result<Self, StartError> {
        config.validate()?;
        let issuers = Issuers::new(&config.accounts.issuers, &self.state.clock).map_err(StartError::Issuers)?;
        Ok(self.reopened(Arc::new(config), Arc::new(issuers)))
    }

    fn reopened(&self, config: Arc<Config>, issuers: Arc<Issuers>) -> Self {
        let old = &self.state;
        let state = State {
            issuers,
            jobs: Jobs::new(old.jobs.registry().clone(), old.config.actions.max_parallel),
            database: Arc::clone(&old.database),
            hashing: old.hashing.clone(),
            limiter: RateLimiter::new(config.rate_limit.clone()),
            guard: Guard::new(config.strangers.clone()),
            config,
            clock: Arc::clone(&old.clock),
            entropy: Arc::clone(&old.entropy),
            executor: old.executor,
            decoy: Arc::clone(&old.decoy),
            intake: Intake::new(),
            readiness: Arc::default(),
            metrics: Arc::clone(&old.metrics),
        };
        Self { state: Arc::new(state) }
    }

    /// The routes. Requests can be given to them without a socket.
    pub fn router(&self) -> Router {
        http::router(&self.state)
    }

    #[cfg(test)]
    pub(crate) fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// The random name of the database's history; every cursor carries it.
    pub fn epoch(&self) -> &str {
        self.state.database.epoch()
    }

    /// Deletes what has been kept for long enough, as of the clock. [`Server::run`] does it by itself.
    ///
    /// # Errors
    /// The database fails; what was deleted until then is deleted.
    pub async fn maintain(&self) -> Result<Maintenance, MaintenanceError> {
        maintenance::run(&self.state).await
    }

    /// Tries the actions that are due, as of the clock; returns how many. [`Server::run`] does it by itself. In memory it returns when
    /// their handlers have answered.
    ///
    /// # Errors
    /// The database fails; the jobs stay due.
    pub async fn run_jobs(&self) -> Result<usize, MaintenanceError> {
        Ok(actions::run_due(&self.state).await?)
    }

    /// Tells its figures to Prometheus, under `/metrics` and without a token, for as long as the future is polled. Not for an address that
    /// strangers reach. `lost_log_lines` is counted by the process that has the log.
    pub async fn serve_metrics(&self, listener: TcpListener, lost_log_lines: Arc<AtomicU64>) {
        let state = Arc::clone(&self.state);
        let tell = move || {
            let (state, lost_log_lines) = (Arc::clone(&state), lost_log_lines.load(Ordering::Relaxed));
            async move {
                let present = Present { lost_log_lines, ..state.database.present() };
                ([(CONTENT_TYPE, MEDIA_TYPE)], state.metrics.text(present))
            }
        };
        let router = Router::new().route("/metrics", get(tell));
        let runtime = Runtime { max_connections: 64, ..self.state.config.server.clone() };
        listen::serve(listener, router, &runtime, Arc::default(), std::future::pending()).await;
    }

    /// Serves until `shutdown` completes; then says for the configured time that it is not ready, so that balancers turn elsewhere, and still
    /// serves; then finishes the requests under way, for as long as the configuration allows, and closes the database. The server answers `SERVICE_UNAVAILABLE` afterwards.
    ///
    /// # Errors
    /// None at present: what fails on a connection is logged, and the others go on.
    pub async fn run(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let (stopping, stopped) = oneshot::channel();
        let runtime = self.state.config.server.clone();
        let (readiness, drain) = (Arc::clone(&self.state.readiness), runtime.drain());
        let metrics = Arc::clone(&self.state.metrics);
        let serving = listen::serve(listener, self.router(), &runtime, metrics, async move {
            shutdown.await;
            readiness.drain();
            tokio::time::sleep(drain).await;
            // The receiver below lives as long as this does.
            let _ = stopping.send(());
        });
        let cleaning = tokio::spawn(maintenance::repeat(Arc::clone(&self.state)));
        let acting = tokio::spawn(actions::repeat(Arc::clone(&self.state)));
        let grace = runtime.shutdown_grace();
        tokio::select! {
            () = serving => {}
            () = async {
                let _ = stopped.await;
                tokio::time::sleep(grace).await;
            } => {
                tracing::warn!("requests were still under way at the end of the grace period");
            }
        }
        cleaning.abort();
        acting.abort();
        let state = Arc::clone(&self.state);
        match tokio::task::spawn_blocking(move || state.database.close(CLOSE_PATIENCE)).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!("the database was still at work; the next start finishes what is committed"),
            Err(error) => tracing::error!(%error, "cannot close the database"),
        }
        Ok(())
    }
}

/// Gives the database in a folder a new epoch, so that every device takes a snapshot: the step after restoring a backup. Blocks.
///
/// # Errors
/// The database cannot be opened, for instance because a server is using it.
pub fn renew_epoch(directory: PathBuf, entropy: &dyn Entropy) -> Result<(), OpenError> {
    store::renew_epoch(&Location::Directory(directory), entropy)
}
