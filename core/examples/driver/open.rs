//! The command `open`.

use crate::args::{Args, BadRequest, Failure, unsupported};
use crate::device::Device;
use holm_core::{
    CacheConfig, CachePolicy, CollectionConfig, Config, Consistency, Durability, FieldRule, Holm, Strategy, SystemClock,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

pub async fn open(args: &Args) -> Result<(Device, Value), Failure> {
    if args.get("encryption_key").is_some() {
        return Err(unsupported("encryption at rest"));
    }
    for (name, off) in [("backend", Value::Null), ("realtime", Value::Bool(false))] {
        if args.get(name).is_some_and(|value| *value != off) {
            return Err(unsupported(&format!("{name:?}")));
        }
    }
    let mut config = Config::new(args.text("dir")?);
    config.server = args.opt_text("server")?.map(str::to_owned);
    config.durability = match args.opt_text("durability")? {
        None | Some("full") => Durability::Full,
        Some("normal") => Durability::Normal,
        Some(other) => return Err(BadRequest(format!("{other:?} is no durability")).into()),
    };
    config.sync.automatic = args.opt_bool("auto_sync")?.unwrap_or(false);
    config.sync.ordered = args.opt_bool("ordered")?.unwrap_or(false);
    config.clock = Arc::new(SystemClock::with_offset_ms(args.opt_int("clock_offset_ms")?.unwrap_or(0)));
    for collection in args.opt_list("collections")?.into_iter().flatten() {
        config.collections.push(collection_config(collection)?);
    }
    let confirms = config.collections.iter().any(|one| one.consistency != Consistency::Eventual);
    let holm = Holm::open(config)?;
    let reply = json!({"device_id": holm.device_id(), "schema_version": Holm::schema_version()});
    Ok((Device::new(holm, confirms), reply))
}

fn collection_config(value: &Value) -> Result<CollectionConfig, Failure> {
    let wrong = |what: &str| BadRequest(format!("a collection's {what}"));
    let name = value["name"].as_str().ok_or_else(|| wrong("name is missing"))?;
    for (feature, off) in [("scope", json!("synced")), ("search", json!([]))] {
        if !value[feature].is_null() && value[feature] != off {
            return Err(unsupported(&format!("a collection's {feature}")));
        }
    }
    let mut config = CollectionConfig::new(name);
    if let Some(strategy) = value.get("conflict").filter(|value| !value.is_null()) {
        config.conflict = Strategy::parse(strategy.as_str().ok_or_else(|| wrong("conflict must be a text"))?)?;
    }
    config.consistency = match value["consistency"].as_str() {
        None if value["consistency"].is_null() => Consistency::Eventual,
        Some("eventual") => Consistency::Eventual,
        Some("confirmed") => match value["timeout_ms"].as_u64() {
            Some(ms) => Consistency::Confirmed { timeout: Duration::from_millis(ms) },
            None => Consistency::confirmed(),
        },
        _ => return Err(wrong("consistency must be \"eventual\" or \"confirmed\"").into()),
    };
    for (path, rule) in members(value, "rules")? {
        config = config.rule(path, FieldRule::parse(rule)?);
    }
    for (path, key) in members(value, "list_keys")? {
        config = config.list_key(path, key);
    }
    for (path, collection) in members(value, "references")? {
        config = config.reference(path, collection);
    }
    for index in indexes(&value["indexes"]).ok_or_else(|| wrong("indexes must be a list of lists of paths"))? {
        config = config.index(&index)?;
    }
    if let Some(cache) = value.get("cache").filter(|value| !value.is_null()) {
        config.cache = cache_config(cache)?;
    }
    Ok(config)
}

/// The paths of each index; none if they are left out.
fn indexes(value: &Value) -> Option<Vec<Vec<&str>>> {
    if value.is_null() {
        return Some(Vec::new());
    }
    value.as_array()?.iter().map(|index| index.as_array()?.iter().map(Value::as_str).collect()).collect()
}

/// The members of an object of texts; none if it is left out.
fn members<'a>(value: &'a Value, name: &str) -> Result<Vec<(&'a str, &'a str)>, Failure> {
    let wrong = || BadRequest(format!("a collection's {name} must be an object of texts"));
    match &value[name] {
        Value::Null => Ok(Vec::new()),
        Value::Object(members) => {
            let texts = members.iter().map(|(key, text)| Some((key.as_str(), text.as_str()?)));
            Ok(texts.collect::<Option<_>>().ok_or_else(wrong)?)
        }
        _ => Err(wrong().into()),
    }
}

fn cache_config(value: &Value) -> Result<CacheConfig, Failure> {
    if !value.is_object() {
        return Err(BadRequest("a collection's cache must be an object".into()).into());
    }
    let mut config = CacheConfig::default();
    let number = |name: &str| match &value[name] {
        Value::Null => Ok(None),
        other => other.as_u64().map(Some).ok_or_else(|| BadRequest(format!("a cache's {name} must be a whole number"))),
    };
    if !value["policy"].is_null() {
        let name = value["policy"].as_str().ok_or_else(|| BadRequest("a cache's policy must be a text".into()))?;
        config.policy = CachePolicy::parse(name)?;
    }
    if let Some(ms) = number("ttl_ms")? {
        config.ttl = Duration::from_millis(ms);
    }
    config.refresh_after = number("refresh_after_ms")?.map(Duration::from_millis);
    config.max_documents = number("max_documents")?;
    config.max_bytes = number("max_bytes")?;
    Ok(config)
}
