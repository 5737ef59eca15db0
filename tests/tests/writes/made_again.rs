//! Documents that were deleted on the server and are made again with what the user sees.

use holm_core::Strategy;
use holm_tests::fixture::{Fault, in_step, story};
use serde_json::{Value, json};

/// History 193458: two devices made a document again that was deleted, each with edits that commute. The later create set the sets and numbers of the
/// earlier one back.
#[test]
fn two_who_make_a_deleted_document_again_keep_each_others_edits() {
    for strategy in [Strategy::Merge, Strategy::LocalWins] {
        story(|mut world| async move {
            let a = world.device("a").strategy(strategy).open().await;
            let b = world.device("b").strategy(strategy).open().await;
            let content = json!({"n": 0, "tags": ["x"], "o": {"n": 0, "left": 1}, "title": "t", "note": "n"});
            a.create("d", content).await;
            in_step(&[&a, &b]).await;
            let edit = |by: i64, who: &str| json!({"n": {"$inc": by}, "tags": {"$addToSet": [who]}, "o": {"n": {"$inc": by}}, "new": {"$inc": by}});
            a.update("d", edit(1, "a")).await;
            a.update("d", json!({"note": "of a"})).await;
            b.update("d", edit(10, "b")).await;
            b.update("d", json!({"title": "of b"})).await;
            let c = world.open("c").await;
            c.sync().await;
            c.delete("d").await;
            c.sync().await;
            // Both hear of the delete before either makes the document again.
            let creates =
                |_: usize, body: &Value| (body["operations"][0]["type"] == "create").then_some(Fault::Unreachable);
            for device in [&a, &b] {
                device.link.always("batch", Fault::choose(creates));
                assert!(device.try_sync().await.is_err());
            }
            a.link.heal();
            b.link.heal();
            in_step(&[&a, &b, &c]).await;
            let mut all = c.get("d").unwrap();
            all["tags"].as_array_mut().unwrap().sort_by_key(Value::to_string);
            let made = json!({"n": 11, "tags": ["a", "b", "x"], "o": {"n": 11, "left": 1}, "new": 11, "title": "of b", "note": "of a"});
            assert_eq!(all, made, "{strategy:?}");
        });
    }
}
