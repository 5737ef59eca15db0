//! The durable id map: the server gives documents ids of its own, and replies are lost.

use holm_core::CollectionConfig;
use holm_tests::fixture::{Device, Fault, Fixture, story_on};
use serde_json::{Value, json};

const ASSIGNS: &str = "[collections.heroes]\nid_assignment = \"server\"";

async fn device(world: &mut Fixture, name: &str) -> Device {
    let stories = CollectionConfig::new("stories").reference("hero", "heroes");
    world.device(name).collection(CollectionConfig::new("heroes")).collection(stories).open().await
}

fn documents(device: &Device, collection: &str) -> Vec<(String, Value)> {
    let dump = device.holm.dump().unwrap().into_iter().find(|dump| dump.name == collection);
    let documents = dump.map(|dump| dump.documents).unwrap_or_default();
    documents.into_iter().map(|one| (one.document.id.clone(), one.document.value().unwrap())).collect()
}

#[test]
fn report_42_a_lost_reply_leaves_one_document_under_its_local_id() {
    for losses in 0..3 {
        story_on(ASSIGNS, |mut world| async move {
            let (mut a, b) = (device(&mut world, "a").await, device(&mut world, "b").await);
            let heroes = a.holm.collection("heroes").unwrap();
            heroes.create(&json!({"id": "local", "name": "Mia", "n": 0})).await.unwrap();
            for _ in 0..losses {
                a.link.once("batch", Fault::DropReply);
                assert!(a.try_sync().await.is_err());
                a.restart().await;
                a.holm.collection("heroes").unwrap().update("local", &json!({"n": {"$inc": 1}})).await.unwrap();
            }
            a.sync().await;
            b.sync().await;
            let theirs = documents(&b, "heroes");
            assert_eq!(theirs.len(), 1);
            assert_ne!(theirs[0].0, "local", "the server has given it an id");
            assert_eq!(theirs[0].1, json!({"name": "Mia", "n": losses}));
            // Edits of either side reach the other under its own name for it.
            b.holm.collection("heroes").unwrap().update(&theirs[0].0, &json!({"n": {"$inc": 10}})).await.unwrap();
            b.sync().await;
            a.sync().await;
            a.restart().await;
            a.holm.collection("heroes").unwrap().update("local", &json!({"name": "Ada"})).await.unwrap();
            a.sync().await;
            b.sync().await;
            let expected = json!({"name": "Ada", "n": 10 + losses});
            assert_eq!(documents(&a, "heroes"), [("local".to_owned(), expected.clone())]);
            assert_eq!(documents(&b, "heroes")[0].1, expected);
            a.holm.collection("heroes").unwrap().delete("local").await.unwrap();
            a.sync().await;
            b.sync().await;
            assert_eq!((documents(&a, "heroes").len(), documents(&b, "heroes").len()), (0, 0));
        });
    }
}
