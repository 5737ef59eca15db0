//! Actions that the process serves itself: fast and slow ones, refusals, repeats, crashes.

use crate::support::{DAY, World, config, config_with};
use holm_server::{ActionCall, ActionOutcome, ActionRefusal, Actions, Store};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Remembers its calls and answers with the next of `outcomes`; the last one again and again.
#[derive(Clone)]
struct Script {
    calls: Arc<Mutex<Vec<ActionCall>>>,
    outcomes: Arc<Vec<ActionOutcome>>,
}

impl Script {
    fn new(outcomes: impl IntoIterator<Item = ActionOutcome>) -> Self {
        Self { calls: Arc::default(), outcomes: Arc::new(outcomes.into_iter().collect()) }
    }

    fn serve(&self, name: &str) -> Actions {
        let script = self.clone();
        Actions::new().serve(name, move |call: ActionCall| {
            let script = script.clone();
            async move {
                let mut calls = script.calls.lock().unwrap();
                calls.push(call);
                script.outcomes[(calls.len() - 1).min(script.outcomes.len() - 1)].clone()
            }
        })
    }

    fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    fn last(&self) -> ActionCall {
        self.calls.lock().unwrap().last().unwrap().clone()
    }
}

fn done(result: Value) -> ActionOutcome {
    ActionOutcome::Done(result)
}

#[tokio::test]
async fn fast_action_answers_with_its_result() {
    let script = Script::new([done(json!({"url": "a.png"}))]);
    let world = World::with_actions(script.serve("draw"));
    let phone = world.device("phone").await;
    phone.create("a", json!({"title": "x"})).await;
    let reply = phone.act("/v1/tasks/a/actions/draw", "op-1", json!({"size": 2})).await.expect(200);
    assert_eq!(reply.json["data"], json!({"url": "a.png"}));
    let call = script.last();
    assert_eq!((call.user_id.as_str(), call.space), (phone.account.user_id.as_str(), phone.space()));
    assert_eq!((call.collection.as_deref(), call.id.as_deref()), (Some("tasks"), Some("a")));
    assert_eq!((call.name.as_str(), call.op_id.as_str(), call.attempt), ("draw", "op-1", 1));
    assert_eq!(call.params, json!({"size": 2}));
    assert_eq!(call.record.unwrap()["title"], "x");

    phone.act("/v1/tasks/actions/draw", "op-2", json!(null)).await.expect(200);
    let call = script.last();
    assert_eq!((call.collection.as_deref(), call.id, call.record), (Some("tasks"), None, None));
    assert_eq!(call.params, json!({}));
    let key = [("idempotency-key", "op-3")];
    phone.call_with("POST", "/v1/actions/draw", &key, None).await.expect(200);
    assert_eq!(script.last().collection, None);
}

#[tokio::test]
async fn repeated_action_runs_once_and_answers_the_same() {
    let script = Script::new([done(json!(1)), done(json!(2))]);
    let mut world = World::with_actions(script.serve("draw"));
    let account = world.sign_up("a@example.org").await;
    let path = "/v1/actions/draw";
    world.device_of(&account, "phone").act(path, "op", json!({"a": 1, "b": 2})).await.expect(200);
    world.crash();
    let phone = world.device_of(&account, "phone");
    let again = phone.act(path, "op", json!({"b": 2, "a": 1})).await.expect(200);
    assert_eq!((&again.json["data"], &again.json["meta"]["idempotent"]), (&json!(1), &json!(true)));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(script.count(), 1);
    assert_eq!(phone.act(path, "op", json!({})).await.expect(422).code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(phone.act(path, "other", json!({})).await.expect(200).json["data"], 2);
}

#[tokio::test]
async fn action_that_was_called_answers_whatever_is_configured_since() {
    let script = Script::new([done(json!({"jobId": "no job"}))]);
    let mut world = World::with_actions(script.serve("draw"));
    let account = world.sign_up("a@example.org").await;
    let params = json!({"text": "x".repeat(2000)});
    world.device_of(&account, "phone").act("/v1/actions/draw", "op", params.clone()).await.expect(200);
    world.reconfigure(config_with("[limits]\nmax_record_bytes = 1024"));
    let phone = world.device_of(&account, "phone");
    let again = phone.act("/v1/actions/draw", "op", params.clone()).await.expect(200);
    assert_eq!(again.json["data"], json!({"jobId": "no job"}));
    phone.act("/v1/actions/draw", "new", params).await.expect(413);
    assert_eq!(script.count(), 1);
}

#[tokio::test]
async fn slow_action_answers_with_a_job_that_ends_later() {
    let script = Script::new([
        ActionOutcome::Later(None),
        ActionOutcome::Later(Some(Duration::from_secs(60))),
        done(json!({"pages": 12})),
    ]);
    let world = World::with_actions(script.serve("print"));
    let phone = world.device("phone").await;
    let started = phone.act("/v1/actions/print", "op", json!({})).await.expect(202);
    let job_id = started.json["data"]["jobId"].as_str().unwrap().to_owned();
    let path = format!("/v1/jobs/{job_id}");
    assert_eq!(started.header("location"), path);
    let job = phone.call("GET", &path, None).await.expect(200).json["data"].clone();
    assert_eq!(job, json!({"jobId": job_id, "action": "print", "state": "running"}));
    let again = phone.act("/v1/actions/print", "op", json!({})).await.expect(202);
    assert_eq!(again.json["data"]["jobId"], json!(job_id));

    assert_eq!(world.server.run_jobs().await.unwrap(), 0, "its time has not come");
    world.advance(3_000);
    assert_eq!(world.server.run_jobs().await.unwrap(), 1);
    world.advance(59_000);
    assert_eq!(world.server.run_jobs().await.unwrap(), 0, "the handler asked for a minute");
    world.advance(1_000);
    assert_eq!(world.server.run_jobs().await.unwrap(), 1);
    assert_eq!((script.last().attempt, script.last().op_id.as_str()), (3, "op"));
    let job = phone.call("GET", &path, None).await.expect(200).json["data"].clone();
    assert_eq!((&job["state"], &job["result"]), (&json!("succeeded"), &json!({"pages": 12})));
    let again = phone.act("/v1/actions/print", "op", json!({})).await.expect(200);
    assert_eq!(again.json["data"], json!({"pages": 12}));
}

#[tokio::test]
async fn refused_action_tells_its_reason_and_ends() {
    let details = [("size".to_owned(), "must be at most 4".to_owned())].into();
    let refusal = ActionRefusal { reason: "TOO_BIG".into(), message: "no".into(), details };
    let script = Script::new([ActionOutcome::Refused(refusal)]);
    let world = World::with_actions(script.serve("draw"));
    let phone = world.device("phone").await;
    for _ in 0..2 {
        let reply = phone.act("/v1/actions/draw", "op", json!({"size": 9})).await.expect(422);
        let error = &reply.json["error"];
        assert_eq!((&error["code"], &error["reason"]), (&json!("ACTION_REFUSED"), &json!("TOO_BIG")));
        assert_eq!((&error["retryable"], &error["details"]["size"]), (&json!(false), &json!("must be at most 4")));
    }
    assert_eq!(script.count(), 1);
}

#[tokio::test]
async fn job_is_given_up_after_the_configured_attempts() {
    let script = Script::new([ActionOutcome::Later(None)]);
    let world = World::serving(Store::Memory, config_with("[actions]\nmax_attempts = 3"), script.serve("draw"));
    let phone = world.device("phone").await;
    let started = phone.act("/v1/actions/draw", "op", json!({})).await.expect(202);
    let path = format!("/v1/jobs/{}", started.json["data"]["jobId"].as_str().unwrap());
    for _ in 0..10 {
        world.advance(3_600_000 + 1_000);
        world.server.run_jobs().await.unwrap();
    }
    assert_eq!(script.count(), 3);
    let job = phone.call("GET", &path, None).await.expect(200).json["data"].clone();
    assert_eq!((&job["state"], &job["error"]["code"]), (&json!("failed"), &json!("ACTION_FAILED")));
    assert_eq!(phone.act("/v1/actions/draw", "op", json!({})).await.expect(422).code(), "ACTION_FAILED");
}

#[tokio::test]
async fn job_whose_server_died_runs_again_with_its_key() {
    let begun = Arc::new(AtomicU32::new(0));
    let (seen, count) = (Arc::new(Mutex::new(Vec::new())), Arc::clone(&begun));
    let keys = Arc::clone(&seen);
    let actions = Actions::new().serve("draw", move |call: ActionCall| {
        let attempt = count.fetch_add(1, Ordering::SeqCst);
        keys.lock().unwrap().push(call.op_id);
        async move {
            if attempt == 0 {
                std::future::pending::<()>().await;
            }
            ActionOutcome::Done(json!("drawn"))
        }
    });
    let mut world = World::with_actions(actions);
    let account = world.sign_up("a@example.org").await;
    {
        let phone = world.device_of(&account, "phone");
        let mut call = Box::pin(phone.act("/v1/actions/draw", "op", json!({})));
        std::future::poll_fn(|cx| {
            assert!(call.as_mut().poll(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        assert_eq!(begun.load(Ordering::SeqCst), 1);
    }
    world.crash();
    world.advance(31_000);
    assert_eq!(world.server.run_jobs().await.unwrap(), 1);
    let phone = world.device_of(&account, "phone");
    assert_eq!(phone.act("/v1/actions/draw", "op", json!({})).await.expect(200).json["data"], "drawn");
    assert_eq!(*seen.lock().unwrap(), ["op", "op"]);
}

#[tokio::test]
async fn call_whose_key_was_not_stored_never_reaches_the_handler() {
    let script = Script::new([done(json!(1))]);
    let world = World::with_actions(script.serve("draw"));
    let phone = world.device("phone").await;
    world.disk.fail_after(0);
    assert_eq!(phone.act("/v1/actions/draw", "op", json!({})).await.expect(503).code(), "SERVICE_UNAVAILABLE");
    assert_eq!(script.count(), 0);
    world.disk.fail_after(1);
    let unknown = phone.act("/v1/actions/draw", "op", json!({})).await.expect(202);
    assert_eq!(script.count(), 1, "the result could not be stored, so it is not told");
    world.disk.heal();
    world.advance(31_000);
    world.server.run_jobs().await.unwrap();
    assert_eq!(script.count(), 2);
    let path = format!("/v1/jobs/{}", unknown.json["data"]["jobId"].as_str().unwrap());
    assert_eq!(phone.call("GET", &path, None).await.json["data"]["result"], 1);
}

#[tokio::test]
async fn wrong_calls_are_refused_and_leave_no_job() {
    let script = Script::new([done(json!(1))]);
    let world = World::with_actions(
        script.serve("draw").serve_in("heroes", "only", |_: ActionCall| async { ActionOutcome::Done(json!("heroes")) }),
    );
    let phone = world.device("phone").await;
    phone.create("gone", json!({})).await;
    phone.push(json!([{"type": "delete", "id": "gone"}])).await;
    let code = |path: &'static str, status: u16| {
        let phone = phone.clone();
        async move { phone.act(path, "op", json!({})).await.expect(status).code().to_owned() }
    };
    assert_eq!(code("/v1/actions/none", 404).await, "NOT_FOUND");
    assert_eq!(code("/v1/tasks/actions/only", 404).await, "NOT_FOUND");
    assert_eq!(code("/v1/tasks/missing/actions/draw", 404).await, "RECORD_NOT_FOUND");
    assert_eq!(code("/v1/tasks/gone/actions/draw", 409).await, "RECORD_DELETED");
    assert_eq!(code("/v1/sync/actions/draw", 404).await, "NOT_FOUND");
    let keyless = phone.call("POST", "/v1/actions/draw", Some(json!({}))).await.expect(400);
    assert!(keyless.json["error"]["details"]["Idempotency-Key"].is_string());
    phone.call_with("POST", "/v1/actions/draw", &[("idempotency-key", "op")], Some(json!([]))).await.expect(400);
    let large = json!("x".repeat(300_000));
    assert_eq!(phone.act("/v1/actions/draw", "op", large).await.expect(413).code(), "PAYLOAD_TOO_LARGE");
    assert_eq!(phone.act("/v1/actions/draw?space=u:other", "op", json!({})).await.expect(403).code(), "FORBIDDEN");
    assert_eq!(script.count(), 0);
    phone.act("/v1/heroes/actions/only", "op", json!({})).await.expect(200);
    world.call("POST", "/v1/actions/draw", Some(json!({}))).await.expect(401);
}

#[tokio::test]
async fn job_is_seen_only_by_its_user() {
    let script = Script::new([ActionOutcome::Later(None)]);
    let world = World::serving(Store::Memory, config_with("[actions]\nmax_running = 2"), script.serve("draw"));
    let (phone, stranger) = (world.device("phone").await, world.device("stranger").await);
    let job = phone.act("/v1/actions/draw", "op", json!({})).await.expect(202).json["data"]["jobId"].clone();
    let path = format!("/v1/jobs/{}", job.as_str().unwrap());
    assert_eq!(stranger.call("GET", &path, None).await.expect(404).code(), "RECORD_NOT_FOUND");
    let own = stranger.act("/v1/actions/draw", "op", json!({"other": 1})).await.expect(202);
    assert_ne!(own.json["data"]["jobId"], job, "keys of two users do not meet");
    phone.act("/v1/actions/draw", "op-2", json!({})).await.expect(202);
    let full = phone.act("/v1/actions/draw", "op-3", json!({})).await.expect(429);
    assert_eq!((full.code(), full.header("retry-after")), ("RATE_LIMITED", "10"));
    phone.act("/v1/actions/draw", "op", json!({})).await.expect(202);
}

#[tokio::test]
async fn ended_jobs_are_kept_for_the_maximum_offline_time() {
    let script = Script::new([done(json!(1))]);
    let world = World::with_actions(script.serve("draw"));
    let phone = world.device("phone").await;
    phone.act("/v1/actions/draw", "op", json!({})).await.expect(200);
    world.advance(179 * DAY);
    assert_eq!(world.server.maintain().await.unwrap().jobs, 0);
    world.advance(2 * DAY);
    assert_eq!(world.server.maintain().await.unwrap().jobs, 1);
}

#[tokio::test]
async fn server_f13_calls_of_actions_are_kept_within_the_quota() {
    let script = Script::new([done(json!("x".repeat(900))), ActionOutcome::Later(Some(Duration::from_secs(60)))]);
    let world = World::serving(Store::Memory, config_with("[quotas]\njob_bytes = 1400\n"), script.serve("draw"));
    let phone = world.device("phone").await;
    phone.act("/v1/actions/draw", "first", json!({})).await.expect(200);
    let running = phone.act("/v1/actions/draw", "second", json!({"size": 100})).await.expect(202);
    let refused = phone.act("/v1/actions/draw", "third", json!({})).await.expect(403);
    let error = &refused.json["error"];
    assert_eq!(
        (refused.code(), &error["quota"], &error["limit"]),
        ("QUOTA_EXCEEDED", &json!("jobBytes"), &json!(1400))
    );
    phone.act("/v1/actions/draw", "first", json!({})).await.expect(200);
    assert!(running.json["data"]["jobId"].is_string());

    world.advance(181 * DAY);
    assert_eq!(world.server.maintain().await.unwrap().jobs, 1, "the other has not ended");
    phone.act("/v1/actions/draw", "fourth", json!({})).await.expect(202);
}

#[tokio::test]
async fn result_larger_than_a_record_is_an_error() {
    let script = Script::new([done(json!("x".repeat(300_000)))]);
    let world = World::with_actions(script.serve("draw"));
    let reply = world.device("phone").await.act("/v1/actions/draw", "op", json!({})).await.expect(422);
    assert_eq!(reply.code(), "ACTION_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn handler_that_takes_long_is_answered_with_a_job() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Arc::new(tokio::sync::Notify::new());
    let opened = Arc::clone(&gate);
    let actions = Actions::new().serve("slow", move |_: ActionCall| {
        let opened = Arc::clone(&opened);
        async move {
            opened.notified().await;
            ActionOutcome::Done(json!("done"))
        }
    });
    let mut config = config();
    config.actions.wait_ms = 0;
    let world = World::serving(Store::Directory(folder.path().into()), config, actions);
    let phone = world.device("phone").await;
    let started = phone.act("/v1/actions/slow", "op", json!({})).await.expect(202);
    let path = format!("/v1/jobs/{}", started.json["data"]["jobId"].as_str().unwrap());
    assert_eq!(phone.call("GET", &path, None).await.json["data"]["state"], "running");
    gate.notify_one();
    loop {
        let job = phone.call("GET", &path, None).await.json["data"].clone();
        if job["state"] != "running" {
            assert_eq!(job["result"], "done");
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn handler_that_panics_hurts_no_other_call() {
    let folder = tempfile::tempdir().unwrap();
    let calls = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&calls);
    let actions = Actions::new().serve("draw", move |_: ActionCall| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move { if first { panic!("on purpose") } else { ActionOutcome::Done(json!(1)) } }
    });
    let world = World::serving(Store::Directory(folder.path().into()), config(), actions);
    let phone = world.device("phone").await;
    phone.act("/v1/actions/draw", "op", json!({})).await.expect(202);
    phone.act("/v1/actions/draw", "op-2", json!({})).await.expect(200);
    world.advance(31_000);
    assert_eq!(world.server.run_jobs().await.unwrap(), 1);
    while calls.load(Ordering::SeqCst) < 3 {
        tokio::task::yield_now().await;
    }
}
