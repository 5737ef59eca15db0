//! What one account could see or send of another.

use holm_core::{ErrorCode, SignOutMode};
use holm_tests::fixture::{Fault, code, story, story_on};
use serde_json::{Value, json};
use std::path::Path;

/// Whether any file under this directory holds these bytes.
fn holds(directory: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(directory).unwrap().any(|entry| {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            return holds(&entry.path(), needle);
        }
        std::fs::read(entry.path()).unwrap().windows(needle.len()).any(|window| window == needle)
    })
}

/// The token in a device's keychain.
fn token(device: &holm_tests::fixture::Device) -> String {
    let names = device.keychain.names();
    let texts = names.iter().filter_map(|name| holm_core::SecretStore::get(&*device.keychain, name).unwrap());
    texts.filter_map(|text| serde_json::from_str::<Value>(&text).ok()).find_map(|json| find_token(&json)).unwrap()
}

fn find_token(json: &Value) -> Option<String> {
    let members = json.as_object()?;
    members.get("token").and_then(Value::as_str).map(str::to_owned).or_else(|| members.values().find_map(find_token))
}

#[test]
fn core_p1_a_page_that_comes_after_a_wipe_brings_nothing_back() {
    story(|mut world| async move {
        let other = world.open("other").await;
        for n in 0..5 {
            other.create(&format!("d{n}"), json!({"text": "private of the first account"})).await;
        }
        other.sync().await;
        let a = world.open("a").await;
        let late = a.link.hold_reply("pull");
        let sync = a.start_sync();
        late.arrived().await;
        let holm = a.holm.clone();
        let wipe = tokio::spawn(async move { holm.sign_out(SignOutMode::Wipe).await });
        world.seconds(1.0).await;
        late.release();
        wipe.await.unwrap().unwrap();
        let _ = sync.await.unwrap();
        assert!(a.view().is_empty());
        a.sign_in("second").await;
        assert!(a.view().is_empty());
        a.create("mine", json!({})).await;
        a.sync().await;
        assert_eq!(a.view().into_keys().collect::<Vec<_>>(), ["mine"]);
    });
}

#[test]
fn core_p1_a_refresh_that_comes_after_a_wipe_brings_nothing_back() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.create("d", json!({"text": "private"})).await;
        a.sync().await;
        let late = a.link.hold_reply("/v1/");
        let mut read = a.tasks.fetch("d", Some(holm_core::CachePolicy::NetworkOnly));
        let reading = tokio::spawn(async move { while read.next().await.is_some() {} });
        late.arrived().await;
        let holm = a.holm.clone();
        let wipe = tokio::spawn(async move { holm.sign_out(SignOutMode::Wipe).await });
        world.seconds(1.0).await;
        late.release();
        wipe.await.unwrap().unwrap();
        reading.await.unwrap();
        assert!(a.view().is_empty());
    });
}

#[test]
fn core_p2_a_token_refresh_that_ends_after_a_sign_out_brings_no_session_back() {
    story_on("[accounts]\nsession_minutes = 10\n", |mut world| async move {
        let mut a = world.open("a").await;
        a.create("d", json!({"text": "private"})).await;
        a.sync().await;
        world.seconds(601.0).await;
        let late = a.link.hold_reply("refresh");
        let sync = a.start_sync();
        late.arrived().await;
        a.link.once("sign", Fault::DropRequest);
        let holm = a.holm.clone();
        let out = tokio::spawn(async move { holm.sign_out(SignOutMode::Wipe).await });
        world.seconds(1.0).await;
        late.release();
        let _ = sync.await.unwrap();
        out.await.unwrap().unwrap();
        assert_eq!(a.holm.user(), None);
        assert!(a.try_sync().await.is_err());
        a.restart().await;
        assert!(a.try_sync().await.is_err());
        assert!(a.view().is_empty());
    });
}

#[test]
fn core_p3_a_token_of_another_account_sends_nothing() {
    story(|mut world| async move {
        let a = world.open("a").await;
        let theirs = world.device("theirs").account("second").open().await;
        a.sync().await;
        a.create("d", json!({"text": "of the first account"})).await;
        a.holm.sign_out(SignOutMode::Keep).await.unwrap();
        let outcome = match a.holm.set_token(&token(&theirs)) {
            Ok(()) => a.try_sync().await.map(|_| ()),
            Err(error) => Err(error),
        };
        assert_eq!(code(outcome), ErrorCode::AccountMismatch);
        theirs.sync().await;
        assert!(theirs.view().is_empty());
        assert_eq!(a.pending().len(), 1);
        a.sign_in("first").await;
        a.sync().await;
        assert!(a.pending().is_empty());
    });
}

#[test]
fn core_p4_a_wipe_leaves_no_text_in_the_files() {
    wiped_files_hold_nothing(SignOutMode::WipeDiscardingPending);
}

#[test]
fn report_35_the_former_users_texts_are_gone_from_the_disk() {
    wiped_files_hold_nothing(SignOutMode::Wipe);
}

fn wiped_files_hold_nothing(mode: SignOutMode) {
    let canary = "canary-9d41c7e2";
    story(|mut world| async move {
        let a = world.open("a").await;
        for n in 0..50 {
            a.create(&format!("d{n}"), json!({"text": format!("{canary} {n} {}", "x".repeat(500))})).await;
        }
        a.sync().await;
        for n in 0..50 {
            a.update(&format!("d{n}"), json!({"text": format!("{canary} again {n}")})).await;
        }
        if mode == SignOutMode::Wipe {
            a.sync().await;
        }
        assert!(holds(a.directory(), canary.as_bytes()));
        a.holm.sign_out(mode).await.unwrap();
        a.holm.close().await;
        assert!(!holds(a.directory(), canary.as_bytes()), "the wiped text is still there");
    });
}

/// The process is killed right after the sign-out has been answered.
#[test]
fn core_p4_a_kill_after_a_wipe_leaves_no_text() {
    let canary = "canary-1f60b8aa";
    story(|mut world| async move {
        let a = world.open("a").await;
        for n in 0..50 {
            a.create(&format!("d{n}"), json!({"text": format!("{canary} {n} {}", "x".repeat(9_000))})).await;
        }
        a.sync().await;
        a.update("d0", json!({"text": canary})).await;
        a.holm.sign_out(SignOutMode::WipeDiscardingPending).await.unwrap();
        let left = a.backup(&mut world, "killed");
        assert!(!holds(&left, canary.as_bytes()), "the wiped text is still there");
    });
}
