//! References across a push: the child waits for its parent, a refused parent blocks its descendants and nothing else.

use crate::parked;
use holm_core::{CollectionConfig, ErrorCode, OpId, Resolution, Strategy};
use holm_tests::fixture::{Device, Fault, Fixture, code, story_on};
use serde_json::{Value, json};

const STRICT: &str = "[collections.heroes.fields.name]\nmax_length = 10";

async fn device(world: &mut Fixture, name: &str) -> Device {
    let heroes = CollectionConfig::new("heroes").reference("stories", "stories");
    let stories = CollectionConfig::new("stories").reference("hero", "heroes");
    let pages = CollectionConfig::new("pages").reference("story", "stories");
    world.device(name).collection(heroes).collection(stories).collection(pages).open().await
}

async fn create(device: &Device, collection: &str, document: Value) -> OpId {
    device.holm.collection(collection).unwrap().create(&document).await.unwrap().op_id.unwrap()
}

fn there(device: &Device, collection: &str) -> Vec<String> {
    let dump = device.holm.dump().unwrap().into_iter().find(|dump| dump.name == collection);
    dump.map(|dump| dump.documents.into_iter().map(|one| one.document.id).collect()).unwrap_or_default()
}

/// A refused hero, its story and its page, and a story of another hero.
async fn family(a: &Device) {
    create(a, "heroes", json!({"id": "h", "name": "much too long a name"})).await;
    create(a, "heroes", json!({"id": "other", "name": "Mia"})).await;
    create(a, "stories", json!({"id": "s", "hero": "h"})).await;
    create(a, "pages", json!({"id": "p", "story": "s"})).await;
    create(a, "stories", json!({"id": "free", "hero": "other"})).await;
    a.sync().await;
}

#[test]
fn a_refused_parent_blocks_its_descendants_only() {
    story_on(STRICT, |mut world| async move {
        let (a, b) = (device(&mut world, "a").await, device(&mut world, "b").await);
        family(&a).await;
        b.sync().await;
        assert_eq!(
            (there(&b, "heroes"), there(&b, "stories"), there(&b, "pages")),
            (vec!["other".into()], vec!["free".into()], vec![])
        );
        let pushes = a.link.count("batch");
        a.sync().await;
        assert_eq!(a.link.operations().len(), 5 - 2, "descendants were never sent: {pushes} pushes");
        a.holm.collection("heroes").unwrap().update("h", &json!({"name": "short"})).await.unwrap();
        a.holm.retry(parked(&a, "h").op_id).await.unwrap();
        a.sync().await;
        b.sync().await;
        assert_eq!((there(&b, "heroes").len(), there(&b, "stories").len(), there(&b, "pages").len()), (2, 2, 1));
        let order: Vec<String> =
            a.link.operations().iter().map(|op| op["clientId"].as_str().unwrap_or("").to_owned()).collect();
        let place = |id: &str| order.iter().rposition(|other| other == id).unwrap();
        assert!(place("h") < place("s") && place("s") < place("p"), "{order:?}");
    });
}

/// The person gives the hero up: its story goes as it stands, and names a hero that is nowhere, as it does when a hero is deleted.
#[test]
fn children_of_a_discarded_parent_are_parked() {
    story_on(STRICT, |mut world| async move {
        let (a, b) = (device(&mut world, "a").await, device(&mut world, "b").await);
        family(&a).await;
        a.holm.discard(parked(&a, "h").op_id).await.unwrap();
        a.sync().await;
        b.sync().await;
        let found = |b: &Device| (there(b, "heroes"), there(b, "stories").len(), there(b, "pages").len());
        assert_eq!(found(&b), (vec!["other".into()], 1, 0));
        let child = parked(&a, "s");
        assert_eq!(child.error.unwrap().code, "REFERENCE_DISCARDED");
        a.holm.retry(child.op_id).await.unwrap();
        a.sync().await;
        b.sync().await;
        assert_eq!(found(&b), (vec!["other".into()], 2, 1));
        assert!(a.pending().is_empty());
    });
}

/// A child that is in a conflict when its parent is given up is parked once the conflict is decided.
#[test]
fn a_child_in_conflict_of_a_discarded_parent_is_parked_after_the_decision() {
    story_on(STRICT, |mut world| async move {
        let heroes = || CollectionConfig::new("heroes");
        let stories = || CollectionConfig::new("stories").conflict(Strategy::Prompt).reference("hero", "heroes");
        let a = world.device("a").collection(heroes()).collection(stories()).open().await;
        let b = world.device("b").collection(heroes()).collection(stories()).open().await;
        create(&a, "stories", json!({"id": "s", "hero": "none"})).await;
        a.sync().await;
        b.sync().await;
        let hero = create(&a, "heroes", json!({"id": "h", "name": "much too long a name"})).await;
        a.holm.collection("stories").unwrap().update("s", &json!({"hero": "h"})).await.unwrap();
        b.holm.collection("stories").unwrap().update("s", &json!({"hero": "other"})).await.unwrap();
        b.sync().await;
        a.sync().await;
        a.holm.discard(hero).await.unwrap();
        let conflict = a.holm.conflicts().unwrap().remove(0);
        a.holm.resolve_conflict(conflict.id, Resolution::KeepLocal).await.unwrap();
        a.sync().await;
        let child = parked(&a, "s");
        assert_eq!(child.error.unwrap().code, "REFERENCE_DISCARDED");
        a.holm.retry(child.op_id).await.unwrap();
        a.sync().await;
        b.sync().await;
        let story = b.holm.collection("stories").unwrap().get("s").unwrap().unwrap();
        assert_eq!((story.value().unwrap()["hero"].clone(), a.pending().len()), (json!("h"), 0));
    });
}

#[test]
fn a_child_waits_while_the_reply_to_its_parent_is_lost() {
    story_on("", |mut world| async move {
        let (mut a, b) = (device(&mut world, "a").await, device(&mut world, "b").await);
        a.sync().await;
        create(&a, "stories", json!({"id": "s"})).await;
        create(&a, "heroes", json!({"id": "h", "stories": ["s"]})).await;
        for _ in 0..2 {
            a.link.once("batch", Fault::DropReply);
            assert!(a.try_sync().await.is_err());
            a.restart().await;
        }
        let sent: Vec<String> =
            a.link.operations().iter().map(|op| op["clientId"].as_str().unwrap().to_owned()).collect();
        assert!(!sent.contains(&"h".to_owned()), "{sent:?}");
        a.sync().await;
        b.sync().await;
        assert_eq!((there(&b, "heroes"), there(&b, "stories")), (vec!["h".into()], vec!["s".into()]));
    });
}

/// A circle is refused at the write that would close it, also over three documents, and also while a part of it is on its way.
#[test]
fn a_circle_is_refused_while_it_could_not_be_sent() {
    story_on("", |mut world| async move {
        let a = device(&mut world, "a").await;
        create(&a, "heroes", json!({"id": "h"})).await;
        create(&a, "stories", json!({"id": "s", "hero": "h"})).await;
        let heroes = a.holm.collection("heroes").unwrap();
        assert_eq!(code(heroes.update("h", &json!({"stories": ["s"]})).await), ErrorCode::InvalidDocument);
        a.link.once("batch", Fault::DropReply);
        assert!(a.try_sync().await.is_err());
        // The hero is on its way; an edit of it may wait for the story, which waits for the hero's create only.
        let closing = heroes.update("h", &json!({"stories": ["s"]})).await;
        a.sync().await;
        if closing.is_err() {
            heroes.update("h", &json!({"stories": ["s"]})).await.unwrap();
        }
        a.sync().await;
        assert!(a.pending().is_empty(), "{:?}", a.pending());
    });
}
