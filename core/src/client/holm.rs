//! Opening, using and closing a client.

use super::config::{Config, Storage};
use super::confirm::Confirmations;
use super::resolver;
use crate::auth::Account;
use crate::backend::HolmBackend;
use crate::cache::{Executor, Readings};
use crate::device::{Device, KnownTime};
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Phase, PublishedLimits, SyncState, new_uuid};
use crate::net::{HttpClient, ReqwestTransport};
use crate::outbox::{self, Conflict, Resolution};
use crate::platform::{BoundedClock, Clock, Connectivity};
use crate::repository::{
    Collection, Confirmer, Consistency, KnownWipes, Refresher, Registry, RepositoryContext, Transaction, Watchers,
};
use crate::store::{EpochStore, Location, Store, StoreEvent, conflicts, frames, journal, meta, operations, outcomes};
use crate::sync::{self, CountedQueue, EngineDeps, EngineHandle, StateCell, StateWatch, SyncReport, Waiters};
use holm_protocol::names::device_id;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};

/// A client: local documents, the outbox, and the engine that keeps them in step with a server. Cheap to clone; all clones are the same
/// client. Thread-safe.
///
/// The engine runs on the tokio runtime on which [`open`](Self::open) was called, and ends with [`close`](Self::close) or with the last
/// clone. However the process ends, the next `open` goes on from the last acknowledged write.
#[derive(Clone)]
pub struct Holm {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub context: Arc<RepositoryContext>,
    pub account: Arc<Account>,
    pub http: Option<Arc<HttpClient>>,
    pub state: Arc<StateCell>,
    pub queue: CountedQueue,
    pub waiters: Arc<Waiters>,
    pub connectivity: Connectivity,
    pub engine: Option<EngineHandle>,
    /// Wakes the task that puts conflicts to resolvers.
    pub conflicts_changed: mpsc::UnboundedSender<()>,
    pub confirmations: Option<Arc<Confirmations>>,
}

impl Holm {
    /// Opens a client. Blocks for some milliseconds: the database is opened, brought up to date, and indexes are made.
    ///
    /// # Errors
    /// `INVALID_CONFIG`, `INVALID_NAME`, `SCHEMA_TOO_NEW`, `NOT_A_STORE`, `STORAGE_UNAVAILABLE`, `STORAGE_CORRUPT`, `STORAGE_FULL`. A file that cannot be used is left
    /// as it was.
    ///
    /// # Panics
    /// Outside a tokio runtime, if a server is configured.
    pub fn open(config: Config) -> Result<Self> {
        let http = open_http(&config)?;
        if http.is_none() && config.collections.iter().any(|one| one.consistency != Consistency::Eventual) {
            return Err(Error::invalid(ErrorCode::InvalidConfig, "a confirmed collection needs a server"));
        }
        let (watchers, waiters, state) =
            (Arc::new(Watchers::default()), Arc::new(Waiters::default()), Arc::new(StateCell::default()));
        let wrote = Arc::new(Notify::new());
        let (changed, conflicts_changed) = mpsc::unbounded_channel();
        let wake_resolvers = changed.clone();
        let asks = config.collections.iter().any(|collection| collection.resolver.is_some());
        let observer = {
            let (watchers, waiters, state, wrote) = (watchers.clone(), waiters.clone(), state.clone(), wrote.clone());
            move |event: StoreEvent<'_>| match event {
                StoreEvent::Committing(commit, rows) => watchers.note(commit, rows),
                StoreEvent::Committed(committed) => {
                    if committed.other_process {
                        watchers.wake_all();
                    } else {
                        watchers.wake(&committed.rows);
                    }
                    waiters.settle(&committed.settled);
                    if committed.queued {
                        wrote.notify_one();
                    }
                    if committed.counts || committed.other_process {
                        state.touch();
                        if asks {
                            // An error: nothing resolves conflicts in a client without a server.
                            let _ = changed.send(());
                        }
                    }
                }
            }
        };
        let location = match &config.storage {
            Storage::Directory(directory) => Location::Directory(directory.clone()),
            Storage::SingleThread(directory) => Location::SingleThread(directory.clone()),
            Storage::Memory => Location::Memory,
        };
        let secrets = config.secret_store();
        let store = Store::open(location, config.durability, config.row_cache_bytes, Arc::new(observer))?;
        let Identity { device, store_id } = open_device(&store, &config)?;
        let registry = Arc::new(Registry::open(&store, config.collections)?);
        let account = Arc::new(Account::open(
            secrets,
            store.clone(),
            store_id,
            device.clone(),
            http.clone(),
            config.token_provider.clone(),
        )?);
        let (readings, executor) = (Arc::new(Readings::default()), Executor::new(device.clock.clone()));
        let engine = http.clone().map(|http| {
            let deps = EngineDeps {
                store: EpochStore::new(store.for_engine()),
                device: device.clone(),
                registry: registry.clone(),
                backend: Arc::new(HolmBackend::new(account.clone(), device.clone(), store.clone())),
                http,
                connectivity: config.connectivity.clone(),
                state: state.clone(),
                readings: readings.clone(),
                watchers: watchers.clone(),
                metrics: executor.metrics().clone(),
                keep_journal: config.keep_journal,
                config: config.sync,
            };
            sync::start(deps, wrote)
        });
        let confirmations = engine.as_ref().map(|engine| {
            let (store, device, waiters) = (store.clone(), device.clone(), waiters.clone());
            let (account, connectivity) = (account.clone(), config.connectivity.clone());
            Arc::new(Confirmations::new(
                store,
                device,
                waiters,
                account,
                connectivity,
                engine.downgrade(),
                config.sync.retry,
            ))
        });
        let (clock, longest_wait) = (device.clock.clone(), config.sync.retry.longest_wait());
        let queue = CountedQueue { store: store.clone(), clock, longest_wait, ordered: config.sync.ordered };
        let confirmer = confirmations.clone().map(|all| all as Arc<dyn Confirmer>);
        let refresher = engine.as_ref().map(|engine| Arc::new(engine.downgrade()) as Arc<dyn Refresher>);
        let wipes = KnownWipes::open(&store)?;
        let context =
            RepositoryContext { store, device, registry, wipes, watchers, executor, readings, refresher, confirmer };
        let context = Arc::new(context);
        if asks && engine.is_some() {
            resolver::start(Arc::downgrade(&context), conflicts_changed);
        }
        let connectivity = config.connectivity;
        let conflicts_changed = wake_resolvers;
        let inner = Inner {
            context,
            account,
            http,
            state,
            queue,
            waiters,
            connectivity,
            engine,
            conflicts_changed,
            confirmations,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A collection. It is made if the store has never seen the name; then this blocks for a write.
    ///
    /// # Errors
    /// `INVALID_NAME`.
    pub fn collection(&self, name: &str) -> Result<Collection> {
        let info = self.inner.context.registry.ensure(self.store(), name)?;
        Ok(Collection::new(self.inner.context.clone(), info))
    }

    /// Writes to several documents and collections at once: all that `work` does commits together, or nothing if it fails. `work` runs on
    /// the writer's thread: it must not wait for anything. It runs even if the caller stops waiting.
    ///
    /// If it writes to a [confirmed](Consistency::Confirmed) collection, all of it is one group, and the call completes once the server has
    /// accepted it: [`Collection`] says what else can happen then.
    ///
    /// # Errors
    /// What `work` returns, and those of storage. `GROUP_TOO_LARGE`.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let context = &self.inner.context;
        context.write(context.registry.confirms, work).await
    }

    /// [`write`](Self::write) for a thread that may block: it may not be one of an async runtime. Saves the hop to another thread if
    /// no other thread is writing.
    ///
    /// # Errors
    /// What `work` returns, and those of storage.
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let context = &self.inner.context;
        context.write_blocking(context.registry.confirms, work)
    }

    /// Syncs now: reads what is new and sends what is queued. If a sync is running, waits for one more after it, which covers everything
    /// written before this call. Dropping the future gives up waiting, not the sync.
    ///
    /// # Errors
    /// `OFFLINE` and the other failures of the network, `SIGNED_OUT`, `UNAUTHORIZED`, `INVALID_CONFIG` without a server. Writes stay queued. A refused write is no
    /// error: it is parked, and counted in the report.
    pub async fn sync(&self) -> Result<SyncReport> {
        self.engine()?.sync().await
    }

    /// The client's state now. Blocking, microseconds.
    pub fn state(&self) -> Result<SyncState> {
        self.inner.state.read(&self.inner.queue)
    }

    /// Watches the client's state.
    pub fn watch_state(&self) -> StateWatch {
        self.inner.state.watch(self.inner.queue.clone())
    }

    /// Conflicts that wait for a person, oldest first. Blocking.
    pub fn conflicts(&self) -> Result<Vec<Conflict>> {
        self.inner.context.registry.refresh(self.store())?;
        self.store().read(|connection| {
            outbox::list_conflicts(connection, self.device(), false, |id| self.inner.context.registry.name(id))
        })
    }

    /// Resolves a conflict and queues what is left to send.
    ///
    /// # Errors
    /// `NOT_FOUND` if it is not open any more, `INVALID_DOCUMENT`.
    pub async fn resolve_conflict(&self, id: i64, resolution: Resolution) -> Result<()> {
        let context = self.inner.context.clone();
        self.store()
            .write(move |tx| {
                let collection = conflicts::by_id(tx, id)?.map(|conflict| conflict.collection).unwrap_or_default();
                let references = context.registry.references_of(tx, collection)?;
                let rules = context.registry.rules(collection);
                outbox::resolve(tx, &context.device, id, &resolution, (&rules, &references))
            })
            .await
    }

    /// The host's report of the network: tell it what changes.
    pub fn connectivity(&self) -> &Connectivity {
        &self.inner.connectivity
    }

    /// Stops syncing and closes every file and socket, so that the system may freeze the app. Calls fail with `SUSPENDED` until
    /// [`resume`](Self::resume); live queries wait. What was acknowledged is kept, and a request that was out is sent again later.
    pub async fn suspend(&self) {
        if let Some(confirmations) = &self.inner.confirmations {
            confirmations.stop(ErrorCode::Suspended).await;
        }
        if let Some(engine) = &self.inner.engine {
            engine.pause().await;
        }
        if let Some(http) = &self.inner.http {
            http.close_idle();
        }
        self.store().suspend();
        self.inner.state.leave(Phase::Suspended);
    }

    /// Opens everything again and looks for changes.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` and the like; try again. `CLOSED`.
    pub fn resume(&self) -> Result<()> {
        self.store().resume()?;
        if let Some(confirmations) = &self.inner.confirmations {
            confirmations.go_on();
        }
        self.inner.context.watchers.wake_all();
        self.inner.state.leave(Phase::Idle);
        if let Some(engine) = &self.inner.engine {
            engine.resume();
        }
        // A decision that came during the suspension could not be stored. (An error: nothing resolves conflicts here.)
        let _ = self.inner.conflicts_changed.send(());
        Ok(())
    }

    /// Closes the client for good: live queries and watches end, calls fail with `CLOSED`. Queued writes stay queued for the next time.
    pub async fn close(&self) {
        if let Some(confirmations) = &self.inner.confirmations {
            confirmations.stop(ErrorCode::Closed).await;
        }
        if let Some(engine) = &self.inner.engine {
            engine.pause().await;
        }
        self.inner.state.leave(Phase::Closed);
        self.store().close();
        self.inner.context.watchers.close();
        self.inner.waiters.close();
    }

    pub(super) fn store(&self) -> &Store {
        &self.inner.context.store
    }

    pub(super) fn device(&self) -> &Device {
        &self.inner.context.device
    }

    pub(super) fn engine(&self) -> Result<&EngineHandle> {
        self.inner.engine.as_ref().ok_or_else(Error::no_server)
    }
}

fn open_http(config: &Config) -> Result<Option<Arc<HttpClient>>> {
    let Some(server) = &config.server else { return Ok(None) };
    let transport = match &config.transport {
        Some(transport) => transport.clone(),
        None => Arc::new(ReqwestTransport::new()?),
    };
    Ok(Some(Arc::new(HttpClient::new(transport, server)?)))
}

/// This device and this store.
struct Identity {
    device: Arc<Device>,
    store_id: String,
}

/// Reads or makes the ids of device and store. Takes up what a killed process left behind, and forgets what is too old.
fn open_device(store: &Store, config: &Config) -> Result<Identity> {
    let clock: Arc<dyn Clock> = Arc::new(BoundedClock(config.clock.clone()));
    let entropy = config.entropy.clone();
    let fresh = || {
        let mut random = [0; 10];
        entropy.fill(&mut random);
        new_uuid(clock.as_ref(), random)
    };
    let (fresh_device, fresh_store) = (device_id(fresh().as_bytes()), fresh().to_string());
    let keep_ms = config.keep_journal.as_millis() as i64;
    let now = clock.wall_ms();
    // With a server the engine forgets by the server's time: a wrong date must not empty the journal.
    let alone = config.server.is_none();
    let (id, store_id, known) = store.write_blocking(move |tx| {
        operations::release_leases(tx)?;
        frames::purge(tx)?;
        outcomes::purge(tx)?;
        sync::retry_after_upgrade(tx)?;
        if alone {
            journal::purge_by_device(tx, now.saturating_sub(keep_ms))?;
        }
        let id = meta::get_or_set(tx, meta::Key::DeviceId, fresh_device)?;
        let store_id = meta::get_or_set(tx, meta::Key::StoreId, fresh_store)?;
        let known = KnownTime {
            frames: frames::all(tx)?,
            wall_offset_ms: meta::get_number(tx, meta::Key::ClockOffset)?,
            server_known_ms: meta::get_number(tx, meta::Key::LastSync)?,
        };
        Ok((id, store_id, known))
    })?;
    let device = Device::new(clock, entropy, &id, known);
    if let Some(text) = store.read(|connection| meta::get(connection, meta::Key::Limits))?
        && let Some(published) = serde_json::from_str(&text).ok().as_ref().and_then(PublishedLimits::parse)
    {
        device.limits.set(published);
    }
    Ok(Identity { device: Arc::new(device), store_id })
}
