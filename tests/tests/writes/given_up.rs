//! What was queued behind a write that is given up.

use crate::group;
use holm_core::Strategy;
use holm_tests::fixture::{Device, Fault, Fixture, in_step, story};
use serde_json::json;
use std::time::Duration;

const LATER: Duration = Duration::from_secs(60);

/// A device that asks a person, and one that merges.
async fn two(world: &mut Fixture) -> (Device, Device) {
    let a = world.device("a").strategy(Strategy::Prompt).open().await;
    (a, world.open("b").await)
}

/// The edit behind the create clashes with what another device wrote later: it is asked about, and overwrites nothing by itself.
async fn is_asked_about(a: &Device, b: &Device) {
    a.sync().await;
    b.sync().await;
    assert_eq!(b.get("d").unwrap()["title"], "theirs");
    let conflicts = a.conflicts();
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    assert_eq!(conflicts[0].fields, ["/title"]);
    a.holm.resolve_conflict(conflicts[0].id, holm_core::Resolution::KeepServer).await.unwrap();
    in_step(&[a, b]).await;
}

#[test]
fn edit_behind_a_discarded_create_overwrites_nothing() {
    story(|mut world| async move {
        let (a, b) = two(&mut world).await;
        let create = a.create("d", json!({"n": 1})).await;
        b.create("d", json!({"title": "first", "n": 2})).await;
        b.sync().await;
        // It clashes; what is edited after that stays behind it.
        a.sync().await;
        assert_eq!(a.conflicts().len(), 1);
        a.update("d", json!({"title": "mine"})).await;
        world.pass(LATER).await;
        b.update("d", json!({"title": "theirs"})).await;
        b.sync().await;
        a.holm.discard(create).await.unwrap();
        is_asked_about(&a, &b).await;
    });
}

/// Seed 103556 of the histories: the reply to a group was lost, and the server has forgotten what became of one member. The other one, a create,
/// was asked about when the group gave way.
#[test]
fn edit_behind_a_create_that_gives_way_overwrites_nothing() {
    story(|mut world| async move {
        let (a, b) = two(&mut world).await;
        a.create("c", json!({"n": 0})).await;
        in_step(&[&a, &b]).await;
        group(&a, |tx| {
            tx.create("tasks", &json!({"id": "d", "tags": []}))?;
            tx.update("tasks", "c", &json!({"n": {"$inc": 1}})).map(drop)
        })
        .await;
        a.link.once("batch", Fault::DropReply);
        assert!(a.try_sync().await.is_err());
        a.update("d", json!({"title": "mine"})).await;
        let days = 200 * 86_400_000;
        world.set_server_skew_ms(days);
        world.maintain_server().await;
        for device in [&a, &b] {
            device.clock.jump_ms(days);
            device.sign_in("first").await;
        }
        b.sync().await;
        b.update("d", json!({"title": "theirs", "tags": ["x"]})).await;
        b.update("c", json!({"title": "later"})).await;
        b.sync().await;
        is_asked_about(&a, &b).await;
        assert_eq!(b.get("c").unwrap()["n"], 1);
    });
}
