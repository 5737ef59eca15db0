//! What the server refuses, and what is given up.

use crate::{in_step, manual};
use holm_core::{ErrorCode, Strategy, SyncStatus, WriteOutcome};
use holm_server::FieldRule;
use holm_tests::sim::{Fate, World};
use serde_json::json;

/// A server that takes no title longer than 10 characters.
fn strict() -> holm_server::Config {
    let mut config = holm_server::Config::default();
    config.accounts.argon2.memory_kib = 8;
    config.accounts.argon2.iterations = 1;
    let rule = FieldRule { max_length: Some(10), ..FieldRule::default() };
    config.collections.entry("tasks".to_owned()).or_default().fields.insert("title".to_owned(), rule);
    config
}

#[test]
fn f09_one_refused_write_stops_its_own_document_and_no_other() {
    World::configured(9, strict(), |mut world| async move {
        let a = world.device_with(Strategy::Merge, 0, manual).await;
        a.holm
            .write(|tx| {
                for n in 0..1_000 {
                    tx.create("tasks", &json!({"id": format!("t{n:04}"), "title": "fine", "n": 0}))?;
                }
                Ok(())
            })
            .await
            .unwrap();
        a.sync().await;
        let refused = a.update("t0500", json!({"title": "much too long for this server"})).await;
        a.holm
            .write(|tx| {
                for edit in 0..9_999 {
                    let id = format!("t{:04}", if edit % 1_000 == 500 { 499 } else { edit % 1_000 });
                    tx.update("tasks", &id, &json!({"n": {"$inc": 1}}))?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let report = a.sync().await;
        assert_eq!(report.parked, 1);
        assert_eq!(a.pending(), 0);
        let dependant = a.update("t0500", json!({"n": 7})).await;
        a.sync().await;
        let parked = a.holm.parked().unwrap();
        let error = parked[0].error.clone().unwrap();
        assert_eq!((parked.len(), parked[0].op_id, error.code.as_str()), (1, refused, "VALIDATION_ERROR"));
        assert!(error.details.contains_key("title"));
        assert_eq!(parked[0].changes, json!({"title": "much too long for this server"}));
        // What depends on it waits and is not said to be on its way.
        let waiting: Vec<_> = a.holm.pending(10).unwrap().into_iter().map(|op| op.op_id).collect();
        assert!(waiting.contains(&dependant), "{waiting:?}");
        assert_eq!((a.status("t0500"), a.pending()), (Some(SyncStatus::Failed), 0));
        assert_eq!(a.holm.confirmed(refused).await.unwrap(), WriteOutcome::Parked);

        a.update("t0500", json!({"title": "short"})).await;
        a.holm.retry(refused).await.unwrap();
        a.sync().await;
        assert_eq!(a.doc("t0500").unwrap(), json!({"title": "short", "n": 7}));
        assert!(matches!(a.holm.confirmed(dependant).await.unwrap(), WriteOutcome::Accepted(_)));
        let b = world.device(Strategy::Merge).await;
        in_step(&[&a, &b]).await;
        assert_eq!(b.doc("t0499").unwrap()["n"], 20);
    });
}

#[test]
fn f10_a_refused_write_can_be_given_up_and_the_servers_state_comes_back() {
    World::configured(10, strict(), |mut world| async move {
        let a = world.device_with(Strategy::Merge, 0, manual).await;
        a.create("t", json!({"title": "fine"})).await;
        a.sync().await;
        let update = a.update("t", json!({"title": "much too long for this"})).await;
        let create = a.create("u", json!({"title": "too long from the start"})).await;
        a.sync().await;
        for op in [update, create] {
            a.holm.discard(op).await.unwrap();
            assert_eq!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Discarded);
        }
        assert_eq!((a.doc("t").unwrap(), a.doc("u")), (json!({"title": "fine"}), None));
        let journal = a.holm.journal(9).unwrap();
        assert!(journal.iter().all(|entry| entry.lost.contains("too long")) && journal.len() == 2);
        assert_eq!(a.status("t"), Some(SyncStatus::Synced));
    });
}

#[test]
fn f10_what_was_never_sent_can_be_given_up_but_nothing_that_the_server_may_have() {
    World::run(12, |mut world| async move {
        let a = world.device_with(Strategy::Merge, 0, manual).await;
        a.create("t", json!({"title": "known"})).await;
        a.create("gone", json!({"title": "deleted here"})).await;
        a.sync().await;
        let update = a.update("t", json!({"title": "not sent"})).await;
        let create = a.create("u", json!({"title": "not sent"})).await;
        let delete = a.delete("gone").await;
        for op in [update, create, delete] {
            a.holm.discard(op).await.unwrap();
            assert_eq!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Discarded);
        }
        assert_eq!((a.doc("t").unwrap(), a.doc("u")), (json!({"title": "known"}), None));
        assert_eq!(a.doc("gone").unwrap(), json!({"title": "deleted here"}));
        assert_eq!((a.pending(), a.status("gone")), (0, Some(SyncStatus::Synced)));

        // The reply is lost: the operation waits, and the server has it.
        world.network.set_script(|_, path| if path.contains("batch") { Fate::DropReply } else { Fate::Pass });
        let sent = a.update("t", json!({"title": "sent"})).await;
        a.holm.sync().await.unwrap_err();
        assert_eq!(a.holm.discard(sent).await.unwrap_err().code(), ErrorCode::NotFound);
        world.network.set_script(|_, _| Fate::Pass);
        a.sync().await;
        assert_eq!((a.doc("t").unwrap(), a.status("t")), (json!({"title": "sent"}), Some(SyncStatus::Synced)));
    });
}
