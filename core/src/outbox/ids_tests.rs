//! What is remembered between transactions is what is stored.

use super::*;
use crate::conflict::Rules;
use crate::device::KnownTime;
use crate::error::Error;
use crate::model::DocumentId;
use crate::outbox::{Place, References, create};
use crate::platform::{SystemClock, SystemEntropy};
use crate::store::{Durability, Location, Store, collections, frames};
use futures_util::FutureExt;

fn device() -> Arc<Device> {
    let (clock, entropy) = (Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
    Arc::new(Device::new(clock, entropy, "me", KnownTime::default()))
}

fn open(location: Location) -> Store {
    Store::open(location, Durability::Full, 0, Arc::new(|_| {})).unwrap()
}

fn make(tx: &Tx<'_>, device: &Device, id: &str) -> Result<OpId> {
    let collection = collections::ensure(tx, "tasks")?;
    let (id, rules, references) = (DocumentId::new(id)?, Rules::default(), References::default());
    let place = Place { collection, name: "tasks", rules: &rules, id: &id, group: None, references: &references };
    create(tx, device, &place, "{}".to_owned())
}

/// Makes a document, and takes it back.
fn make_in_vain(tx: &Tx<'_>, device: &Device) -> Result<()> {
    make(tx, device, "in vain")?;
    Err(Error::document("on purpose"))
}

#[test]
fn what_was_made_in_a_write_that_is_taken_back_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    for (at, shared) in [false, true].into_iter().enumerate() {
        let store = open(Location::Directory(directory.path().join(at.to_string())));
        let device = device();
        let (inner, own) = (store.clone(), device.clone());
        let failed = store.write_blocking(move |tx| {
            if !shared {
                return make_in_vain(tx, &own);
            }
            // It runs in the transaction of the one that queues it.
            let failing = inner.write(move |tx| make_in_vain(tx, &own));
            assert!(failing.now_or_never().is_none());
            Ok(())
        });
        assert_eq!(failed.is_ok(), shared);
        let own = device.clone();
        let op_id = store.write_blocking(move |tx| make(tx, &own, "d")).unwrap();
        let (ours, kept) =
            store.read(|connection| Ok((is_ours(connection, op_id)?, frames::all(connection)?))).unwrap();
        assert!(ours, "the secret is stored, too");
        assert_eq!(kept.len(), 1, "so is the frame of its stamp");
        assert_eq!(op_id.op_seq(1), 1);
    }
}

/// A rule that is checked at the end of the transaction, and broken.
const COMMIT_FAILS: &str = "CREATE TEMP TABLE parent (id INTEGER PRIMARY KEY);
     CREATE TEMP TABLE child (of REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
     INSERT INTO child VALUES (1)";

#[test]
fn a_number_that_is_given_again_after_a_failed_commit_makes_another_id() {
    let (store, device) = (open(Location::Memory), device());
    let make_on = |id: &'static str, fails: bool| {
        let (device, (told, made)) = (device.clone(), std::sync::mpsc::channel());
        let written = store.write_blocking(move |tx| {
            if fails {
                tx.execute_batch(COMMIT_FAILS)?;
            }
            told.send(make(tx, &device, id)?).unwrap();
            Ok(())
        });
        assert_eq!(written.is_err(), fails);
        made.recv().unwrap()
    };
    let (first, in_vain, second) = (make_on("a", false), make_on("b", true), make_on("b", false));
    assert_eq!((first.op_seq(1), in_vain.op_seq(2), second.op_seq(2)), (1, 2, 2));
    assert_ne!(in_vain, second);
}

#[test]
fn two_stores_on_one_directory_use_no_number_twice() {
    let directory = tempfile::tempdir().unwrap();
    let stores = [(); 2].map(|()| (open(Location::Directory(directory.path().to_owned())), device()));
    let mut ids = Vec::new();
    for round in 0..6 {
        let (store, device) = &stores[[0, 0, 1, 0, 1, 1][round]];
        let device = device.clone();
        ids.push(store.write_blocking(move |tx| make(tx, &device, &round.to_string())).unwrap());
    }
    let numbers: Vec<i64> = ids.iter().map(|id| id.op_seq(6)).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let ours = |id: &OpId| stores[0].0.read(|connection| is_ours(connection, *id)).unwrap();
    assert!(ids.iter().all(ours));
}
