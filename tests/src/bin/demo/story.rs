//! The story, chapter by chapter. Each one checks what it claims.

use crate::Outcome;
use crate::screen::{chapter, say, show};
use crate::stage::{Device, Stage};
use holm_core::{Network, Query};
use serde_json::{Value, json};
use std::time::Duration;

/// How many readings the server's death is to interrupt.
const READINGS: u64 = 2_000;

/// Tells everything.
pub async fn tell(stage: &mut Stage) -> Outcome {
    offline_edits(stage).await?;
    same_field(stage).await?;
    delete_against_edit(stage).await?;
    lost_reply(stage).await?;
    server_killed(stage).await?;
    rejected_write(stage).await?;
    convergence(stage).await
}

async fn offline_edits(stage: &Stage) -> Outcome {
    chapter(1, "Edits without a network");
    for (id, title) in [("milk", "Buy milk"), ("bike", "Mend the bike"), ("tax", "Tax return")] {
        stage.phone.tasks.create(&json!({"id": id, "title": title, "done": false})).await?;
    }
    stage.sync_all().await?;
    say("The phone has made three tasks; both have synced. Now both go offline and are used all the same.");
    for device in stage.devices() {
        device.network(Network::Offline);
    }
    stage.phone.tasks.update("bike", &json!({"done": true})).await?;
    stage.phone.tasks.create(&json!({"id": "post", "title": "Post the letter", "done": false})).await?;
    stage.tablet.tasks.update("bike", &json!({"title": "Mend the red bike"})).await?;
    stage.tablet.tasks.create(&json!({"id": "tea", "title": "Drink tea", "done": false})).await?;
    show(stage)?;
    say("Back online: each edit arrives, and the bike has both of its changes.");
    for device in stage.devices() {
        device.network(Network::Unmetered);
    }
    stage.sync_all().await?;
    show(stage)?;
    for device in stage.devices() {
        expect(device, "bike", Some(json!({"title": "Mend the red bike", "done": true})))?;
    }
    Ok(())
}

async fn same_field(stage: &Stage) -> Outcome {
    chapter(2, "The same field on both");
    stage.phone.tasks.update("milk", &json!({"title": "Buy oat milk"})).await?;
    // Which one is later is told by clocks of milliseconds; two people take longer than that.
    tokio::time::sleep(Duration::from_millis(50)).await;
    stage.tablet.tasks.update("milk", &json!({"title": "Buy soy milk"})).await?;
    stage.sync_all().await?;
    show(stage)?;
    let journal = stage.tablet.holm.journal(1)?;
    let lost = journal.first().ok_or("the journal does not have what lost")?;
    say(format!("The later edit stands ({}), and the journal keeps what lost: {}.", lost.reason.as_str(), lost.lost));
    for device in stage.devices() {
        expect(device, "milk", Some(json!({"title": "Buy soy milk", "done": false})))?;
    }
    Ok(())
}

async fn delete_against_edit(stage: &Stage) -> Outcome {
    chapter(3, "Delete against edit");
    stage.phone.tasks.delete("tax").await?;
    stage.tablet.tasks.update("tax", &json!({"title": "Tax return, page 2"})).await?;
    say("The phone deletes the tax return, the tablet has just worked on it. Work outlives tidying:");
    stage.sync_all().await?;
    show(stage)?;
    for device in stage.devices() {
        expect(device, "tax", Some(json!({"title": "Tax return, page 2", "done": false})))?;
    }
    Ok(())
}

async fn lost_reply(stage: &Stage) -> Outcome {
    chapter(4, "A reply is lost");
    stage.phone.tasks.create(&json!({"id": "call", "title": "Call grandma", "done": false, "tries": 0})).await?;
    stage.proxy.lose(0, 1);
    let failure = stage.phone.holm.sync().await.err().ok_or("the reply was not lost")?;
    stage.proxy.lose(0, 0);
    say(format!("The server has taken the task, but its answer never came: {}.", failure.code().as_str()));
    show(stage)?;
    stage.phone.tasks.update("call", &json!({"tries": {"$inc": 1}})).await?;
    stage.sync_all().await?;
    say("The phone asks again under the same operation id; nothing is doubled, and an edit made meanwhile follows.");
    show(stage)?;
    for device in stage.devices() {
        expect(device, "call", Some(json!({"title": "Call grandma", "done": false, "tries": 1})))?;
    }
    Ok(())
}

async fn server_killed(stage: &mut Stage) -> Outcome {
    chapter(5, "The server is killed in the middle");
    let readings: Vec<_> = (0..READINGS).map(|n| json!({"n": n, "celsius": 20.0 + n as f64 / 100.0})).collect();
    stage.tablet.readings.create_all(&readings).await?;
    let mut states = stage.tablet.holm.watch_state();
    let holm = stage.tablet.holm.clone();
    let sync = tokio::spawn(async move { holm.sync().await });
    while let Some(state) = states.next().await {
        if state?.pending < READINGS {
            break;
        }
    }
    stage.server.kill();
    let failure = sync.await?.err().ok_or("the server was quicker than its death")?;
    let waiting = stage.tablet.holm.state()?.pending;
    say(format!("Killed (SIGKILL) with {waiting} of {READINGS} readings still waiting: {}.", failure.code().as_str()));
    show(stage)?;
    stage.server.restart();
    stage.proxy.set_upstream(&stage.server.url);
    say("It rises on the same data and goes on where it was.");
    stage.sync_all().await?;
    show(stage)?;
    let arrived = stage.phone.readings.count(&Query::all())?;
    if arrived == READINGS { Ok(()) } else { Err(format!("{arrived} readings of {READINGS} arrived").into()) }
}

async fn rejected_write(stage: &Stage) -> Outcome {
    chapter(6, "A write that the server refuses");
    let long = "Write the longest title that this app has ever seen";
    stage.phone.tasks.create(&json!({"id": "long", "title": long, "done": false})).await?;
    stage.phone.tasks.update("tea", &json!({"done": true})).await?;
    stage.sync_all().await?;
    let parked = stage.phone.holm.parked()?;
    let [parked] = parked.as_slice() else { return Err("one write must be parked".into()) };
    let reason = parked.error.as_ref().map(|e| format!("{}: {}", e.code, e.message)).unwrap_or_default();
    say(format!("Parked with its reason, while everything else went through: {reason}."));
    show(stage)?;
    stage.phone.tasks.update("long", &json!({"title": "Write a short title"})).await?;
    stage.phone.holm.retry(parked.op_id).await?;
    stage.sync_all().await?;
    say("Repaired by an edit, and tried again:");
    show(stage)?;
    for device in stage.devices() {
        expect(device, "long", Some(json!({"title": "Write a short title", "done": false})))?;
    }
    Ok(())
}

async fn convergence(stage: &Stage) -> Outcome {
    chapter(7, "Convergence");
    stage.sync_all().await?;
    for device in stage.devices() {
        let state = device.holm.state()?;
        if (state.pending, state.failed, state.conflicts) != (0, 0, 0) {
            return Err(format!("the {} is not at rest", device.name).into());
        }
    }
    Ok(())
}

fn expect(device: &Device, id: &str, content: Option<Value>) -> Outcome {
    let found = device.tasks.get(id)?.map(|task| task.value()).transpose()?;
    if found == content { Ok(()) } else { Err(format!("{id} on the {} is {found:?}", device.name).into()) }
}
