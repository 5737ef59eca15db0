//! Webhooks: actions that another process carries out, asked over HTTP.
//!
//! Invariants:
//! - A request is signed and names the job; a repeat has the same `webhook-id` and `idempotency-key`.
//! - Only an answer that says so ends a job: 2xx with a JSON body (or none) is its result, 4xx with a JSON object that has `reason` is a
//!   refusal. Anything else (a proxy's page, a redirect, a cut line, 429, 5xx) is tried again.
//! - No redirect is followed, and no more of an answer is read than a result may have.

use super::signature::Secret;
use super::{ActionCall, ActionFuture, ActionHandler, ActionOutcome, ActionRefusal};
use crate::clock::Clock;
use crate::config::{ActionSettings, Webhook};
use crate::outbound::{self, read_at_most};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The webhooks of a configuration.
#[derive(Clone, Default)]
pub(crate) struct Webhooks(Vec<Arc<Receiver>>);

struct Receiver {
    client: reqwest::Client,
    action: Option<String>,
    collection: Option<String>,
    url: String,
    secret: Secret,
    clock: Arc<dyn Clock>,
    max_bytes: usize,
}

impl Webhooks {
    /// The webhooks of `settings`, whose results have at most `max_bytes`. Fails if TLS cannot be set up.
    pub(crate) fn new(settings: &ActionSettings, max_bytes: usize, clock: &Arc<dyn Clock>) -> Result<Self, String> {
        if settings.webhooks.is_empty() {
            return Ok(Self::default());
        }
        let client = outbound::client(settings.timeout()).map_err(|error| format!("webhooks: {error}"))?;
        let receivers = settings.webhooks.iter().filter_map(|Webhook { action, collection, url, secret }| {
            Some(Arc::new(Receiver {
                client: client.clone(),
                action: action.clone(),
                collection: collection.clone(),
                url: url.clone(),
                // The configuration was validated: none is left out here.
                secret: Secret::parse(secret)?,
                clock: Arc::clone(clock),
                max_bytes,
            }))
        });
        Ok(Self(receivers.collect()))
    }

    /// The receiver of an action: the one that fits it most narrowly. `None` if none does.
    pub(super) fn find(&self, collection: Option<&str>, name: &str) -> Option<Arc<dyn ActionHandler>> {
        let fits = self.0.iter().filter(|receiver| {
            receiver.action.as_deref().is_none_or(|of| of == name)
                && receiver.collection.as_deref().is_none_or(|of| Some(of) == collection)
        });
        let narrowest = fits.max_by_key(|receiver| (receiver.action.is_some(), receiver.collection.is_some()))?;
        Some(Arc::clone(narrowest) as _)
    }
}

impl ActionHandler for Receiver {
    fn run(&self, call: ActionCall) -> ActionFuture<'_> {
        Box::pin(async move {
            let job = call.job_id.clone();
            match self.ask(call).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    // Not the URL: it may hold a token.
                    tracing::warn!(job, error = %error.without_url(), "a webhook did not answer");
                    ActionOutcome::Later(None)
                }
            }
        })
    }
}

impl Receiver {
    async fn ask(&self, call: ActionCall) -> reqwest::Result<ActionOutcome> {
        let timestamp = self.clock.now_ms() / 1000;
        let body = json!({
            "jobId": call.job_id, "opId": call.op_id, "userId": call.user_id, "space": call.space, "collection": call.collection,
            "id": call.id, "action": call.name, "params": call.params, "record": call.record, "attempt": call.attempt,
        });
        let body = body.to_string().into_bytes();
        let signature = self.secret.sign(&call.job_id, timestamp, &body);
        let request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &call.job_id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .header("idempotency-key", quoted(&call.op_id));
        let response = request.body(body).send().await?;
        let (status, wait) = (response.status(), retry_after(&response));
        let Some(bytes) = read_at_most(response, self.max_bytes).await? else {
            tracing::warn!(job = call.job_id, "a webhook answered with more than a result may have");
            return Ok(ActionOutcome::Later(wait));
        };
        let outcome = read(status, &bytes);
        if outcome.is_none() {
            tracing::warn!(job = call.job_id, status = status.as_u16(), "a webhook gave no result yet");
        }
        Ok(outcome.unwrap_or(ActionOutcome::Later(wait)))
    }
}

/// The outcome that an answer states. `None` if it neither has a result nor refuses.
fn read(status: StatusCode, body: &[u8]) -> Option<ActionOutcome> {
    if status.is_success() && status != StatusCode::ACCEPTED {
        let result = if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(body).ok() };
        return result.map(ActionOutcome::Done);
    }
    let again = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if !status.is_client_error() || again {
        return None;
    }
    let refusal: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| refusal.get(name).and_then(Value::as_str).map(str::to_owned);
    let details = refusal.get("details").and_then(|details| serde_json::from_value(details.clone()).ok());
    Some(ActionOutcome::Refused(ActionRefusal {
        reason: text("reason")?,
        message: text("message").unwrap_or_default(),
        details: details.unwrap_or_default(),
    }))
}

/// The seconds of `Retry-After`; the form with a date counts as absent.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A key as the draft standard writes it: a structured-field string. A key outside of ASCII is escaped byte by byte.
fn quoted(key: &str) -> String {
    let mut text = String::from('"');
    for byte in key.bytes() {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            0x20..0x7f => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_that_says_so_ends_a_job() {
        let read = |status: u16, body: &str| read(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        assert_eq!(read(200, r#"{"url":"x"}"#), Some(ActionOutcome::Done(json!({"url": "x"}))));
        assert_eq!(read(204, ""), Some(ActionOutcome::Done(Value::Null)));
        let refused = read(422, r#"{"reason":"NO_CREDIT","message":"pay","details":{"size":"too big"}}"#);
        let details = [("size".to_owned(), "too big".to_owned())].into();
        let refusal = ActionRefusal { reason: "NO_CREDIT".to_owned(), message: "pay".to_owned(), details };
        assert_eq!(refused, Some(ActionOutcome::Refused(refusal)));
        for (status, body) in [
            (202, "{}"),
            (200, "<html>portal</html>"),
            (302, "{}"),
            (404, "no such page"),
            (403, r#"{"message":"by a proxy"}"#),
            (429, r#"{"reason":"X"}"#),
            (500, r#"{"reason":"X"}"#),
        ] {
            assert_eq!(read(status, body), None, "{status} {body}");
        }
    }

    #[test]
    fn narrowest_webhook_gets_the_call() {
        let webhook = |action: Option<&str>, collection: Option<&str>, url: &str| Webhook {
            action: action.map(str::to_owned),
            collection: collection.map(str::to_owned),
            url: format!("http://{url}"),
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
        };
        let webhooks = vec![
            webhook(None, Some("heroes"), "c"),
            webhook(Some("draw"), None, "a"),
            webhook(Some("draw"), Some("heroes"), "ac"),
        ];
        let settings = ActionSettings { webhooks, ..ActionSettings::default() };
        let clock: Arc<dyn Clock> = Arc::new(crate::clock::SystemClock);
        let Webhooks(receivers) = Webhooks::new(&settings, 1000, &clock).unwrap();
        let found = |collection: Option<&str>, name: &str| {
            let fits = Webhooks(receivers.clone()).find(collection, name)?;
            receivers.iter().find(|r| std::ptr::addr_eq(Arc::as_ptr(r), Arc::as_ptr(&fits))).map(|r| r.url.clone())
        };
        assert_eq!(found(Some("heroes"), "draw").as_deref(), Some("http://ac"));
        assert_eq!(found(Some("stories"), "draw").as_deref(), Some("http://a"));
        assert_eq!(found(None, "draw").as_deref(), Some("http://a"));
        assert_eq!(found(Some("heroes"), "other").as_deref(), Some("http://c"));
        assert_eq!(found(Some("stories"), "other"), None);
    }
}
