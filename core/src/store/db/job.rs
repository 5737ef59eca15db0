//! A unit of work for the writer.

use super::transaction::Tx;
use crate::error::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A unit of work whose types are hidden.
pub(in crate::store) trait Job: Send {
    /// Does the work. False: take it back.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Tells the result, or why the group failed: to a job that never ran, and to one whose result did not become durable.
    fn finish(self: Box<Self>, failure: Option<Error>);
}

/// A job with its types.
pub(in crate::store) struct TypedJob<T, F, R> {
    work: Option<F>,
    result: Result<T>,
    reply: R,
}

impl<T, F, R> TypedJob<T, F, R> {
    pub fn new(work: F, reply: R) -> Self {
        Self { work: Some(work), result: Err(Error::internal("a write was not run")), reply }
    }
}

impl<T, F, R> Job for TypedJob<T, F, R>
where
    T: Send,
    F: FnOnce(&Tx<'_>) -> Result<T> + Send,
    R: FnOnce(Result<T>) + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        self.result = catch_unwind(AssertUnwindSafe(|| work(tx)))
            .unwrap_or_else(|_| Err(Error::internal("a write panicked and was rolled back")));
        self.result.is_ok()
    }

    fn finish(self: Box<Self>, failure: Option<Error>) {
        let Self { work, result, reply } = *self;
        let result = match failure {
            Some(error) if work.is_some() || result.is_ok() => Err(error),
            _ => result,
        };
        reply(result);
    }
}
