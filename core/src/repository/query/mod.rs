//! Queries: what an app asks of a collection.
//!
//! Invariants:
//! - Values are always bound; the text of a statement depends on the shape of a query only, so it is prepared once.
//! - Field paths are checked before they become part of a statement.
//! - Every condition is true or false, never unknown: `not` of it is the other one. A missing field equals nothing but `null`.
//! - The order is total: documents with equal keys come in the order in which this device got them, and those of a query without keys by id. So
//!   pages neither skip nor repeat.
//! - A query within the limits runs; one beyond them is `INVALID_QUERY` before SQLite sees it.

mod aggregate;
mod compile;
mod filter;
mod index;
mod key;
mod live_select;
mod page;
mod path;
mod place;

pub(super) use aggregate::AggregateSelect;
pub use aggregate::{Aggregate, AggregateRow};
pub(crate) use compile::{Compiled, compile};
pub use filter::Filter;
pub(crate) use index::declare;
pub(super) use key::{Key, Order, Place};
pub(super) use live_select::LiveSelect;
pub use page::Page;
pub(crate) use page::read_page;
pub use path::FieldPath;
pub(super) use place::count_before;

use crate::error::{Error, Result};
use serde_json::{Map, Value};

/// Which way an order goes. Missing and `null` come first in ascending order, then numbers (`false` is 0, `true` is 1), then texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Smallest first.
    #[default]
    Ascending,
    /// Greatest first.
    Descending,
}

/// A query: filter, order, window. Built in code, or read from JSON with [`Query::parse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    /// Which documents.
    pub filter: Option<Filter>,
    /// In which order; documents with equal keys come in the order in which this device got them. Empty: by id.
    /// Ids that are UUIDs come behind other ids.
    pub order: Vec<(FieldPath, Direction)>,
    /// At most how many.
    pub limit: Option<u32>,
    /// How many to leave out first. For long lists, pages by key are faster: [`Collection::page`](crate::Collection::page).
    pub offset: Option<u32>,
    /// Whether documents that are deleted here, but not yet on the server, are shown.
    pub include_deleted: bool,
}

/// Most keys of an order.
const MAX_ORDER: usize = 16;

impl Query {
    /// All documents.
    pub fn all() -> Self {
        Self::default()
    }

    /// Adds a condition; several are joined by *and*.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(match self.filter.take() {
            None => filter,
            Some(Filter::And(mut all)) => {
                all.push(filter);
                Filter::And(all)
            }
            Some(one) => Filter::And(vec![one, filter]),
        });
        self
    }

    /// Adds a key to the order.
    ///
    /// # Errors
    /// `INVALID_NAME` for a path that is none.
    pub fn order_by(mut self, path: &str, direction: Direction) -> Result<Self> {
        self.order.push((FieldPath::new(path)?, direction));
        Ok(self)
    }

    /// Bounds the number of documents.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Leaves out the first documents.
    #[must_use]
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Checks what SQLite could not run: queries built in code meet the same limits as those from JSON.
    fn check_limits(&self) -> Result<()> {
        if self.order.len() > MAX_ORDER {
            return Err(Error::query(format!("more than {MAX_ORDER} keys in the order")));
        }
        self.filter.as_ref().map_or(Ok(()), Filter::check_limits)
    }

    /// Reads a query from JSON: `{"where": …, "order": [["path","asc"|"desc"],…], "limit": n, "offset": n, "includeDeleted": bool}`. Every member may be
    /// missing. `where` is `{"eq":["path",value]}`, likewise `ne lt lte gt gte contains prefix`; `{"in":["path",[…]]}`, `{"isNull":"path"}`,
    /// `{"and":[…]}`, `{"or":[…]}`, `{"not":…}`.
    ///
    /// # Errors
    /// `INVALID_QUERY` or `INVALID_NAME`; the message names the part.
    pub fn parse(json: &Value) -> Result<Self> {
        let Value::Object(members) = json else { return Err(Error::query("a query must be a JSON object")) };
        let filter = members.get("where").filter(|value| !value.is_null()).map(Filter::parse).transpose()?;
        let order = match members.get("order") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(keys)) => keys.iter().map(order_key).collect::<Result<_>>()?,
            Some(_) => return Err(Error::query("\"order\" must be a list")),
        };
        let include_deleted = match members.get("includeDeleted") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(yes)) => *yes,
            Some(_) => return Err(Error::query("\"includeDeleted\" must be true or false")),
        };
        Ok(Self {
            filter,
            order,
            limit: number(members, "limit")?,
            offset: number(members, "offset")?,
            include_deleted,
        })
    }
}

fn number(members: &Map<String, Value>, name: &str) -> Result<Option<u32>> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_u64()
            .and_then(|n| u32::try_from(n).ok())
            .map(Some)
            .ok_or_else(|| Error::query(format!("{name:?} must be a whole number from 0"))),
    }
}

fn order_key(key: &Value) -> Result<(FieldPath, Direction)> {
    let wrong = || Error::query("an order key must be [\"path\", \"asc\" or \"desc\"]");
    let (path, direction) = match key {
        Value::String(path) => (path.as_str(), "asc"),
        Value::Array(pair) => match pair.as_slice() {
            [Value::String(path)] => (path.as_str(), "asc"),
            [Value::String(path), Value::String(direction)] => (path.as_str(), direction.as_str()),
            _ => return Err(wrong()),
        },
        _ => return Err(wrong()),
    };
    let direction = match direction {
        "asc" => Direction::Ascending,
        "desc" => Direction::Descending,
        _ => return Err(wrong()),
    };
    Ok((FieldPath::new(path)?, direction))
}
