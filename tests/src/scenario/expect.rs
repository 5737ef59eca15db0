//! What a scenario expects.

use super::runner::Replay;
use super::step::Step;
use holm_core::{Aggregate, Document, FieldPath, Query, Result, SyncStatus};
use serde_json::{Value, json};

/// Compares, exactly. Panics with `told` where something differs.
pub(super) fn expect(replay: &Replay<'_>, step: &Step, told: &str) -> Result<()> {
    if step.action() == "expect_equal" {
        return expect_equal(replay, step, told);
    }
    let device = &replay.devices[step.text("device")];
    let name = replay.collection(&step.0);
    let collection = device.collection(&name)?;
    match step.action() {
        "expect" => {
            let document = collection.get(step.text("id"))?;
            assert_eq!(document.as_ref().map_or(Ok(Value::Null), Document::value)?, step.0["doc"], "{told}");
            if let Some(status) = step.0.get("status") {
                assert_eq!(document.map(|d| d.status.as_str()), status.as_str(), "{told}");
            }
        }
        "expect_query" => {
            let documents = collection.query(&Query::parse(&step.0["query"])?)?;
            assert_eq!(documents.into_iter().map(|d| Value::from(d.id)).collect::<Value>(), step.0["ids"], "{told}");
        }
        "expect_count" => assert_eq!(collection.count(&Query::parse(&step.0["query"])?)?, step.0["count"], "{told}"),
        "expect_state" => {
            let state = device.state()?;
            let counts = [("pending", state.pending), ("failed", state.failed), ("conflicts", state.conflicts)];
            for (name, count) in counts.into_iter().filter(|(name, _)| !step.0[name].is_null()) {
                assert_eq!(count, step.0[name], "{name} in {told}");
            }
        }
        "expect_conflict" => {
            let conflict = replay.conflict(step)?;
            let sides = [("base", conflict.base), ("local", conflict.local), ("server", conflict.server)];
            for (name, side) in sides {
                assert_eq!(parse(side), step.0[name], "{name} in {told}");
            }
            if let Some(fields) = step.0.get("fields") {
                assert_eq!(&json!(conflict.fields), fields, "{told}");
            }
        }
        "expect_parked" => {
            let error = replay.parked(step)?.error;
            assert_eq!(error.map(|error| error.code).as_deref(), step.0["code"].as_str(), "{told}");
        }
        "expect_journal" => {
            let entry = replay.journalled(step)?;
            let found = json!([entry.reason.as_str(), parse(Some(entry.lost))]);
            assert_eq!(found, json!([step.0["reason"], step.0["lost"]]), "{told}");
        }
        "expect_aggregate" => {
            let figures: Vec<_> =
                step.0["of"].as_array().unwrap().iter().map(Aggregate::parse).collect::<Result<_>>()?;
            let by = step.0["by"].as_str().map(FieldPath::new).transpose()?;
            let query = Query::parse(step.0.get("query").unwrap_or(&json!({})))?;
            let rows = collection.aggregate(&query, &figures, by.as_ref())?.into_iter().map(|row| match row.by {
                Some(by) => json!({"by": by, "values": row.values}),
                None => json!({"values": row.values}),
            });
            assert_eq!(rows.collect::<Value>(), step.0["rows"], "{told}");
        }
        other => panic!("no such step: {other}"),
    }
    Ok(())
}

/// Sequence numbers, counts and digests are compared as well: they, too, must be the same.
fn expect_equal(replay: &Replay<'_>, step: &Step, told: &str) -> Result<()> {
    let names = step.0["devices"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    let dumps = names.map(|name| replay.devices[name].dump()).collect::<Result<Vec<_>>>()?;
    let mut documents = dumps.iter().flatten().flat_map(|collection| &collection.documents);
    assert!(documents.all(|dump| dump.document.status == SyncStatus::Synced), "not all synced: {told}");
    assert!(dumps.windows(2).all(|pair| pair[0] == pair[1]), "{told}: {dumps:#?}");
    Ok(())
}

fn parse(side: Option<String>) -> Value {
    side.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
}
