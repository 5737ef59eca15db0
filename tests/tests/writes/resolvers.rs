//! The app's own resolvers: decided or handed over to a person with the reason, whatever the resolver does.

use holm_core::{CollectionConfig, Conflict, ConflictResolver, Resolution, ResolverFault, Strategy, SyncStatus};
use holm_tests::fixture::{Device, Fixture, clash, in_step, story};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Decide = dyn Fn(&Conflict, usize) -> Result<Resolution, String> + Send + Sync;

/// Counts its calls, from 0, and answers as it is told.
struct Script {
    calls: AtomicUsize,
    decide: Box<Decide>,
}

impl ConflictResolver for Script {
    fn resolve(&self, conflict: &Conflict) -> Result<Resolution, String> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        (self.decide)(conflict, call)
    }
}

fn script(decide: impl Fn(&Conflict, usize) -> Result<Resolution, String> + Send + Sync + 'static) -> Arc<Script> {
    Arc::new(Script { calls: AtomicUsize::new(0), decide: Box::new(decide) })
}

/// The document in which both titles stand.
fn both(conflict: &Conflict) -> Result<Resolution, String> {
    let title = |text: &Option<String>| -> Result<String, String> {
        let text = text.as_deref().ok_or("one side is deleted")?;
        let document: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(document["title"].as_str().unwrap_or_default().to_owned())
    };
    let titles = format!("{} and {}", title(&conflict.server)?, title(&conflict.local)?);
    Ok(Resolution::Document(json!({"title": titles}).to_string()))
}

/// A device with a resolver, and one that has changed the same field meanwhile; the conflict is found.
async fn conflicting(world: &mut Fixture, resolver: Arc<Script>) -> (Device, Device) {
    // Resolvers run on threads of their own, in real time.
    tokio::time::resume();
    let tasks = CollectionConfig::new("tasks").conflict(Strategy::Custom).resolver(resolver);
    let a = world.device("a").collection(tasks).open().await;
    let b = world.open("b").await;
    clash(&a, &b).await;
    (a, b)
}

/// Waits until the conflict is decided or handed over.
async fn settled(a: &Device) -> Option<Conflict> {
    loop {
        if let Some(conflict) = a.conflicts().pop() {
            return Some(conflict);
        }
        if a.status("d") != Some(SyncStatus::Conflict) {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn a_decision_goes_out_with_the_next_sync() {
    story(|mut world| async move {
        let resolver = script(|conflict, _| both(conflict));
        let (a, b) = conflicting(&mut world, resolver.clone()).await;
        a.sync().await;
        assert_eq!(settled(&a).await, None);
        in_step(&[&a, &b]).await;
        assert_eq!(b.get("d"), Some(json!({"title": "theirs and mine"})));
        assert_eq!(resolver.calls.load(Ordering::SeqCst), 2, "each conflict is put to it twice");
    });
}

#[test]
fn a_resolver_without_one_good_decision_hands_over_with_the_reason() {
    let late = Duration::from_millis(1);
    let cases: [(ResolverFault, Arc<Script>); 6] = [
        (ResolverFault::NoDecision, script(|_, _| Err("I do not know".to_owned()))),
        (ResolverFault::Panicked, script(|_, _| panic!("a resolver that panics"))),
        (
            ResolverFault::NotDeterministic,
            script(|_, n| Ok(if n % 2 == 0 { Resolution::KeepLocal } else { Resolution::KeepServer })),
        ),
        (ResolverFault::NotDeterministic, script(|_, n| Ok(Resolution::Document(json!({"title": n}).to_string())))),
        (
            ResolverFault::NotDeterministic,
            script(|_, n| if n % 2 == 0 { Ok(Resolution::Merge) } else { Err("now not".to_owned()) }),
        ),
        (ResolverFault::InvalidDocument, script(|_, _| Ok(Resolution::Document("[1]".to_owned())))),
    ];
    for (fault, resolver) in cases {
        story(|mut world| async move {
            let (mut a, b) = conflicting(&mut world, resolver).await;
            a.sync().await;
            let conflict = settled(&a).await.unwrap();
            assert_eq!(conflict.resolver_fault, Some(fault));
            assert_eq!((a.status("d"), a.get("d")), (Some(SyncStatus::Conflict), Some(json!({"title": "mine"}))));
            // The question and its reason outlive a restart, and the resolver is not asked again.
            a.restart().await;
            tokio::time::sleep(late).await;
            assert_eq!(a.conflicts()[0].resolver_fault, Some(fault));
            a.holm.resolve_conflict(a.conflicts()[0].id, Resolution::KeepLocal).await.unwrap();
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d"), Some(json!({"title": "mine"})));
        });
    }
}

/// A resolver that stands still until it is let go.
fn gated() -> (Arc<Script>, Sender<()>) {
    let (open, gate): (Sender<()>, Receiver<()>) = channel();
    let gate = Mutex::new(gate);
    let resolver = script(move |_, call| {
        // Both calls about one conflict pass one gate. An error: the test is over.
        if call % 2 == 0 {
            let _ = gate.lock().unwrap().recv();
        }
        Ok(Resolution::KeepLocal)
    });
    (resolver, open)
}

#[test]
fn a_slow_resolver_holds_up_nothing_and_hands_over() {
    story(|mut world| async move {
        let (resolver, _open) = gated();
        let (a, b) = conflicting(&mut world, resolver).await;
        a.sync().await;
        assert!(a.conflicts().is_empty(), "the resolver is asked");
        a.create("other", json!({"title": "meanwhile"})).await;
        a.sync().await;
        b.sync().await;
        assert_eq!(b.get("other"), Some(json!({"title": "meanwhile"})));
        // Five seconds, in virtual time.
        tokio::time::pause();
        world.seconds(5.1).await;
        assert_eq!(settled(&a).await.unwrap().resolver_fault, Some(ResolverFault::TooSlow));
    });
}

/// The document changes while the resolver thinks: it is asked about the newer state, and after five times a person is.
#[test]
fn a_decision_about_an_older_state_does_not_count() {
    for changes in [1, 5] {
        story(|mut world| async move {
            let (started, starts) = channel();
            let (open, gate) = channel::<()>();
            let (started, gate) = (Mutex::new(started), Mutex::new(gate));
            let resolver = script(move |_, call| {
                if call % 2 == 0 {
                    let _ = started.lock().unwrap().send(());
                    let _ = gate.lock().unwrap().recv();
                }
                Ok(Resolution::KeepLocal)
            });
            let (a, b) = conflicting(&mut world, resolver.clone()).await;
            a.sync().await;
            for change in 0..changes {
                loop {
                    match starts.try_recv() {
                        Ok(()) => break,
                        Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
                    }
                }
                a.update("d", json!({"title": format!("mine {change}")})).await;
                open.send(()).unwrap();
            }
            // From here on nothing changes.
            drop(open);
            match settled(&a).await {
                None => assert_eq!(changes, 1),
                Some(conflict) => {
                    assert_eq!((conflict.resolver_fault, changes), (Some(ResolverFault::KeepsChanging), 5));
                    a.holm.resolve_conflict(conflict.id, Resolution::KeepLocal).await.unwrap();
                }
            }
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d"), Some(json!({"title": format!("mine {}", changes - 1)})));
        });
    }
}

/// What waits for a resolver is taken up again after a suspension, and at the next start.
#[test]
fn a_resolver_is_asked_again_after_a_suspension_and_after_a_restart() {
    for restarts in [false, true] {
        story(|mut world| async move {
            let (resolver, open) = gated();
            let (mut a, b) = conflicting(&mut world, resolver.clone()).await;
            a.sync().await;
            while resolver.calls.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if restarts {
                a.holm.close().await;
            } else {
                a.holm.suspend().await;
            }
            // Its decision finds the store closed.
            open.send(()).unwrap();
            while resolver.calls.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            open.send(()).unwrap();
            if restarts {
                a.restart().await;
            } else {
                a.holm.resume().unwrap();
            }
            assert_eq!(settled(&a).await, None);
            in_step(&[&a, &b]).await;
            assert_eq!(b.get("d"), Some(json!({"title": "mine"})));
            assert_eq!(resolver.calls.load(Ordering::SeqCst), 4);
        });
    }
}
