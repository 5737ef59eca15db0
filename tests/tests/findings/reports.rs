//! Other people's reports of what broke in their apps, rebuilt here; by number. (Some rows are in the modules of the same kind.)

use crate::{LATER, pair};
use holm_core::{CollectionConfig, ErrorCode, Query, Strategy, SyncStatus};
use holm_tests::fixture::{code, in_step, story, story_on};
use serde_json::{Map, Value, json};
use std::time::Duration;

#[test]
fn report_01_ids_that_the_server_refuses_are_refused_here() {
    story(|mut world| async move {
        let a = world.open("a").await;
        let reserved = ["$basket", ".", "..", "fetch"].map(str::to_owned);
        for id in reserved.into_iter().chain(["x".repeat(129), "é".repeat(65), "a\nb".to_owned(), "\u{7f}".to_owned()])
        {
            assert_eq!(code(a.try_create(&id, json!({})).await), ErrorCode::InvalidName, "{id:?}");
        }
        let taken = ["x".repeat(128), "é".repeat(64), "...".to_owned(), "fetched".to_owned(), "a$".to_owned()];
        for id in &taken {
            a.create(id, json!({})).await;
        }
        let report = a.sync().await;
        assert_eq!((report.pushed, report.parked), (taken.len() as u64, 0));
    });
}

#[test]
fn report_03_names_reserved_on_the_server_are_refused_here() {
    story(|mut world| async move {
        let a = world.open("a").await;
        for name in ["sync", "auth", "cursors", "deletedUserIds"] {
            assert_eq!(code(a.holm.collection(name).map(|_| ())), ErrorCode::InvalidName, "{name}");
            let write = a.holm.write(move |tx| tx.create(name, &json!({"id": "d"})));
            assert_eq!(code(write.await), ErrorCode::InvalidName, "{name}");
        }
        a.create("d", json!({})).await;
        a.sync().await;
        assert_eq!(a.status("d"), Some(SyncStatus::Synced));
    });
}

#[test]
fn report_05_widest_documents_reach_every_device_or_are_refused() {
    for members in [8_180, 8_187, 8_192, 8_193, 9_996, 10_001] {
        story(|mut world| async move {
            let (a, b) = (world.open("a").await, world.open("b").await);
            let wide: Value = (0..members).map(|n| (format!("f{n}"), json!(n))).collect::<Map<_, _>>().into();
            let made = a.try_create("wide", wide).await;
            if let Err(error) = &made {
                assert_eq!(error.code(), ErrorCode::InvalidDocument, "{members}");
            }
            assert_eq!(made.is_ok(), members <= 8_192, "{members}");
            a.create("small", json!({})).await;
            assert_eq!(a.sync().await.parked, 0, "{members}");
            b.sync().await;
            assert_eq!(b.view().len(), 1 + usize::from(made.is_ok()), "{members}");
        });
    }
}

#[test]
fn report_06_deep_documents_reach_every_device_or_are_refused() {
    for depth in [10, 48, 60, 61, 62, 63, 64, 65, 100] {
        story(|mut world| async move {
            let (a, b) = (world.open("a").await, world.open("b").await);
            let deep = (0..depth - 1).fold(json!({}), |inner, _| json!({"x": inner}));
            let made = a.try_create("deep", deep.clone()).await.is_ok();
            assert_eq!(made, depth <= 64, "{depth}");
            a.create("plain", json!({})).await;
            assert_eq!(a.sync().await.parked, 0, "{depth}");
            b.sync().await;
            assert_eq!(b.get("deep"), made.then_some(deep), "{depth}");
            assert!(b.get("plain").is_some(), "{depth}");
        });
    }
}

#[test]
fn report_14_defaults_made_before_the_first_pull_meet_the_real_ones() {
    let expected = [(Strategy::ServerWins, "the user's"), (Strategy::LocalWins, "default")];
    for (strategy, theme) in expected {
        story(|mut world| async move {
            let a = world.device("a").strategy(strategy).open().await;
            a.create("settings", json!({"theme": "the user's"})).await;
            a.sync().await;
            world.pass(LATER).await;
            let b = world.device("b").strategy(strategy).open().await;
            b.try_create("settings", json!({"theme": "default"})).await.unwrap();
            b.sync().await;
            in_step(&[&b, &a]).await;
            assert_eq!(a.get("settings").unwrap()["theme"], theme, "{strategy:?}");
        });
    }
}

#[test]
fn report_15_an_empty_union_changes_nothing() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"title": ""})).await;
        for operator in ["$addToSet", "$removeFromSet"] {
            assert_eq!(a.update("d", json!({"tags": {operator: []}})).await, None, "{operator}");
            a.update("d", json!({"tags": {operator: []}, "title": operator})).await;
            assert_eq!(a.get("d"), Some(json!({"title": operator})), "{operator}");
            assert_eq!(a.sync().await.parked, 0, "{operator}");
            in_step(&[&a, &b]).await;
        }
    });
}

#[test]
fn report_17_an_operation_on_a_nested_field_is_carried_out() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"title": ""})).await;
        a.update("d", json!({"stats": {"visits": {"$inc": 1}}})).await;
        b.update("d", json!({"stats": {"visits": {"$inc": 2}, "tags": {"$addToSet": ["x"]}}})).await;
        in_step(&[&a, &b]).await;
        assert_eq!(a.get("d"), Some(json!({"title": "", "stats": {"visits": 3, "tags": ["x"]}})));
    });
}

#[test]
fn report_25_a_prefix_has_no_upper_sentinel() {
    story(|mut world| async move {
        let a = world.open("a").await;
        for (id, end) in
            [("1", ""), ("2", "\u{d7ff}"), ("3", "\u{ffff}"), ("4", "\u{10ffff}"), ("5", "\u{10ffff}\u{10ffff}x")]
        {
            a.create(id, json!({"t": format!("case.{end}")})).await;
        }
        a.create("6", json!({"t": "case/"})).await;
        assert_eq!(a.find(json!({"prefix": ["t", "case."]})), ["1", "2", "3", "4", "5"]);
    });
}

#[test]
fn report_26_only_texts_match_texts() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.create("list", json!({"tags": [["a"]]})).await;
        a.create("object", json!({"tags": [{"k": 1}]})).await;
        a.create("number", json!({"tags": [1]})).await;
        for text in ["[\"a\"]", "{\"k\":1}", "1"] {
            assert!(a.find(json!({"contains": ["tags", text]})).is_empty(), "{text}");
        }
        assert_eq!(a.find(json!({"contains": ["tags", 1]})), ["number"]);
    });
}

#[test]
fn report_27_large_conditions_run_or_are_refused_by_name() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.create("d", json!({"n": 5, "t": "p5x"})).await;
        let any = |kind: &str, count: usize| -> Value {
            let each = |n: usize| match kind {
                "in" => json!(n),
                "or" => json!({"eq": ["n", n]}),
                "and" => json!({"ne": ["n", n + 100_000]}),
                _ => json!({"prefix": ["t", format!("p{n}")]}),
            };
            let list: Vec<Value> = (0..count).map(each).collect();
            match kind {
                "in" => json!({"in": ["n", list]}),
                "and" => json!({"and": list}),
                _ => json!({"or": list}),
            }
        };
        for kind in ["in", "or", "and", "prefixes"] {
            for count in [10, 990, 997, 1_000, 1_001, 5_000, 40_000] {
                let query = Query::parse(&json!({"where": any(kind, count)})).and_then(|query| a.tasks.query(&query));
                match query {
                    Ok(found) => assert_eq!(found.len(), 1, "{kind} {count}"),
                    Err(error) => {
                        assert_eq!(error.code(), ErrorCode::InvalidQuery, "{kind} {count}");
                        assert!(count > 1_000, "{kind} {count}: {error}");
                    }
                }
            }
        }
    });
}

#[test]
fn report_41_an_edit_that_changes_nothing_is_no_operation() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"a": 1, "o": {"x": [1]}})).await;
        let nothing = [
            json!({"a": 1}),
            json!({"a": 1.0}),
            json!({}),
            json!({"missing": null}),
            json!({"a": {"$inc": 0}}),
            json!({"o": {"x": [1]}}),
            json!({"o": {}}),
        ];
        for patch in nothing {
            assert_eq!(a.update("d", patch.clone()).await, None, "{patch}");
        }
        assert_eq!(a.replace("d", json!({"a": 1.0, "o": {"x": [1]}})).await, None);
        let version = a.document("d").unwrap().version;
        assert_eq!(a.sync().await.pushed, 0);
        b.sync().await;
        assert_eq!(b.document("d").unwrap().version, version);
    });
}

#[test]
fn report_42_ids_that_the_server_assigns_keep_their_documents() {
    let server = "[collections.tasks]\nid_assignment = \"server\"\n";
    story_on(server, |mut world| async move {
        let mut a = world.device("a").collection(CollectionConfig::new("tasks")).open().await;
        a.create("mine", json!({"title": "new", "n": 0})).await;
        let late = a.link.hold_reply("batch");
        let sync = a.start_sync();
        late.arrived().await;
        a.update("mine", json!({"n": {"$inc": 1}})).await;
        late.release();
        sync.await.unwrap().unwrap();
        a.sync().await;
        let b = world.open("b").await;
        b.sync().await;
        let view = b.view();
        assert_eq!(view.values().collect::<Vec<_>>(), [&json!({"title": "new", "n": 1})]);
        a.restart().await;
        a.update("mine", json!({"title": "again"})).await;
        a.sync().await;
        b.sync().await;
        let view = b.view();
        assert_eq!(view.values().collect::<Vec<_>>(), [&json!({"title": "again", "n": 1})]);
        world.pass(Duration::from_secs(60)).await;
    });
}
