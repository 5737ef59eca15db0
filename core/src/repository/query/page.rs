//! Pages by key: the next page begins after the last document of this one, even if documents came or went in between.

use super::Query;
use super::compile::{Condition, descending, order_by, scalar, tie};
use super::place::push_after;
use crate::error::{Error, Result};
use crate::model::Document;
use crate::store::doc_id::{DocId, StoredId};
use crate::store::documents::{DOCUMENT_COLUMNS, DOCUMENT_WIDTH, read_document};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Write;

/// Documents when the query sets no limit.
const DEFAULT_PAGE: u32 = 50;

/// One page of a query's result.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The documents.
    pub documents: Vec<Document>,
    /// Where the next page begins; `None` if this was the last.
    pub next: Option<String>,
}

/// Reads the page that begins after the mark `after`; the first one if it is `None`.
///
/// # Errors
/// `INVALID_QUERY` for a mark of another order, an offset, or a limit of 0.
pub(crate) fn read_page(connection: &Connection, collection: i64, query: &Query, after: Option<&str>) -> Result<Page> {
    if query.offset.is_some() {
        return Err(Error::query("a page begins at a key, not at an offset"));
    }
    let limit = query.limit.unwrap_or(DEFAULT_PAGE);
    if limit == 0 {
        return Err(Error::query("a page has at least one document"));
    }
    let mut sql = Condition::of(collection, query)?;
    if let Some(after) = after {
        let Mark { order, keys } = serde_json::from_str(after).map_err(|_| Error::query("the page mark is damaged"))?;
        if order != order_text(query) {
            return Err(Error::query("the page mark belongs to a query with another order"));
        }
        let last_fits = match query.order.len() {
            0 => keys.last().is_some_and(Value::is_string),
            _ => keys.last().is_some_and(Value::is_i64),
        };
        if keys.len() != query.order.len() + 1 || !last_fits {
            return Err(Error::query("the page mark is damaged"));
        }
        sql.text.push_str(" AND ");
        let are_ids = query.order.iter().map(|(path, _)| path.is_id()).chain([query.order.is_empty()]);
        let place = keys.iter().zip(are_ids).map(|(key, is_id)| match key {
            Value::String(id) if is_id => Ok(StoredId(id).to_value()),
            key => scalar(key),
        });
        let place = place.collect::<Result<Vec<_>>>()?;
        push_after(&mut sql, query, &place);
    }
    let keys: String = query.order.iter().fold(String::new(), |mut text, (path, _)| {
        let _ = write!(text, ", {}", path.sql());
        text
    });
    let select = format!(
        "SELECT {DOCUMENT_COLUMNS}{keys}, {} FROM documents d WHERE {} ORDER BY {} LIMIT {}",
        tie(&query.order).0,
        sql.text,
        order_by(&query.order),
        u64::from(limit) + 1
    );
    let mut statement = connection.prepare_cached(&select)?;
    let mut rows = statement.query(params_from_iter(sql.values))?;
    let mut documents = Vec::new();
    let mut mark = None;
    while let Some(row) = rows.next()? {
        if documents.len() == limit as usize {
            return Ok(Page { documents, next: mark });
        }
        let document = read_document(row)?;
        if documents.len() + 1 == limit as usize {
            mark = Some(page_mark(row, query)?);
        }
        documents.push(document);
    }
    Ok(Page { documents, next: None })
}

/// A place in an order. Conditions may change from one page to the next; the order may not.
#[derive(Serialize, Deserialize)]
struct Mark {
    order: String,
    /// The keys of a row, and what decides between equal ones.
    keys: Vec<Value>,
}

fn order_text(query: &Query) -> String {
    query.order.iter().fold(String::new(), |mut text, (path, direction)| {
        let _ = write!(text, "{path}{};", descending(*direction));
        text
    })
}

fn page_mark(row: &Row<'_>, query: &Query) -> Result<String> {
    let mut keys = Vec::with_capacity(query.order.len() + 1);
    for key in 0..=query.order.len() {
        keys.push(match row.get_ref(DOCUMENT_WIDTH + key)? {
            ValueRef::Null => Value::Null,
            // Only ids are stored as bytes.
            ValueRef::Blob(_) => row.get::<_, DocId>(DOCUMENT_WIDTH + key)?.0.into(),
            ValueRef::Integer(whole) => whole.into(),
            ValueRef::Real(real) => real.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        });
    }
    serde_json::to_string(&Mark { order: order_text(query), keys }).map_err(|error| Error::internal(error.to_string()))
}
