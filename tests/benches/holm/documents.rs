//! The documents: always the same, about 250 bytes of JSON each.

use holm_core::{CollectionConfig, Query};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The collection that holds them.
pub const COLLECTION: &str = "tasks";

/// One document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    pub id: String,
    pub title: String,
    pub done: bool,
    pub created: i64,
    pub changed: i64,
    pub priority: u64,
    pub tags: Vec<String>,
    pub notes: String,
}

const WORDS: [&str; 16] = [
    "review", "the", "plan", "call", "send", "draft", "invoice", "meeting", "garden", "kitchen", "budget", "report",
    "school", "travel", "backup", "release",
];
const TAGS: [&str; 8] = ["home", "work", "urgent", "later", "family", "errand", "health", "money"];

/// SplitMix64: a number for each number.
pub fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// A document's id: random, the hardest order to load.
pub fn id(n: u32) -> String {
    let (high, low) = (mix(u64::from(n) << 1), mix(u64::from(n) << 1 | 1));
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// A document.
pub fn task(n: u32) -> Task {
    let dice = mix(u64::from(n) ^ 0x5bd1_e995_0000_0000);
    let words = |from: u32, count: u32| {
        let word = |k: u32| WORDS[(mix(u64::from(n) << 8 | u64::from(k)) & 15) as usize];
        (from..from + count).map(word).collect::<Vec<_>>().join(" ")
    };
    let created = 1_700_000_000_000 + (dice % 31_536_000_000) as i64;
    Task {
        id: id(n),
        title: format!("Task {n:06} {}", words(0, 3)),
        done: dice & 1 == 1,
        created,
        changed: created + (dice >> 40 & 0xffff) as i64,
        priority: dice >> 8 & 3,
        tags: [dice >> 16, dice >> 24, dice >> 32].iter().map(|t| TAGS[(t & 7) as usize].to_owned()).collect(),
        notes: words(3, 8),
    }
}

/// Some documents.
pub fn tasks(range: std::ops::Range<u32>) -> Vec<Task> {
    range.map(task).collect()
}

/// A document that comes first in [`newest_open`], before those of smaller numbers.
pub fn hot(n: u32) -> Task {
    Task { done: false, created: 1_900_000_000_000 + i64::from(n), ..task(n) }
}

/// An edit of three fields, as a merge patch.
pub fn patch(n: u32) -> Value {
    json!({"title": format!("Edited {n}"), "done": true, "changed": 1_800_000_000_000 + i64::from(n)})
}

/// [`patch`] done to a document.
pub fn edited(before: Task, n: u32) -> Task {
    Task { title: format!("Edited {n}"), done: true, changed: 1_800_000_000_000 + i64::from(n), ..before }
}

/// The 50 newest that are not done.
pub fn newest_open() -> Query {
    Query::parse(&json!({"where": {"eq": ["done", false]}, "order": [["created", "desc"]], "limit": 50})).unwrap()
}

/// The collection with the index of [`newest_open`].
pub fn collection() -> CollectionConfig {
    CollectionConfig::new(COLLECTION).index(&["done", "created"]).unwrap()
}
