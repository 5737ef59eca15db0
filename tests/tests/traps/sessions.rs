//! Tokens.

use crate::{manual, tapped};
use holm_core::{ErrorCode, MemorySecrets, Request, SecretStore, Strategy, SyncStatus, Transport};
use holm_tests::sim::World;
use holm_tests::wire::Exchange;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

fn refreshes(notes: &[Exchange]) -> usize {
    notes.iter().filter(|exchange| exchange.path.contains("/session/refresh")).count()
}

/// A token that is refused is exchanged once, however many requests wait for it, and each request goes once more; then the user must act.
#[test]
fn trap_06_a_refused_token_is_exchanged_once_and_the_request_goes_once_more() {
    World::run(6, |mut world| async move {
        let (a, tap) = tapped(&mut world, Strategy::Merge, 0).await;
        a.sync().await;
        a.create("t", json!({"n": 1})).await;
        // Everything but the exchange itself is refused, with the old token and with the new one.
        let refused = json!({"error": {"code": "UNAUTHORIZED", "message": "no", "retryable": false}});
        let refusal = refused.clone();
        tap.answer(move |path, _| (!path.contains("/auth/")).then(|| (401, refusal.clone())));
        tap.notes();
        assert_eq!(a.holm.sync().await.unwrap_err().code(), ErrorCode::Unauthorized);
        let notes = tap.notes();
        assert_eq!((refreshes(&notes), notes.len()), (1, 3), "request, exchange, request: {notes:#?}");
        // The exchange is refused as well.
        tap.answer(move |_, _| Some((401, refused.clone())));
        assert_eq!(a.holm.sync().await.unwrap_err().code(), ErrorCode::Unauthorized);
        let notes = tap.notes();
        assert_eq!((refreshes(&notes), notes.len()), (1, 2), "request, exchange: {notes:#?}");
        assert_eq!(a.status("t"), Some(SyncStatus::PendingCreate), "nothing is lost");

        // Many ask at once after the token has ended: one exchange serves all.
        tap.pass();
        world.pass(Duration::from_secs(3_600)).await;
        let asking: Vec<_> = (0..8)
            .map(|_| {
                let holm = a.holm.clone();
                tokio::spawn(async move { holm.sync().await })
            })
            .collect();
        for sync in asking {
            sync.await.unwrap().unwrap();
        }
        assert_eq!(refreshes(&tap.notes()), 1);
        assert_eq!(a.status("t"), Some(SyncStatus::Synced));
    });
}

/// A refresh token ends when it is not used for long, lasts while it is, and is good for one exchange: who uses a stolen one ends the session.
#[test]
fn trap_13_a_refresh_token_slides_rotates_and_ends() {
    World::run(13, |mut world| async move {
        let secrets = Arc::new(MemorySecrets::default());
        let kept = secrets.clone();
        let a = world
            .device_with(Strategy::Merge, 0, |config| {
                manual(config);
                config.secrets = Some(kept);
            })
            .await;
        let refresh_token = || {
            let session: Value = serde_json::from_str(&secrets.get(&secrets.names()[0]).unwrap().unwrap()).unwrap();
            session["refresh_token"].as_str().unwrap().to_owned()
        };
        let mut seen = vec![refresh_token()];
        // Two years, in which the app is opened every hundred days.
        for visit in 0..8 {
            world.pass(100 * DAY).await;
            a.create(&format!("t{visit}"), json!({})).await;
            assert_eq!(a.sync().await.pushed, 1, "visit {visit}");
            let token = refresh_token();
            assert!(!seen.contains(&token), "the token is the one that it was");
            seen.push(token);
        }

        // A thief has an old one.
        let stolen = json!({"refreshToken": seen[seen.len() - 2]}).to_string();
        let request = Request {
            method: http::Method::POST,
            url: "http://server/v1/auth/session/refresh".into(),
            headers: [(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"))]
                .into_iter()
                .collect(),
            body: stolen.into(),
            timeout: DAY,
            max_response_bytes: 1 << 20,
        };
        assert_eq!(world.network.send(request).await.unwrap().status, 401);
        a.create("kept", json!({})).await;
        assert_eq!(
            a.holm.sync().await.unwrap_err().code(),
            ErrorCode::Unauthorized,
            "for both, as the server cannot tell which is which"
        );
        a.holm.sign_in("sim@example.com", "password").await.unwrap();
        assert_eq!(a.sync().await.pushed, 1);

        // Half a year and a day without a visit.
        world.pass(181 * DAY).await;
        a.create("kept too", json!({})).await;
        assert_eq!(a.holm.sync().await.unwrap_err().code(), ErrorCode::Unauthorized);
        assert_eq!((a.pending(), a.status("kept too")), (1, Some(SyncStatus::PendingCreate)));
        a.holm.sign_in("sim@example.com", "password").await.unwrap();
        assert_eq!(a.sync().await.pushed, 1);
    });
}
