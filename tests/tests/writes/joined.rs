//! A write that was joined to another one: what becomes of that one becomes of it, also after a restart.

use crate::{STRICT, TOO_LONG};
use holm_core::{OpId, Strategy, SyncStatus, WriteOutcome};
use holm_tests::fixture::{Device, Fixture, in_step, story_on};
use serde_json::{Value, json};
use std::time::Duration;

/// A device with a refused write and an edit behind it, which was joined to it by a retry; the app has been started again since.
/// Another device has the document, too.
async fn joined(world: &mut Fixture, edit: Value) -> (Device, Device, OpId, OpId) {
    let mut a = world.device("a").strategy(Strategy::ServerWins).open().await;
    let b = world.open("b").await;
    a.create("d", json!({"title": "old"})).await;
    in_step(&[&a, &b]).await;
    let refused = a.update("d", json!({"title": TOO_LONG})).await.unwrap();
    assert_eq!(a.sync().await.parked, 1);
    let edit = a.update("d", edit).await.unwrap();
    assert_ne!(edit, refused, "behind a refused write an edit has an id of its own");
    a.holm.retry(refused).await.unwrap();
    assert_eq!(a.pending().iter().map(|op| op.op_id).collect::<Vec<_>>(), [refused]);
    a.restart().await;
    (a, b, refused, edit)
}

/// The outcome of the edit after another restart: that of the write which it was joined to.
async fn outcome(a: &mut Device, refused: OpId, edit: OpId) -> WriteOutcome {
    a.restart().await;
    let ended = a.holm.confirmed(edit).await.unwrap();
    assert_eq!(ended, a.holm.confirmed(refused).await.unwrap());
    ended
}

#[test]
fn a_joined_write_has_no_outcome_before_the_other_one_has() {
    story_on(STRICT, |mut world| async move {
        let (a, _, _, edit) = joined(&mut world, json!({"title": "short"})).await;
        let waited = tokio::time::timeout(Duration::from_secs(60), a.holm.confirmed(edit)).await;
        assert!(waited.is_err(), "{waited:?}");
    });
}

#[test]
fn a_joined_write_is_accepted_with_the_other_one() {
    story_on(STRICT, |mut world| async move {
        let (mut a, b, refused, edit) = joined(&mut world, json!({"title": "short"})).await;
        assert_eq!(a.sync().await.pushed, 1);
        assert!(matches!(outcome(&mut a, refused, edit).await, WriteOutcome::Accepted(_)));
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"title": "short"})));
    });
}

#[test]
fn a_joined_write_is_parked_with_the_other_one_and_accepted_after_its_repair() {
    story_on(STRICT, |mut world| async move {
        let (mut a, b, refused, edit) = joined(&mut world, json!({"n": 1})).await;
        assert_eq!(a.sync().await.parked, 1);
        assert_eq!(outcome(&mut a, refused, edit).await, WriteOutcome::Parked);
        a.update("d", json!({"title": "short"})).await;
        // Named by the id of the edit: the other one answers.
        a.holm.retry(edit).await.unwrap();
        a.sync().await;
        assert!(matches!(outcome(&mut a, refused, edit).await, WriteOutcome::Accepted(_)));
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"title": "short", "n": 1})));
    });
}

#[test]
fn a_joined_write_is_discarded_with_the_other_one() {
    story_on(STRICT, |mut world| async move {
        let (mut a, b, refused, edit) = joined(&mut world, json!({"n": 1})).await;
        assert_eq!(a.sync().await.parked, 1);
        a.holm.discard(refused).await.unwrap();
        assert_eq!(outcome(&mut a, refused, edit).await, WriteOutcome::Discarded);
        in_step(&[&a, &b]).await;
        assert_eq!(a.get("d"), Some(json!({"title": "old"})));
    });
}

#[test]
fn a_joined_write_is_overridden_with_the_other_one() {
    story_on(STRICT, |mut world| async move {
        let (mut a, b, refused, edit) = joined(&mut world, json!({"title": "mine"})).await;
        b.update("d", json!({"title": "theirs"})).await;
        b.sync().await;
        assert_eq!(a.sync().await.conflicts, 1);
        assert_eq!(outcome(&mut a, refused, edit).await, WriteOutcome::Overridden);
        assert_eq!((a.get("d"), a.status("d")), (Some(json!({"title": "theirs"})), Some(SyncStatus::Synced)));
    });
}
