//! The commands of an open device.

use crate::args::{Args, BadRequest, Failure};
use crate::watching::{self, Watches};
use crate::writing::{Writing, Written};
use crate::{render, waiting};
use holm_core::{Collection, Event, Holm, Network, OpId, Query, Resolution, SignOutMode};
use serde_json::{Value, json};

/// An open device.
pub struct Device {
    pub holm: Holm,
    /// Whether a write may wait for the server.
    confirms: bool,
    watches: Watches,
}

/// What a command answers: at once, or later by itself.
pub type Reply = Result<Option<Value>, Failure>;

impl Device {
    pub fn new(holm: Holm, confirms: bool) -> Self {
        Self { holm, confirms, watches: Watches::default() }
    }

    /// Carries a command out.
    pub async fn run(&self, args: Args) -> Reply {
        let holm = &self.holm;
        let reply = match args.command.as_str() {
            "create" | "update" | "replace" | "delete" | "batch" => {
                let writing = Writing::parse(&args)?;
                if self.confirms {
                    writing.start(holm.clone(), args);
                    return Ok(None);
                }
                writing.run(holm).await?
            }
            "get" | "query" if args.get("policy").is_some() => {
                waiting::start(holm.clone(), args);
                return Ok(None);
            }
            "get" => self.get(&args)?,
            "query" => self.query(&args)?,
            "watch" => {
                self.watches.start(&self.collection(&args)?, &args)?;
                return Ok(None);
            }
            "unwatch" => self.watches.stop(&args)?,
            "move" => self.watches.move_to(&args)?,
            "page" => self.page(&args)?,
            "aggregate" => self.aggregate(&args)?,
            "status" => render::state(&holm.state()?),
            "explain" => render::explanation(&holm.explain(args.text("collection")?, args.text("doc_id")?)?),
            "pending" => json!({"ops": holm.pending(u32::MAX)?.iter().map(render::operation).collect::<Vec<_>>()}),
            "parked" => {
                let list: Vec<Value> = holm.parked()?.iter().map(render::parked).collect();
                json!({"ops": list, "parked": list})
            }
            "retry" => {
                holm.retry(OpId::parse(args.text("op_id")?)?).await?;
                json!({})
            }
            "discard" => {
                holm.discard(OpId::parse(args.text("op_id")?)?).await?;
                json!({})
            }
            "journal" => {
                let limit = args.opt_count("limit")?.map_or(u32::MAX, |limit| u32::try_from(limit).unwrap_or(u32::MAX));
                json!({"entries": holm.journal(limit)?.iter().map(render::journal_entry).collect::<Vec<_>>()})
            }
            "restore" => {
                let entry = args.opt_int("entry")?.ok_or_else(|| BadRequest("\"entry\" is missing".into()))?;
                Written(vec![holm.restore(entry).await?]).single()
            }
            "action" => {
                let (collection, doc_id) = (args.opt_text("collection")?, args.opt_text("doc_id")?);
                let params = args.get("params").cloned().unwrap_or_else(|| json!({}));
                let receipt = holm.action(args.text("name")?, collection, doc_id, &params).await?;
                json!({"op_id": receipt.op_id.map(|id| id.to_string())})
            }
            "conflicts" => json!({"conflicts": holm.conflicts()?.iter().map(render::conflict).collect::<Vec<_>>()}),
            "resolve" => {
                let conflict = args.opt_int("conflict")?.ok_or_else(|| BadRequest("\"conflict\" is missing".into()))?;
                holm.resolve_conflict(conflict, resolution(&args)?).await?;
                json!({})
            }
            "sign_up" => json!({"user_id": holm.sign_up(args.text("email")?, args.text("password")?).await?}),
            "sign_in" => json!({"user_id": holm.sign_in(args.text("email")?, args.text("password")?).await?}),
            "sign_out" => json!({"pending": holm.sign_out(sign_out_mode(&args)?).await?}),
            "set_token" => {
                holm.set_token(args.text("token")?)?;
                json!({})
            }
            "online" => {
                let online = args.opt_bool("value")?.ok_or_else(|| BadRequest("\"value\" is missing".into()))?;
                holm.connectivity().set(if online { Network::Unmetered } else { Network::Offline });
                json!({})
            }
            "event" => {
                holm.report(event(&args)?);
                json!({})
            }
            "suspend" => {
                holm.suspend().await;
                json!({})
            }
            "resume" => {
                holm.resume()?;
                json!({})
            }
            "dump" => render::dump(&holm.dump()?),
            "stats" => render::stats(&holm.stats()),
            "sync" | "resync" | "background" | "wait" => {
                waiting::start(holm.clone(), args);
                return Ok(None);
            }
            other => return Err(BadRequest(format!("{other:?} is no command")).into()),
        };
        Ok(Some(reply))
    }

    fn collection(&self, args: &Args) -> Result<Collection, Failure> {
        Ok(self.holm.collection(args.text("collection")?)?)
    }

    fn get(&self, args: &Args) -> Result<Value, Failure> {
        render::document(self.collection(args)?.get(args.text("doc_id")?)?.as_ref())
    }

    fn query(&self, args: &Args) -> Result<Value, Failure> {
        let (collection, query) = (self.collection(args)?, Query::parse(&args.query())?);
        if args.opt_bool("count")?.unwrap_or(false) {
            return Ok(json!({"count": collection.count(&query)?}));
        }
        Ok(json!({"docs": render::documents(&collection.query(&query)?)?}))
    }

    fn page(&self, args: &Args) -> Result<Value, Failure> {
        let page = self.collection(args)?.page(&Query::parse(&args.query())?, args.opt_text("after")?)?;
        Ok(json!({"docs": render::documents(&page.documents)?, "next": page.next}))
    }

    fn aggregate(&self, args: &Args) -> Result<Value, Failure> {
        let (of, by) = watching::figures(args)?;
        let rows = self.collection(args)?.aggregate(&Query::parse(&args.query())?, &of, by.as_ref())?;
        Ok(json!({"rows": render::figures(&of, &rows)}))
    }
}

fn event(args: &Args) -> Result<Event, Failure> {
    Ok(match args.text("name")? {
        "launched" => Event::Launched,
        "foreground" => Event::Foreground,
        "background" => Event::Background,
        "push_received" => Event::PushReceived,
        "low_power" => {
            let on = args.opt_bool("low_power")?;
            Event::LowPower(on.ok_or_else(|| BadRequest("\"low_power\" is missing".into()))?)
        }
        other => return Err(BadRequest(format!("{other:?} is no event")).into()),
    })
}

fn resolution(args: &Args) -> Result<Resolution, Failure> {
    match args.get("choice") {
        Some(Value::String(choice)) => match choice.as_str() {
            "keep_local" => Ok(Resolution::KeepLocal),
            "keep_server" => Ok(Resolution::KeepServer),
            "merge" => Ok(Resolution::Merge),
            other => Err(BadRequest(format!("{other:?} is no choice")).into()),
        },
        Some(Value::Object(choice)) if choice.contains_key("doc") => {
            Ok(Resolution::Document(choice["doc"].to_string()))
        }
        _ => Err(BadRequest("\"choice\" is missing".into()).into()),
    }
}

fn sign_out_mode(args: &Args) -> Result<SignOutMode, Failure> {
    match args.opt_text("mode")? {
        None | Some("keep") => Ok(SignOutMode::Keep),
        Some("wipe") => Ok(SignOutMode::Wipe),
        Some("wipe_discarding_pending") => Ok(SignOutMode::WipeDiscardingPending),
        Some(other) => Err(BadRequest(format!("{other:?} is no way to sign out")).into()),
    }
}
