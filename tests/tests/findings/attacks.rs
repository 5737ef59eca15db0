//! What attacks on the running product have shown: servers and middles that answer what none should, actions that do not end, merges
//! that lost a part without a word.

use crate::LATER;
use holm_core::{CollectionConfig, FieldRule, Resolution, Strategy, SyncStatus, WriteOutcome};
use holm_tests::fixture::{Device, Fault, Fixture, in_step, story, story_on};
use serde_json::{Value, json};

/// Answers every operation of a push with this error.
fn each_refused(error: Value) -> Fault {
    Fault::choose(move |_, body| {
        let operations = body["operations"].as_array()?;
        let results = operations.iter().map(|op| json!({"opId": op["opId"], "status": "rejected", "error": error}));
        Some(Fault::json(200, &json!({"results": results.collect::<Vec<_>>(), "meta": {}})))
    })
}

async fn act(device: &Device, name: &str, params: Value) -> holm_core::OpId {
    device.holm.action(name, None, None, &params).await.unwrap().op_id.unwrap()
}

#[test]
fn an_action_that_runs_on_keeps_no_write_and_no_reading() {
    story(|mut world| async move {
        let (a, b) = (world.open("a").await, world.open("b").await);
        let running = act(&a, "later", json!({})).await;
        a.sync().await;
        b.create("theirs", json!({})).await;
        b.sync().await;
        a.create("ours", json!({})).await;
        let echo = act(&a, "echo", json!(1)).await;
        let report = a.sync().await;
        assert_eq!((report.pushed, report.pulled), (2, 1));
        assert!(matches!(a.holm.confirmed(echo).await.unwrap(), WriteOutcome::Accepted(_)));
        let deferred: Vec<_> = report.deferred.iter().map(|one| (one.op_id, one.code.as_str())).collect();
        assert_eq!(deferred, [(running, "ACTION_RUNNING")]);
        assert_eq!(a.view().into_keys().collect::<Vec<_>>(), ["ours", "theirs"]);
    });
}

/// An action that runs for hours is asked for rarely.
#[test]
fn a_job_that_runs_for_hours_is_polled_rarely() {
    story(|mut world| async move {
        let a = world.device("a").automatic().open().await;
        act(&a, "later", json!({})).await;
        world.seconds(900.0).await;
        let polls = a.link.count("/jobs/");
        assert!((10..40).contains(&polls), "{polls}");
    });
}

#[test]
fn actions_that_fail_keep_no_write_and_no_reading() {
    let failures = [
        Fault::refusal(429, "RATE_LIMITED"),
        Fault::refusal(409, "IDEMPOTENCY_IN_PROGRESS").retryable(),
        Fault::html(200),
        Fault::html(403),
        Fault::html(404),
        Fault::html(503),
        Fault::html(504),
        Fault::json(200, &json!({"x": 1})),
        Fault::json(200, &json!({"data": 7})),
        Fault::json(202, &json!({"data": {}})),
        Fault::json(202, &json!({"data": {"jobId": "forged"}})),
        Fault::DropReply,
    ];
    for (at, failure) in failures.into_iter().enumerate() {
        story(|mut world| async move {
            let (a, b) = (world.open("a").await, world.open("b").await);
            b.create("theirs", json!({})).await;
            b.sync().await;
            let ops = [act(&a, "echo", json!(1)).await, act(&a, "echo", json!(2)).await];
            a.create("ours", json!({})).await;
            a.link.always("/actions/", failure);
            let report = a.sync().await;
            assert_eq!((report.pushed, report.pulled, report.parked), (1, 1, 0), "{at}");
            assert_eq!((report.deferred.len(), a.link.count("/actions/")), (2, 1), "{at}");
            a.link.heal();
            world.seconds(60.0).await;
            a.sync().await;
            for op in ops {
                assert!(matches!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Accepted(_)), "{at}");
            }
            assert_eq!(a.holm.action_result(ops[0]).unwrap().as_deref(), Some("1"), "{at}");
        });
    }
}

/// The account has a record of this client id already: that is the document, and its other name on this device goes.
#[test]
fn report_42_two_devices_create_one_client_id() {
    for strategy in [Strategy::Merge, Strategy::ServerWins, Strategy::LocalWins, Strategy::LastWriteWins] {
        for known in [false, true] {
            story_on("[collections.tasks]\nid_assignment = \"server\"\n", |mut world| async move {
                let a = world.device("a").strategy(strategy).open().await;
                let b = world.device("b").strategy(strategy).open().await;
                a.create("settings", json!({"size": 1, "by-a": true})).await;
                a.sync().await;
                if known {
                    b.sync().await;
                    assert_eq!(b.view().len(), 1);
                }
                world.pass(LATER).await;
                b.create("settings", json!({"size": 2, "by-b": true})).await;
                b.sync().await;
                a.sync().await;
                let (ours, theirs) = (a.get("settings").unwrap(), b.get("settings").unwrap());
                assert_eq!((a.view().len(), b.view().len()), (1, 1), "{strategy:?}, {known}");
                assert_eq!(ours, theirs, "{strategy:?}");
                assert_eq!(ours["by-a"], true, "{strategy:?}: {ours}");
                assert!(b.pending().is_empty() && b.link.count("batch") <= 3, "{:?}", b.pending());
            });
        }
    }
}

#[test]
fn a_server_that_knows_every_id_or_states_other_documents_makes_no_storm() {
    let other = json!({"id": "other", "title": "x", "version": 4, "_sync": {"seq": 900}});
    for error in [
        json!({"code": "IDEMPOTENCY_KEY_REUSED", "message": "scripted"}),
        json!({"code": "RECORD_EXISTS", "message": "scripted", "currentVersion": 4, "serverData": other}),
        json!({"code": "VERSION_CONFLICT", "message": "scripted", "currentVersion": 4, "serverData": other}),
        json!({"code": "VERSION_CONFLICT", "message": "scripted", "currentVersion": 4,
               "serverData": {"id": "d", "title": "y", "version": 4, "_sync": {"seq": 900}}}),
    ] {
        story(|mut world| async move {
            let (a, _) = crate::pair(&mut world, json!({"title": "old"})).await;
            a.update("d", json!({"title": "new"})).await;
            a.create("e", json!({"title": "made"})).await;
            a.link.forget();
            a.link.always("batch", each_refused(error.clone()));
            for _ in 0..4 {
                drop(a.try_sync().await);
            }
            assert!(a.link.count("batch") <= 24, "{error}: {}", a.link.count("batch"));
            assert_eq!(a.get("e"), Some(json!({"title": "made"})), "{error}");
            assert_eq!(a.pending().len(), 2, "{error}: {:?}", a.pending());
        });
    }
}

#[test]
fn a_loop_of_conflicts_counts_as_parked() {
    story(|mut world| async move {
        let (a, _) = crate::pair(&mut world, json!({"title": "old"})).await;
        a.update("d", json!({"title": "new"})).await;
        let state = json!({"id": "d", "title": "theirs", "version": 1, "_sync": {"seq": 1}});
        a.link.always(
            "batch",
            each_refused(
                json!({"code": "VERSION_CONFLICT", "message": "scripted", "currentVersion": 1, "serverData": state}),
            ),
        );
        let mut parked = 0;
        for _ in 0..12 {
            parked += a.try_sync().await.map_or(0, |report| report.parked);
        }
        assert_eq!((parked, a.holm.state().unwrap().failed), (1, 1));
    });
}

async fn two(world: &mut Fixture, config: impl Fn(CollectionConfig) -> CollectionConfig) -> (Device, Device) {
    let tasks = || config(CollectionConfig::new("tasks").conflict(Strategy::Merge));
    let a = world.device("a").collection(tasks()).open().await;
    let b = world.device("b").collection(tasks()).open().await;
    (a, b)
}

/// Both have this; then `a` writes and syncs, and `b`, a moment later or earlier, writes too.
async fn both_write(
    world: &mut Fixture,
    a: &Device,
    b: &Device,
    base: Value,
    ours: Value,
    theirs: Value,
    b_is_later: bool,
) {
    a.create("d", base).await;
    in_step(&[a, b]).await;
    let (first, second) = if b_is_later { ((a, ours), (b, theirs)) } else { ((b, theirs), (a, ours)) };
    first.0.update("d", first.1).await;
    world.pass(LATER).await;
    second.0.update("d", second.1).await;
    a.sync().await;
}

#[test]
fn a_part_that_loses_within_a_merged_value_is_journalled() {
    let element = |v: &str| json!({"t": [{"id": 1, "v": v}]});
    let cases = [
        (json!({"t": "1\n2\n3"}), json!({"t": "A\n2\n3"}), json!({"t": "B\n2\n3"}), true),
        (element("0"), element("A"), element("B"), true),
        (json!({"t": "1\n2\n3"}), json!({"t": "A\n2\n3"}), json!({"t": "1\nB\n3"}), false),
    ];
    for (base, ours, theirs, loses) in cases {
        for b_is_later in [true, false] {
            let (base, ours, theirs) = (base.clone(), ours.clone(), theirs.clone());
            story(|mut world| async move {
                let rule = |config: CollectionConfig| match base["t"].is_string() {
                    true => config.rule("t", FieldRule::Text),
                    false => config.list_key("t", "id"),
                };
                let (a, b) = two(&mut world, rule).await;
                both_write(&mut world, &a, &b, base.clone(), ours.clone(), theirs.clone(), b_is_later).await;
                let report = b.sync().await;
                in_step(&[&a, &b]).await;
                let stands = b.get("d").unwrap();
                assert_eq!((report.conflicts, b.journal().len()), (u64::from(loses), usize::from(loses)), "{stands}");
                if loses {
                    let (winner, loser) = if b_is_later { (&theirs, &ours) } else { (&ours, &theirs) };
                    assert_eq!(&stands, winner);
                    b.holm.restore(b.journal()[0].id).await.unwrap();
                    assert_eq!(&b.get("d").unwrap(), loser);
                } else {
                    assert_eq!(stands, json!({"t": "A\nB\n3"}));
                }
            });
        }
    }
}

#[test]
fn the_journal_tells_what_stands_where_a_value_meets_an_object() {
    for b_is_later in [true, false] {
        story(|mut world| async move {
            let (a, b) = two(&mut world, |config| config).await;
            let (ours, theirs) = (json!({"o": 5}), json!({"o": {"b": 2}}));
            both_write(&mut world, &a, &b, json!({"o": {"a": 1}}), ours, theirs, b_is_later).await;
            b.sync().await;
            let stands = b.get("d").unwrap();
            let entry = b.journal().remove(0);
            let kept: Value = serde_json::from_str(entry.kept.as_deref().unwrap()).unwrap();
            assert_eq!(kept, if b_is_later { json!({"o": {"b": 2}}) } else { json!({"o": 5}) });
            assert_eq!(stands, kept);
        });
    }
}

/// The server's side of an open conflict becomes newer by a page, which has no stamps.
#[test]
fn a_conflict_whose_server_side_was_renewed_is_merged_by_its_stamps() {
    story(|mut world| async move {
        let rules = |config: CollectionConfig| config.rule("ask", FieldRule::Prompt).rule("hi", FieldRule::Max);
        let (a, b) = two(&mut world, rules).await;
        a.create("d", json!({"ask": "", "hi": 0})).await;
        in_step(&[&a, &b]).await;
        a.update("d", json!({"ask": "a", "hi": 20})).await;
        world.pass(LATER).await;
        b.update("d", json!({"ask": "b", "hi": 30})).await;
        b.sync().await;
        a.sync().await;
        b.update("d", json!({"other": 1})).await;
        b.sync().await;
        a.sync().await;
        let conflict = a.holm.conflicts().unwrap().remove(0);
        assert!(conflict.server_ms.is_some() && conflict.server_device.is_some(), "{conflict:?}");
        a.holm.resolve_conflict(conflict.id, Resolution::Merge).await.unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"ask": "b", "hi": 30, "other": 1})));
    });
}

/// Two devices that have `d` and ask a person.
async fn asking(world: &mut Fixture) -> (Device, Device) {
    let (a, b) = two(world, |config| config.conflict(Strategy::Prompt)).await;
    a.create("d", json!({"n": 0})).await;
    in_step(&[&a, &b]).await;
    (a, b)
}

#[test]
fn a_delete_of_what_the_server_deleted_ends_the_conflict() {
    story(|mut world| async move {
        let (a, b) = asking(&mut world).await;
        a.update("d", json!({"n": 1})).await;
        b.delete("d").await;
        b.sync().await;
        a.sync().await;
        assert_eq!(a.status("d"), Some(SyncStatus::Conflict));
        a.delete("d").await;
        in_step(&[&a, &b]).await;
        assert!(a.pending().is_empty() && a.holm.conflicts().unwrap().is_empty(), "{:?}", a.pending());
    });
}

#[test]
fn an_operation_in_a_conflict_can_be_discarded() {
    story(|mut world| async move {
        let (a, b) = asking(&mut world).await;
        a.update("d", json!({"n": 1})).await;
        b.update("d", json!({"n": 2})).await;
        b.sync().await;
        a.sync().await;
        a.holm.discard(a.pending()[0].op_id).await.unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!((a.get("d"), a.holm.conflicts().unwrap().len()), (Some(json!({"n": 2})), 0));
        assert_eq!(a.journal().len(), 1);
    });
}

/// Whatever waits for a refused write, over however many others, is not pending: nothing will be sent.
#[test]
fn core_a2_a_chain_behind_a_refused_write_is_at_rest() {
    story_on("[collections.tasks.fields.title]\nmax_length = 10", |mut world| async move {
        let config = CollectionConfig::new("tasks").reference("parent", "tasks");
        let a = world.device("a").collection(config).open().await;
        a.create("one", json!({"title": "much too long a title"})).await;
        for (child, parent) in [("two", "one"), ("three", "two"), ("four", "three")] {
            a.create(child, json!({"parent": parent})).await;
        }
        let group = a.holm.write(|tx| {
            tx.group();
            tx.create("tasks", &json!({"id": "five", "parent": "four"}))?;
            tx.create("tasks", &json!({"id": "six"}))
        });
        group.await.unwrap();
        a.update("six", json!({"n": 1})).await;
        a.sync().await;
        let state = a.holm.state().unwrap();
        assert_eq!((state.pending, state.failed), (0, 1));
    });
}

#[test]
fn report_03_a_stream_that_is_refused_with_any_code_stops_itself_only() {
    for (status, code) in [(404, "NOT_FOUND"), (422, "SOMETHING_NEW"), (410, "CURSOR_INVALID")] {
        story(|mut world| async move {
            let with = |name: &str| CollectionConfig::new(name);
            let a = world.device("a").collection(with("tasks")).collection(with("odd")).open().await;
            let b = world.device("b").collection(with("tasks")).collection(with("odd")).open().await;
            a.create("d", json!({})).await;
            a.sync().await;
            b.link.always(
                "pull",
                Fault::choose(move |_, body| {
                    let streams = body["streams"].as_array()?;
                    streams.iter().any(|stream| stream["collection"] == "odd").then(|| Fault::refusal(status, code))
                }),
            );
            b.create("e", json!({})).await;
            drop(b.try_sync().await);
            a.sync().await;
            assert!(b.get("d").is_some() && a.get("e").is_some(), "{code}");
            b.link.heal();
            b.sync().await;
            in_step(&[&a, &b]).await;
        });
    }
}
