//! Reading: echoes, long absence, a restored server.

use crate::{in_step, manual};
use holm_core::Strategy;
use holm_tests::sim::{Fate, World};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

#[test]
fn f20_own_writes_that_come_back_revive_nothing_and_clash_with_nothing() {
    for lost in [false, true] {
        World::run(20, |mut world| async move {
            let a = world.device_with(Strategy::Merge, 0, manual).await;
            a.create("t", json!({"n": 1})).await;
            if lost {
                world.network.set_script(|_, path| if path.contains("batch") { Fate::DropReply } else { Fate::Pass });
                assert!(a.holm.sync().await.is_err());
                world.heal();
            }
            let created = a.sync().await;
            a.delete("t").await;
            let deleted = a.sync().await;
            for _ in 0..3 {
                let report = a.sync().await;
                assert_eq!((report.conflicts, report.pushed), (0, 0));
            }
            assert_eq!((a.doc("t"), created.conflicts + deleted.conflicts), (None, 0));
            let b = world.device(Strategy::Merge).await;
            in_step(&[&a, &b]).await;
            assert!(b.view().is_empty());
        });
    }
}

#[test]
fn f22_a_device_that_was_away_for_too_long_reads_anew_and_revives_nothing() {
    World::run(22, |mut world| async move {
        let a = world.device_with(Strategy::Merge, 0, manual).await;
        let b = world.device_with(Strategy::Merge, 0, manual).await;
        for n in 0..30 {
            a.create(&format!("t{n}"), json!({"n": n})).await;
        }
        in_step(&[&a, &b]).await;
        for n in 0..20 {
            a.delete(&format!("t{n}")).await;
        }
        a.sync().await;
        b.update("t5", json!({"n": "edited while away"})).await;
        b.update("t25", json!({"n": "edited too"})).await;
        b.create("new", json!({"n": "made while away"})).await;
        world.pass(Duration::from_secs(120 * 86_400)).await;
        world.server.maintain().await.unwrap();
        a.sync().await;
        b.holm.sign_in("sim@example.com", "password").await.unwrap();
        b.sync().await;
        in_step(&[&a, &b]).await;
        let there: BTreeSet<String> = a.view().into_keys().collect();
        let expected: BTreeSet<String> =
            (20..30).map(|n| format!("t{n}")).chain(["new".to_owned(), "t5".to_owned()]).collect();
        assert_eq!(there, expected, "an edit outlives a delete under merge; nothing else comes back");
        assert_eq!(a.doc("t25").unwrap()["n"], "edited too");
    });
}

#[test]
fn f23_a_server_restored_from_a_backup_is_read_anew() {
    World::run_real(|mut world| async move {
        let directory = tempfile::tempdir().unwrap();
        let open = || {
            let mut config = holm_server::Config::default();
            config.accounts.argon2.memory_kib = 8;
            let store = holm_server::Store::Directory(directory.path().to_owned());
            holm_server::Server::open(holm_server::ServerOptions { config, ..holm_server::ServerOptions::new(store) })
                .unwrap()
        };
        world.server = open();
        world.network.connect(world.server.router());
        let a = world.device_with(Strategy::Merge, 0, manual).await;
        let b = world.device_with(Strategy::Merge, 0, manual).await;
        a.create("t", json!({"n": 1})).await;
        in_step(&[&a, &b]).await;
        a.create("u", json!({"n": 2})).await;
        b.update("t", json!({"n": {"$inc": 1}})).await;
        world.network.connect(axum::Router::new());
        world.server = World::new_server();
        holm_server::renew_epoch(directory.path().to_owned(), &holm_server::OsEntropy).unwrap();
        world.server = open();
        world.network.connect(world.server.router());
        in_step(&[&a, &b]).await;
        assert_eq!((a.doc("t").unwrap(), b.doc("u").unwrap()), (json!({"n": 2}), json!({"n": 2})));
    });
}
