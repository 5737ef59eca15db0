//! The truth table of the cache policies: 5 policies × 3 states of the cache × 6 of the network, for documents and for queries.

#![allow(clippy::unwrap_used)] // A test may fail that way.

use holm_tests::{policies, scenario};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn every_cell_of_the_table_gives_what_it_says() {
    let cells = policies::cells();
    let told = policies::replay(&cells);
    for (cell, told) in cells.iter().zip(&told) {
        assert_eq!(told, cell);
    }
    scenario::write_transcript("policies", &json!({"cells": told}));
}

#[test]
fn the_table_has_each_cell_once() {
    let places =
        |cell: &Value| ["subject", "policy", "cache", "network"].map(|name| cell[name].as_str().unwrap().to_owned());
    let cells = policies::cells();
    let all: BTreeSet<_> = cells.iter().map(places).collect();
    assert_eq!((cells.len(), all.len()), (180, 2 * 5 * 3 * 6));
}
