//! Commands that wait: they run beside the others and answer when they are done.

use crate::args::{Args, BadRequest, Failure};
use crate::{render, say};
use holm_core::{CachePolicy, Fetched, Holm, OpId, Query, WriteOutcome};
use serde_json::{Value, json};
use std::time::Duration;

/// Starts a waiting command.
pub fn start(holm: Holm, args: Args) {
    tokio::spawn(async move {
        let reply = run(&holm, &args).await;
        say(&match reply {
            Ok(reply) => render::success(&args.id, reply),
            Err(failure) => render::failure(&args.id, &failure),
        });
    });
}

async fn run(holm: &Holm, args: &Args) -> Result<Value, Failure> {
    Ok(match args.command.as_str() {
        "sync" => match args.opt_text("collection")? {
            Some(collection) => render::report(&holm.sync_collection(collection).await?),
            None => render::report(&holm.sync().await?),
        },
        "resync" => render::report(&holm.resync_collection(args.text("collection")?).await?),
        "get" => {
            let policy = CachePolicy::parse(args.text("policy")?)?;
            let mut fetch = holm.collection(args.text("collection")?)?.fetch(args.text("doc_id")?, Some(policy));
            let fetched = first(fetch.next().await)?;
            render::fetched(&fetched, render::document(fetched.value.as_ref())?)
        }
        "query" => {
            if args.get("count").is_some() {
                return Err(BadRequest("\"count\" counts what is here: it takes no \"policy\"".into()).into());
            }
            let (policy, query) = (CachePolicy::parse(args.text("policy")?)?, Query::parse(&args.query())?);
            let mut fetch = holm.collection(args.text("collection")?)?.fetch_query(&query, Some(policy))?;
            let fetched = first(fetch.next().await)?;
            render::fetched(&fetched, json!({"docs": render::documents(&fetched.value)?}))
        }
        "background" => {
            let budget = Duration::from_millis(args.count("budget_ms")?);
            render::slice(&holm.run_background(budget).await?)
        }
        _ => wait(holm, args).await?,
    })
}

/// The first result of a read. (There is always one.)
fn first<T>(result: Option<holm_core::Result<Fetched<T>>>) -> Result<Fetched<T>, Failure> {
    Ok(result.ok_or_else(|| BadRequest("the read gave nothing".into()))??)
}

async fn wait(holm: &Holm, args: &Args) -> Result<Value, Failure> {
    let timeout = Duration::from_millis(args.count("timeout_ms")?);
    match args.text("until")? {
        "idle" => {
            let reached = tokio::time::timeout(timeout, holm.idle()).await;
            Ok(json!({"reached": reached.transpose()?.is_some()}))
        }
        "confirmed" => {
            let op = OpId::parse(args.text("op_id")?)?;
            let outcome = tokio::time::timeout(timeout, holm.confirmed(op)).await.transpose()?;
            let reached = matches!(outcome, Some(WriteOutcome::Accepted(_)));
            let mut reply = json!({"reached": reached, "outcome": outcome.map(render::outcome)});
            if let Some(result) = holm.action_result(op)? {
                reply["result"] = serde_json::from_str(&result).unwrap_or_default();
            }
            Ok(reply)
        }
        other => Err(BadRequest(format!("{other:?} is nothing that can be waited for")).into()),
    }
}

/// A time-out is no failure.
trait TimedOut<T> {
    fn transpose(self) -> Result<Option<T>, holm_core::Error>;
}

impl<T> TimedOut<T> for Result<holm_core::Result<T>, tokio::time::error::Elapsed> {
    fn transpose(self) -> Result<Option<T>, holm_core::Error> {
        match self {
            Ok(result) => result.map(Some),
            Err(_) => Ok(None),
        }
    }
}
