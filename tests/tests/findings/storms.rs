//! Requests that are refused as a whole: no storm, no other write starves, and only what is at fault is parked or skipped. (Each story ends with a
//! check of its links for storms.)

use holm_core::{ErrorCode, Event};
use holm_tests::fixture::{Fault, code, story, story_on};
use serde_json::{Value, json};

/// A server that takes titles of up to ten characters.
const STRICT: &str = "[collections.tasks.fields.title]\nmax_length = 10\n";

/// Refuses every push that has an operation of a group, as the server does with a body that is too large.
fn refuse_groups(status: u16, code: &'static str) -> Fault {
    Fault::choose(move |_, body: &Value| {
        let grouped = body["operations"].as_array().is_some_and(|ops| ops.iter().any(|op| !op["group"].is_null()));
        grouped.then(|| Fault::refusal(status, code))
    })
}

#[test]
fn core_v1_a_group_refused_as_a_whole_makes_no_storm() {
    for (status, code) in [(413, "PAYLOAD_TOO_LARGE"), (400, "VALIDATION_ERROR")] {
        story(|mut world| async move {
            let a = world.device("a").automatic().open().await;
            world.seconds(30.0).await;
            a.link.forget();
            a.link.always("batch", refuse_groups(status, code));
            a.holm
                .write(|tx| {
                    tx.group();
                    tx.create("tasks", &json!({"id": "one"}))?;
                    tx.create("tasks", &json!({"id": "two"}))
                })
                .await
                .unwrap();
            a.create("innocent", json!({})).await;
            world.seconds(120.0).await;
            a.link.assert_calm();
            assert!(a.pending().iter().all(|op| op.doc_id != "innocent"), "{code}: it was not sent");
            world.seconds(3_600.0).await;
        });
    }
}

#[test]
fn core_v1_a_group_over_the_limits_is_refused_where_it_is_made() {
    story(|mut world| async move {
        let a = world.open("a").await;
        let many = a.holm.write(|tx| {
            tx.group();
            (0..1_001).map(|n| tx.create("tasks", &json!({"id": format!("d{n}")}))).collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(code(many.await).as_str(), "GROUP_TOO_LARGE");
        let large = a.holm.write(|tx| {
            tx.group();
            let text = "x".repeat(200_000);
            (0..30)
                .map(|n| tx.create("tasks", &json!({"id": format!("d{n}"), "text": text})))
                .collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(code(large.await).as_str(), "GROUP_TOO_LARGE");
        assert!(a.view().is_empty() && a.pending().is_empty());
    });
}

#[test]
fn core_v2_refused_groups_starve_no_other_write() {
    story_on(STRICT, |mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        for group in 0..2 {
            a.holm
                .write(move |tx| {
                    tx.group();
                    for n in 0..600 {
                        let title = if n == 300 { "much too long" } else { "fine" };
                        tx.create("tasks", &json!({"id": format!("g{group}-{n}"), "title": title}))?;
                    }
                    Ok(())
                })
                .await
                .unwrap();
        }
        for n in 0..20 {
            a.create(&format!("plain{n}"), json!({})).await;
        }
        for _ in 0..3 {
            let _ = a.try_sync().await;
        }
        b.sync().await;
        assert_eq!(b.view().len(), 20);
    });
}

#[test]
fn core_v3_a_refused_group_wakes_no_device() {
    story_on(STRICT, |mut world| async move {
        let a = world.device("a").automatic().open().await;
        a.holm
            .write(|tx| {
                tx.group();
                tx.create("tasks", &json!({"id": "bad", "title": "much too long"}))?;
                tx.create("tasks", &json!({"id": "good", "title": "fine"}))
            })
            .await
            .unwrap();
        world.seconds(60.0).await;
        assert!(!a.holm.parked().unwrap().is_empty());
        a.holm.report(Event::Background);
        world.seconds(60.0).await;
        a.link.forget();
        world.seconds(600.0).await;
        assert_eq!(a.link.count(""), 0, "{:#?}", a.link.sent());
    });
}

#[test]
fn core_v8_a_request_refused_as_a_whole_parks_nothing() {
    let answers = [(404, "NOT_FOUND"), (403, "FORBIDDEN"), (409, "CONFLICT"), (400, "BAD_REQUEST"), (410, "GONE")];
    for (status, code) in answers {
        story(|mut world| async move {
            let a = world.open("a").await;
            a.sync().await;
            for n in 0..50 {
                a.create(&format!("d{n}"), json!({})).await;
            }
            a.link.forget();
            a.link.always("batch", Fault::refusal(status, code));
            assert!(a.try_sync().await.is_err(), "{code}");
            assert!(a.link.count("") <= 4, "{code}: {} requests", a.link.count(""));
            assert_eq!((a.holm.parked().unwrap().len(), a.pending().len()), (0, 50), "{code}");
            a.link.heal();
            let _ = a.try_sync().await;
            a.sync().await;
            assert!(a.pending().is_empty(), "{code}");
        });
    }
}

#[test]
fn core_v8_only_the_operation_at_fault_is_hunted_down() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        for n in 0..50 {
            a.create(&format!("d{n}"), json!({"n": n})).await;
        }
        a.link.always(
            "batch",
            Fault::choose(|_, body| {
                let ops = body["operations"].as_array()?;
                let guilty = ops.iter().any(|op| op.to_string().contains("\"d17\""));
                guilty.then(|| Fault::refusal(400, "VALIDATION_ERROR"))
            }),
        );
        for _ in 0..6 {
            let _ = a.try_sync().await;
            world.seconds(60.0).await;
        }
        let parked: Vec<_> = a.holm.parked().unwrap().into_iter().map(|op| op.doc_id).collect();
        assert_eq!(parked, ["d17"]);
        assert_eq!(a.pending().len(), 1);
    });
}

#[test]
fn report_07_a_large_group_is_refused_or_sent_and_never_loops() {
    for (operations, bytes, fits) in [(1_000, 10, true), (1_001, 10, false), (50, 100_000, false)] {
        story(|mut world| async move {
            let a = world.device("a").automatic().open().await;
            let made = a.holm.write(move |tx| {
                tx.group();
                let text = "x".repeat(bytes);
                for n in 0..operations {
                    tx.create("tasks", &json!({"id": format!("d{n}"), "text": text}))?;
                }
                Ok(())
            });
            match made.await {
                Ok(()) => assert!(fits, "{operations} of {bytes} bytes"),
                Err(error) => assert!(!fits && error.code().as_str() == "GROUP_TOO_LARGE", "{operations}: {error}"),
            }
            a.create("plain", json!({})).await;
            world.seconds(120.0).await;
            assert!(a.pending().is_empty(), "{operations} of {bytes} bytes");
        });
    }
}

#[test]
fn report_08_one_bad_member_of_a_group_makes_no_storm() {
    story(|mut world| async move {
        let a = world.device("a").automatic().open().await;
        let deep = (0..70).fold(json!(1), |inner, _| json!({"x": inner}));
        let made = a.holm.write(move |tx| {
            tx.group();
            tx.create("tasks", &json!({"id": "plain"}))?;
            tx.create("tasks", &json!({"id": "deep", "x": deep}))
        });
        assert_eq!(code(made.await), ErrorCode::InvalidDocument);
        assert!(a.view().is_empty());
        world.seconds(60.0).await;
    });
}
