//! Tokens that the app's own sign-in renews.

use crate::tokens::{other_account, paths};
use async_trait::async_trait;
use holm_core::{ErrorCode, Phase, SignOutMode, Strategy, TokenProvider};
use holm_tests::sim::{Device, Tap, World};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const QUARTER: Duration = Duration::from_secs(16 * 60);

/// What the app's sign-in answers, and how often it was asked.
#[derive(Clone, Default)]
struct Given(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answer: Answer,
    asked: usize,
}

#[derive(Clone, Default)]
enum Answer {
    #[default]
    Never,
    Fails,
    SignedOut,
    Token(String),
}

impl Given {
    fn answers(&self, answer: Answer) {
        self.0.lock().unwrap().answer = answer;
    }

    /// How often it was asked since this was last called.
    fn asked(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }
}

#[async_trait]
impl TokenProvider for Given {
    async fn token(&self) -> Result<Option<String>, String> {
        let answer = {
            let mut state = self.0.lock().unwrap();
            state.asked += 1;
            state.answer.clone()
        };
        match answer {
            Answer::Never => std::future::pending().await,
            Answer::Fails => Err("no network".to_owned()),
            Answer::SignedOut => Ok(None),
            Answer::Token(token) => Ok(Some(token)),
        }
    }
}

/// A device whose token came from the app and has ended, with one write that waits.
async fn ended(world: &mut World, automatic: bool) -> (Device, Tap, Given) {
    let (given, tap) = (Given::default(), Tap::new(&world.network));
    let (provider, transport) = (given.clone(), tap.clone());
    let a = world
        .device_with(Strategy::Merge, 0, |config| {
            config.sync.automatic = automatic;
            config.token_provider = Some(Arc::new(provider));
            config.transport = Some(Arc::new(transport));
        })
        .await;
    // The server lets no other sign-in speak for a device that has one.
    a.holm.sign_out(SignOutMode::Keep).await.unwrap();
    let token = fresh(world).await;
    a.holm.set_token(&token).unwrap();
    a.sync().await;
    assert_eq!(given.asked(), 0, "the token is good");
    world.pass(QUARTER).await;
    a.create("d", json!({"text": "kept"})).await;
    tap.notes();
    given.asked();
    (a, tap, given)
}

/// A new token of the devices' account.
async fn fresh(world: &mut World) -> String {
    other_account(world, "sim@example.com").await.1
}

async fn fails(device: &Device) -> ErrorCode {
    device.holm.sync().await.unwrap_err().code()
}

#[test]
fn provider_renews_a_token_that_the_server_refuses() {
    World::run(31, |mut world| async move {
        let (a, tap, given) = ended(&mut world, false).await;
        given.answers(Answer::Token(fresh(&mut world).await));
        assert_eq!(a.sync().await.pushed, 1);
        assert_eq!(given.asked(), 1);
        let paths = paths(&tap);
        assert_eq!(
            paths.iter().filter(|path| path.ends_with("/user/profile")).count(),
            1,
            "whose it is, is asked: {paths:?}"
        );
        // Many requests at once need one token.
        world.pass(QUARTER).await;
        given.answers(Answer::Token(fresh(&mut world).await));
        let asking: Vec<_> = (0..8)
            .map(|_| {
                let holm = a.holm.clone();
                tokio::spawn(async move { holm.sync().await })
            })
            .collect();
        for sync in asking {
            sync.await.unwrap().unwrap();
        }
        assert_eq!(given.asked(), 1);
    });
}

#[test]
fn provider_that_fails_is_asked_again_with_a_back_off() {
    World::run(32, |mut world| async move {
        let (a, _tap, given) = ended(&mut world, true).await;
        given.answers(Answer::Fails);
        world.pass(Duration::from_secs(3_600)).await;
        let asked = given.asked();
        assert!((3..=130).contains(&asked), "asked {asked} times in an hour");
        let state = a.holm.state().unwrap();
        assert_eq!(state.last_error.map(|error| error.code()), Some(ErrorCode::TokenUnavailable));
        assert_ne!(state.phase, Phase::SignedOut, "it may have a token later");
        given.answers(Answer::Token(fresh(&mut world).await));
        world.pass(Duration::from_secs(600)).await;
        assert_eq!(a.pending(), 0, "the write went by itself");
    });
}

#[test]
fn provider_that_never_answers_is_given_up() {
    World::run(33, |mut world| async move {
        let (a, tap, given) = ended(&mut world, false).await;
        let began = tokio::time::Instant::now();
        assert_eq!(fails(&a).await, ErrorCode::TokenUnavailable);
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
        assert_eq!((given.asked(), paths(&tap).len()), (1, 1));
        given.answers(Answer::Token(fresh(&mut world).await));
        assert_eq!(a.sync().await.pushed, 1);
    });
}

#[test]
fn provider_renews_a_token_that_had_ended_when_it_was_set() {
    World::run(39, |mut world| async move {
        let (a, tap, given) = ended(&mut world, false).await;
        a.holm.set_token("a token that has ended").unwrap();
        given.answers(Answer::Token("another one that has ended".to_owned()));
        assert_eq!(fails(&a).await, ErrorCode::Unauthorized);
        assert_eq!((given.asked(), paths(&tap)), (1, vec!["/v1/user/profile".to_owned(); 2]));
        assert_eq!(fails(&a).await, ErrorCode::Unauthorized);
        assert_eq!((given.asked(), paths(&tap).len()), (1, 1), "the same one is not tried again");
        given.answers(Answer::Token(fresh(&mut world).await));
        assert_eq!(a.sync().await.pushed, 1);
    });
}

#[test]
fn user_who_signed_out_elsewhere_is_signed_out_here() {
    World::run(34, |mut world| async move {
        let (a, _tap, given) = ended(&mut world, true).await;
        given.answers(Answer::SignedOut);
        assert_eq!(fails(&a).await, ErrorCode::Unauthorized);
        assert_eq!((a.holm.state().unwrap().phase, a.pending()), (Phase::SignedOut, 1));
        // The user signs in again: the app sets the token, and the write goes.
        a.holm.set_token(&fresh(&mut world).await).unwrap();
        a.sync().await;
        assert_eq!(a.pending(), 0);
    });
}

#[test]
fn token_of_another_user_sends_nothing() {
    World::run(35, |mut world| async move {
        let (a, tap, given) = ended(&mut world, false).await;
        let (_, theirs) = other_account(&mut world, "second@example.com").await;
        given.answers(Answer::Token(theirs));
        assert_eq!(fails(&a).await, ErrorCode::AccountMismatch);
        let paths = paths(&tap);
        assert_eq!(paths.last().map(String::as_str), Some("/v1/user/profile"), "{paths:?}");
        assert_eq!((paths.len(), a.pending()), (2, 1));
    });
}

#[test]
fn provider_that_repeats_a_refused_token_makes_no_storm() {
    World::run(36, |mut world| async move {
        let (a, tap, given) = ended(&mut world, true).await;
        let stale = fresh(&mut world).await;
        a.holm.set_token(&stale).unwrap();
        world.pass(QUARTER).await;
        given.answers(Answer::Token(stale));
        tap.notes();
        given.asked();
        assert_eq!(fails(&a).await, ErrorCode::Unauthorized);
        assert_eq!((given.asked(), paths(&tap).len()), (1, 1), "a token that was refused is not sent again");
        world.pass(Duration::from_secs(3_600)).await;
        let (asked, requests) = (given.asked(), paths(&tap).len());
        assert!(asked <= 20 && requests <= 20, "asked {asked} times, {requests} requests in an hour");
    });
}

#[test]
fn signed_out_device_asks_for_no_token() {
    World::run(37, |mut world| async move {
        let (a, tap, given) = ended(&mut world, true).await;
        given.answers(Answer::Token(fresh(&mut world).await));
        a.holm.sign_out(SignOutMode::Keep).await.unwrap();
        tap.notes();
        given.asked();
        assert_eq!(fails(&a).await, ErrorCode::SignedOut);
        world.pass(Duration::from_secs(3_600)).await;
        assert_eq!((given.asked(), paths(&tap).len(), a.pending()), (0, 0, 1));
    });
}

/// A server whose tokens live for less than Holm asks ahead.
#[test]
fn tokens_that_always_end_soon_are_not_renewed_with_each_request() {
    let mut config = holm_server::Config::default();
    config.accounts.session_minutes = 2;
    World::configured(38, config, |mut world| async move {
        let tap = Tap::new(&world.network);
        let transport = tap.clone();
        let adjust = |config: &mut holm_core::Config| {
            config.sync.automatic = false;
            config.transport = Some(Arc::new(transport));
        };
        let a = world.device_with(Strategy::Merge, 0, adjust).await;
        a.sync().await;
        tap.notes();
        for n in 0..20 {
            a.create(&format!("d{n}"), json!({})).await;
            a.sync().await;
            world.pass(Duration::from_secs(5)).await;
        }
        let refreshed = paths(&tap).iter().filter(|path| path.ends_with("/session/refresh")).count();
        assert!((1..=3).contains(&refreshed), "{refreshed} exchanges in 100 seconds");
    });
}
