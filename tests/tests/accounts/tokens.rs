//! Tokens that an app sets, and whose they are.

use crate::tapped;
use holm_core::{ErrorCode, MemorySecrets, SecretStore, SignOutMode};
use holm_tests::fixture::{Fault, story};
use holm_tests::sim::{Device, Tap, World};
use serde_json::{Value, json};
use std::sync::Arc;

/// The id and a new token of an account.
pub async fn other_account(world: &mut World, email: &str) -> (String, String) {
    let secrets = Arc::new(MemorySecrets::default());
    let (mut config, _) = world.config(0);
    config.secrets = Some(secrets.clone());
    config.sync.automatic = false;
    let holm = holm_core::Holm::open(config).unwrap();
    // It signs in if the account is there.
    let user = holm.sign_up(email, "password").await.unwrap();
    let session: Value = serde_json::from_str(&secrets.get(&secrets.names()[0]).unwrap().unwrap()).unwrap();
    (user, session["token"].as_str().unwrap().to_owned())
}

/// What was asked for since notes were last taken.
pub fn paths(tap: &Tap) -> Vec<String> {
    tap.notes().into_iter().map(|exchange| exchange.path).collect()
}

async fn fails(device: &Device) -> ErrorCode {
    device.holm.sync().await.unwrap_err().code()
}

#[test]
fn core_p3_token_of_another_account_sends_nothing() {
    World::run(3, |mut world| async move {
        let (a, tap) = tapped(&mut world).await;
        a.sync().await;
        let first = a.holm.user().unwrap();
        a.create("d", json!({"text": "private of the first account"})).await;
        a.holm.sign_out(SignOutMode::Keep).await.unwrap();
        let (second, token) = other_account(&mut world, "second@example.com").await;
        let named = second.clone();
        tap.answer(move |path, _| path.ends_with("/user/profile").then(|| (200, json!({"data": {"id": named}}))));
        a.holm.set_token(&token).unwrap();
        tap.notes();
        assert_eq!(fails(&a).await, ErrorCode::AccountMismatch);
        assert_eq!(paths(&tap), ["/v1/user/profile"]);
        // Once known, it is not asked again; and nothing goes out.
        assert_eq!(fails(&a).await, ErrorCode::AccountMismatch);
        assert_eq!(paths(&tap), [""; 0]);
        assert_eq!((a.holm.user(), a.pending()), (Some(second), 1));
        // The first account comes back, and its write goes.
        tap.pass();
        assert_eq!(a.holm.sign_in("sim@example.com", "password").await.unwrap(), first);
        assert_eq!(a.sync().await.pushed, 1);
    });
}

#[test]
fn core_p3_token_claims_an_empty_store() {
    World::run(4, |mut world| async move {
        let (a, tap) = tapped(&mut world).await;
        a.holm.sign_out(SignOutMode::Wipe).await.unwrap();
        let (second, token) = other_account(&mut world, "second@example.com").await;
        let named = second.clone();
        tap.answer(move |path, _| path.ends_with("/user/profile").then(|| (200, json!({"data": {"id": named}}))));
        a.holm.set_token(&token).unwrap();
        assert_eq!(a.holm.user().as_deref(), Some(""));
        a.create("d", json!({})).await;
        assert_eq!(a.sync().await.pushed, 1);
        assert_eq!(a.holm.user(), Some(second));
        let signed = a.holm.sign_in("sim@example.com", "password").await;
        assert_eq!(signed.unwrap_err().code(), ErrorCode::AccountMismatch);
    });
}

#[test]
fn core_p3_refresh_that_names_another_account_is_refused() {
    World::run(5, |mut world| async move {
        let (a, tap) = tapped(&mut world).await;
        a.create("d", json!({})).await;
        let (second, token) = other_account(&mut world, "second@example.com").await;
        let session = json!({"token": token, "expiresAt": null, "refreshToken": "r"});
        let reply = json!({"data": {"user": {"id": second}, "session": session}});
        tap.answer(move |path, _| path.ends_with("/session/refresh").then(|| (200, reply.clone())));
        world.pass(std::time::Duration::from_secs(3_600)).await;
        tap.notes();
        assert_eq!(fails(&a).await, ErrorCode::AccountMismatch);
        assert_eq!(paths(&tap), ["/v1/auth/session/refresh"]);
        assert_eq!(fails(&a).await, ErrorCode::AccountMismatch);
        assert_eq!(paths(&tap), [""; 0]);
        assert_eq!(a.pending(), 1);
    });
}

#[test]
fn core_p3_push_names_its_space() {
    World::run(6, |mut world| async move {
        let (a, tap) = tapped(&mut world).await;
        a.sync().await;
        a.create("d", json!({})).await;
        tap.notes();
        a.sync().await;
        let push = tap.notes().into_iter().find(|exchange| exchange.path.contains("/sync/batch")).unwrap();
        assert_eq!(push.request["space"], format!("u:{}", a.holm.user().unwrap()));
    });
}

#[test]
fn a_refresh_whose_reply_was_lost_long_ago_is_followed_by_another() {
    story(|mut world| async move {
        let a = world.open("a").await;
        a.sync().await;
        world.seconds(3_600.0).await;
        a.link.times(2, "/session/refresh", Fault::DropReply);
        a.try_sync().await.unwrap_err();
        world.seconds(3_600.0).await;
        // The app is restarted: it does not know the server's time and sends the old token first.
        let mut a = a;
        a.restart().await;
        a.link.once("/session/refresh", Fault::refusal(503, "SERVICE_UNAVAILABLE"));
        a.sync().await;
        assert!(a.link.count("/session/refresh") <= 6);
    });
}
