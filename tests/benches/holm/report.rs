//! The table and the lines.

use crate::place::Place;
use crate::timing::Rounds;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// One figure.
#[derive(Debug, Serialize)]
pub struct Row {
    name: String,
    holm: f64,
    raw: Option<f64>,
    ratio: Option<f64>,
    /// Of both sides: the median of the rounds of which `holm` and `raw` are the least.
    #[serde(skip_serializing_if = "Option::is_none")]
    holm_median: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_median: Option<f64>,
    unit: &'static str,
    /// Durability class of both sides; the exchange, where it is its requests and bytes that count.
    mode: &'static str,
    #[serde(skip)]
    goal: &'static str,
}

impl Row {
    /// A figure and its raw counterpart, if there is one.
    pub fn new(name: impl Into<String>, holm: f64, raw: Option<f64>, unit: &'static str, mode: &'static str) -> Self {
        let ratio = raw.filter(|raw| *raw > 0.0).map(|raw| round(holm / raw));
        let (holm, raw) = (round(holm), raw.map(round));
        Self { name: name.into(), holm, raw, ratio, holm_median: None, raw_median: None, unit, mode, goal: "" }
    }

    /// The least of several rounds of each side, with their medians beside it.
    pub fn rounds(
        name: impl Into<String>,
        holm: &Rounds,
        raw: Option<&Rounds>,
        unit: &'static str,
        mode: &'static str,
    ) -> Self {
        let row = Self::new(name, holm.least(), raw.map(Rounds::least), unit, mode);
        Self { holm_median: Some(round(holm.median())), raw_median: raw.map(|raw| round(raw.median())), ..row }
    }

    /// What it should be.
    #[must_use]
    pub fn goal(mut self, goal: &'static str) -> Self {
        self.goal = goal;
        self
    }
}

fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// All figures of a run.
pub struct Report {
    head: String,
    file: PathBuf,
    rows: Vec<Row>,
}

impl Report {
    pub fn new(place: &Place, scale: f64) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut head = format!("On {}; {cores} cores; SQLite {}", place.kind, rusqlite::version());
        let mut file = "core.jsonl";
        if scale < 1.0 {
            head.push_str(&format!(
                "\nSCALED: all numbers of documents are {scale} of what the names say. Not comparable."
            ));
            file = "core-scaled.jsonl";
        }
        Self { head, file: target_folder().join("bench").join(file), rows: Vec::new() }
    }

    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Prints the table and writes the file: anew after a whole run, else rows that were not measured now stay there.
    pub fn finish(self, whole: bool) {
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN);
        table.set_header(["name", "Holm", "raw SQLite", "ratio", "of medians", "unit", "mode", "goal"]);
        for row in &self.rows {
            let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
            table.add_row([
                row.name.clone(),
                number(Some(row.holm)),
                number(row.raw),
                number(row.ratio),
                number(row.holm_median.zip(row.raw_median).map(|(holm, raw)| round(holm / raw))),
                row.unit.to_owned(),
                row.mode.to_owned(),
                row.goal.to_owned(),
            ]);
        }
        for column in table.column_iter_mut().skip(1).take(4) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("{}\n{table}", self.head);
        let mut lines = if whole { Vec::new() } else { kept(&self.file, &self.rows) };
        lines.extend(self.rows.iter().map(|row| serde_json::to_string(row).unwrap()));
        std::fs::create_dir_all(self.file.parent().unwrap()).unwrap();
        std::fs::write(&self.file, lines.join("\n") + "\n").unwrap();
        println!("written to {}", self.file.display());
    }
}

/// Lines of an earlier run about something else.
fn kept(file: &Path, rows: &[Row]) -> Vec<String> {
    let before = std::fs::read_to_string(file).unwrap_or_default();
    let other = |line: &&str| {
        serde_json::from_str::<Value>(line).is_ok_and(|old| rows.iter().all(|row| old["name"] != *row.name))
    };
    before.lines().filter(other).map(str::to_owned).collect()
}

/// The build's `target`, wherever it is.
fn target_folder() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    // target/release/deps/holm-123
    here.ancestors().nth(3).unwrap().to_owned()
}
