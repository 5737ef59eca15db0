//! Taking operations for a request.
//!
//! Invariants:
//! - What a request carries is marked in the store, durably, before the request goes out.
//! - No two requests carry operations of one document: behind one that is carried, none may be sent.

use super::pack_batch::pack_batch;
use super::scope::Scope;
use crate::backend::{Outgoing, PushRequest, StreamPosition};
use crate::error::Result;
use crate::model::OpKind;
use crate::net::{Packing, SyncReason};
use crate::outbox::next_batch;
use crate::store::operations::{self, Runnable, SentAs};
use crate::store::{collections, streams};
use crate::sync::deps::EngineDeps;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// What a cycle sends.
#[derive(Debug, Clone)]
pub(in crate::sync) struct PushTarget {
    /// The newest operation that was there when the cycle began.
    pub up_to: i64,
    pub scope: Scope,
    /// Collections that the server does not let this device read: that keeps no write here, and they are not asked for beside it.
    pub forbidden: HashSet<String>,
}

/// What the next request may carry.
pub(super) struct NextRequest<'t> {
    pub target: &'t PushTarget,
    /// Operations at most.
    pub limit: usize,
    pub reason: SyncReason,
    /// Whether it may be an action, if there are no writes.
    pub actions: bool,
    /// Whether another request is out: what that one carries stays marked.
    pub beside: bool,
}

/// A batch that is leased and ready to go.
pub(super) struct Leased {
    pub request: PushRequest,
    /// The beginning of the request's text, if it was written ahead.
    pub begun: Option<Packing>,
    pub positions: Vec<StreamPosition>,
    /// Whether the positions are those of all streams in the scope.
    pub covers_all: bool,
    /// The request is full: there may be more to send.
    pub full: bool,
}

impl Leased {
    /// The number of the action, if it is one.
    pub fn action(&self) -> Option<i64> {
        let op = &self.request.operations.first()?.op;
        (op.kind == OpKind::Action).then_some(op.op_seq)
    }
}

/// Takes what may be sent now and marks it as carried, durably, before anything goes out: writes, and an action if there are none.
pub(super) async fn lease(deps: &EngineDeps, wanted: &NextRequest<'_>) -> Result<Option<Leased>> {
    let (device, registry) = (deps.device.clone(), deps.registry.clone());
    let NextRequest { limit, reason, actions, beside, .. } = *wanted;
    let target = wanted.target.clone();
    let runnable = runnable(deps, target.up_to);
    deps.store
        .write(move |tx| {
            if !beside {
                operations::release_leases(tx)?;
            }
            let mut names = BTreeMap::new();
            // What is about no document goes with everything only.
            let without_document = (target.scope != Scope::All).then_some(0);
            let (mut positions, mut held) = (Vec::new(), BTreeSet::from_iter(without_document));
            for (id, name) in collections::all(tx)? {
                let stream = streams::get(tx, id)?;
                let wanted = target.scope.has(&name);
                let unread = stream.loading && target.forbidden.contains(&name);
                if stream.loading && !unread || !wanted {
                    held.insert(id);
                }
                if wanted && !unread {
                    let collection = name.clone();
                    let (space, cursor) = (stream.space, stream.cursor);
                    positions.push(StreamPosition { collection, space, cursor, holds: None });
                }
                names.insert(id, name);
            }
            let limits = device.limits.batch();
            let runnable = Runnable { held, ..runnable };
            let first = if runnable.ordered { SentAs::Anything } else { SentAs::Writes };
            let mut batch = next_batch(tx, &Runnable { sent_as: first, ..runnable.clone() }, limit.min(limits.ops))?;
            if batch.is_empty() && actions && !runnable.ordered {
                batch = next_batch(tx, &Runnable { sent_as: SentAs::Actions, ..runnable.clone() }, 1)?;
            }
            let taken = batch.len();
            let (packed, weight) = pack_batch(tx, batch, &names, &registry, limits)?;
            if packed.is_empty() {
                return Ok(None);
            }
            operations::lease(tx, packed.iter().map(|outgoing| &outgoing.op))?;
            // A reply brings what is new for so many streams only; a pull brings the others.
            let streams = positions.len();
            fit(&mut positions, device.limits.streams(), limits.beside(weight));
            let covers_all = positions.len() == streams;
            let full = taken >= limit.min(limits.ops) || packed.len() < taken;
            let request = PushRequest {
                operations: Arc::new(packed),
                asks: false,
                ordered: runnable.ordered,
                positions: positions.clone(),
                acknowledged: operations::acknowledged(tx)?,
                context: reason,
            };
            Ok(Some(Leased { request, begun: None, positions, covers_all, full }))
        })
        .await
}

/// The request has not left: each of its operations is as it was before.
pub(super) async fn unlease(deps: &EngineDeps, operations: Arc<Vec<Outgoing>>) -> Result<()> {
    deps.store
        .write(move |tx| {
            operations::unlease(tx, operations.iter().map(|outgoing| (outgoing.op.op_seq, &outgoing.op.state)))
        })
        .await
}

/// No request is out: what was leased goes again.
pub(super) async fn release(deps: &EngineDeps) -> Result<()> {
    deps.store.write(|tx| operations::release_leases(tx).map(drop)).await
}

/// What may be sent now, but for collections that are held.
pub(in crate::sync) fn runnable(deps: &EngineDeps, up_to: i64) -> Runnable {
    Runnable {
        now_ms: deps.device.clock.wall_ms(),
        longest_wait_ms: i64::try_from(deps.config.retry.longest_wait().as_millis()).unwrap_or(i64::MAX),
        up_to,
        held: BTreeSet::new(),
        ordered: deps.config.ordered,
        sent_as: SentAs::Anything,
    }
}

/// Keeps as many positions as a request may name and as there are bytes for.
fn fit(positions: &mut Vec<StreamPosition>, most: usize, bytes: usize) {
    let mut taken = 0;
    let fits = |position: &&StreamPosition| {
        taken += position.wire_bytes();
        taken <= bytes
    };
    let kept = positions.iter().take(most).take_while(fits).count();
    positions.truncate(kept);
}
