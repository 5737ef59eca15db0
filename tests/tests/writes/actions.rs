//! Actions: called once, whatever is lost, and answered after a restart.

use holm_core::WriteOutcome;
use holm_tests::fixture::{Device, Fault, in_step, story};
use serde_json::{Value, json};
use std::time::Duration;

async fn act(device: &Device, name: &str, id: Option<&str>, params: Value) -> holm_core::OpId {
    let collection = id.map(|_| "tasks");
    device.holm.action(name, collection, id, &params).await.unwrap().op_id.unwrap()
}

fn result(device: &Device, op: holm_core::OpId) -> Option<Value> {
    device.holm.action_result(op).unwrap().map(|text| serde_json::from_str(&text).unwrap())
}

#[test]
fn an_action_is_awaited_after_a_restart() {
    for id in [None, Some("t")] {
        story(|mut world| async move {
            let mut a = world.open("a").await;
            a.create("t", json!({"title": "x"})).await;
            a.update("t", json!({"title": "y"})).await;
            let op = act(&a, "note", id, json!({"copies": 2})).await;
            a.link.once("actions", Fault::DropReply);
            assert_eq!(a.sync().await.deferred[0].op_id, op);
            a.restart().await;
            assert_eq!(result(&a, op), None);
            let waiting = tokio::spawn({
                let holm = a.holm.clone();
                async move { holm.confirmed(op).await }
            });
            a.sync().await;
            assert!(matches!(waiting.await.unwrap().unwrap(), WriteOutcome::Accepted(_)));
            a.restart().await;
            assert_eq!(result(&a, op), Some(json!({"calls": 1})));
            let call = world.calls.lock().unwrap()[0].clone();
            assert_eq!((call.params, call.op_id), (json!({"copies": 2}), op.to_string()));
            // It is called behind the writes of its document.
            assert_eq!(call.record.map(|record| record["title"].clone()), id.map(|_| json!("y")));
        });
    }
}

#[test]
fn a_job_is_asked_for_until_it_has_ended() {
    story(|mut world| async move {
        let mut a = world.open("a").await;
        let op = act(&a, "later", None, json!({"jobId": "a parameter"})).await;
        a.sync().await;
        assert_eq!(result(&a, op), None);
        a.restart().await;
        world.run_jobs().await;
        world.pass(Duration::from_secs(30)).await;
        a.sync().await;
        assert!(matches!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Accepted(_)));
        assert_eq!(result(&a, op), Some(json!({"jobId": "a parameter"})));
        assert_eq!(a.link.count("/jobs/"), 1);
    });
}

/// A result is what the handler returns, whatever it looks like.
#[test]
fn no_result_is_taken_for_a_job() {
    for value in
        [json!({"jobId": "0190"}), json!({"jobId": 1}), json!({"state": "running"}), json!({}), json!([]), json!("x")]
    {
        story(|mut world| async move {
            let a = world.open("a").await;
            let op = act(&a, "echo", None, value.clone()).await;
            a.sync().await;
            assert!(matches!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Accepted(_)));
            assert_eq!((result(&a, op), a.link.count("/jobs/")), (Some(value), 0));
        });
    }
}

/// The first reply is lost, and something in the middle refuses the repeat: the call may have been carried out, so it keeps its key.
#[test]
fn a_call_that_may_have_run_is_not_made_anew_by_a_retry() {
    let refusals = [Fault::html(413), Fault::refusal(404, "NOT_FOUND"), Fault::refusal(422, "VALIDATION_ERROR")];
    for (id, refusal) in [None, Some("t")].into_iter().flat_map(|id| refusals.clone().map(|refusal| (id, refusal))) {
        story(|mut world| async move {
            let a = world.open("a").await;
            a.create("t", json!({})).await;
            a.sync().await;
            let op = act(&a, "note", id, json!({})).await;
            a.link.once("actions", Fault::DropReply);
            assert_eq!(a.sync().await.deferred[0].op_id, op);
            a.link.always("actions", refusal);
            for _ in 0..12 {
                let _ = a.try_sync().await;
                if !a.holm.parked().unwrap().is_empty() {
                    break;
                }
                world.pass(Duration::from_secs(60)).await;
            }
            assert_eq!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Parked);
            a.link.heal();
            a.holm.retry(op).await.unwrap();
            a.sync().await;
            assert!(matches!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Accepted(_)));
            assert_eq!((world.calls.lock().unwrap().len(), result(&a, op)), (1, Some(json!({"calls": 1}))));
        });
    }
}

/// A refused one is called anew by a retry, and given up by a discard; both leave its document alone.
#[test]
fn a_refused_call_is_made_anew_or_given_up() {
    for id in [None, Some("t")] {
        story(|mut world| async move {
            let (a, b) = (world.open("a").await, world.open("b").await);
            a.create("t", json!({"n": 0})).await;
            let op = act(&a, "refuse", id, json!({})).await;
            a.update("t", json!({"n": 1})).await;
            a.sync().await;
            let error = a.holm.parked().unwrap().remove(0).error.unwrap();
            assert_eq!(error.code, "ACTION_REFUSED");
            a.holm.retry(op).await.unwrap();
            a.sync().await;
            assert_eq!((a.link.count("actions"), a.holm.parked().unwrap().len()), (2, 1));
            a.holm.discard(op).await.unwrap();
            assert_eq!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Discarded);
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("t"), Some(json!({"n": 1})));
        });
    }
}

/// A sync of one collection calls the actions of its documents, and leaves the others for a sync of everything.
#[test]
fn a_sync_of_one_collection_calls_its_actions_alone() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.create("t", json!({})).await;
        a.sync().await;
        let (own, other) = (act(&a, "note", Some("t"), json!({})).await, act(&a, "note", None, json!({})).await);
        a.holm.sync_collection("tasks").await.unwrap();
        assert_eq!((result(&a, own), result(&a, other)), (Some(json!({"calls": 1})), None));
        a.sync().await;
        assert_eq!(result(&a, other), Some(json!({"calls": 2})));
    });
}
