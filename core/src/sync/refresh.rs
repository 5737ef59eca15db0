//! Small cycles: reading only what somebody waits for.
//!
//! Invariants:
//! - Nothing is sent. Waiting writes stay with their own schedule.
//! - Collections that are asked for at the same time share their requests; who asks for the same thing shares the answer.
//! - What a server has asked to wait for is waited for: until then everybody is told so without a request.

use super::cycle::{Cycle, Stop};
use super::door::{Door, Source};
use super::parts::Parts;
use super::scope::Scope;
use crate::backend::FetchRequest;
use crate::error::{Error, ErrorCode, Result};
use crate::net::SyncContext;
use crate::repository::Want;
use futures_util::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// So many single documents are asked for at the same time.
const AT_ONCE: usize = 4;

/// Who is told what came of a refresh.
pub(super) type Asker = oneshot::Sender<Result<()>>;

/// Things that are waited for, and by whom.
#[derive(Default)]
pub(super) struct Wanted(BTreeMap<Want, Vec<Asker>>);

/// What came of each thing.
pub(super) type Answers = BTreeMap<Want, Result<()>>;

impl Wanted {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, want: Want, asker: Asker) {
        self.0.entry(want).or_default().push(asker);
    }

    pub fn wants(&self) -> Vec<Want> {
        self.0.keys().cloned().collect()
    }

    /// Tells everybody what came of their thing, or why nothing did.
    pub fn tell(self, outcome: &Result<Answers>) {
        for (want, askers) in self.0 {
            let answer = match outcome {
                Ok(answers) => {
                    answers.get(&want).cloned().unwrap_or_else(|| Err(Error::internal("a want was forgotten")))
                }
                Err(error) => Err(error.clone()),
            };
            for asker in askers {
                // Who has stopped waiting needs no answer.
                let _ = asker.send(answer.clone());
            }
        }
    }
}

/// Reads what is wanted. Cancelling it (dropping the future) leaves streams that the next reading goes on from.
pub(super) async fn serve(parts: &Parts, wants: Vec<Want>) -> Answers {
    let unlimited = watch::Sender::new(None).subscribe();
    let mut cycle = Cycle::new(parts, SyncContext::User, unlimited);
    let mut answers = Answers::new();
    let (collections, documents): (Vec<_>, Vec<_>) = wants.into_iter().partition(|want| want.id.is_none());
    if !collections.is_empty() {
        let names = collections.iter().map(|want| want.collection.clone()).collect();
        let outcome = cycle.read_streams(names).await;
        answers.extend(collections.into_iter().map(|want| (want, outcome.clone())));
    }
    let cycle = &cycle;
    let reads = documents.into_iter().map(|want| async move {
        let outcome = cycle.read_document(&want).await;
        (want, outcome)
    });
    answers.extend(stream::iter(reads).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
    answers
}

impl Cycle<'_> {
    async fn read_streams(&mut self, names: BTreeSet<String>) -> Result<()> {
        self.check_network()?;
        let outcome = self.pull(&Scope::Only(names)).await;
        self.keep_heads().await?;
        outcome.map_err(Stop::into_error)
    }

    async fn read_document(&self, want: &Want) -> Result<()> {
        self.check_network()?;
        let (collection, id) = (want.collection.clone(), want.id.clone().unwrap_or_default());
        let request = FetchRequest { collection: collection.clone(), id, context: self.context };
        let reply = self.parts.backend.fetch(request).await.map_err(|error| Stop::from(error).into_error())?;
        self.heard(reply.server_ms).await?;
        // Before it comes, not after: it must not be the one that goes.
        self.evict().await?;
        let (device, registry) = (self.parts.device.clone(), self.parts.registry.clone());
        self.parts
            .store
            .write(move |tx| {
                let info = registry.ensure_in(tx, &collection)?;
                let mut door = Door::open(tx, &device, info.id, info.strategy)?;
                door.take(&reply.change, Source::State)?;
                door.close().map(drop)
            })
            .await
    }
}

/// The wait that a server has asked for.
#[derive(Debug, Default)]
pub(super) struct Hold(Option<(Duration, Error)>);

impl Hold {
    /// Takes in how an exchange ended.
    pub fn note(&mut self, now: Duration, outcome: Option<&Error>) {
        match outcome {
            Some(error @ Error::Busy { retry_after: Some(wait), .. }) => self.0 = Some((now + *wait, error.clone())),
            Some(_) => {}
            None => self.0 = None,
        }
    }

    /// Why nothing may be asked now; the wait that is left is in it.
    pub fn reason(&self, now: Duration) -> Option<Error> {
        let (until, error) = self.0.as_ref()?;
        let left = until.checked_sub(now).filter(|left| !left.is_zero())?;
        match error {
            Error::Busy { code, message, .. } => {
                Some(Error::Busy { code: *code, message: message.clone(), retry_after: Some(left) })
            }
            _ => None,
        }
    }
}

/// The failure of what a pause has stopped.
pub(super) fn suspended() -> Error {
    Error::state(ErrorCode::Suspended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_asks_for_time_gets_it_and_a_success_ends_the_wait() {
        let second = Duration::from_secs(1);
        let busy = Error::Busy { code: ErrorCode::RateLimited, message: String::new(), retry_after: Some(second * 10) };
        let mut hold = Hold::default();
        hold.note(second, Some(&busy));
        hold.note(second * 2, Some(&Error::network(ErrorCode::Timeout, "")));
        let Some(Error::Busy { retry_after, .. }) = hold.reason(second * 4) else { panic!("it must hold") };
        assert_eq!(retry_after, Some(second * 7));
        assert_eq!(hold.reason(second * 11), None);
        hold.note(second, Some(&busy));
        hold.note(second, None);
        assert_eq!(hold.reason(second * 2), None);
    }
}
