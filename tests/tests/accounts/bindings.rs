//! Where a kept session is good: one server, one store.

use crate::{HeldWire, manual};
use holm_core::{Config, ErrorCode, Holm, MemorySecrets, SignOutMode};
use holm_tests::sim::World;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// A client in files. All share one keychain, and their requests are noted.
struct Setting {
    secrets: Arc<MemorySecrets>,
    wire: HeldWire,
}

impl Setting {
    fn new(world: &World) -> Self {
        Self { secrets: Arc::default(), wire: HeldWire::new(&world.network) }
    }

    fn open(&self, directory: &Path, server: &str) -> Holm {
        let mut config = Config::new(directory).server(server);
        manual(&mut config);
        config.secrets = Some(self.secrets.clone());
        config.transport = Some(Arc::new(self.wire.clone()));
        Holm::open(config).unwrap()
    }
}

#[test]
fn session_survives_a_restart_of_its_own_store() {
    World::run_real(|world| async move {
        let (setting, directory) = (Setting::new(&world), tempfile::tempdir().unwrap());
        let holm = setting.open(directory.path(), "http://server");
        let user = holm.sign_up("a@example.com", "password").await.unwrap();
        holm.close().await;
        let holm = setting.open(directory.path(), "http://server/");
        assert_eq!(holm.user(), Some(user));
        holm.sync().await.unwrap();
    });
}

#[test]
fn session_is_ignored_at_another_server() {
    World::run_real(|world| async move {
        let (setting, directory) = (Setting::new(&world), tempfile::tempdir().unwrap());
        let holm = setting.open(directory.path(), "http://server");
        let user = holm.sign_up("a@example.com", "password").await.unwrap();
        holm.close().await;
        setting.wire.take_sent();
        let holm = setting.open(directory.path(), "http://other.example");
        assert_eq!(holm.user(), None);
        assert_eq!(holm.sync().await.unwrap_err().code(), ErrorCode::SignedOut);
        assert!(setting.wire.take_sent().is_empty(), "the token went to another server");
        holm.close().await;
        assert_eq!(setting.open(directory.path(), "http://server").user(), Some(user));
    });
}

#[test]
fn stores_that_share_a_keychain_have_sessions_of_their_own() {
    World::run_real(|world| async move {
        let setting = Setting::new(&world);
        let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let a = setting.open(directories[0].path(), "http://server");
        let user = a.sign_up("a@example.com", "password").await.unwrap();
        let b = setting.open(directories[1].path(), "http://server");
        assert_eq!(b.user(), None, "a new store has no session");
        let other = b.sign_up("b@example.com", "password").await.unwrap();
        b.sign_out(SignOutMode::Wipe).await.unwrap();
        b.close().await;
        a.close().await;
        let a = setting.open(directories[0].path(), "http://server");
        assert_eq!(a.user(), Some(user));
        a.sync().await.unwrap();
        let b = setting.open(directories[1].path(), "http://server");
        assert_ne!(b.user(), Some(other));
    });
}

/// Two processes have the same store open; one signs out, and another account signs in there.
#[test]
fn core_p1_sign_out_in_one_process_ends_the_other_ones_session() {
    World::run_real(|world| async move {
        let (setting, directory) = (Setting::new(&world), tempfile::tempdir().unwrap());
        let one = setting.open(directory.path(), "http://server");
        one.sign_up("a@example.com", "password").await.unwrap();
        let two = setting.open(directory.path(), "http://server");
        two.collection("tasks").unwrap().create(&json!({"id": "d"})).await.unwrap();
        setting.wire.hold("/v1/sync/batch");
        let syncing = two.clone();
        let held = tokio::spawn(async move { syncing.sync().await });
        setting.wire.here.notified().await;
        one.sign_out(SignOutMode::WipeDiscardingPending).await.unwrap();
        setting.wire.go.notify_one();
        assert!(held.await.unwrap().is_err());
        assert_eq!(two.sync().await.unwrap_err().code(), ErrorCode::SignedOut);
        let second = one.sign_up("b@example.com", "password").await.unwrap();
        two.sync().await.unwrap();
        assert_eq!(two.user(), Some(second));
        assert!(two.collection("tasks").unwrap().get("d").unwrap().is_none());
    });
}

/// What is on the screens of the other process is of the account that has gone: it may not go to the next one.
#[test]
fn outside_6_a_write_on_what_another_process_has_wiped_is_refused_once() {
    World::run_real(|world| async move {
        let (setting, directory) = (Setting::new(&world), tempfile::tempdir().unwrap());
        let one = setting.open(directory.path(), "http://server");
        one.sign_up("a@example.com", "password").await.unwrap();
        let two = setting.open(directory.path(), "http://server");
        let tasks = two.collection("tasks").unwrap();
        one.sign_out(SignOutMode::Keep).await.unwrap();
        tasks.create(&json!({"id": "kept"})).await.unwrap();
        one.sign_in("a@example.com", "password").await.unwrap();
        one.sync().await.unwrap();
        one.sign_out(SignOutMode::Wipe).await.unwrap();
        one.sign_up("b@example.com", "password").await.unwrap();
        let late = tasks.create(&json!({"id": "late"})).await.unwrap_err();
        assert_eq!(late.code(), ErrorCode::SignedOut);
        assert!(one.collection("tasks").unwrap().get("late").unwrap().is_none());
        tasks.create(&json!({"id": "known"})).await.unwrap();
        one.sync().await.unwrap();
        // A sign-in here says that the app knows; and a process's own wipe surprises nothing in it.
        one.sign_out(SignOutMode::Wipe).await.unwrap();
        two.sign_in("a@example.com", "password").await.unwrap();
        tasks.create(&json!({"id": "mine"})).await.unwrap();
        two.sign_out(SignOutMode::WipeDiscardingPending).await.unwrap();
        tasks.create(&json!({"id": "after"})).await.unwrap();
    });
}

#[test]
fn f40_two_processes_of_a_store_refresh_once() {
    World::run(40, |world| async move {
        let (setting, directory) = (Setting::new(&world), tempfile::tempdir().unwrap());
        let open = || {
            let (mut config, _) = world.config(0);
            manual(&mut config);
            config.storage = holm_core::Storage::SingleThread(directory.path().to_owned());
            config.secrets = Some(setting.secrets.clone());
            config.transport = Some(Arc::new(setting.wire.clone()));
            Holm::open(config).unwrap()
        };
        let one = open();
        one.sign_up("a@example.com", "password").await.unwrap();
        let two = open();
        for at_once in [false, true] {
            one.sync().await.unwrap();
            two.sync().await.unwrap();
            world.pass(std::time::Duration::from_secs(3_600)).await;
            setting.wire.take_sent();
            if at_once {
                let (first, second) = futures_util::join!(one.sync(), two.sync());
                first.unwrap();
                second.unwrap();
            } else {
                one.sync().await.unwrap();
                two.sync().await.unwrap();
            }
            let refreshes = setting.wire.take_sent().iter().filter(|(path, _)| path.contains("refresh")).count();
            assert!(refreshes <= if at_once { 2 } else { 1 }, "{refreshes}");
            assert_eq!(one.user(), two.user());
        }
    });
}
