//! Values that the device compared, kept or dated wrongly.

use crate::{LATER, pair};
use holm_core::{CollectionConfig, ErrorCode, Query, Resolution, Strategy};
use holm_tests::fixture::{code, in_step, story};
use holm_tests::sim::START_MS;
use serde_json::json;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
const DAY_MS: i64 = 24 * 3_600_000;

#[test]
fn audit_b14_a_clock_beyond_all_reason_stops_no_device() {
    for offset_ms in [i64::MIN, i64::MAX, i64::MIN + 1, -(1 << 60), 1 << 60] {
        story(|mut world| async move {
            let mut a = world.device("a").offset_ms(offset_ms).open().await;
            let b = world.open("b").await;
            a.create("d", json!({"n": 1})).await;
            a.sync().await;
            a.clock.set_offset_ms(0);
            a.update("d", json!({"n": 2})).await;
            a.clock.set_offset_ms(offset_ms);
            a.update("d", json!({"m": 3})).await;
            a.restart().await;
            a.update("d", json!({"m": 4})).await;
            in_step(&[&a, &b]).await;
            world.pass(LATER).await;
            b.update("d", json!({"n": 5})).await;
            b.sync().await;
            in_step(&[&a, &b]).await;
            assert_eq!(a.get("d"), Some(json!({"n": 5, "m": 4})), "{offset_ms}");
        });
    }
}

#[test]
fn audit_b10_an_id_is_a_text_among_texts() {
    story(|mut world| async move {
        let a = world.open("a").await;
        for id in ["0", "1", "2", "10", "x"] {
            a.create(id, json!({})).await;
        }
        let all = ["0", "1", "10", "2", "x"];
        for value in [json!(2), json!(2.0), json!(true), json!(1)] {
            for (filter, found) in [
                (json!({"eq": ["id", value]}), &[][..]),
                (json!({"in": ["id", [value, "x"]]}), &["x"][..]),
                (json!({"in": ["id", [value]]}), &[][..]),
                (json!({"lt": ["id", value]}), &[][..]),
                (json!({"lte": ["id", value]}), &[][..]),
                (json!({"gt": ["id", value]}), &[][..]),
                (json!({"gte": ["id", value]}), &[][..]),
                (json!({"contains": ["id", value]}), &[][..]),
                (json!({"ne": ["id", value]}), &all[..]),
                (json!({"not": {"eq": ["id", value]}}), &all[..]),
            ] {
                assert_eq!(a.find(filter.clone()), found, "{filter}");
            }
        }
        assert_eq!(a.find(json!({"eq": ["id", "2"]})), ["2"]);
        assert_eq!(a.find(json!({"gt": ["id", "10"]})), ["2", "x"]);
        assert_eq!(a.find(json!({"in": ["id", ["2", null, "x"]]})), ["2", "x"]);
    });
}

#[test]
fn audit_b7_a_restored_increment_counts_beside_those_of_others() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"n": 0, "tags": ["x"], "o": {"n": 1, "t": "old"}, "title": ""})).await;
        let patch = json!({"n": {"$inc": 5}, "tags": {"$addToSet": ["mine"]}, "o": {"n": {"$inc": 2}, "t": "new"}, "title": "a"});
        let op = a.update("d", patch).await.unwrap();
        a.holm.discard(op).await.unwrap();
        b.update("d", json!({"n": {"$inc": 1}, "tags": {"$addToSet": ["theirs"]}, "o": {"n": {"$inc": 3}}})).await;
        b.sync().await;
        // It has not read what the other device has added.
        a.holm.restore(a.journal()[0].id).await.unwrap();
        in_step(&[&a, &b]).await;
        let expected = json!({"n": 6, "tags": ["x", "theirs", "mine"], "o": {"n": 6, "t": "new"}, "title": "a"});
        assert_eq!(b.get("d"), Some(expected));
    });
}

#[test]
fn audit_b7_a_member_that_is_there_already_is_not_written_again() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"tags": ["x"]})).await;
        let op = a.update("d", json!({"tags": {"$addToSet": ["y"]}})).await.unwrap();
        a.holm.discard(op).await.unwrap();
        b.update("d", json!({"tags": {"$addToSet": ["y"]}})).await;
        in_step(&[&b, &a]).await;
        let receipt = a.holm.restore(a.journal()[0].id).await.unwrap();
        assert_eq!(receipt.op_id, None);
    });
}

/// An edit that waits is in no version: where a form gives back what that version has, it cannot be told from one that was opened before the edit.
#[test]
fn audit_b8_a_replace_on_a_version_leaves_what_waits() {
    story(|mut world| async move {
        let (a, _) = pair(&mut world, json!({"t": "orig", "u": 1})).await;
        let version = a.document("d").unwrap().version.unwrap();
        a.update("d", json!({"t": "A"})).await;
        let form = json!({"t": "orig", "u": 2});
        a.holm.write(move |tx| tx.replace_based_on("tasks", "d", &form, version)).await.unwrap();
        assert_eq!(a.get("d"), Some(json!({"t": "A", "u": 2})));
        a.replace("d", json!({"t": "orig", "u": 2})).await;
        assert_eq!(a.get("d"), Some(json!({"t": "orig", "u": 2})));
    });
}

#[test]
fn audit_a10_a_decision_is_later_than_what_was_written_before() {
    for chosen in [Resolution::KeepLocal, Resolution::Document(json!({"t": "a1", "u": 0}).to_string())] {
        story(|mut world| async move {
            let mut devices = Vec::new();
            for name in ["a", "b", "c"] {
                devices.push(world.device(name).strategy(Strategy::Prompt).open().await);
            }
            let [a, b, c] = &devices[..] else { unreachable!() };
            a.create("d", json!({"t": "", "u": 0})).await;
            in_step(&[a, b, c]).await;
            a.update("d", json!({"t": "a1"})).await;
            world.pass(LATER).await;
            c.update("d", json!({"t": "c2"})).await;
            world.pass(LATER).await;
            b.update("d", json!({"t": "b3"})).await;
            b.sync().await;
            a.sync().await;
            world.pass(LATER).await;
            a.holm.resolve_conflict(a.conflicts()[0].id, chosen).await.unwrap();
            a.sync().await;
            c.sync().await;
            let conflict = &c.conflicts()[0];
            assert!(conflict.server_ms.unwrap() > conflict.local_ms, "a decided after c had written");
            c.holm.resolve_conflict(conflict.id, Resolution::Merge).await.unwrap();
            in_step(&[c, a, b]).await;
            assert_eq!(b.get("d").unwrap()["t"], "a1");
        });
    }
}

#[test]
fn audit_a10_a_decision_about_one_field_makes_no_other_later() {
    story(|mut world| async move {
        let rules = |name: &str| CollectionConfig::new(name).rule("t", holm_core::FieldRule::Prompt);
        let a = world.device("a").collection(rules("tasks")).open().await;
        let b = world.device("b").collection(rules("tasks")).open().await;
        a.create("d", json!({"t": "", "u": 0})).await;
        in_step(&[&a, &b]).await;
        a.update("d", json!({"t": "mine", "u": 1})).await;
        world.pass(LATER).await;
        b.update("d", json!({"t": "theirs"})).await;
        b.sync().await;
        b.update("d", json!({"u": 2})).await;
        world.pass(LATER).await;
        a.sync().await;
        a.holm.resolve_conflict(a.conflicts()[0].id, Resolution::KeepLocal).await.unwrap();
        a.sync().await;
        in_step(&[&b, &a]).await;
        assert_eq!(a.get("d"), Some(json!({"t": "mine", "u": 2})));
    });
}

#[test]
fn audit_a10_a_kept_delete_is_later_than_what_was_written_before() {
    story(|mut world| async move {
        let a = world.device("a").strategy(Strategy::Prompt).open().await;
        let b = world.device("b").strategy(Strategy::Prompt).open().await;
        let c = world.device("c").strategy(Strategy::LastWriteWins).open().await;
        a.create("d", json!({"t": ""})).await;
        in_step(&[&a, &b, &c]).await;
        a.delete("d").await;
        world.pass(LATER).await;
        c.update("d", json!({"t": "c2"})).await;
        world.pass(LATER).await;
        b.update("d", json!({"t": "b3"})).await;
        b.sync().await;
        a.sync().await;
        world.pass(LATER).await;
        a.holm.resolve_conflict(a.conflicts()[0].id, Resolution::KeepLocal).await.unwrap();
        a.sync().await;
        in_step(&[&c, &a, &b]).await;
        assert_eq!(b.get("d"), None);
    });
}

#[test]
fn audit_a11_the_journal_is_dated_by_the_servers_time() {
    for days in [40, -40] {
        for (restarts, mended_first) in [(false, true), (true, true), (false, false), (true, false)] {
            story(|mut world| async move {
                let (mut a, _) = pair(&mut world, json!({"n": 0})).await;
                a.clock.set_offset_ms(days * DAY_MS);
                if restarts {
                    a.restart().await;
                }
                let op = a.update("d", json!({"n": 1})).await.unwrap();
                a.holm.discard(op).await.unwrap();
                if restarts {
                    a.restart().await;
                }
                if mended_first {
                    a.clock.set_offset_ms(0);
                }
                world.pass(LATER).await;
                a.sync().await;
                a.clock.set_offset_ms(0);
                a.sync().await;
                a.restart().await;
                let wrong_ms = a.journal()[0].at_ms - (START_MS + world.now().as_millis() as i64);
                assert!(wrong_ms.abs() < 60_000, "{days} {restarts} {mended_first}: wrong by {wrong_ms} ms");
                world.pass(DAY * 29).await;
                a.sync().await;
                assert_eq!(a.journal().len(), 1, "it is kept for 30 days");
                world.pass(DAY * 2).await;
                a.sync().await;
                assert_eq!(a.journal().len(), 0, "and no longer");
            });
        }
    }
}

#[test]
fn audit_a12_an_operator_without_effect_makes_no_object() {
    story(|mut world| async move {
        let (a, _) = pair(&mut world, json!({"text": "t", "list": ["x"]})).await;
        for patch in [
            json!({"o": {"tags": {"$addToSet": []}}}),
            json!({"o": {"tags": {"$removeFromSet": ["x"]}}}),
            json!({"o": {"n": {"$inc": 0}}}),
            json!({"o": {"p": {"n": {"$inc": 0}}, "tags": {"$addToSet": []}}}),
            json!({"text": {"tags": {"$addToSet": []}}}),
            json!({"list": {"p": {"n": {"$inc": 0}}}}),
        ] {
            assert_eq!(a.update("d", patch.clone()).await, None, "{patch}");
        }
        assert_eq!(a.get("d"), Some(json!({"text": "t", "list": ["x"]})));
        a.update("d", json!({"o": {"n": {"$inc": 0}, "m": {"$inc": 2}}})).await;
        a.update("d", json!({"p": {}, "q": {"gone": null}})).await;
        assert_eq!(a.get("d"), Some(json!({"text": "t", "list": ["x"], "o": {"m": 2}, "p": {}, "q": {}})));
    });
}

#[test]
fn audit_a14_a_page_mark_of_another_order_is_refused() {
    story(|mut world| async move {
        let a = world.open("a").await;
        for n in 0..4 {
            a.create(&n.to_string(), json!({"n": n, "g": n % 2})).await;
        }
        let query = |order: serde_json::Value| Query::parse(&json!({"order": order, "limit": 2})).unwrap();
        let orders = [
            json!([["n", "asc"]]),
            json!([["n", "desc"]]),
            json!([["g", "desc"]]),
            json!([["id", "asc"]]),
            json!([]),
            json!([["n", "asc"], ["g", "asc"]]),
            json!([["g", "asc"], ["n", "asc"]]),
        ];
        for (at, order) in orders.iter().enumerate() {
            let mark = a.tasks.page(&query(order.clone()), None).unwrap().next.unwrap();
            for (other_at, other) in orders.iter().enumerate() {
                let page = a.tasks.page(&query(other.clone()), Some(&mark));
                if at == other_at {
                    assert_eq!(page.unwrap().documents.len(), 2);
                } else {
                    assert_eq!(code(page), ErrorCode::InvalidQuery, "{order} {other}");
                }
            }
        }
    });
}
