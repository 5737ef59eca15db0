//! The server gives documents ids of its own, and the device learns them late.

use crate::LATER;
use holm_core::{CollectionConfig, Strategy};
use holm_tests::fixture::{Device, Fault, Fixture, in_step, story_on};
use serde_json::{Value, json};

const ASSIGNS: &str = "[collections.tasks]\nid_assignment = \"server\"\n";

/// `a` has made `p`, the reply was lost, and `b` has it under the server's id, which is returned.
async fn reply_lost(a: &Device, b: &Device) -> String {
    a.create("p", json!({"n": 0})).await;
    a.link.once("batch", Fault::DropReply);
    assert!(a.try_sync().await.is_err());
    b.sync().await;
    b.view().into_keys().next().unwrap()
}

async fn devices(world: &mut Fixture) -> (Device, Device) {
    (world.open("a").await, world.open("b").await)
}

/// Both devices have one document with this content, `a` under its own id.
async fn one_document(a: &Device, b: &Device, content: &Value) {
    for _ in 0..2 {
        a.sync().await;
        b.sync().await;
    }
    assert_eq!(a.view().into_iter().collect::<Vec<_>>(), [("p".to_owned(), content.clone())]);
    assert_eq!(b.view().into_values().collect::<Vec<_>>(), std::slice::from_ref(content));
    assert_eq!(a.digest(), b.digest());
    assert!(a.pending().is_empty() && b.pending().is_empty());
}

#[test]
fn audit_a1_edit_by_another_device_before_the_repeat_leaves_one_document() {
    for (edited_here, restarted) in [(false, false), (true, false), (false, true), (true, true)] {
        story_on(ASSIGNS, |mut world| async move {
            let (mut a, b) = devices(&mut world).await;
            let id = reply_lost(&a, &b).await;
            if edited_here {
                a.update("p", json!({"n": {"$inc": 10}})).await;
            }
            b.update(&id, json!({"n": {"$inc": 1}})).await;
            b.sync().await;
            if restarted {
                a.restart().await;
            }
            a.sync().await;
            assert_eq!(a.view().len(), 1, "{:?}", a.view());
            one_document(&a, &b, &json!({"n": 1 + 10 * i64::from(edited_here)})).await;
            assert_eq!(a.link.count("snapshot"), 0);
        });
    }
}

#[test]
fn audit_a1_record_that_is_here_under_the_servers_id_is_read_anew_without_end() {
    story_on(ASSIGNS, |mut world| async move {
        let (a, b) = devices(&mut world).await;
        let id = reply_lost(&a, &b).await;
        b.update(&id, json!({"n": {"$inc": 1}})).await;
        b.sync().await;
        a.sync().await;
        // A snapshot that confirms nothing: all that is here is looked at, once.
        a.holm.resync_collection("tasks").await.unwrap();
        b.delete(&id).await;
        b.sync().await;
        a.holm.resync_collection("tasks").await.unwrap();
        assert!(a.view().is_empty() && b.view().is_empty());
        assert_eq!(a.digest(), b.digest());
    });
}

#[test]
fn audit_a1_delete_by_another_device_before_the_repeat_deletes_it_here() {
    story_on(ASSIGNS, |mut world| async move {
        let (a, b) = devices(&mut world).await;
        let id = reply_lost(&a, &b).await;
        b.delete(&id).await;
        b.sync().await;
        for _ in 0..2 {
            a.sync().await;
            b.sync().await;
        }
        assert!(a.pending().is_empty(), "{:?}", a.pending());
        assert_eq!((a.view(), a.digest()), (b.view(), b.digest()));
    });
}

#[test]
fn audit_a1_copy_of_the_store_learns_the_servers_id() {
    for (original_edits, copy_edits) in [(true, true), (true, false), (false, true), (false, false)] {
        story_on(ASSIGNS, |mut world| async move {
            let (mut a, b) = devices(&mut world).await;
            a.create("p", json!({"n": 0})).await;
            a.restart().await;
            let c = a.restore_copy(&mut world, "c");
            a.sync().await;
            if original_edits {
                a.update("p", json!({"n": {"$inc": 1}})).await;
                a.sync().await;
            }
            if copy_edits {
                c.update("p", json!({"n": {"$inc": 10}})).await;
            }
            c.sync().await;
            let content = json!({"n": i64::from(original_edits) + 10 * i64::from(copy_edits)});
            one_document(&c, &b, &content).await;
            one_document(&a, &b, &content).await;
        });
    }
}

/// Until the repeat is answered, the device shows the server's record beside its own, and the person edits that.
#[test]
fn audit_a1_what_was_done_under_the_servers_id_goes_on_under_the_local_one() {
    for strategy in [Strategy::Merge, Strategy::ServerWins, Strategy::LastWriteWins] {
        for (here, there, content) in [
            (None, json!({"n": {"$inc": 100}}), json!({"n": 101})),
            (Some(json!({"n": {"$inc": 10}})), json!({"n": {"$inc": 100}}), json!({"n": 111})),
            (Some(json!({"t": "p"})), json!({"u": "x"}), json!({"n": 1, "t": "p", "u": "x"})),
        ] {
            story_on(ASSIGNS, |mut world| async move {
                let a = world.device("a").strategy(strategy).open().await;
                let b = world.device("b").strategy(strategy).open().await;
                let id = reply_lost(&a, &b).await;
                b.update(&id, json!({"n": {"$inc": 1}})).await;
                b.sync().await;
                if let Some(here) = here {
                    a.update("p", here).await;
                }
                // It reads, and what it sends does not arrive.
                a.link.once("batch", Fault::DropRequest);
                assert!(a.try_sync().await.is_err());
                assert_eq!(a.view().len(), 2);
                world.pass(LATER).await;
                a.update(&id, there).await;
                a.sync().await;
                assert_eq!(a.view().into_keys().collect::<Vec<_>>(), ["p"]);
                one_document(&a, &b, &content).await;
            });
        }
    }
}

#[test]
fn audit_a1_delete_under_the_servers_id_deletes_the_document() {
    story_on(ASSIGNS, |mut world| async move {
        let (a, b) = devices(&mut world).await;
        let id = reply_lost(&a, &b).await;
        b.update(&id, json!({"n": {"$inc": 1}})).await;
        b.sync().await;
        a.link.once("batch", Fault::DropRequest);
        assert!(a.try_sync().await.is_err());
        a.delete(&id).await;
        in_step(&[&a, &b]).await;
        assert!(b.view().is_empty());
    });
}

/// Another device has made a record of the same client id, which is here and edited under the server's id.
#[test]
fn audit_a1_create_that_meets_an_edited_record_joins_it() {
    story_on(ASSIGNS, |mut world| async move {
        let (a, b) = devices(&mut world).await;
        a.create("p", json!({"n": 1, "by-a": true})).await;
        a.sync().await;
        b.sync().await;
        let id = b.view().into_keys().next().unwrap();
        b.update(&id, json!({"n": {"$inc": 5}})).await;
        world.pass(LATER).await;
        b.create("p", json!({"by-b": true})).await;
        b.sync().await;
        one_document(&b, &a, &json!({"n": 6, "by-a": true, "by-b": true})).await;
        one_document(&a, &b, &json!({"n": 6, "by-a": true, "by-b": true})).await;
    });
}

const ASSIGNS_PARENTS: &str = "[collections.parents]\nid_assignment = \"server\"\n";

async fn family(world: &mut Fixture, name: &str) -> Device {
    let kids = CollectionConfig::new("kids").reference("parent", "parents").reference("/more/parents", "parents");
    // What refers is declared, and read, before what is referred to.
    world.device(name).collection(kids).collection(CollectionConfig::new("parents")).open().await
}

async fn create(device: &Device, collection: &str, document: Value) {
    device.holm.collection(collection).unwrap().create(&document).await.unwrap();
}

async fn update(device: &Device, collection: &str, id: &str, patch: Value) {
    device.holm.collection(collection).unwrap().update(id, &patch).await.unwrap();
}

fn only(device: &Device, collection: &str) -> (String, Value) {
    let mut all = device.view_of(collection).into_iter();
    let one = all.next().unwrap();
    assert_eq!(all.next(), None);
    one
}

/// Whatever each device calls the parent, the kid on it refers to that.
fn refers(device: &Device, count: usize) {
    let parents: Vec<String> = device.view_of("parents").into_keys().collect();
    let kids = device.view_of("kids");
    assert_eq!(kids.len(), count, "{}", device.name);
    for (id, kid) in &kids {
        let more = kid["more"]["parents"].as_array().cloned().unwrap_or_default();
        for parent in [&kid["parent"]].into_iter().chain(&more).filter(|parent| !parent.is_null()) {
            assert!(parents.iter().any(|known| parent == known), "{}: {id} {kid} of {parents:?}", device.name);
        }
    }
}

async fn settle(devices: &[&Device]) {
    for _ in 0..4 {
        for device in devices {
            device.sync().await;
        }
    }
    assert!(devices.iter().all(|device| device.pending().is_empty()));
}

#[test]
fn audit_a6_references_travel_with_the_servers_ids_and_stand_here_with_the_local_ones() {
    story_on(ASSIGNS_PARENTS, |mut world| async move {
        let (a, b) = (family(&mut world, "a").await, family(&mut world, "b").await);
        create(&a, "parents", json!({"id": "p", "n": 0})).await;
        create(&a, "parents", json!({"id": "q", "n": 0})).await;
        create(&a, "kids", json!({"id": "k", "parent": "p", "more": {"parents": ["p", "q", "else"]}})).await;
        create(&a, "kids", json!({"id": "l", "t": "p"})).await;
        settle(&[&a, &b]).await;
        let kid = a.view_of("kids").remove("k").unwrap();
        assert_eq!(kid, json!({"parent": "p", "more": {"parents": ["p", "q", "else"]}}));
        let theirs = b.view_of("kids");
        assert_eq!(theirs["l"], json!({"t": "p"}), "only declared paths are references");
        assert!(b.view_of("parents").contains_key(theirs["k"]["parent"].as_str().unwrap()), "{theirs:?}");
        assert_eq!(theirs["k"]["more"]["parents"][2], "else");
        // Edits of every kind, from either side.
        update(&a, "kids", "l", json!({"parent": "q"})).await;
        update(&a, "kids", "k", json!({"more": {"parents": {"$removeFromSet": ["p", "else"]}}})).await;
        settle(&[&a, &b]).await;
        refers(&b, 2);
        assert_eq!(a.view_of("kids")["k"]["more"]["parents"], json!(["q"]));
        let q = b.view_of("kids")["l"]["parent"].clone();
        assert_eq!(b.view_of("kids")["k"]["more"]["parents"], json!([q]));
        update(&b, "kids", "k", json!({"parent": q, "more": {"parents": {"$addToSet": [theirs["k"]["parent"]]}}}))
            .await;
        settle(&[&b, &a]).await;
        assert_eq!(a.view_of("kids")["k"], json!({"parent": "q", "more": {"parents": ["q", "p"]}}));
        // A device that knows nothing yet, and one that reads all anew.
        let c = family(&mut world, "c").await;
        a.holm.resync_collection("kids").await.unwrap();
        settle(&[&a, &c]).await;
        refers(&c, 2);
        refers(&a, 2);
    });
}

#[test]
fn audit_a6_conflict_over_a_reference_is_none_if_both_mean_the_same() {
    for strategy in [Strategy::Prompt, Strategy::Merge] {
        story_on(ASSIGNS_PARENTS, |mut world| async move {
            let mut devices = Vec::new();
            for name in ["a", "b"] {
                let kids = CollectionConfig::new("kids").reference("parent", "parents").conflict(strategy);
                let opener = world.device(name).collection(kids).collection(CollectionConfig::new("parents"));
                devices.push(opener.open().await);
            }
            let (a, b) = (&devices[0], &devices[1]);
            create(a, "parents", json!({"id": "p"})).await;
            create(a, "kids", json!({"id": "k", "n": 0})).await;
            settle(&[a, b]).await;
            let p = only(b, "parents").0;
            update(b, "kids", "k", json!({"parent": p})).await;
            b.sync().await;
            update(a, "kids", "k", json!({"parent": "p", "n": 1})).await;
            settle(&[a, b]).await;
            assert_eq!(only(a, "kids").1, json!({"n": 1, "parent": "p"}));
            assert_eq!(only(b, "kids").1, json!({"n": 1, "parent": p}));
            assert!(a.conflicts().is_empty() && a.journal().is_empty());
        });
    }
}

#[test]
fn audit_a6_kid_that_was_read_before_the_id_was_known_refers_to_the_parent() {
    for edited_there in [false, true] {
        story_on(ASSIGNS_PARENTS, |mut world| async move {
            let (a, b) = (family(&mut world, "a").await, family(&mut world, "b").await);
            create(&a, "parents", json!({"id": "p", "n": 0})).await;
            a.link.once("batch", Fault::DropReply);
            assert!(a.try_sync().await.is_err());
            b.sync().await;
            let x = only(&b, "parents").0;
            create(&b, "kids", json!({"id": "k", "parent": x})).await;
            if edited_there {
                update(&b, "parents", &x, json!({"n": {"$inc": 1}})).await;
            }
            b.sync().await;
            settle(&[&a, &b]).await;
            assert_eq!(only(&a, "kids").1, json!({"parent": "p"}));
            assert_eq!(only(&b, "kids").1, json!({"parent": x}));
            assert_eq!(only(&a, "parents"), ("p".to_owned(), json!({"n": i64::from(edited_there)})));
        });
    }
}

#[test]
fn audit_a6_group_that_makes_both_is_mended_once_the_id_is_known() {
    for reply_lost in [false, true] {
        story_on(ASSIGNS_PARENTS, |mut world| async move {
            let (a, b) = (family(&mut world, "a").await, family(&mut world, "b").await);
            let group = a.holm.write(|tx| {
                tx.group();
                tx.create("kids", &json!({"id": "k", "parent": "p", "more": {"parents": ["p"]}}))?;
                tx.create("parents", &json!({"id": "p"}))
            });
            group.await.unwrap();
            if reply_lost {
                a.link.once("batch", Fault::DropReply);
                assert!(a.try_sync().await.is_err());
            }
            settle(&[&a, &b]).await;
            refers(&b, 1);
            assert_eq!(only(&a, "kids").1, json!({"parent": "p", "more": {"parents": ["p"]}}));
            assert!(a.conflicts().is_empty() && a.holm.parked().unwrap().is_empty());
        });
    }
}
