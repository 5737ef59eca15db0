//! Rules that an operator puts on collections.

use crate::support::{World, config_with};
use serde_json::{Value, json};

const RULES: &str = r#"
[collections.tasks]
deleted_key = "goneTasks"
priority = 0
[collections.tasks.fields.title]
required = true
type = "string"
max_length = 5
[collections.tasks.fields.status]
allowed = ["open", "done"]
default = "open"
[collections.tasks.fields.owner]
read_only = true
[collections.tasks.fields.tags]
type = "array"
max_length = 2
[collections.tasks.fields.count]
type = "integer"
"#;

#[tokio::test]
async fn write_that_breaks_a_rule_is_rejected_by_field() {
    let world = World::with(config_with(RULES));
    let phone = world.device("phone").await;
    let made = phone.create("a", json!({"title": "good", "owner": "me"})).await;
    assert_eq!(made["record"]["status"], "open", "a field that the server added is shown");
    for (data, fault) in [
        (json!({"title": null}), json!({"title": "is required"})),
        (json!({"title": 7}), json!({"title": "must be of type string"})),
        (json!({"title": "äöüäöü"}), json!({"title": "may have at most 5, has 6"})),
        (json!({"status": "maybe"}), json!({"status": "is not one of the allowed values"})),
        (json!({"owner": "you"}), json!({"owner": "cannot be changed"})),
        (
            json!({"tags": [1, 2, 3], "count": 1.5}),
            json!({"tags": "may have at most 2, has 3", "count": "must be of type integer"}),
        ),
    ] {
        let result = &phone.push(json!([{"type": "update", "id": "a", "version": 1, "data": data}])).await[0];
        assert_eq!((&result["status"], &result["error"]["details"]), (&json!("rejected"), &fault));
        let reply = phone.call("PATCH", "/v1/tasks/a", Some(data)).await.expect(400);
        assert_eq!(reply.json["error"]["details"], fault);
    }
    let nameless = phone.call("POST", "/v1/tasks", Some(json!({"owner": "me"}))).await.expect(400);
    assert_eq!(nameless.json["error"]["details"], json!({"title": "is required"}));
    phone.call("PUT", "/v1/tasks/a", Some(json!({"title": "short"}))).await.expect(400);
    phone.call("PUT", "/v1/tasks/a", Some(json!({"title": "short", "owner": "me", "tags": null}))).await.expect(200);
}

#[tokio::test]
async fn repeated_create_with_defaults_is_a_duplicate() {
    let world = World::with(config_with(RULES));
    let phone = world.device("phone").await;
    let body = json!({"clientId": "a", "title": "x"});
    phone.call("POST", "/v1/tasks", Some(body.clone())).await.expect(201);
    phone.call("POST", "/v1/tasks", Some(body)).await.expect(200);
}

#[tokio::test]
async fn new_rules_do_not_block_unchanged_fields() {
    let folder = tempfile::tempdir().unwrap();
    let open = |config| World::over(holm_server::Store::Directory(folder.path().into()), config);
    let account = {
        let world = open(config_with(""));
        let phone = world.device("phone").await;
        phone.create("a", json!({"title": "much too long", "n": 1})).await;
        phone.account.clone()
    };
    let world = open(config_with(RULES));
    let phone = world.device_of(&account, "phone");
    phone.call("PATCH", "/v1/tasks/a", Some(json!({"n": 2}))).await.expect(200);
    phone.call("PATCH", "/v1/tasks/a", Some(json!({"title": "still too long"}))).await.expect(400);
}

#[tokio::test]
async fn config_publishes_limits_and_rules() {
    let world = World::with(config_with(RULES));
    let phone = world.device("phone").await;
    let data = phone.call("GET", "/v1/sync/config", None).await.expect(200).json["data"].clone();
    assert_eq!(data["epoch"], world.server.epoch());
    assert_eq!(data["limits"]["maxPageRecords"], 5000);
    assert_eq!(data["limits"]["maxRecordBytes"], 262_144);
    assert_eq!(data["apiVersions"], json!([1, 2]));
    let tasks = &data["collections"][0];
    assert_eq!(
        (&tasks["name"], &tasks["deletedKey"], &tasks["conflict"]),
        (&json!("tasks"), &json!("goneTasks"), &json!("field"))
    );
    assert_eq!(
        tasks["fields"]["title"],
        json!({"required": true, "type": "string", "maxLength": 5, "readOnly": false})
    );
    phone.create("a", json!({"title": "x"})).await;
    phone.push(json!([{"type": "delete", "id": "a"}])).await;
    assert_eq!(
        phone.call("GET", "/v1/tasks?since=1970-01-01T00:00:00Z", None).await.json["data"]["goneTasks"],
        json!(["a"])
    );
}

#[tokio::test]
async fn outdated_app_may_only_push_refresh_and_sign_out() {
    let world = World::with(config_with("[sync]\nmin_client_version = \"1.4.0\""));
    let phone = world.device("phone").await;
    let old = [("x-client-version", "1.3.9")];
    let reply = phone.call_with("GET", "/v1/tasks", &old, None).await.expect(400);
    assert_eq!(reply.code(), "CLIENT_UPGRADE_REQUIRED");
    assert_eq!(reply.json["error"]["minSupportedClientVersion"], "1.4.0");
    assert_eq!(reply.json["meta"]["minSupportedClientVersion"], "1.4.0");
    let ops = json!({"operations": [{"type": "create", "clientId": "a", "data": {}}]});
    phone.call_with("POST", "/v1/sync/batch", &old, Some(ops)).await.expect(200);
    let refresh = Some(json!({"refreshToken": phone.account.refresh_token}));
    phone.call_with("POST", "/v1/auth/session/refresh", &old, refresh).await.expect(200);
    phone.call_with("GET", "/v1/tasks", &[("x-client-version", "1.10")], None).await.expect(200);
    phone.call_with("GET", "/v1/tasks", &[("x-client-version", "new")], None).await.expect(400);
}

/// The keys of a section that the configuration knows: what it says it expected instead of an unknown one.
fn keys_of(section: &str, rest: &str) -> Vec<String> {
    let text = format!("{section}\n{rest}\nno_such_key = 1\n");
    let message = holm_server::Config::from_toml(&text).unwrap_err().to_string();
    let expected = message.split("expected").nth(1).unwrap_or_else(|| panic!("{message}"));
    let names = expected.split('`').skip(1).step_by(2).map(str::to_owned);
    // The protocol's spellings are aliases.
    names.filter(|name| !name.contains(char::is_uppercase)).collect()
}

#[test]
fn sample_file_shows_every_key() {
    let sample = include_str!("../../holm-server.sample.toml");
    for (section, rest) in [
        ("[server]", ""),
        ("[limits]", ""),
        ("[sync]", ""),
        ("[retention]", ""),
        ("[accounts]", ""),
        ("[accounts.argon2]", ""),
        ("[quotas]", ""),
        ("[strangers]", ""),
        ("[actions]", ""),
        ("[[accounts.issuers]]", "url = \"https://a\"\naudience = [\"b\"]"),
        ("[[actions.webhooks]]", "url = \"https://a\"\nsecret = \"b\""),
        ("[rate_limit]", "requests_per_minute = 1"),
        ("[collections.tasks]", ""),
        ("[collections.tasks.fields.title]", ""),
    ] {
        for key in keys_of(section, rest) {
            let shown = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{key} = "));
            // Tables have headers of their own.
            let header = format!("{}.{key}", section.trim_matches(['[', ']']));
            assert!(sample.lines().any(shown) || sample.contains(&header), "{section} {key} is not in the sample");
        }
    }
}

#[test]
fn sample_file_equals_the_defaults() {
    let sample = include_str!("../../holm-server.sample.toml");
    assert_eq!(holm_server::Config::from_toml(sample).unwrap(), holm_server::Config::default());
}

#[test]
fn sample_file_shows_rules_that_can_be_used() {
    let sample = include_str!("../../holm-server.sample.toml");
    let from = sample.find("# [rate_limit]").unwrap();
    let is_setting = |line: &&str| line.starts_with('[') || line.contains(" = ");
    let rules: Vec<&str> =
        sample[from..].lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting).collect();
    let config = holm_server::Config::from_toml(&rules.join("\n")).unwrap();
    assert_eq!(config.rate_limit.unwrap().burst, 60);
    let tasks = &config.collections["tasks"];
    assert_eq!((tasks.deleted_key.as_deref(), tasks.fields.len()), (Some("deletedTaskIds"), 3));
}

#[tokio::test]
async fn limits_come_with_a_reply_when_the_device_lacks_them() {
    let world = World::new();
    let phone = world.device("phone").await;
    let config = phone.call("GET", "/v1/sync/config", None).await.expect(200).json["data"].clone();
    let version = config["configVersion"].as_str().unwrap();
    assert_eq!(version.len(), 8);
    for path in ["/v1/sync/pull", "/v1/sync/batch"] {
        let ask = |version: Value| json!({"operations": [], "streams": [], "configVersion": version});
        for stale in [json!("00000000"), Value::Null] {
            let reply = phone.call("POST", path, Some(ask(stale))).await.expect(200);
            assert_eq!(reply.json["config"], json!({"version": version, "limits": config["limits"]}), "{path}");
            assert!(reply.json["meta"].is_object());
        }
        let reply = phone.call("POST", path, Some(ask(json!(version)))).await.expect(200);
        assert!(reply.json.get("config").is_none(), "{path}");
    }
    let other = World::with(config_with("[limits]\nmax_batch_ops = 7"));
    let reply = other.device("phone").await.batch(json!({"operations": [], "configVersion": version})).await;
    assert_eq!(reply.json["config"]["limits"]["maxBatchOps"], 7);
}
