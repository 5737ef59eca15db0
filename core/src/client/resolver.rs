//! Asking the app's own conflict resolvers.
//!
//! Invariants:
//! - A resolver is never called on the writer: its document is in conflict while it is asked, and everything else goes on.
//! - It is asked twice about the same conflict, and only two equal decisions count: decisions must be the same on every device.
//! - Its decision is carried out only if the conflict and the document are still as it saw them; else it is asked again, at most
//!   [`MAX_ASKS`] times.
//! - A resolver that fails, panics, contradicts itself or takes longer than [`TIME_LIMIT`] hands the conflict over to a person, with the
//!   reason. Nothing is lost either way.
//! - What waits for a resolver is taken up at the start, whenever a conflict comes or changes, and after a suspension.

use crate::device::Device;
use crate::error::ErrorCode;
use crate::model::ResolverFault;
use crate::outbox::{self, Conflict, ConflictResolver, Resolution, Resolver};
use crate::repository::RepositoryContext;
use crate::store::conflicts;
use serde_json::Value;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long a resolver may take.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// How often a resolver is asked about one conflict whose document changes while it thinks.
const MAX_ASKS: u32 = 5;
/// While so many calls of resolvers have not come back, no other one is begun.
const MAX_LOST: usize = 4;

/// Asks resolvers on the present tokio runtime, whenever `changed` says that there may be a conflict, and once at the start. Ends when the
/// store is dropped, which drops the sender.
pub(super) fn start(context: Weak<RepositoryContext>, mut changed: mpsc::UnboundedReceiver<()>) {
    tokio::spawn(async move {
        // Each call under way holds a clone, those that nothing waits for any more among them.
        let under_way = Arc::new(());
        loop {
            let Some(context) = context.upgrade() else { return };
            match ask_all(&context, &under_way).await {
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

async fn ask_all(context: &Arc<RepositoryContext>, under_way: &Arc<()>) -> crate::error::Result<()> {
    let name = |id| context.registry.name(id);
    let list = |connection: &rusqlite::Connection| outbox::list_conflicts(connection, &context.device, true, name);
    // Each pass decides, or hands over, or counts an ask: so this ends.
    loop {
        let waiting = context.store.read(list)?;
        if waiting.is_empty() {
            return Ok(());
        }
        for conflict in waiting {
            let decision = ask(context, &conflict, under_way).await;
            settle(context, conflict, decision).await?;
        }
    }
}

/// The resolver's decision.
async fn ask(
    context: &RepositoryContext,
    conflict: &Conflict,
    under_way: &Arc<()>,
) -> Result<Resolution, ResolverFault> {
    let resolver = context.registry.get(&conflict.collection).and_then(|info| info.resolver.clone());
    let Resolver(resolver) = resolver.ok_or(ResolverFault::Missing)?;
    if Arc::strong_count(under_way) > MAX_LOST {
        tracing::warn!(conflict = conflict.id, "earlier calls of resolvers have not come back");
        return Err(ResolverFault::TooSlow);
    }
    // From here: the resolver may have begun before this task goes on.
    let late = context.device.clock.sleep(TIME_LIMIT);
    let (reply, answer) = oneshot::channel();
    let (asked, held) = (conflict.clone(), under_way.clone());
    // A thread of its own: one that never ends must not take a place in a pool.
    let thread = std::thread::Builder::new().name("holm-resolver".into());
    let spawned = thread.spawn(move || {
        let _held = held;
        drop(reply.send(decide(resolver.as_ref(), &asked)));
    });
    if let Err(error) = spawned {
        tracing::warn!(%error, "no thread for a conflict resolver");
        return Err(ResolverFault::NoDecision);
    }
    let decision = tokio::select! {
        biased;
        answer = answer => answer.unwrap_or(Err(ResolverFault::Panicked)),
        () = late => Err(ResolverFault::TooSlow),
    };
    if let Err(fault) = decision {
        tracing::warn!(conflict = conflict.id, fault = fault.as_str(), "the conflict resolver has not decided");
    }
    decision
}

/// Asks twice.
fn decide(resolver: &dyn ConflictResolver, conflict: &Conflict) -> Result<Resolution, ResolverFault> {
    match (resolver.resolve(conflict), resolver.resolve(conflict)) {
        (Ok(first), Ok(second)) if is_same(&first, &second) => Ok(first),
        (Err(reason), Err(_)) => {
            tracing::warn!(conflict = conflict.id, %reason, "the conflict resolver has no decision");
            Err(ResolverFault::NoDecision)
        }
        _ => Err(ResolverFault::NotDeterministic),
    }
}

/// Whether two decisions are the same. Documents are compared by value: the order of their members may differ.
fn is_same(one: &Resolution, other: &Resolution) -> bool {
    match (one, other) {
        (Resolution::Document(one), Resolution::Document(other)) => {
            let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
            one == other || parse(one).is_some_and(|one| parse(other) == Some(one))
        }
        (one, other) => one == other,
    }
}

async fn settle(
    context: &Arc<RepositoryContext>,
    seen: Conflict,
    decision: Result<Resolution, ResolverFault>,
) -> crate::error::Result<()> {
    let held = context.clone();
    context
        .store
        .write(move |tx| {
            let device: &Device = &held.device;
            let name = |id| held.registry.name(id);
            let now = outbox::list_conflicts(tx, device, true, name)?;
            let Some(now) = now.into_iter().find(|conflict| conflict.id == seen.id) else { return Ok(()) };
            let Some(mut row) = conflicts::by_id(tx, seen.id)? else { return Ok(()) };
            let decision = match decision {
                Ok(decision) => decision,
                Err(fault) => return conflicts::hand_over(tx, seen.id, fault),
            };
            if now == seen {
                let rules = held.registry.rules(row.collection);
                let references = held.registry.references_of(tx, row.collection)?;
                return match outbox::resolve(tx, device, seen.id, &decision, (&rules, &references)) {
                    Err(error) if is_documents_fault(error.code()) => {
                        conflicts::hand_over(tx, seen.id, ResolverFault::InvalidDocument)
                    }
                    result => result,
                };
            }
            row.asks += 1;
            if row.asks >= MAX_ASKS {
                return conflicts::hand_over(tx, seen.id, ResolverFault::KeepsChanging);
            }
            conflicts::keep(tx, &row)
        })
        .await
}

/// A document that cannot be stored is no decision.
fn is_documents_fault(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::InvalidDocument | ErrorCode::DocumentTooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_compared_by_value() {
        let document = |text: &str| Resolution::Document(text.to_owned());
        assert!(is_same(&document(r#"{"a":1,"b":2}"#), &document(r#"{ "b": 2, "a": 1 }"#)));
        assert!(!is_same(&document(r#"{"a":1}"#), &document(r#"{"a":2}"#)));
        assert!(!is_same(&document("no JSON"), &document("other")));
        assert!(!is_same(&Resolution::KeepLocal, &Resolution::KeepServer));
    }
}
