//! A query as a live query runs it: with the keys of its order, whole or for some rows.

use super::Query;
use super::compile::{Condition, order_by};
use super::key::Order;
use crate::error::Result;
use crate::store::documents::{DOCUMENT_COLUMNS, DOCUMENT_WIDTH};
use rusqlite::types::Value as Sql;
use std::fmt::Write;

/// Two statements. Their texts depend on the query's shape only.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::repository) struct LiveSelect {
    /// Reads the result: [`DOCUMENT_COLUMNS`], the row, the keys of the order.
    pub select: String,
    /// The same for those of some rows that the condition lets through, in no order. The first value is a JSON list of the rows.
    pub changed: String,
    /// The condition's values.
    pub values: Vec<Sql>,
    window: Vec<Sql>,
    pub order: Order,
    /// Whether a document outside the result can shift it.
    pub has_offset: bool,
}

impl LiveSelect {
    /// The column of the row.
    pub const ROW: usize = DOCUMENT_WIDTH;
    /// The first column of the keys.
    pub const KEYS: usize = DOCUMENT_WIDTH + 1;

    /// Compiles a query; `capacity`: how many documents to read if it has a limit and no offset.
    ///
    /// # Errors
    /// `INVALID_QUERY`.
    pub fn compile(collection: i64, query: &Query, capacity: Option<usize>) -> Result<Self> {
        let Condition { text: condition, values } = Condition::of(collection, query)?;
        let mut columns = format!("{DOCUMENT_COLUMNS}, d.row");
        for (path, _) in &query.order {
            let _ = write!(columns, ", {}", path.sql());
        }
        let mut select =
            format!("SELECT {columns} FROM documents d WHERE {condition} ORDER BY {}", order_by(&query.order));
        // The order of the join and the lack of an index are given: the changed rows are looked up, few as they are.
        let changed = format!(
            "SELECT {columns} FROM json_each(?) r CROSS JOIN documents d NOT INDEXED ON d.row = r.value WHERE {condition}"
        );
        let has_offset = query.offset.is_some_and(|offset| offset > 0);
        let limit = if has_offset { query.limit.map(|limit| limit as usize) } else { capacity };
        let mut window = Vec::new();
        if limit.is_some() || has_offset {
            select.push_str(" LIMIT ?");
            window.push(Sql::Integer(limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1)));
        }
        if has_offset {
            select.push_str(" OFFSET ?");
            window.push(Sql::Integer(query.offset.unwrap_or(0).into()));
        }
        let order = Order::new(query.order.iter().map(|(_, direction)| *direction).collect());
        Ok(Self { select, changed, values, window, order, has_offset })
    }

    /// The values of `select`.
    pub fn all_values(&self) -> impl Iterator<Item = &Sql> {
        self.values.iter().chain(&self.window)
    }
}
