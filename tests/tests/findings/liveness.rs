//! Syncs that stalled or never ended.

use crate::noise;
use holm_core::{CollectionConfig, ErrorCode, Event, Phase, Query, SyncStatus};
use holm_tests::fixture::{Fault, code, in_step, story};
use serde_json::{Map, Value, json};
use std::time::Duration;

#[test]
fn core_v4_a_sync_ends_while_the_app_goes_on_writing() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        a.link.always("", Fault::DelayReply(Duration::from_millis(100)));
        let tasks = a.tasks.clone();
        let writer = tokio::spawn(async move {
            for n in 0.. {
                tasks.create(&json!({"id": format!("d{n}")})).await.unwrap();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        world.seconds(1.0).await;
        let report = tokio::time::timeout(Duration::from_secs(5), a.try_sync()).await;
        assert!(report.expect("the sync does not end").unwrap().pushed >= 15);
        writer.abort();
    });
}

#[test]
fn core_v4_reads_and_last_sync_go_on_while_the_app_writes() {
    story(|mut world| async move {
        let a = world.device("a").automatic().open().await;
        a.create("other", json!({})).await;
        world.seconds(30.0).await;
        let before = a.holm.state().unwrap().last_sync_ms;
        a.link.always("", Fault::DelayReply(Duration::from_millis(100)));
        let tasks = a.tasks.clone();
        let writer = tokio::spawn(async move {
            for n in 0.. {
                tasks.create(&json!({"id": format!("d{n}")})).await.unwrap();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        world.seconds(5.0).await;
        tokio::time::timeout(Duration::from_secs(10), a.refresh("other")).await.expect("the read waits for ever");
        world.seconds(10.0).await;
        assert!(a.holm.state().unwrap().last_sync_ms > before);
        writer.abort();
    });
}

#[test]
fn core_v5_a_slow_uplink_makes_progress() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        for n in 0..1_200 {
            a.create(&format!("d{n}"), json!({"text": noise(n, 1_600)})).await;
        }
        a.link.set_speed(Some(12_000));
        for _ in 0..60 {
            let _ = a.try_sync().await;
            world.seconds(30.0).await;
            if a.pending().is_empty() {
                return;
            }
        }
        panic!("{} writes are still here after sixty syncs", a.pending().len());
    });
}

#[test]
fn core_v5_a_batch_that_times_out_goes_in_parts() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        for n in 0..300 {
            a.create(&format!("d{n}"), json!({"text": noise(n, 1_600)})).await;
        }
        a.link.always("batch", Fault::choose(|bytes, _| (bytes > 60_000).then_some(Fault::Timeout)));
        assert_eq!(code(a.try_sync().await), ErrorCode::Timeout);
        for _ in 0..10 {
            let _ = a.try_sync().await;
            world.seconds(60.0).await;
        }
        assert!(a.pending().is_empty(), "{} writes are still here", a.pending().len());
    });
}

#[test]
fn core_v5_a_slow_downlink_makes_progress() {
    story(|mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        for n in 0..1_200 {
            a.create(&format!("d{n}"), json!({"text": noise(n, 1_600)})).await;
        }
        a.sync().await;
        b.link.set_speed(Some(12_000));
        for _ in 0..60 {
            if b.try_sync().await.is_ok() && b.view().len() == 1_200 {
                return;
            }
            world.seconds(30.0).await;
        }
        panic!("{} documents came in sixty syncs", b.view().len());
    });
}

#[test]
fn core_v6_a_proxys_413_shrinks_the_batch() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        for n in 0..600 {
            a.create(&format!("d{n}"), json!({"text": noise(n, 1_000)})).await;
        }
        a.link.always("batch", Fault::body_limit(100_000));
        for _ in 0..10 {
            let _ = a.try_sync().await;
            world.seconds(60.0).await;
        }
        assert_eq!((a.pending().len(), a.holm.parked().unwrap().len()), (0, 0));
    });
}

#[test]
fn core_v7_a_portals_401_does_not_sign_the_user_out() {
    story(|mut world| async move {
        let a = world.device("a").automatic().open().await;
        a.link.always("", Fault::html(401));
        a.create("d", json!({"title": "kept"})).await;
        world.seconds(20.0).await;
        assert_ne!(a.holm.state().unwrap().phase, Phase::SignedOut);
        assert_eq!(code(a.try_sync().await), ErrorCode::Captive);
        a.link.heal();
        world.seconds(120.0).await;
        assert_eq!(a.status("d"), Some(SyncStatus::Synced));
    });
}

#[test]
fn core_v7_after_the_servers_own_401_it_is_looked_again() {
    story(|mut world| async move {
        let a = world.device("a").automatic().open().await;
        world.seconds(10.0).await;
        a.link.always("", Fault::refusal(401, "UNAUTHORIZED"));
        a.create("d", json!({})).await;
        world.seconds(60.0).await;
        a.link.heal();
        world.seconds(1_200.0).await;
        assert_eq!(a.status("d"), Some(SyncStatus::Synced));
    });
}

/// An object with so many members.
fn wide(members: usize) -> Value {
    (0..members).map(|n| (format!("f{n}"), json!(n))).collect::<Map<_, _>>().into()
}

#[test]
fn core_v9_a_document_that_is_too_wide_is_refused_where_it_is_made() {
    story(|mut world| async move {
        let a = world.open("a").await;
        assert_eq!(code(a.try_create("d", wide(9_999)).await), ErrorCode::InvalidDocument);
    });
}

#[test]
fn core_v9_a_record_that_cannot_be_read_stops_nothing() {
    story(|mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        for id in ["before", "odd", "then"] {
            a.create(id, json!({"title": id})).await;
        }
        a.sync().await;
        b.link.always("", Fault::rewrite(|reply| spoil(reply, "odd")));
        b.create("mine", json!({})).await;
        let report = b.sync().await;
        assert_eq!(b.view().into_keys().collect::<Vec<_>>(), ["before", "mine", "then"]);
        let aside: Vec<_> = report.set_aside.iter().map(|one| (one.doc_id.as_deref(), one.code())).collect();
        assert_eq!(aside, [(Some("odd"), "INVALID_RESPONSE")]);
        b.link.forget();
        b.sync().await;
        assert_eq!(b.link.count("pull"), 1, "it is counted, so nothing is read anew because of it");
        a.update("before", json!({"title": "goes on"})).await;
        a.sync().await;
        b.sync().await;
        assert_eq!(b.get("before"), Some(json!({"title": "goes on"})));
    });
}

#[test]
fn core_v9_the_state_counts_records_that_cannot_be_read() {
    story(|mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        b.sync().await;
        a.create("t", json!({"title": "milk"})).await;
        a.create("u", json!({"title": "bread"})).await;
        a.sync().await;
        b.link.always("", Fault::rewrite(|reply| ["t", "u"].iter().for_each(|id| spoil(reply, id))));
        assert_eq!(b.sync().await.set_aside.len(), 2);
        b.link.heal();
        let aside = || b.holm.state().unwrap().set_aside;
        assert_eq!(aside(), 2);
        // A newer state that can be read takes its place; the other is not read anew because of it.
        a.update("t", json!({"title": "oat milk"})).await;
        a.sync().await;
        b.link.forget();
        assert_eq!(b.sync().await.pulled, 1);
        assert_eq!((b.link.count("pull"), aside()), (1, 1));
        assert_eq!(b.get("t"), Some(json!({"title": "oat milk"})));
    });
}

/// Makes the record with this id unreadable: its version is no number.
pub(crate) fn spoil(reply: &mut Value, id: &str) {
    match reply {
        Value::Object(members) if members.get("id").and_then(Value::as_str) == Some(id) => {
            members.insert("version".into(), json!("none"));
        }
        Value::Object(members) => members.values_mut().for_each(|member| spoil(member, id)),
        Value::Array(members) => members.iter_mut().for_each(|member| spoil(member, id)),
        _ => {}
    }
}

#[test]
fn core_v10_any_number_of_collections_syncs() {
    story(|mut world| async move {
        let mut devices = Vec::new();
        for name in ["a", "b"] {
            let mut opener = world.device(name).collection(CollectionConfig::new("tasks"));
            for n in 0..450 {
                opener = opener.collection(CollectionConfig::new(format!("c{n}")));
            }
            devices.push(opener.open().await);
        }
        for n in [0, 199, 200, 201, 449] {
            devices[0].holm.collection(&format!("c{n}")).unwrap().create(&json!({"id": "d", "n": n})).await.unwrap();
        }
        devices[0].sync().await;
        devices[1].sync().await;
        for n in [0, 199, 200, 201, 449] {
            assert!(devices[1].holm.collection(&format!("c{n}")).unwrap().get("d").unwrap().is_some(), "c{n}");
        }
        in_step(&[&devices[0], &devices[1]]).await;
    });
}

#[test]
fn core_v10_one_sync_discovers_any_number_of_collections() {
    story(|mut world| async move {
        let (a, b) = (world.open("a").await, world.device("b").undeclared().open().await);
        for n in 0..450 {
            a.holm.collection(&format!("c{n}")).unwrap().create(&json!({"id": "d", "n": n})).await.unwrap();
        }
        a.sync().await;
        assert_eq!(b.sync().await.pulled, 450);
        let missing = (0..450).filter(|n| b.holm.collection(&format!("c{n}")).unwrap().get("d").unwrap().is_none());
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<i32>::new());
    });
}

#[test]
fn core_v11_a_wait_of_a_wrong_date_ends_with_the_right_one() {
    let year_ms = 365 * 86_400_000;
    story(|mut world| async move {
        let mut a = world.device("a").automatic().offset_ms(year_ms).open().await;
        world.seconds(10.0).await;
        a.link.always(
            "batch",
            Fault::choose(|_, body| {
                let id = body["operations"][0]["opId"].clone();
                let failure = json!({"code": "INTERNAL_ERROR", "message": "scripted", "retryable": true});
                let result = json!({"opId": id, "status": "rejected", "error": failure});
                Some(Fault::json(200, &json!({"results": [result], "meta": {}})))
            }),
        );
        a.create("d", json!({})).await;
        world.seconds(3.0).await;
        assert_eq!(a.pending().len(), 1);
        a.set_date_while_closed(0).await;
        a.link.heal();
        a.holm.report(Event::Foreground);
        world.seconds(300.0).await;
        assert_eq!(a.status("d"), Some(SyncStatus::Synced), "{:?}", a.pending());
    });
}

#[test]
fn core_v12_a_live_query_begun_while_suspended_shows_what_comes() {
    story(|mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        b.create("d", json!({})).await;
        b.sync().await;
        a.holm.suspend().await;
        let mut live = a.tasks.live(&Query::all()).unwrap();
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(snapshot) = live.next().await {
                let _ = tell.send(snapshot.map(|snapshot| snapshot.documents.len()));
            }
        });
        world.seconds(1.0).await;
        a.holm.resume().unwrap();
        world.seconds(1.0).await;
        let first = told.try_recv().expect("resume shows what is here");
        assert_eq!(first.unwrap(), 0);
        a.sync().await;
        world.seconds(1.0).await;
        assert_eq!(told.try_recv().unwrap().unwrap(), 1);
    });
}

#[test]
fn audit_a9_page_that_is_too_large_for_a_proxy_is_asked_for_smaller() {
    let protocols = Fault::refusal(413, "PAYLOAD_TOO_LARGE");
    let cut = Fault::Answer(200, "application/json", r#"{"data":{"streams":[{"collection":"tas"#.to_owned());
    for (instead, syncs) in [(Fault::html(413), 1), (protocols, 1), (cut, 9), (Fault::Timeout, 9)] {
        story(|mut world| async move {
            let (a, b) = (world.open("a").await, world.open("b").await);
            for n in 0..600 {
                a.create(&format!("d{n}"), json!({"text": noise(n, 1_000)})).await;
            }
            a.sync().await;
            b.link.always("pull", Fault::AnswerLimit(60_000, Box::new(instead)));
            for _ in 0..syncs {
                let _ = b.try_sync().await;
                world.seconds(60.0).await;
            }
            assert_eq!(b.view().len(), 600);
        });
    }
}

#[test]
fn audit_a13_gateways_401_with_a_code_of_its_own_does_not_sign_the_user_out() {
    for (status, gone) in [(401, "LOGIN"), (401, "FORBIDDEN"), (407, "UNAUTHORIZED")] {
        story(|mut world| async move {
            let a = world.device("a").automatic().open().await;
            a.link.always("", Fault::refusal(status, gone));
            a.create("d", json!({"title": "kept"})).await;
            world.seconds(20.0).await;
            assert_ne!(a.holm.state().unwrap().phase, Phase::SignedOut);
            assert_eq!(code(a.try_sync().await), ErrorCode::Captive);
            a.link.heal();
            world.seconds(60.0).await;
            assert_eq!(a.status("d"), Some(SyncStatus::Synced));
        });
    }
}
