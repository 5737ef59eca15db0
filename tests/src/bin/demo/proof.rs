//! The proof that both devices and the server hold the same.

use crate::Outcome;
use crate::stage::{Device, EMAIL, PASSWORD, Stage};
use bytes::Bytes;
use comfy_table::{Table, presets};
use holm_core::{Request, ReqwestTransport, Transport};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Collection to count and digest: the sum over all documents of a hash of id and sequence number, as the protocol has it.
type Holding = BTreeMap<String, (i64, String)>;

/// Asks all three, prints what they hold and compares it; the devices' documents are compared word by word as well.
pub async fn give(stage: &Stage) -> Outcome {
    let server = of_server(stage).await?;
    let devices = [of_device(&stage.phone)?, of_device(&stage.tablet)?];
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header(["", "tasks", "digest", "readings", "digest"]);
    for (name, holding) in [("server", &server), ("phone", &devices[0]), ("tablet", &devices[1])] {
        let cells = ["tasks", "readings"].map(|collection| holding.get(collection).cloned().unwrap_or_default());
        let [(tasks, of_tasks), (readings, of_readings)] = cells;
        table.add_row([name.to_owned(), tasks.to_string(), of_tasks, readings.to_string(), of_readings]);
    }
    println!("{table}");
    if devices.iter().any(|holding| *holding != server) {
        return Err("the server and the devices differ".into());
    }
    if stage.phone.holm.dump()? != stage.tablet.holm.dump()? {
        return Err("the devices' documents differ".into());
    }
    Ok(())
}

fn of_device(device: &Device) -> Outcome<Holding> {
    let dumps = device.holm.dump()?;
    Ok(dumps.into_iter().map(|dump| (dump.name, (dump.base_count, dump.digest))).collect())
}

/// The server is asked directly, past the proxy, by a client that has nothing to do with the devices.
async fn of_server(stage: &Stage) -> Outcome<Holding> {
    let url = &stage.server.url;
    let credentials = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let session = ask(Method::POST, format!("{url}/v1/auth/sign-in"), None, credentials).await?;
    let token = session["data"]["session"]["token"].as_str().ok_or("no session")?;
    let status = ask(Method::GET, format!("{url}/v1/sync/status"), Some(token), String::new()).await?;
    let streams = status["streams"].as_array().ok_or("no streams")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let holding = |stream: &Value| {
        (text(&stream["collection"]), (stream["count"].as_i64().unwrap_or(-1), text(&stream["digest"])))
    };
    Ok(streams.iter().map(holding).collect())
}

async fn ask(method: Method, url: String, token: Option<&str>, body: String) -> Outcome<Value> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(token) = token {
        headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse()?);
    }
    let timeout = Duration::from_secs(10);
    let request = Request { method, url, headers, body: Bytes::from(body), timeout, max_response_bytes: 1 << 20 };
    let answer = ReqwestTransport::new()?.send(request).await.map_err(|e| format!("{e:?}"))?;
    Ok(serde_json::from_slice(&answer.body)?)
}
