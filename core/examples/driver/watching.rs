//! Watches: of a query, a document, figures, or a window on a long result.

use crate::args::{Args, BadRequest, Failure};
use crate::{render, say};
use holm_core::{Aggregate, Collection, FieldPath, LiveQueryCloser, LiveWindowMover, Query, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The watches of a device.
#[derive(Default)]
pub struct Watches(Mutex<(u64, BTreeMap<u64, Watch>)>);

struct Watch {
    closer: LiveQueryCloser,
    mover: Option<LiveWindowMover>,
}

impl Watches {
    /// Begins a watch. Its reply names it, so it is printed here, before the first event.
    pub fn start(&self, collection: &Collection, args: &Args) -> Result<(), Failure> {
        if let Some(id) = args.opt_text("doc_id")? {
            let mut live = collection.live_document(id)?;
            let watch = self.add(args, live.closer(), None);
            tokio::spawn(async move {
                while let Some(document) = live.next().await {
                    tell(watch, document, |document| {
                        let mut event = render::document(document.as_deref())?;
                        event["docs"] = render::documents(document.as_deref())?.into();
                        Ok(event)
                    });
                }
            });
            return Ok(());
        }
        let query = Query::parse(&args.query())?;
        if args.get("of").is_some() {
            let (of, by) = figures(args)?;
            let mut live = collection.live_aggregate(&query, &of, by.as_ref())?;
            let watch = self.add(args, live.closer(), None);
            tokio::spawn(async move {
                while let Some(rows) = live.next().await {
                    tell(watch, rows, |rows| Ok(json!({"rows": render::figures(&of, rows)})));
                }
            });
        } else if let Some(size) = args.opt_count("size")? {
            let mut live = collection.live_window(&query, u32::try_from(size).unwrap_or(u32::MAX))?;
            let watch = self.add(args, live.closer(), Some(live.mover()));
            tokio::spawn(async move {
                while let Some(snapshot) = live.next().await {
                    tell(watch, snapshot, |snapshot| {
                        let mut event = render::snapshot(&snapshot.window)?;
                        event["before"] = snapshot.before.into();
                        event["after"] = snapshot.after.into();
                        Ok(event)
                    });
                }
            });
        } else {
            let mut live = collection.live(&query)?;
            let watch = self.add(args, live.closer(), None);
            tokio::spawn(async move {
                while let Some(snapshot) = live.next().await {
                    tell(watch, snapshot, render::snapshot);
                }
            });
        }
        Ok(())
    }

    /// Moves a window.
    pub fn move_to(&self, args: &Args) -> Result<Value, Failure> {
        let watches = self.locked();
        let mover = watches.1.get(&args.count("watch")?).and_then(|watch| watch.mover.as_ref());
        let mover = mover.ok_or_else(|| BadRequest("there is no such window".into()))?;
        match (args.opt_text("doc_id")?, args.opt_count("offset")?) {
            (Some(id), None) => mover.move_to_document(id),
            (None, Some(offset)) => mover.move_to(offset),
            _ => return Err(BadRequest("either \"doc_id\" or \"offset\" is needed".into()).into()),
        }
        Ok(json!({}))
    }

    pub fn stop(&self, args: &Args) -> Result<Value, Failure> {
        let watch = args.count("watch")?;
        let removed = self.locked().1.remove(&watch);
        removed.ok_or_else(|| BadRequest(format!("watch {watch} does not exist")))?.closer.close();
        Ok(json!({}))
    }

    fn add(&self, args: &Args, closer: LiveQueryCloser, mover: Option<LiveWindowMover>) -> u64 {
        let mut watches = self.locked();
        watches.0 += 1;
        let watch = watches.0;
        watches.1.insert(watch, Watch { closer, mover });
        say(&render::success(&args.id, json!({"watch": watch})));
        watch
    }

    fn locked(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Watch>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The figures that `of` and `by` name.
pub fn figures(args: &Args) -> Result<(Vec<Aggregate>, Option<FieldPath>), Failure> {
    let of = args.list("of")?.iter().map(Aggregate::parse).collect::<Result<_>>()?;
    Ok((of, args.opt_text("by")?.map(FieldPath::new).transpose()?))
}

fn tell<T>(watch: u64, result: Result<T>, show: impl FnOnce(&T) -> Result<Value, Failure>) {
    say(&match result.map_err(Failure::from).and_then(|result| show(&result)) {
        Ok(event) => render::live(watch, event),
        Err(failure) => render::broken_watch(watch, &failure),
    });
}
