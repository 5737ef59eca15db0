//! Wrong clocks: dates that are set, devices that sleep, slow answers. The later edit wins all the same.

use holm_core::{Config, SyncStatus};
use holm_tests::fixture::{Device, Fault, Fixture, in_step, story};
use serde_json::json;
use std::time::Duration;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Two devices that have `d` and `e`.
async fn pair(world: &mut Fixture) -> (Device, Device) {
    let (a, b) = (world.open("a").await, world.open("b").await);
    for id in ["d", "e"] {
        a.create(id, json!({"title": "old"})).await;
    }
    in_step(&[&a, &b]).await;
    world.seconds(3_600.0).await;
    (a, b)
}

async fn edit(device: &Device, id: &str) {
    device.update(id, json!({"title": device.name})).await;
}

/// `first` edits, two seconds later `second` does; `winner` of them must be the second, in whichever order they sync.
async fn second_wins(world: &Fixture, first: &Device, second: &Device, id: &str, first_syncs_first: bool, why: &str) {
    edit(first, id).await;
    world.seconds(2.0).await;
    edit(second, id).await;
    world.seconds(2.0).await;
    settle(first, second, first_syncs_first).await;
    for device in [first, second] {
        assert_eq!(device.get(id), Some(json!({"title": second.name})), "{why}, {first_syncs_first}");
    }
}

async fn settle(first: &Device, second: &Device, first_syncs_first: bool) {
    let order = if first_syncs_first { [first, second] } else { [second, first] };
    order[0].sync().await;
    order[1].sync().await;
    in_step(&order).await;
}

#[test]
fn core_r2_a_date_set_ahead_while_closed() {
    for ahead in [YEAR, 10 * MINUTE, -YEAR, -10 * MINUTE] {
        for order in [true, false] {
            story(|mut world| async move {
                let (mut a, b) = pair(&mut world).await;
                a.set_date_while_closed(ahead).await;
                second_wins(&world, &a, &b, "d", order, &format!("a first, {ahead}")).await;
                // And with the server's time known.
                second_wins(&world, &a, &b, "e", order, &format!("a first, known, {ahead}")).await;
            });
        }
    }
}

#[test]
fn core_r2_b_date_set_back_while_closed() {
    for back in [-YEAR, -10 * MINUTE, YEAR, 10 * MINUTE] {
        for order in [true, false] {
            story(|mut world| async move {
                let (mut a, b) = pair(&mut world).await;
                a.set_date_while_closed(back).await;
                second_wins(&world, &b, &a, "d", order, &format!("a second, {back}")).await;
                second_wins(&world, &b, &a, "e", order, &format!("a second, known, {back}")).await;
            });
        }
    }
}

#[test]
fn core_r2_c_stamp_of_a_wrong_date_does_not_hold_the_clock() {
    for wrong in [YEAR, -YEAR, 3 * HOUR] {
        for order in [true, false] {
            story(|mut world| async move {
                let (mut a, b) = pair(&mut world).await;
                a.set_date_while_closed(wrong).await;
                edit(&a, "e").await;
                world.seconds(60.0).await;
                a.set_date_while_closed(0).await;
                second_wins(&world, &a, &b, "d", order, &format!("{wrong}")).await;
                assert_eq!(b.get("e"), Some(json!({"title": "a"})));
            });
        }
    }
}

/// The edit itself was made under the wrong date, in a process that never got an answer of the server.
#[test]
fn core_r2_c_edit_of_a_wrong_date_is_placed_between_its_neighbours() {
    for wrong in [YEAR, -YEAR, 3 * HOUR] {
        for order in [true, false] {
            story(|mut world| async move {
                let (mut a, b) = pair(&mut world).await;
                a.set_date_while_closed(wrong).await;
                edit(&a, "d").await;
                world.seconds(60.0).await;
                a.set_date_while_closed(0).await;
                world.seconds(60.0).await;
                edit(&b, "d").await;
                settle(&a, &b, order).await;
                assert_eq!(a.get("d"), Some(json!({"title": "b"})), "{wrong} {order}");
            });
        }
    }
}

#[test]
fn core_r2_d_device_that_slept() {
    for order in [true, false] {
        story(|mut world| async move {
            let (a, b) = pair(&mut world).await;
            a.sleep(Duration::from_secs(8 * 3_600)).await;
            second_wins(&world, &b, &a, "d", order, "a slept and was second").await;
            a.sleep(Duration::from_secs(8 * 3_600)).await;
            second_wins(&world, &a, &b, "e", order, "a slept and was first").await;
        });
    }
}

#[test]
fn core_r2_e_answer_that_took_five_seconds() {
    for fault in [Fault::DelayReply(Duration::from_secs(5)), Fault::DelayRequest(Duration::from_secs(5))] {
        for order in [true, false] {
            let fault = fault.clone();
            story(|mut world| async move {
                let (a, b) = pair(&mut world).await;
                a.link.once("pull", fault.clone());
                a.sync().await;
                second_wins(&world, &b, &a, "d", order, "a second").await;
                a.link.once("pull", fault);
                a.sync().await;
                second_wins(&world, &a, &b, "e", order, "a first").await;
            });
        }
    }
}

/// The very first answer that a device gets is slow: a good clock is left alone.
#[test]
fn core_r2_e_first_answer_of_all_is_slow() {
    for fault in [Fault::DelayReply(Duration::from_secs(5)), Fault::DelayRequest(Duration::from_secs(5))] {
        story(|mut world| async move {
            let (a, b) = (world.open("a").await, world.open("b").await);
            a.link.once("pull", fault);
            a.create("d", json!({"title": "old"})).await;
            in_step(&[&a, &b]).await;
            second_wins(&world, &b, &a, "d", true, "a second").await;
            second_wins(&world, &a, &b, "d", false, "a first").await;
        });
    }
}

#[test]
fn core_r2_date_set_between_two_offline_runs() {
    for (then, now) in [(0, YEAR), (0, -YEAR), (YEAR, 0), (-YEAR, 0), (YEAR, -YEAR), (0, DAY)] {
        for order in [true, false] {
            story(|mut world| async move {
                let (mut a, b) = pair(&mut world).await;
                a.set_date_while_closed(then).await;
                edit(&a, "d").await;
                world.seconds(5.0).await;
                a.set_date_while_closed(now).await;
                edit(&a, "e").await;
                world.seconds(5.0).await;
                for id in ["d", "e"] {
                    edit(&b, id).await;
                }
                settle(&a, &b, order).await;
                for id in ["d", "e"] {
                    assert_eq!(a.get(id), Some(json!({"title": "b"})), "{id} {then} {now} {order}");
                }
            });
        }
    }
}

#[test]
fn core_r2_date_changed_while_the_app_runs() {
    for jump in [YEAR, -YEAR, HOUR, -HOUR, 2_000, -2_000] {
        for order in [true, false] {
            story(|mut world| async move {
                let (a, b) = pair(&mut world).await;
                a.clock.jump_ms(jump);
                second_wins(&world, &a, &b, "d", order, &format!("a first, {jump}")).await;
                a.clock.jump_ms(-jump);
                second_wins(&world, &b, &a, "e", order, &format!("a second, {jump}")).await;
            });
        }
    }
}

/// An edit before the jump, one after it, both unsent.
#[test]
fn core_r2_unsent_edits_on_both_sides_of_a_jump() {
    for jump in [YEAR, -YEAR, HOUR] {
        story(|mut world| async move {
            let (a, b) = pair(&mut world).await;
            edit(&b, "d").await;
            world.seconds(1.0).await;
            edit(&a, "d").await;
            a.clock.jump_ms(jump);
            edit(&a, "e").await;
            world.seconds(1.0).await;
            edit(&b, "e").await;
            b.sync().await;
            in_step(&[&a, &b]).await;
            assert_eq!((a.get("d"), a.get("e")), (Some(json!({"title": "a"})), Some(json!({"title": "b"}))), "{jump}");
        });
    }
}

#[test]
fn core_r2_two_edits_under_a_wrong_date_keep_their_order() {
    for (wrong, part) in [(YEAR, "batch"), (-YEAR, "batch"), (YEAR, "pull"), (-YEAR, "pull")] {
        story(|mut world| async move {
            let (mut a, b) = pair(&mut world).await;
            a.set_date_while_closed(wrong).await;
            a.update("d", json!({"title": "first"})).await;
            a.link.once(part, Fault::DropReply);
            assert!(a.try_sync().await.is_err());
            a.set_date_while_closed(0).await;
            a.update("d", json!({"title": "second"})).await;
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d"), Some(json!({"title": "second"})), "{wrong}");
        });
    }
}

#[test]
fn core_r9_wrong_date_forgets_no_journal_entry() {
    story(|mut world| async move {
        let mut a = world.open("a").await;
        a.sync().await;
        let op = a.create("d", json!({})).await;
        a.holm.discard(op).await.unwrap();
        assert_eq!(a.journal().len(), 1);
        for date in [31 * DAY, -31 * DAY, 31 * DAY] {
            a.set_date_while_closed(date).await;
            assert_eq!(a.journal().len(), 1, "{date}");
            a.sync().await;
            assert_eq!(a.journal().len(), 1, "{date}, the server answered");
        }
        // By the server's time it is old, whatever the date says.
        a.set_date_while_closed(0).await;
        world.seconds(31.0 * 86_400.0).await;
        a.clock.set_offset_ms(-31 * DAY);
        assert_eq!(a.journal().len(), 1);
        a.sync().await;
        assert!(a.journal().is_empty());
    });
}

/// Nothing but the time is converted, and it is sent once only: the wrong date costs one request more at most.
#[test]
fn f32_wrong_date_costs_at_most_one_refresh() {
    for date in [YEAR, -YEAR, 2 * HOUR] {
        story(|mut world| async move {
            let mut a = world.open("a").await;
            a.sync().await;
            a.set_date_while_closed(date).await;
            a.link.forget();
            a.link.always("pull", Fault::refusal(503, "SERVICE_UNAVAILABLE"));
            for _ in 0..5 {
                assert!(a.try_sync().await.is_err());
                world.seconds(20.0).await;
            }
            a.link.heal();
            edit_new(&a, "d").await;
            for _ in 0..3 {
                a.sync().await;
                world.seconds(1.0).await;
            }
            let refreshes = a.link.sent().iter().filter(|sent| sent.path.contains("refresh")).count();
            assert!(refreshes <= 1, "{refreshes} refreshes with the date at {date}");
            assert_eq!(a.status("d"), Some(SyncStatus::Synced));
        });
    }
}

async fn edit_new(device: &Device, id: &str) {
    device.create(id, json!({"title": device.name})).await;
}

/// The clock of a device is wrong from the first day on, and it is used offline before it ever meets the server.
#[test]
fn core_r2_wrong_date_before_the_first_sign_in() {
    for wrong in [YEAR, -YEAR] {
        for order in [true, false] {
            story(|mut world| async move {
                let b = world.open("b").await;
                let a = world.device("a").offset_ms(wrong).signed_out().config(|_: &mut Config| {}).open().await;
                edit_new(&a, "a1").await;
                a.sign_in("first").await;
                in_step(&[&a, &b]).await;
                second_wins(&world, &a, &b, "a1", order, "a first").await;
                second_wins(&world, &b, &a, "a1", order, "a second").await;
            });
        }
    }
}
