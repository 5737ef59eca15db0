//! The command `open`.

use crate::args::{Args, BadRequest, Failure, unsupported};
use crate::device::Device;
use holm_core::{CollectionConfig, Config, Durability, Holm, Strategy, SystemClock};
use serde_json::{Value, json};
use std::sync::Arc;

pub async fn open(args: &Args) -> Result<(Device, Value), Failure> {
    if args.get("encryption_key").is_some() {
        return Err(unsupported("encryption at rest"));
    }
    let mut config = Config::new(args.text("dir")?);
    config.server = args.opt_text("server")?.map(str::to_owned);
    config.durability = match args.opt_text("durability")? {
        None | Some("full") => Durability::Full,
        Some("normal") => Durability::Normal,
        Some(other) => return Err(BadRequest(format!("{other:?} is no durability")).into()),
    };
    config.sync.automatic = args.opt_bool("auto_sync")?.unwrap_or(false);
    config.clock = Arc::new(SystemClock::with_offset_ms(args.opt_int("clock_offset_ms")?.unwrap_or(0)));
    for collection in args.list("collections")? {
        config.collections.push(collection_config(collection)?);
    }
    let holm = Holm::open(config)?;
    let reply = json!({"device_id": holm.device_id(), "schema_version": Holm::schema_version()});
    Ok((Device::new(holm), reply))
}

fn collection_config(value: &Value) -> Result<CollectionConfig, Failure> {
    let wrong = |what: &str| BadRequest(format!("a collection's {what}"));
    let name = value["name"].as_str().ok_or_else(|| wrong("name is missing"))?;
    let mut config = CollectionConfig::new(name);
    if let Some(strategy) = value.get("conflict").filter(|value| !value.is_null()) {
        config.conflict = Strategy::parse(strategy.as_str().ok_or_else(|| wrong("conflict must be a text"))?)?;
    }
    if value.get("rules").and_then(Value::as_object).is_some_and(|rules| !rules.is_empty()) {
        return Err(unsupported("a rule for a single field"));
    }
    for index in value.get("indexes").and_then(Value::as_array).into_iter().flatten() {
        let paths: Option<Vec<&str>> = index.as_array().map(|paths| paths.iter().filter_map(Value::as_str).collect());
        config = config.index(&paths.ok_or_else(|| wrong("index must be a list of paths"))?)?;
    }
    Ok(config)
}
