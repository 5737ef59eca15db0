//! The sending half of a cycle.

use super::cycle::{Cycle, Stop};
use super::pull::MAX_RESTARTS;
use super::scope::Scope;
use crate::backend::{BackendError, Outcome, Outgoing, PushReply, PushRequest, StreamPosition};
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Fields, OpError, OpKind, Operation, Phase};
use crate::outbox::{self as queue, RetryPolicy, next_batch};
use crate::store::{Tx, collections, documents, meta, outbox, streams};
use crate::sync::apply::Answered;
use crate::sync::apply::Reconciler;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of one request before compression: half of what the server takes by default.
const MAX_BYTES: usize = 2 << 20;
/// So many failures of the server in a row end a cycle: enough to halve the largest batch down to one operation.
const MAX_SERVER_ERRORS: u32 = 24;
/// What an operation weighs beside its content.
const OVERHEAD: usize = 240;

/// A batch that is leased and ready to go.
struct Leased {
    request: PushRequest,
    positions: Vec<StreamPosition>,
}

impl Cycle<'_> {
    /// Sends until nothing is left that may be sent now. True if anything was exchanged.
    pub async fn push(&mut self) -> Result<bool, Stop> {
        let (mut exchanged, mut restarts) = (false, 0);
        loop {
            let Some(leased) = self.lease().await? else { return Ok(exchanged) };
            if let Err(stop) = self.take_time() {
                self.release().await?;
                return Err(stop);
            }
            self.deps.state.phase(Phase::Pushing);
            let (size, positions) = (leased.request.operations.len(), leased.positions);
            let sent: Vec<Outgoing> = leased.request.operations.clone();
            match self.measured(self.deps.backend.push(leased.request)).await {
                Ok(reply) => {
                    exchanged = true;
                    self.deps.adaptive.suggest(reply.suggested_interval);
                    if self.rows().is_some_and(|rows| size >= rows) {
                        self.filled(self.deps.config.page as usize);
                    }
                    if !self.settle(sent, reply, &positions).await? {
                        // Nothing came of it: leave it to the next cycle and its timer.
                        return Ok(exchanged);
                    }
                    self.deps.adaptive.grow(self.deps.config.batch);
                    self.server_errors = 0;
                }
                Err(BackendError::Resync(named)) => {
                    self.release().await?;
                    restarts += 1;
                    if restarts > MAX_RESTARTS {
                        return Err(BackendError::Resync(named).into());
                    }
                    self.restart(&named, None).await?;
                    self.pull(&Scope::All).await?;
                }
                Err(BackendError::TooLarge(error)) => {
                    self.refused_whole(&sent, size, error, "PAYLOAD_TOO_LARGE").await?
                }
                Err(BackendError::Failed(Error::Refused { server_code, message })) => {
                    let code = server_code.to_string();
                    self.refused_whole(&sent, size, Error::Refused { server_code, message }, &code).await?;
                }
                Err(BackendError::Failed(error)) => {
                    self.release().await?;
                    if error.code() != ErrorCode::ServerError {
                        return Err(Stop::Failed(error));
                    }
                    self.suspect(&sent, &error).await?;
                    // Halving finds a single culprit; two in a row that fail alone are the server's own trouble.
                    self.server_errors += if size == 1 { MAX_SERVER_ERRORS / 2 } else { 1 };
                    if self.server_errors >= MAX_SERVER_ERRORS {
                        return Err(Stop::Failed(error));
                    }
                }
            }
        }
    }

    /// Takes what may be sent now and marks it as carried, durably, before anything goes out.
    async fn lease(&self) -> Result<Option<Leased>> {
        let limit = self.rows().unwrap_or(usize::MAX).min(self.deps.adaptive.batch_limit());
        let (now, context) = (self.deps.device.clock.wall_ms(), self.context);
        self.deps
            .store
            .write(move |tx| {
                outbox::release_leases(tx)?;
                let mut names = BTreeMap::new();
                let (mut positions, mut paused) = (Vec::new(), BTreeSet::new());
                for (id, name) in collections::all(tx)? {
                    let stream = streams::get(tx, id)?;
                    if stream.loading {
                        paused.insert(id);
                    }
                    positions.push(StreamPosition {
                        collection: name.clone(),
                        space: stream.space,
                        cursor: stream.cursor,
                    });
                    names.insert(id, name);
                }
                let batch = next_batch(tx, now, limit, &paused)?;
                let operations = pack_batch(tx, batch, &names)?;
                if operations.is_empty() {
                    return Ok(None);
                }
                outbox::lease(tx, operations.iter().map(|outgoing| outgoing.op.op_seq))?;
                let request = PushRequest {
                    operations,
                    positions: positions.clone(),
                    acknowledged: outbox::acknowledged(tx)?,
                    context,
                };
                Ok(Some(Leased { request, positions }))
            })
            .await
    }

    /// Takes the answers in, and what was new besides. False if nothing moved.
    async fn settle(&mut self, sent: Vec<Outgoing>, reply: PushReply, positions: &[StreamPosition]) -> Result<bool> {
        self.observe_server_time(reply.server_ms).await?;
        if self.is_copy(&sent, &reply.outcomes)? {
            self.reassign_device_id().await?;
            return Ok(true);
        }
        let (device, registry, retry) = (self.deps.device.clone(), self.deps.registry.clone(), self.deps.config.retry);
        let outcomes = reply.outcomes;
        let answered = self
            .deps
            .store
            .write(move |tx| {
                let mut by_collection: BTreeMap<i64, Vec<(&Outgoing, &Outcome)>> = BTreeMap::new();
                for (outgoing, outcome) in sent.iter().zip(&outcomes) {
                    by_collection.entry(outgoing.op.collection).or_default().push((outgoing, outcome));
                }
                let mut totals = Totals::default();
                for (collection, answers) in by_collection {
                    let strategy = registry.get(&answers[0].0.collection).map(|info| info.strategy).unwrap_or_default();
                    let mut reconciler = Reconciler::open(tx, &device, collection, strategy)?;
                    for (outgoing, outcome) in answers {
                        totals.add(reconciler.answer(outgoing.op.op_seq, outgoing.op.document, outcome, &retry)?);
                    }
                    let (_, applied) = reconciler.close()?;
                    totals.conflicts += applied.conflicts;
                }
                Ok(totals)
            })
            .await?;
        self.report.pushed += answered.applied;
        self.report.parked += answered.parked;
        self.report.conflicts += answered.conflicts;
        self.deps.adaptive.succeeded(answered.applied);
        let more = reply.pages.iter().any(|page| page.has_more);
        let applied = self.apply_pages(positions, reply.pages).await?;
        self.note(&Scope::All, &applied);
        if more || !applied.diverged.is_empty() {
            self.pull_again = true;
        }
        Ok(answered.moved)
    }

    async fn release(&self) -> Result<()> {
        self.deps.store.write(|tx| outbox::release_leases(tx).map(drop)).await
    }

    /// The server refused a request as a whole: send less at once, and if it is down to one operation, set that aside.
    async fn refused_whole(&mut self, sent: &[Outgoing], size: usize, error: Error, code: &str) -> Result<()> {
        self.release().await?;
        if size > 1 {
            self.deps.adaptive.shrink(size);
            return Ok(());
        }
        let error = OpError { code: code.to_owned(), message: error.to_string(), details: Fields::new() };
        self.park(sent, error).await
    }

    async fn park(&mut self, sent: &[Outgoing], error: OpError) -> Result<()> {
        let keys: Vec<(i64, i64)> = sent.iter().map(|o| (o.op.document, o.op.op_seq)).collect();
        self.report.parked += keys.len() as u64;
        self.deps
            .store
            .write(move |tx| {
                for (document, op_seq) in &keys {
                    let row = documents::by_row(tx, *document)?;
                    let mut ops = outbox::of_document(tx, *document)?;
                    if let Some(op) = ops.iter_mut().find(|op| op.op_seq == *op_seq) {
                        queue::park(tx, row.as_ref(), op, error.clone())?;
                    }
                }
                Ok(())
            })
            .await
    }

    /// The server failed at a request. If it goes on failing at one operation while others get through, that one is the reason.
    async fn suspect(&mut self, sent: &[Outgoing], error: &Error) -> Result<()> {
        let [only] = sent else {
            self.deps.adaptive.shrink(sent.len());
            return Ok(());
        };
        let policy: RetryPolicy = self.deps.config.retry;
        let attempts = self.deps.adaptive.suspect(only.op.op_seq);
        if attempts >= policy.max_attempts {
            let error = OpError { code: "SERVER_ERROR".into(), message: error.to_string(), details: Fields::new() };
            return self.park(sent, error).await;
        }
        // Others go first from now on.
        let until = self.deps.device.clock.wall_ms()
            + policy.delay(attempts.max(1), self.deps.device.entropy.as_ref()).as_millis() as i64;
        let (document, op_seq) = (only.op.document, only.op.op_seq);
        self.deps
            .store
            .write(move |tx| {
                for mut op in outbox::of_document(tx, document)?.into_iter().filter(|op| op.op_seq == op_seq) {
                    op.next_attempt_ms = until;
                    outbox::update(tx, &op)?;
                }
                Ok(())
            })
            .await
    }

    /// Whether the server knows a later life of this device. It says so, too, of an operation that another process of this very device has
    /// seen to while ours was on its way; that one is no longer in the outbox. To go on under a new id would then do everything again that the
    /// other process has just sent.
    fn is_copy(&self, sent: &[Outgoing], outcomes: &[Outcome]) -> Result<bool> {
        for (outgoing, _) in sent.iter().zip(outcomes).filter(|(_, outcome)| **outcome == Outcome::Cloned) {
            if self.deps.store.read(|connection| outbox::by_id(connection, outgoing.op.op_id))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The server knows a later life of this device: the store was restored or copied. Go on as another device; the same operations
    /// go again, and those that the earlier life has sent are recognised by their ids.
    async fn reassign_device_id(&mut self) -> Result<()> {
        let id = self.deps.device.new_uuid().to_string();
        tracing::warn!(device = %id, "this store is a copy of another device's: going on under a new id");
        let kept = id.clone();
        self.deps
            .store
            .write(move |tx| {
                meta::set(tx, meta::Key::DeviceId, &kept)?;
                outbox::release_leases(tx).map(drop)
            })
            .await?;
        self.deps.device.rename(&id);
        Ok(())
    }
}

/// What the answers of a batch came to.
#[derive(Debug, Default)]
struct Totals {
    applied: u64,
    parked: u64,
    conflicts: u64,
    moved: bool,
}

impl Totals {
    fn add(&mut self, answered: Answered) {
        match answered {
            Answered::Applied => self.applied += 1,
            Answered::Parked => self.parked += 1,
            Answered::Conflicted | Answered::Waits | Answered::Nothing => {}
        }
        self.moved |= matches!(answered, Answered::Applied | Answered::Parked | Answered::Conflicted);
    }
}

/// Joins each operation with what it needs, up to the size of a request. Groups stay whole.
fn pack_batch(tx: &Tx<'_>, batch: Vec<Operation>, names: &BTreeMap<i64, String>) -> Result<Vec<Outgoing>> {
    let mut operations: Vec<Outgoing> = Vec::with_capacity(batch.len());
    let mut weight = 0;
    let groups: BTreeMap<String, usize> =
        batch.iter().filter_map(|op| op.group.clone()).fold(BTreeMap::new(), |mut count, group| {
            *count.entry(group).or_default() += 1;
            count
        });
    for op in batch {
        let body = match (op.kind, &op.changes) {
            (OpKind::Create, None) => documents::by_row(tx, op.document)?.and_then(|row| row.body),
            _ => None,
        };
        let content = body.as_ref().map_or(0, String::len)
            + op.changes.as_ref().map_or(0, |changes| serde_json::to_string(changes).map_or(0, |text| text.len()));
        weight += content + OVERHEAD;
        let begun =
            op.group.as_ref().is_some_and(|group| operations.iter().any(|o| o.op.group.as_ref() == Some(group)));
        if weight > MAX_BYTES && !operations.is_empty() && !begun {
            break;
        }
        let collection =
            names.get(&op.collection).cloned().ok_or_else(|| Error::internal("an operation without a collection"))?;
        operations.push(Outgoing { op, collection, body });
    }
    // The members of a group need not be neighbours.
    let whole =
        |group: &String| operations.iter().filter(|o| o.op.group.as_ref() == Some(group)).count() == groups[group];
    let broken: BTreeSet<String> = groups.keys().filter(|group| !whole(group)).cloned().collect();
    operations.retain(|o| o.op.group.as_ref().is_none_or(|group| !broken.contains(group)));
    Ok(operations)
}
