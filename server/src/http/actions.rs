//! Actions: `…/actions/{name}`, and their jobs.

use crate::actions::{self, Answer, Request};
use crate::error::{Code, Failure};
use crate::http::body::Payload;
use crate::http::caller::Caller;
use crate::http::params::{ActionPath, OfJob};
use crate::http::records::write::idempotency_key;
use crate::http::reply::Reply;
use crate::http::schema;
use crate::model::{CollectionName, Decoder, RecordId, content_hash, details, write_string};
use crate::store::jobs::{self, Job, JobState};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use serde_json::{Value, json};

/// A route that calls actions. The routes differ in what an action is of.
macro_rules! calls_actions {
    ($handler:ident, $path:tt, $about:tt, [$($of:tt)*]) => {
        #[doc = $about]
        #[utoipa::path(
            post, path = $path, tag = "actions",
            params($($of)* ("name" = String, Path, description = "The action."),
                   ("Idempotency-Key" = String, Header, description = "The operation id; required.")),
            request_body = schema::ActionRequest,
            responses((status = 200, body = schema::ActionReply, description = "It is done."),
                      (status = 202, body = schema::JobStarted, description = "It is under way; ask for the job."),
                      (status = 422, body = schema::ErrorBody, description = "It was refused or given up."),
                      (status = "default", body = schema::ErrorBody)),
            security(("session" = [])),
        )]
        pub(super) async fn $handler(caller: Caller, action: ActionPath, payload: Payload) -> Result<Reply, Failure> {
            call(caller, action, payload).await
        }
    };
}

calls_actions!(
    of_record,
    "/v1/{collection}/{id}/actions/{name}",
    "Calls an action of a record.",
    [
        ("collection" = String, Path, description = "The collection."),
        ("id" = String, Path, description = "The record."),
    ]
);
calls_actions!(
    of_collection,
    "/v1/{collection}/actions/{name}",
    "Calls an action of a collection.",
    [("collection" = String, Path, description = "The collection."),]
);
calls_actions!(of_account, "/v1/actions/{name}", "Calls an action of the account.", []);

/// The state of a job. A job of another account is not found.
#[utoipa::path(
    get, path = "/v1/jobs/{id}", tag = "actions",
    params(("id" = String, Path, description = "The job.")),
    responses((status = 200, body = schema::JobReply), (status = "default", body = schema::ErrorBody)),
    security(("session" = [])),
)]
pub(super) async fn job(caller: Caller, OfJob(id): OfJob) -> Result<Reply, Failure> {
    let user = caller.session.user;
    let found = caller.read::<_, Failure, _>(move |db| Ok(jobs::find(db, user, &id)?)).await?;
    let job = found.ok_or_else(|| Failure::new(Code::RecordNotFound, "there is no such job"))?;
    let mut data = format!("{{\"jobId\":\"{}\",\"action\":", job.public_id).into_bytes();
    write_string(&mut data, &job.name);
    let (state, outcome) = match &job.state {
        JobState::Running { .. } => ("running", None),
        JobState::Succeeded(result) => ("succeeded", Some(("result", result))),
        JobState::Failed(error) => ("failed", Some(("error", error))),
    };
    data.extend_from_slice(format!(",\"state\":\"{state}\"").as_bytes());
    if let Some((name, json)) = outcome {
        data.extend_from_slice(format!(",\"{name}\":{json}").as_bytes());
    }
    data.push(b'}');
    Ok(caller.data(&data))
}

async fn call(caller: Caller, action: ActionPath, payload: Payload) -> Result<Reply, Failure> {
    let ActionPath { collection, id, name } = action;
    let scope = caller.scope()?;
    let op_id = idempotency_key(&caller.headers)?.ok_or_else(|| details("Idempotency-Key", "is missing"))?;
    let params = if payload.is_empty() {
        json!({})
    } else {
        let limit = caller.server.config.limits.max_body_bytes;
        payload.json(&caller.server, limit, params).await?
    };
    let place = [collection.as_ref().map_or("", CollectionName::as_str), id.as_ref().map_or("", RecordId::as_str)];
    // Keys of an object are sorted when it is read, so the text of the parameters is the same in a repeat.
    let content = content_hash(&[place[0], place[1], &name, &params.to_string()]);
    let request = Request { scope, collection, id, name, params, op_id, content };
    let Answer { job, repeated } = actions::call(&caller.server, request).await?;
    answer(&caller, &job, repeated)
}

/// `params` of the body; an empty object if it has none.
fn params(body: Value) -> Result<Value, Failure> {
    Ok(Decoder::new(body, "body")?.any("params").unwrap_or_else(|| json!({})))
}

fn answer(caller: &Caller, job: &Job, repeated: bool) -> Result<Reply, Failure> {
    match &job.state {
        JobState::Succeeded(result) if repeated => {
            Ok(Reply::repeated(&caller.context, &caller.server, result.as_bytes()))
        }
        JobState::Succeeded(result) => Ok(caller.data(result.as_bytes())),
        JobState::Failed(error) => Err(actions::failure(error)),
        JobState::Running { .. } => {
            let reply = caller.data(format!("{{\"jobId\":\"{}\"}}", job.public_id).as_bytes());
            let reply = reply.status(StatusCode::ACCEPTED).header(LOCATION, &format!("/v1/jobs/{}", job.public_id));
            Ok(if repeated { reply.replayed() } else { reply })
        }
    }
}
