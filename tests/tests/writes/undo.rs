//! A delete and its undo, in each order, with replies that are lost or on their way: the document is there or not, as the person said last,
//! and no edit before the delete is lost.

use holm_tests::fixture::{Device, Fault, in_step, story};
use serde_json::{Value, json};

/// What happens to the push of a delete while it is undone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    NotSent,
    RequestLost,
    ReplyLost,
    RequestHeld,
    ReplyHeld,
}

const FATES: [Fate; 5] = [Fate::NotSent, Fate::RequestLost, Fate::ReplyLost, Fate::RequestHeld, Fate::ReplyHeld];

/// Sends what is pending with this fate; does `meanwhile` when the request is as far as it says.
async fn push(a: &Device, fate: Fate, meanwhile: impl AsyncFnOnce(&Device)) {
    match fate {
        Fate::NotSent => meanwhile(a).await,
        Fate::RequestLost | Fate::ReplyLost => {
            a.link.once("batch", if fate == Fate::ReplyLost { Fault::DropReply } else { Fault::DropRequest });
            // There may be nothing to send.
            let _ = a.try_sync().await;
            meanwhile(a).await;
        }
        Fate::RequestHeld | Fate::ReplyHeld => {
            let hold = if fate == Fate::ReplyHeld { a.link.hold_reply("batch") } else { a.link.hold_request("batch") };
            let mut sync = a.start_sync();
            let ended = tokio::select! {
                () = hold.arrived() => false,
                _ = &mut sync => true,
            };
            meanwhile(a).await;
            if !ended {
                hold.release();
                sync.await.unwrap().unwrap();
            }
        }
    }
    a.link.heal();
}

#[test]
fn a_delete_is_undone_whatever_becomes_of_its_request() {
    for (first, second) in FATES.into_iter().flat_map(|first| FATES.map(|second| (first, second))) {
        for known in [true, false] {
            story(|mut world| async move {
                let told = format!("{first:?}, {second:?}, known to the server: {known}");
                let (mut a, b) = (world.open("a").await, world.open("b").await);
                a.create("d", json!({"title": "old", "n": 0})).await;
                if known {
                    in_step(&[&a, &b]).await;
                }
                a.update("d", json!({"n": {"$inc": 1}})).await;
                push(&a, first, async |a| {
                    a.delete("d").await;
                })
                .await;
                assert_eq!(a.get("d"), None, "{told}");
                let back = json!({"title": "back", "n": 1});
                push(&a, second, async |a| {
                    a.create("d", json!({"title": "back", "n": 1})).await;
                })
                .await;
                assert_eq!(a.get("d"), Some(back.clone()), "{told}");
                a.update("d", json!({"n": {"$inc": 10}})).await;
                a.restart().await;
                in_step(&[&a, &b]).await;
                let expected: Option<Value> = Some(json!({"title": "back", "n": 11}));
                assert_eq!((a.get("d"), b.get("d")), (expected.clone(), expected), "{told}");
                // And gone for good in the end.
                a.delete("d").await;
                in_step(&[&a, &b]).await;
                assert_eq!((a.get("d"), b.get("d")), (None, None), "{told}");
            });
        }
    }
}
