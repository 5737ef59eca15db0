//! A write whose first reply was lost, and that then does not get through any more: too large for something in the middle, or for limits that
//! have changed. What became of the first request is asked, so nothing is lost, doubled or stuck.

use crate::{group, number, parked, why};
use holm_core::{SyncStatus, WriteOutcome};
use holm_tests::fixture::{Device, Fault, Fixture, in_step, story};
use serde_json::{Value, json};

/// A proxy's limit for bodies.
const MOST: usize = 2_000;

fn large() -> String {
    // It does not compress.
    let random = holm_tests::sim::Random::new(7);
    (0..3 * MOST).map(|_| char::from(*random.pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))).collect()
}

/// The first request meets `fate`, and those after it a proxy with a limit.
async fn narrowed(a: &Device, fate: Fault) {
    a.link.once("batch", fate);
    assert!(a.try_sync().await.is_err());
    a.link.always("batch", Fault::body_limit(MOST));
    a.sync().await;
}

async fn pair(world: &mut Fixture) -> (Device, Device) {
    let (a, b) = (world.open("a").await, world.open("b").await);
    a.create("c", json!({"n": 0, "text": "short"})).await;
    in_step(&[&a, &b]).await;
    (a, b)
}

#[test]
fn a_write_that_the_server_has_is_accepted_although_it_does_not_get_through_again() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world).await;
        let edit = a.update("c", json!({"n": {"$inc": 1}, "text": large()})).await.unwrap();
        let made = a.create("new", json!({"text": large()})).await;
        narrowed(&a, Fault::DropReply).await;
        a.sync().await;
        assert!(a.holm.parked().unwrap().is_empty());
        for op in [edit, made] {
            assert!(matches!(a.holm.confirmed(op).await.unwrap(), WriteOutcome::Accepted(_)));
        }
        a.link.heal();
        in_step(&[&a, &b]).await;
        assert_eq!(number(&b, "c", "n"), 1);
    });
}

/// History 120597: an increment that the server had was parked, as nothing got through that could have said so; what was read then showed it once more.
#[test]
fn a_write_that_may_be_there_is_shown_once_while_it_is_parked() {
    for retried in [true, false] {
        story(|mut world| async move {
            let (a, b) = pair(&mut world).await;
            a.update("c", json!({"n": {"$inc": 1}})).await;
            a.link.once("batch", Fault::DropReply);
            assert!(a.try_sync().await.is_err());
            b.sync().await;
            b.update("c", json!({"n": {"$inc": 10}})).await;
            b.sync().await;
            // Neither the write gets through, nor the question what became of it.
            a.link.always("batch", Fault::body_limit(0));
            for _ in 0..3 {
                let _ = a.try_sync().await;
            }
            assert!(parked(&a, "c").error.unwrap().details.contains_key("fate"));
            assert_eq!(number(&a, "c", "n"), 1, "the server's 11 may have it");
            a.link.heal();
            b.update("c", json!({"n": {"$inc": 100}})).await;
            b.sync().await;
            a.sync().await;
            assert_eq!(number(&a, "c", "n"), 1, "so may the 111 that is read now");
            let op = parked(&a, "c").op_id;
            if retried {
                a.holm.retry(op).await.unwrap();
            } else {
                a.holm.discard(op).await.unwrap();
            }
            in_step(&[&a, &b]).await;
            assert_eq!((number(&a, "c", "n"), number(&b, "c", "n")), (json!(111), json!(111)));
        });
    }
}

#[test]
fn others_may_have_changed_what_the_server_has() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world).await;
        a.update("c", json!({"n": {"$inc": 1}, "text": large()})).await;
        a.link.once("batch", Fault::DropReply);
        assert!(a.try_sync().await.is_err());
        b.sync().await;
        b.update("c", json!({"n": {"$inc": 10}, "text": "theirs"})).await;
        b.sync().await;
        a.update("c", json!({"n": {"$inc": 100}})).await;
        a.link.always("batch", Fault::body_limit(MOST));
        a.sync().await;
        a.link.heal();
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("c"), Some(json!({"n": 111, "text": "theirs"})));
    });
}

#[test]
fn a_write_that_the_server_does_not_have_is_repaired() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world).await;
        a.update("c", json!({"n": {"$inc": 1}, "text": large()})).await;
        narrowed(&a, Fault::DropRequest).await;
        assert_eq!(why(&a, "c").as_deref(), Some("PAYLOAD_TOO_LARGE"));
        assert_eq!(parked(&a, "c").error.unwrap().details.get("fate"), None, "its fate is known");
        // The person shortens it.
        a.update("c", json!({"n": {"$inc": 10}, "text": "shorter"})).await;
        a.holm.retry(parked(&a, "c").op_id).await.unwrap();
        a.sync().await;
        assert_eq!(a.status("c"), Some(SyncStatus::Synced));
        a.link.heal();
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("c"), Some(json!({"n": 11, "text": "shorter"})));
    });
}

#[test]
fn the_same_holds_for_a_group() {
    for arrived in [true, false] {
        story(|mut world| async move {
            let (a, b) = pair(&mut world).await;
            group(&a, |tx| {
                tx.update("tasks", "c", &json!({"n": {"$inc": 1}}))?;
                tx.create("tasks", &json!({"id": "new", "text": large()})).map(drop)
            })
            .await;
            narrowed(&a, if arrived { Fault::DropReply } else { Fault::DropRequest }).await;
            if arrived {
                assert!(a.holm.parked().unwrap().is_empty());
            } else {
                assert_eq!(a.holm.parked().unwrap().len(), 2);
                a.update("new", json!({"text": "shorter"})).await;
                a.holm.retry(parked(&a, "new").op_id).await.unwrap();
                a.sync().await;
            }
            a.link.heal();
            in_step(&[&a, &b]).await;
            assert_eq!(number(&b, "c", "n"), 1);
            assert_eq!(number(&b, "new", "text") == "shorter", !arrived);
        });
    }
}

/// A server that does not answer the question: the write stays as it was, says so, and goes again unchanged.
#[test]
fn without_an_answer_a_write_keeps_its_content() {
    for arrived in [true, false] {
        story(|mut world| async move {
            let (a, b) = pair(&mut world).await;
            a.update("c", json!({"n": {"$inc": 1}, "text": large()})).await;
            let asks = |_: usize, body: &Value| {
                (body["operations"][0]["type"] == "ask").then(|| Fault::refusal(400, "VALIDATION_ERROR"))
            };
            a.link.once("batch", if arrived { Fault::DropReply } else { Fault::DropRequest });
            assert!(a.try_sync().await.is_err());
            a.link.always(
                "batch",
                Fault::choose(move |bytes, body| {
                    asks(bytes, body).or_else(|| (bytes > MOST).then(|| Fault::html(413)))
                }),
            );
            a.sync().await;
            a.update("c", json!({"n": {"$inc": 10}})).await;
            a.link.heal();
            if arrived {
                // The reading after it has shown it.
                assert!(a.holm.parked().unwrap().is_empty());
            } else {
                assert_eq!(parked(&a, "c").error.unwrap().details["fate"], "unknown");
                a.holm.retry(parked(&a, "c").op_id).await.unwrap();
            }
            in_step(&[&a, &b]).await;
            assert_eq!(number(&b, "c", "n"), 11);
        });
    }
}

/// The first request was only slow: it arrives after the repair.
#[test]
fn a_repaired_write_and_its_late_first_request_count_once() {
    story(|mut world| async move {
        let (a, b) = pair(&mut world).await;
        a.update("c", json!({"n": {"$inc": 1}, "text": large()})).await;
        // What is lost here is sent once more by the test, later.
        a.link.once("batch", Fault::DropRequest);
        assert!(a.try_sync().await.is_err());
        let first = a.link.sent().into_iter().rev().find(|sent| sent.path.contains("batch")).unwrap().request;
        a.link.always("batch", Fault::body_limit(MOST));
        a.sync().await;
        a.update("c", json!({"text": "shorter"})).await;
        a.holm.retry(parked(&a, "c").op_id).await.unwrap();
        a.link.heal();
        a.link.once("batch", Fault::Overtaken(first));
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("c"), Some(json!({"n": 1, "text": "shorter"})));
    });
}
