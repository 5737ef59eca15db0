//! One global order for those who ask for it: a refusal stops what comes after it, and nothing that came before.

use crate::{STRICT, TOO_LONG, parked};
use holm_core::SyncStatus;
use holm_tests::fixture::{in_step, story_on};
use serde_json::json;

#[test]
fn a_refusal_in_the_middle_stops_what_comes_after_it() {
    for ordered in [true, false] {
        story_on(STRICT, |mut world| async move {
            let a = world.device("a").config(move |config| config.sync.ordered = ordered).open().await;
            let b = world.open("b").await;
            a.create("one", json!({"title": "fine"})).await;
            a.create("two", json!({"title": TOO_LONG})).await;
            a.create("three", json!({"title": "fine"})).await;
            a.update("one", json!({"title": "later"})).await;
            a.sync().await;
            b.sync().await;
            let there: Vec<String> = b.view().into_keys().collect();
            if ordered {
                // (The edit of `one` is joined to its create, which stands before the refused write.)
                assert_eq!(there, ["one"]);
                assert_eq!(a.status("three"), Some(SyncStatus::PendingCreate));
                let requests = a.link.sent().len();
                a.sync().await;
                let pushed = a.link.sent()[requests..].iter().filter(|sent| sent.path.contains("batch")).count();
                assert_eq!(pushed, 0, "nothing is sent past the refused write");
            } else {
                assert_eq!(there, ["one", "three"]);
            }
            a.update("two", json!({"title": "fine"})).await;
            a.holm.retry(parked(&a, "two").op_id).await.unwrap();
            in_step(&[&a, &b]).await;
            assert_eq!(b.view().len(), 3);
        });
    }
}

#[test]
fn a_discarded_write_lets_the_others_go() {
    story_on(STRICT, |mut world| async move {
        let a = world.device("a").config(|config| config.sync.ordered = true).open().await;
        let b = world.open("b").await;
        a.create("two", json!({"title": TOO_LONG})).await;
        a.create("three", json!({"title": "fine"})).await;
        a.sync().await;
        a.holm.discard(parked(&a, "two").op_id).await.unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(b.view().into_keys().collect::<Vec<_>>(), ["three"]);
    });
}
