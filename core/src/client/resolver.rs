//! Asking the app's own conflict resolvers.
//!
//! Invariants:
//! - A resolver is never called on the writer: its document is in conflict while it is asked, and everything else goes on.
//! - Its decision is carried out only if the conflict and the document are still as it saw them; else it is asked again, at most
//!   [`MAX_ASKS`] times.
//! - A resolver that fails, panics or takes longer than [`TIME_LIMIT`] hands the conflict over to a person. Nothing is lost either way.

use crate::device::Device;
use crate::error::{ErrorCode, Result};
use crate::outbox::{self, Conflict, Resolution, Resolver};
use crate::repository::RepositoryContext;
use crate::store::conflicts::{self, Asked};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long a resolver may take.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// How often a resolver is asked about one conflict whose document changes while it thinks.
const MAX_ASKS: u32 = 5;

/// Asks resolvers on the present tokio runtime, whenever `changed` says that there may be a conflict, and once at the start. Ends when the
/// store is dropped, which drops the sender.
pub(super) fn start(context: Weak<RepositoryContext>, mut changed: mpsc::UnboundedReceiver<()>) {
    tokio::spawn(async move {
        loop {
            let Some(context) = context.upgrade() else { return };
            match ask_all(&context).await {
                Err(error) if error.code() == ErrorCode::Closed => return,
                Err(error) => tracing::warn!(%error, "conflicts could not be resolved now"),
                Ok(()) => {}
            }
            drop(context);
            if changed.recv().await.is_none() {
                return;
            }
            while changed.try_recv().is_ok() {}
        }
    });
}

async fn ask_all(context: &Arc<RepositoryContext>) -> Result<()> {
    let name = |id| context.registry.name(id);
    let list = |connection: &rusqlite::Connection| {
        outbox::list_conflicts(connection, &context.device, Some(Asked::Resolver), name)
    };
    // Each pass decides, or hands over, or counts an ask: so this ends.
    loop {
        let waiting = context.store.read(list)?;
        if waiting.is_empty() {
            return Ok(());
        }
        for conflict in waiting {
            let decision = ask(context, &conflict).await;
            settle(context, conflict, decision).await?;
        }
    }
}

/// The resolver's decision. `None` if it has none in time.
async fn ask(context: &RepositoryContext, conflict: &Conflict) -> Option<Resolution> {
    let info = context.registry.get(&conflict.collection)?;
    let Resolver(resolver) = info.resolver.clone()?;
    let (reply, answer) = oneshot::channel();
    let (asked, id) = (conflict.clone(), conflict.id);
    // A thread of its own: one that never ends must not take a place in a pool.
    let thread = std::thread::Builder::new().name("holm-resolver".into());
    let spawned = thread.spawn(move || drop(reply.send(resolver.resolve(&asked))));
    if let Err(error) = spawned {
        tracing::warn!(%error, "no thread for a conflict resolver");
        return None;
    }
    tokio::select! {
        biased;
        answer = answer => match answer {
            Ok(Ok(resolution)) => Some(resolution),
            Ok(Err(reason)) => {
                tracing::warn!(conflict = id, %reason, "the conflict resolver has no decision");
                None
            }
            Err(_) => {
                tracing::warn!(conflict = id, "the conflict resolver panicked");
                None
            }
        },
        () = context.device.clock.sleep(TIME_LIMIT) => {
            tracing::warn!(conflict = id, "the conflict resolver took too long");
            None
        }
    }
}

async fn settle(context: &Arc<RepositoryContext>, seen: Conflict, decision: Option<Resolution>) -> Result<()> {
    let held = context.clone();
    context
        .store
        .write(move |tx| {
            let device: &Device = &held.device;
            let name = |id| held.registry.name(id);
            let now = outbox::list_conflicts(tx, device, Some(Asked::Resolver), name)?;
            let Some(now) = now.into_iter().find(|conflict| conflict.id == seen.id) else { return Ok(()) };
            let Some(mut row) = conflicts::by_id(tx, seen.id)? else { return Ok(()) };
            let Some(decision) = decision else { return conflicts::hand_over(tx, seen.id) };
            if now == seen {
                let rules = held.registry.rules(row.collection);
                return match outbox::resolve(tx, device, seen.id, &decision, &rules) {
                    // A document that cannot be stored is no decision.
                    Err(error) if error.code() == ErrorCode::InvalidDocument => conflicts::hand_over(tx, seen.id),
                    result => result,
                };
            }
            row.asks += 1;
            if row.asks >= MAX_ASKS {
                return conflicts::hand_over(tx, seen.id);
            }
            conflicts::keep(tx, &row)
        })
        .await
}
