//! Who was later, whatever the device's clock says.

use crate::LATER;
use holm_core::Strategy;
use holm_tests::fixture::{Device, Fault, Fixture, in_step, story};
use serde_json::json;
use std::time::Duration;

const YEAR_MS: i64 = 365 * 86_400_000;

/// Two devices under `lastWriteWins` that know the server's time and have `d` and `other`.
async fn rivals(world: &mut Fixture) -> (Device, Device) {
    let a = world.device("a").strategy(Strategy::LastWriteWins).open().await;
    let b = world.device("b").strategy(Strategy::LastWriteWins).open().await;
    for id in ["d", "other"] {
        a.create(id, json!({"title": "base"})).await;
    }
    in_step(&[&a, &b]).await;
    (a, b)
}

async fn title(device: &Device, value: &str) {
    device.update("d", json!({"title": value})).await;
}

/// All devices sync, `b` first; then the later edit stands.
async fn stands(a: &Device, b: &Device, expected: &str, about: &str) {
    b.sync().await;
    in_step(&[a, b]).await;
    assert_eq!(a.get("d").unwrap()["title"], expected, "{about}");
}

#[test]
fn core_r1_a_newer_edit_of_another_field_makes_no_edit_newer() {
    story(|mut world| async move {
        let (a, b) = crate::pair(&mut world, json!({"title": "base", "note": "base"})).await;
        a.update("d", json!({"title": "A at t1"})).await;
        world.pass(LATER).await;
        b.update("d", json!({"title": "B at t2 (later)"})).await;
        b.sync().await;
        world.pass(LATER).await;
        a.update("d", json!({"note": "A at t3"})).await;
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"title": "B at t2 (later)", "note": "A at t3"})));
    });
}

#[test]
fn core_r2_date_set_ahead_between_two_runs_wins_nothing() {
    for ahead in [YEAR_MS, 600_000] {
        story(|mut world| async move {
            let (mut a, b) = rivals(&mut world).await;
            a.set_date_while_closed(ahead).await;
            title(&a, "a").await;
            world.pass(LATER).await;
            title(&b, "b").await;
            stands(&a, &b, "b", "b was later").await;
        });
    }
}

#[test]
fn core_r2_date_set_back_between_two_runs_loses_nothing() {
    for back in [-YEAR_MS, -600_000] {
        story(|mut world| async move {
            let (mut a, b) = rivals(&mut world).await;
            a.set_date_while_closed(back).await;
            title(&b, "b").await;
            world.pass(LATER).await;
            title(&a, "a").await;
            stands(&a, &b, "a", "a was later").await;
        });
    }
}

#[test]
fn core_r2_one_stamp_of_a_wrong_date_poisons_no_later_edit() {
    story(|mut world| async move {
        let (mut a, b) = rivals(&mut world).await;
        a.set_date_while_closed(YEAR_MS).await;
        a.update("other", json!({"title": "under the wrong date"})).await;
        a.set_date_while_closed(0).await;
        title(&a, "a").await;
        world.pass(LATER).await;
        title(&b, "b").await;
        stands(&a, &b, "b", "b was later").await;
    });
}

#[test]
fn core_r2_a_device_that_slept_is_not_behind() {
    story(|mut world| async move {
        let (a, b) = rivals(&mut world).await;
        a.sleep(Duration::from_secs(8 * 3_600)).await;
        title(&b, "b").await;
        world.seconds(2.0).await;
        title(&a, "a").await;
        stands(&a, &b, "a", "a was later").await;
    });
}

#[test]
fn core_r2_a_slow_answer_moves_no_clock() {
    story(|mut world| async move {
        let (a, b) = rivals(&mut world).await;
        a.link.once("pull", Fault::DelayReply(Duration::from_secs(5)));
        a.sync().await;
        title(&b, "b").await;
        world.seconds(2.0).await;
        title(&a, "a").await;
        stands(&a, &b, "a", "a was later").await;
    });
}

#[test]
fn core_r2_a_slow_first_answer_moves_no_clock() {
    story(|mut world| async move {
        let a = world.device("a").strategy(Strategy::LastWriteWins).open().await;
        a.create("d", json!({"title": "base"})).await;
        a.sync().await;
        let b = world.device("b").strategy(Strategy::LastWriteWins).signed_out().offset_ms(YEAR_MS).open().await;
        b.link.always("", Fault::DelayReply(Duration::from_secs(5)));
        b.sign_in("first").await;
        b.sync().await;
        b.link.heal();
        title(&a, "a").await;
        world.seconds(3.0).await;
        title(&b, "b").await;
        a.sync().await;
        in_step(&[&b, &a]).await;
        assert_eq!(a.get("d").unwrap()["title"], "b", "b was three seconds later, and half of a round trip is 2.5 s");
    });
}

#[test]
fn core_r2_date_set_while_the_app_runs_changes_nothing() {
    for jump in [YEAR_MS, -YEAR_MS, 600_000, -600_000] {
        story(|mut world| async move {
            let (a, b) = rivals(&mut world).await;
            title(&a, "a").await;
            a.clock.jump_ms(jump);
            world.pass(LATER).await;
            title(&b, "b").await;
            world.pass(LATER).await;
            a.update("other", json!({"title": "after the jump"})).await;
            stands(&a, &b, "b", "b was later").await;
        });
    }
}

#[test]
fn core_r9_a_wrong_date_empties_no_journal() {
    story(|mut world| async move {
        let mut a = world.open("a").await;
        a.sync().await;
        let op = a.create("d", json!({"title": "given up"})).await;
        a.holm.discard(op).await.unwrap();
        assert_eq!(a.journal().len(), 1);
        a.set_date_while_closed(31 * 86_400_000).await;
        a.set_date_while_closed(0).await;
        assert_eq!(a.journal().len(), 1);
    });
}
