//! What a newcomer met: conflicts without a decision, and losses without a journal entry.

use crate::{LATER, noise, pair};
use holm_core::{
    CollectionConfig, Config, Conflict, ConflictResolver, ErrorCode, Holm, LossReason, Resolution, ResolverFault,
    Strategy,
};
use holm_tests::fixture::{clash, code, in_step, story};
use serde_json::json;
use std::sync::Arc;

/// A resolver that never decides.
struct Undecided;

impl ConflictResolver for Undecided {
    fn resolve(&self, _: &Conflict) -> Result<Resolution, String> {
        loop {
            std::thread::park();
        }
    }
}

#[test]
fn use_01_custom_without_a_resolver_is_refused() {
    let mut config = Config::in_memory();
    config.collections = vec![CollectionConfig::new("tasks").conflict(Strategy::Custom)];
    assert_eq!(Holm::open(config).err().unwrap().code(), ErrorCode::InvalidConfig);
}

#[test]
fn use_01_a_question_for_a_resolver_that_is_gone_goes_to_the_person() {
    story(|mut world| async move {
        let resolved = CollectionConfig::new("tasks").resolver(Arc::new(Undecided));
        let mut a = world.device("a").collection(resolved).open().await;
        let b = world.open("b").await;
        clash(&a, &b).await;
        a.sync().await;
        assert!(a.conflicts().is_empty());
        let prompt = CollectionConfig::new("tasks").conflict(Strategy::Prompt);
        a.restart_after(|config| config.collections = vec![prompt]).await;
        assert_eq!((a.conflicts().len(), a.holm.state().unwrap().conflicts), (1, 1));
        assert_eq!(a.conflicts()[0].resolver_fault, Some(ResolverFault::Missing));
        a.holm.resolve_conflict(a.conflicts()[0].id, Resolution::KeepLocal).await.unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"title": "mine"})));
    });
}

#[test]
fn use_05_a_delete_that_wins_journals_the_edit() {
    for strategy in [Strategy::LocalWins, Strategy::LastWriteWins] {
        story(|mut world| async move {
            let a = world.device("a").strategy(strategy).open().await;
            let b = world.device("b").strategy(strategy).open().await;
            a.create("d", json!({"title": "old", "n": 1})).await;
            in_step(&[&a, &b]).await;
            b.update("d", json!({"title": "theirs"})).await;
            b.sync().await;
            world.pass(LATER).await;
            a.delete("d").await;
            let report = a.sync().await;
            assert_eq!(report.conflicts, 1, "{strategy:?}");
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d"), None);
            let journal = a.journal();
            assert_eq!(journal.len(), 1, "{strategy:?}: {journal:?}");
            assert_eq!(journal[0].reason, LossReason::LocalKept);
            a.holm.restore(journal[0].id).await.unwrap();
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d"), Some(json!({"title": "theirs", "n": 1})));
        });
    }
}

#[test]
fn use_05_an_edit_that_revives_journals_the_delete() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world, json!({"title": "old"})).await;
        b.delete("d").await;
        b.sync().await;
        a.update("d", json!({"title": "mine"})).await;
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"title": "mine"})));
        let journal = a.journal();
        assert_eq!(journal.len(), 1, "{journal:?}");
        assert_eq!((journal[0].reason, journal[0].lost.as_str()), (LossReason::LocalKept, r#"{"deleted":true}"#));
        a.holm.restore(journal[0].id).await.unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), None);
    });
}

#[test]
fn use_05_a_third_document_journals_what_both_sides_lose() {
    story(|mut world| async move {
        let a = world.device("a").strategy(Strategy::Prompt).open().await;
        let b = world.device("b").strategy(Strategy::Prompt).open().await;
        a.create("d", json!({"title": "old", "dropped": 1, "same": 2})).await;
        in_step(&[&a, &b]).await;
        b.update("d", json!({"title": "theirs", "n": 1})).await;
        b.sync().await;
        a.update("d", json!({"title": "mine"})).await;
        a.sync().await;
        let third = Resolution::Document(json!({"title": "third", "same": 2, "n": 1}).to_string());
        a.holm.resolve_conflict(a.conflicts()[0].id, third).await.unwrap();
        let journal = a.journal();
        let of = |reason| journal.iter().filter(move |entry| entry.reason == reason).map(|entry| entry.lost.as_str());
        assert_eq!(of(LossReason::ServerKept).collect::<Vec<_>>(), [r#"{"title":"mine"}"#]);
        assert_eq!(of(LossReason::LocalKept).collect::<Vec<_>>(), [r#"{"dropped":1,"title":"theirs"}"#]);
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"title": "third", "same": 2, "n": 1})));
        assert_eq!(a.journal().len(), 2);
    });
}

#[test]
fn use_05_a_third_document_journals_a_delete_that_loses() {
    for here in [true, false] {
        story(|mut world| async move {
            let a = world.device("a").strategy(Strategy::Prompt).open().await;
            let b = world.device("b").strategy(Strategy::Prompt).open().await;
            a.create("d", json!({"title": "old"})).await;
            in_step(&[&a, &b]).await;
            let (deletes, edits) = if here { (&a, &b) } else { (&b, &a) };
            deletes.delete("d").await;
            edits.update("d", json!({"title": "edited"})).await;
            b.sync().await;
            a.sync().await;
            let third = Resolution::Document(json!({"title": "third"}).to_string());
            a.holm.resolve_conflict(a.conflicts()[0].id, third).await.unwrap();
            let mut lost: Vec<_> = a.journal().into_iter().map(|entry| (entry.reason.as_str(), entry.lost)).collect();
            lost.sort_unstable();
            let (deleted, edited) = (r#"{"deleted":true}"#.to_owned(), r#"{"title":"edited"}"#.to_owned());
            let (local, server) = if here { (deleted, edited) } else { (edited, deleted) };
            assert_eq!(lost, [("localKept", server), ("serverKept", local)]);
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d"), Some(json!({"title": "third"})));
        });
    }
}

#[test]
fn use_06_a_third_document_keeps_its_id() {
    story(|mut world| async move {
        let (_, b) = pair(&mut world, json!({"title": "old"})).await;
        let a = world.device("c").strategy(Strategy::Prompt).open().await;
        a.sync().await;
        b.update("d", json!({"title": "theirs"})).await;
        b.sync().await;
        a.update("d", json!({"title": "mine"})).await;
        a.sync().await;
        let conflict = a.conflicts()[0].id;
        let third = |id: &str| Resolution::Document(json!({"id": id, "title": "third"}).to_string());
        assert_eq!(code(a.holm.resolve_conflict(conflict, third("other")).await), ErrorCode::InvalidDocument);
        let large = Resolution::Document(json!({"title": noise(1, 300_000)}).to_string());
        assert_eq!(code(a.holm.resolve_conflict(conflict, large).await), ErrorCode::DocumentTooLarge);
        a.holm.resolve_conflict(conflict, third("d")).await.unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"title": "third"})));
    });
}

#[test]
fn use_12_settings_that_do_nothing_are_refused() {
    let refused = [
        CollectionConfig::new("tasks").rule("id", holm_core::FieldRule::Sum),
        CollectionConfig::new("tasks").list_key("/id", "key"),
        CollectionConfig::new("tasks").reference("id", "others"),
        CollectionConfig::new("tasks").list_key("parts", ""),
        CollectionConfig::new("tasks").index(&[]).unwrap(),
        CollectionConfig::new("tasks").resolver(Arc::new(Undecided)).conflict(Strategy::Merge),
    ];
    for collection in refused {
        let mut config = Config::in_memory();
        let shown = format!("{collection:?}");
        config.collections = vec![collection];
        assert_eq!(Holm::open(config).err().map(|error| error.code()), Some(ErrorCode::InvalidConfig), "{shown}");
    }
}

#[test]
fn use_12_a_page_of_no_documents_is_refused() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.create("d", json!({})).await;
        assert_eq!(code(a.tasks.page(&holm_core::Query::all().limit(0), None)), ErrorCode::InvalidQuery);
    });
}
