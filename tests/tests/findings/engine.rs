//! What the engine does with a server that fails or refuses: every story ends with a check of its links for storms.

use holm_core::{CollectionConfig, ErrorCode, SyncStatus};
use holm_tests::fixture::{Fault, code, story};
use serde_json::json;

#[test]
fn core_v1_a_500_to_the_only_push_is_in_the_report() {
    for status in [500, 501, 502] {
        story(|mut world| async move {
            let a = world.open("a").await;
            a.sync().await;
            let op = a.create("d", json!({})).await;
            a.link.always("batch", Fault::html(status));
            let report = a.sync().await;
            let deferred: Vec<_> = report.deferred.iter().map(|one| (one.op_id, one.code.as_str())).collect();
            assert_eq!((report.pushed, deferred), (0, vec![(op, "SERVER_ERROR")]), "{status}");
            a.link.heal();
            let report = a.sync().await;
            assert_eq!((report.pushed, report.deferred.len()), (1, 0));
        });
    }
}

#[test]
fn f08_a_server_that_fails_for_an_hour_gets_everything_after_it() {
    let page = "<html>no</html>".to_owned();
    for (name, fault) in [
        Fault::refusal(500, "INTERNAL_ERROR"),
        Fault::refusal(404, "NOT_FOUND"),
        Fault::refusal(403, "FORBIDDEN"),
        Fault::refusal(401, "UNAUTHORIZED"),
        Fault::html(401),
        Fault::html(200),
        Fault::Answer(200, "application/json", page),
        Fault::DropReply,
        Fault::Timeout,
    ]
    .into_iter()
    .enumerate()
    {
        story(|mut world| async move {
            let a = world.device("a").automatic().open().await;
            world.seconds(5.0).await;
            a.link.always("", fault);
            for n in 0..100 {
                a.create(&format!("d{n}"), json!({"n": n})).await;
            }
            world.seconds(3_600.0).await;
            a.link.assert_calm();
            assert_eq!(a.holm.parked().unwrap().len(), 0);
            a.link.heal();
            world.seconds(600.0).await;
            let state = a.holm.state().unwrap();
            assert_eq!(a.pending().len(), 0, "fault {name}: {state:?} {:#?}", a.link.sent().last());
        });
    }
}

#[test]
fn core_v8_a_server_that_refuses_all_parks_little_and_recovers() {
    story(|mut world| async move {
        let a = world.device("a").automatic().open().await;
        world.seconds(5.0).await;
        a.link.always("batch", Fault::refusal(400, "VALIDATION_ERROR"));
        for n in 0..100 {
            a.create(&format!("d{n}"), json!({"n": n})).await;
        }
        world.seconds(600.0).await;
        let parked = a.holm.parked().unwrap().len();
        assert!(parked <= 12, "{parked}");
        a.link.heal();
        world.seconds(600.0).await;
        assert_eq!(a.pending().len(), a.holm.parked().unwrap().len(), "the others have gone");
    });
}

#[test]
fn core_v1_an_app_that_syncs_all_the_time_makes_no_storm() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        a.link.forget();
        a.link.always("", Fault::DropRequest);
        for _ in 0..1_000 {
            assert_eq!(code(a.try_sync().await), ErrorCode::ConnectionLost);
            world.seconds(0.05).await;
        }
        assert!(a.link.count("") <= 13, "{} requests in 50 s", a.link.count(""));
        a.link.heal();
        world.seconds(60.0).await;
        a.sync().await;
    });
}

#[test]
fn report_03_a_refused_stream_stops_itself_only() {
    for (status, answer, shown) in [(400, "VALIDATION_ERROR", "VALIDATION_ERROR"), (403, "FORBIDDEN", "FORBIDDEN")] {
        story(|mut world| async move {
            let notes = || CollectionConfig::new("notes");
            let a = world.device("a").collection(notes()).open().await;
            let b = world.device("b").collection(notes()).open().await;
            b.link.always(
                "pull",
                Fault::choose(move |_, body| {
                    let refused = body["streams"].to_string().contains("\"notes\"");
                    refused.then(|| Fault::refusal(status, answer))
                }),
            );
            a.create("d", json!({"title": "there"})).await;
            a.sync().await;
            let report = b.sync().await;
            assert_eq!(b.get("d"), Some(json!({"title": "there"})));
            let aside: Vec<_> = report.set_aside.iter().map(|one| (one.collection.as_str(), one.code())).collect();
            assert_eq!(aside, [("notes", shown)]);
            b.create("mine", json!({})).await;
            b.sync().await;
            assert_eq!(b.status("mine"), Some(SyncStatus::Synced), "and its writes go out");
        });
    }
}

#[test]
fn core_p1_a_space_of_another_account_resets_its_stream_only() {
    story(|mut world| async move {
        let notes = || CollectionConfig::new("notes");
        let a = world.device("a").collection(notes()).open().await;
        a.create("d", json!({})).await;
        a.holm.collection("notes").unwrap().create(&json!({"id": "n"})).await.unwrap();
        a.sync().await;
        // The server no longer knows the space that the device names for one stream.
        a.link.times(
            2,
            "pull",
            Fault::choose(|_, body| {
                let streams = body["streams"].as_array()?;
                let named = streams.iter().any(|one| one["collection"] == "notes" && one["space"].is_string());
                named.then(|| Fault::refusal(403, "FORBIDDEN"))
            }),
        );
        let report = a.sync().await;
        assert_eq!(report.set_aside.len(), 0);
        a.sync().await;
        assert!(a.holm.collection("notes").unwrap().get("n").unwrap().is_some());
    });
}

#[test]
fn one_collection_is_synced_and_the_others_stay() {
    story(|mut world| async move {
        let notes = || CollectionConfig::new("notes");
        let a = world.device("a").collection(notes()).open().await;
        let b = world.device("b").collection(notes()).open().await;
        for device in [&a, &b] {
            device.sync().await;
        }
        a.create("d", json!({})).await;
        let other = a.holm.collection("notes").unwrap();
        other.create(&json!({"id": "n"})).await.unwrap();
        let before = a.holm.state().unwrap().last_sync_ms;
        world.seconds(1.0).await;
        let report = a.holm.sync_collection("tasks").await.unwrap();
        assert_eq!((report.pushed, a.pending().len()), (1, 1));
        assert_eq!(a.holm.state().unwrap().last_sync_ms, before, "the others may be behind");
        b.holm.sync_collection("tasks").await.unwrap();
        assert!(b.get("d").is_some());
    });
}

#[test]
fn a_collection_is_read_anew_and_its_queue_stays() {
    story(|mut world| async move {
        let a = world.open("a").await;
        for n in 0..20 {
            a.create(&format!("d{n}"), json!({"n": n})).await;
        }
        a.sync().await;
        a.update("d0", json!({"n": 100})).await;
        let report = a.holm.resync_collection("tasks").await.unwrap();
        assert!(report.pulled >= 19, "{report:?}");
        assert_eq!((report.pushed, a.view().len(), a.pending().len()), (1, 20, 0));
        assert_eq!(a.get("d0"), Some(json!({"n": 100})));
    });
}
