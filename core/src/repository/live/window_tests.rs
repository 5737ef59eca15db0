//! A patched window against the query run anew.

use super::difference::tests::check;
use super::list::{DocumentList, Entry};
use super::window::{Window, capacity};
use crate::model::{Document, SyncStatus};
use crate::repository::Direction;
use crate::repository::query::{Key, Order};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A row of the table: its id, its keys, its content; `None` if the query does not let it through.
type Table = BTreeMap<i64, Option<(String, Vec<Key>, u8, SyncStatus)>>;

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        Just(Key::Null),
        (0i64..3).prop_map(Key::Integer),
        prop_oneof![Just(0.5), Just(1.0)].prop_map(Key::Real),
        "[ab]".prop_map(|text| Key::Text(text.into())),
    ]
}

fn status() -> impl Strategy<Value = SyncStatus> {
    prop_oneof![Just(SyncStatus::Synced), Just(SyncStatus::PendingUpdate)]
}

fn row(keys: usize) -> impl Strategy<Value = Option<(Vec<Key>, u8, SyncStatus)>> {
    prop::option::weighted(0.8, (prop::collection::vec(key(), keys), 0u8..3, status()))
}

/// The entries of a table's rows that are let through, as they are.
fn entries<'a>(table: &'a Table, rows: impl Iterator<Item = &'a i64>) -> Vec<Arc<Entry>> {
    rows.filter_map(|row| Some((row, table.get(row)?.as_ref()?)))
        .map(|(row, (id, keys, content, status))| {
            let document =
                Document { id: id.clone(), body: format!("{{\"n\":{content}}}"), status: *status, version: None };
            Arc::new(Entry { row: *row, keys: keys.clone().into(), document: Arc::new(document) })
        })
        .collect()
}

fn run(table: &Table, order: &Order, limit: Option<usize>) -> Window {
    let mut found = entries(table, table.keys());
    found.sort_by(|a, b| order.compare(a.place(), b.place()));
    found.truncate(limit.map_or(usize::MAX, capacity));
    Window::new(order.clone(), limit, found)
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Ascending), Just(Direction::Descending)]
}

/// An order and a history: batches of (row, whether the row gets a new id, what it is then).
type Batch = Vec<(i64, bool, Option<(Vec<Key>, u8, SyncStatus)>)>;

fn history() -> impl Strategy<Value = (Vec<Direction>, Vec<Batch>)> {
    prop::collection::vec(direction(), 0..3).prop_flat_map(|order| {
        let change = (0i64..40, prop::bool::weighted(0.1), row(order.len()));
        let batches = prop::collection::vec(prop::collection::vec(change, 1..12), 1..8);
        (Just(order), batches)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_patched_window_is_what_the_query_finds(
        (order, batches) in history(),
        limit in prop::option::of(0usize..14),
    ) {
        let order = Order::new(order);
        let mut table = Table::new();
        let mut window = run(&table, &order, limit);
        let (mut shown, mut patched, mut names) = (DocumentList::default(), 0, 0);
        for batch in batches {
            let mut changed: Vec<i64> = batch.iter().map(|(row, ..)| *row).collect();
            for (row, renamed, content) in batch {
                let old = table.get(&row).and_then(|row| row.as_ref()).map(|(id, ..)| id.clone());
                names += usize::from(renamed);
                let id = old.filter(|_| !renamed).unwrap_or_else(|| format!("{row}-{names}"));
                table.insert(row, content.map(|(keys, content, status)| (id, keys, content, status)));
            }
            changed.sort_unstable();
            changed.dedup();
            let fresh = run(&table, &order, limit);
            let now = entries(&table, changed.iter());
            match window.patch(&changed, now) {
                Some(snapshot) => {
                    patched += 1;
                    prop_assert_eq!(&snapshot.documents, &fresh.visible());
                    check(&shown, &snapshot)?;
                    shown = snapshot.documents;
                }
                None => {
                    prop_assert!(limit.is_some(), "a window without a limit knows everything");
                    shown = fresh.visible();
                    window = fresh;
                }
            }
        }
        prop_assert!(limit.is_some() || patched > 0);
    }
}

#[test]
fn a_window_follows_one_that_leaves_without_a_query() {
    let order = Order::new(Vec::new());
    let content = |row: i64| (format!("{row:03}"), Vec::new(), 0, SyncStatus::Synced);
    let mut table: Table = (0..100).map(|row| (row, Some(content(row)))).collect();
    let mut window = run(&table, &order, Some(10));
    for row in 0..8 {
        table.remove(&row);
        let snapshot = window.patch(&[row], Vec::new()).unwrap();
        assert_eq!(snapshot.documents, run(&table, &order, Some(10)).visible());
        assert_eq!(
            (snapshot.removed, snapshot.inserted),
            (vec![format!("{row:03}")], vec![format!("{:03}", row + 10)])
        );
    }
    assert_eq!(window.patch(&[8], Vec::new()), None);
}
