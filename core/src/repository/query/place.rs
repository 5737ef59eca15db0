//! Places in an order, as conditions.

use super::compile::{Condition, tie};
use super::path::FieldPath;
use super::{Direction, Query};
use crate::error::Result;
use crate::store::doc_id::StoredId;
use rusqlite::types::Value as Sql;
use std::fmt::Write;

impl Direction {
    const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// Adds "after this place in the query's order": `place` has the keys and what decides between equal ones.
pub(super) fn push_after(sql: &mut Condition, query: &Query, place: &[Sql]) {
    push_beyond(sql, &query.order, place, |direction| direction);
}

/// Adds "before this place".
pub(super) fn push_before(sql: &mut Condition, query: &Query, place: &[Sql]) {
    push_beyond(sql, &query.order, place, Direction::reversed);
}

/// Beyond the first key, or the same there and beyond the next, and so on.
fn push_beyond(
    sql: &mut Condition,
    order: &[(FieldPath, Direction)],
    place: &[Sql],
    turned: impl Fn(Direction) -> Direction,
) {
    let (tie, tie_direction) = tie(order);
    let fields =
        order.iter().map(|(path, direction)| (path.sql(), *direction)).chain([(tie.to_owned(), tie_direction)]);
    let mut open = 0;
    for (index, ((field, direction), value)) in fields.zip(place).enumerate() {
        if index > 0 {
            sql.text.push_str(" AND ");
        }
        sql.text.push('(');
        match (value, turned(direction)) {
            (Sql::Null, Direction::Ascending) => {
                let _ = write!(sql.text, "{field} IS NOT NULL");
            }
            // After null, descending, come only more nulls.
            (Sql::Null, Direction::Descending) => sql.text.push('0'),
            (_, Direction::Ascending) => {
                let _ = write!(sql.text, "{field} > ");
                sql.value(value.clone());
            }
            (_, Direction::Descending) => {
                let _ = write!(sql.text, "({field} IS NULL OR {field} < ");
                sql.value(value.clone());
                sql.text.push(')');
            }
        }
        open += 1;
        if index < order.len() {
            let _ = write!(sql.text, " OR ({field} IS ");
            sql.value(value.clone());
            open += 1;
        }
    }
    sql.text.push_str(&")".repeat(open));
}

/// Where a document of a result is.
///
/// # Errors
/// Those of storage.
pub(in crate::repository) fn count_before(
    connection: &rusqlite::Connection,
    collection: i64,
    query: &Query,
    id: &str,
) -> Result<Option<u64>> {
    let mut sql = Condition::of(collection, query)?;
    let keys: String = query.order.iter().map(|(path, _)| path.sql() + ", ").collect();
    let (tie, _) = tie(&query.order);
    let select = format!("SELECT {keys}{tie} FROM documents d WHERE {} AND d.id = ?", sql.text);
    let id = StoredId(id).to_value();
    let values = rusqlite::params_from_iter(sql.values.iter().chain([&id]));
    let mut statement = connection.prepare_cached(&select)?;
    let mut rows = statement.query(values)?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let place = (0..=query.order.len()).map(|at| row.get(at)).collect::<Result<Vec<Sql>, _>>()?;
    sql.text.push_str(" AND ");
    push_before(&mut sql, query, &place);
    let count = format!("SELECT count(*) FROM documents d WHERE {}", sql.text);
    let before: i64 =
        connection.prepare_cached(&count)?.query_row(rusqlite::params_from_iter(&sql.values), |row| row.get(0))?;
    Ok(Some(before.cast_unsigned()))
}
