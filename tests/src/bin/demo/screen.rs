//! What the terminal shows.

use crate::Outcome;
use crate::stage::{Device, Stage};
use comfy_table::{Table, presets};
use holm_core::{Direction, Network, Query};

/// A new chapter.
pub fn chapter(number: u32, title: &str) {
    println!("\n── {number}. {title} ──");
}

/// One sentence of the story.
pub fn say(text: impl AsRef<str>) {
    println!("   {}", text.as_ref());
}

/// The state of both devices, side by side.
pub fn show(stage: &Stage) -> Outcome {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    table.set_header(stage.devices().map(|device| device.name));
    table.add_row([column(&stage.phone)?, column(&stage.tablet)?]);
    println!("{table}");
    Ok(())
}

fn column(device: &Device) -> Outcome<String> {
    let mut lines = String::new();
    for task in device.tasks.query(&Query::all().order_by("title", Direction::Ascending)?)? {
        let content = task.value()?;
        let tick = if content["done"] == true { "x" } else { " " };
        let title = content["title"].as_str().unwrap_or("(no title)");
        lines += &format!("[{tick}] {title:<24.24} {}\n", task.status.as_str());
    }
    let readings = device.readings.count(&Query::all())?;
    if readings > 0 {
        lines += &format!("{readings} readings\n");
    }
    let state = device.holm.state()?;
    let network = if device.holm.connectivity().get() == Network::Offline { "offline" } else { "online" };
    Ok(lines + &format!("{network}; {} waiting, {} refused", state.pending, state.failed))
}
