//! What a device works out for itself is what the server has: the digest over places would not tell.

use holm_core::CollectionConfig;
use holm_tests::fixture::{Device, Fault, Fixture, in_step, story, story_on_files};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Numbers whose sums are not exact, or change their kind.
fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(i64::MAX)),
        Just(json!(i64::MIN)),
        Just(json!(-0.0)),
        Just(json!(1e300)),
        Just(json!(2.0)),
        (-3..4i64).prop_map(Value::from),
        (-1e6..1e6f64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
    ]
}

fn member() -> impl Strategy<Value = Value> {
    prop_oneof![
        number(),
        "[a-cé\"\\\\]{0,3}".prop_map(Value::from),
        number().prop_map(|number| json!({"k": number})),
        Just(json!([1, 1.0])),
        Just(Value::Null)
    ]
}

/// What is done to one field.
fn edit() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => number().prop_map(|by| json!({"$inc": by})),
        2 => prop::collection::vec(member(), 0..4).prop_map(|members| json!({"$addToSet": members})),
        2 => prop::collection::vec(member(), 0..4).prop_map(|members| json!({"$removeFromSet": members})),
        2 => member(),
        1 => prop::collection::vec(member(), 0..3).prop_map(Value::from),
    ]
}

/// A patch of fields at the top and inside of objects.
fn patch() -> impl Strategy<Value = Value> {
    let field = prop_oneof![Just("n"), Just("t"), Just("o"), Just("x")];
    let inner = prop::collection::hash_map(field.clone(), edit(), 0..3).prop_map(|fields| json!(fields));
    prop::collection::hash_map(field, prop_oneof![3 => edit(), 1 => inner], 1..4).prop_map(|fields| json!(fields))
}

/// Tries an edit; one that does not fit what is there is refused where it is made.
async fn edit_with(device: &Device, patch: &Value) {
    if device.document("d").is_some() {
        let _ = device.tasks.update("d", patch).await;
    }
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn core_s11_joined_fractions_show_as_the_server_adds_them() {
    story(async |mut world| {
        let (a, b) = crate::pair(&mut world, json!({"n": 0.1})).await;
        a.update("d", json!({"n": {"$inc": 0.2}})).await;
        a.update("d", json!({"n": {"$inc": 0.3}})).await;
        let shown = a.get("d").unwrap();
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d").unwrap(), shown);
        assert_eq!(shown["n"], json!(0.6));
    });
}

/// Two devices that have a document `d` which their server has lost: it was restored from a backup.
async fn known_here_only(world: &mut Fixture) -> (Device, Device) {
    let (a, b) = (world.open("a").await, world.open("b").await);
    let backup = world.back_up_server();
    a.create("d", json!({"n": 1})).await;
    in_step(&[&a, &b]).await;
    world.restore_server(&backup);
    (a, b)
}

/// The server was restored: what a device edits is gone there, and another device makes it again under the same id and version. The answer to
/// the edit should bring the document; if it does not, the device reads it.
#[test]
fn core_s11_edit_of_what_came_again_shows_what_the_server_has() {
    edit_of_what_came_again(true);
    edit_of_what_came_again(false);
}

fn edit_of_what_came_again(told: bool) {
    story_on_files(async move |mut world| {
        let (a, b) = known_here_only(&mut world).await;
        b.update("d", json!({"n": {"$inc": 1}})).await;
        // It reads that the document is gone, and its edit is lost on the way.
        for _ in 0..2 {
            b.link.once("batch", Fault::DropRequest);
            assert!(b.try_sync().await.is_err());
        }
        a.sync().await;
        a.create("d", json!({"n": 10, "by": "a"})).await;
        a.sync().await;
        b.link.once("pull", Fault::DropRequest);
        assert!(b.try_sync().await.is_err());
        let says_nothing = |reply: &mut Value| drop(reply["results"][0].as_object_mut().unwrap().remove("record"));
        if !told {
            b.link.once("batch", Fault::rewrite(says_nothing));
        }
        in_step(&[&b, &a]).await;
        assert_eq!(b.get("d"), Some(json!({"n": 11, "by": "a"})), "{told}");
    });
}

/// The server was restored: what two devices have edited meanwhile is made again there, at the version that both had known.
#[test]
fn core_s11_later_edit_wins_over_one_based_on_another_history() {
    story_on_files(async |mut world| {
        let (a, b) = known_here_only(&mut world).await;
        b.update("d", json!({"note": "b"})).await;
        world.seconds(1.0).await;
        a.update("d", json!({"note": "a"})).await;
        a.sync().await;
        in_step(&[&b, &a]).await;
        assert_eq!(a.get("d"), Some(json!({"n": 1, "note": "a"})));
        assert_eq!(b.get("d"), a.get("d"));
        assert!(b.journal().iter().any(|entry| entry.lost == r#"{"note":"b"}"#), "{:?}", b.journal());
    });
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn core_s11_what_a_device_works_out_is_what_the_server_has(
        patches in prop::collection::vec((any::<bool>(), patch(), 0..3u8), 1..8)
    ) {
        story(|mut world| async move {
            let (a, b) = (world.open("a").await, world.open("b").await);
            a.create("d", json!({"n": 1, "t": [1, "a"], "o": {"n": 0.1, "t": []}})).await;
            in_step(&[&a, &b]).await;
            for (by_a, patch, then) in &patches {
                let device = if *by_a { &a } else { &b };
                edit_with(device, patch).await;
                match then {
                    0 => drop(device.sync().await),
                    1 => {
                        // An edit while the one before is on its way.
                        let sync = device.start_sync();
                        tokio::task::yield_now().await;
                        edit_with(device, patch).await;
                        sync.await.unwrap().unwrap();
                    }
                    _ => {}
                }
            }
            in_step(&[&a, &b]).await;
            // This one computes nothing.
            let fresh = world.open("fresh").await;
            fresh.sync().await;
            assert_eq!(a.view(), fresh.view());
        });
    }
}

/// The server keeps a list of deleted ids for each collection in its replies, named by the English singular.
#[test]
fn audit_a5_collections_with_one_singular_are_taken_and_lose_their_own_documents_only() {
    for (one, other) in
        [("tasks", "Tasks"), ("task", "tasks"), ("story", "stories"), ("heroes", "hero"), ("box", "boxes")]
    {
        story(|mut world| async move {
            let mut devices = Vec::new();
            for name in ["a", "b"] {
                let opener = world.device(name).collection(CollectionConfig::new(one));
                devices.push(opener.collection(CollectionConfig::new(other)).open().await);
            }
            let (a, b) = (&devices[0], &devices[1]);
            for collection in [one, other] {
                for id in ["kept", "gone"] {
                    a.holm.collection(collection).unwrap().create(&json!({"id": id, "in": collection})).await.unwrap();
                }
            }
            a.sync().await;
            assert!(a.pending().is_empty(), "{:?}", a.pending());
            b.sync().await;
            a.holm.collection(one).unwrap().delete("gone").await.unwrap();
            a.sync().await;
            // The deletion comes with the reply to a push.
            b.holm.collection(other).unwrap().update("kept", &json!({"by": "b"})).await.unwrap();
            b.sync().await;
            a.sync().await;
            for device in [a, b] {
                assert_eq!(device.view_of(one).into_keys().collect::<Vec<_>>(), ["kept"], "{one}");
                assert_eq!(device.view_of(other).into_keys().collect::<Vec<_>>(), ["gone", "kept"], "{other}");
            }
        });
    }
}
