//! A query as SQL.

use super::path::FieldPath;
use super::{Direction, Filter, Query};
use crate::error::{Error, Result};
use crate::store::doc_id::{self, StoredId};
use crate::store::documents::{DOCUMENT_COLUMNS, DOCUMENT_WIDTH};
use rusqlite::types::Value as Sql;
use serde_json::Value;
use std::fmt::Write;

/// Room for so many documents at most is made before they are read.
const MOST_EXPECTED: u32 = 256;

/// A query, ready to run. The statement's text depends on the query's shape only.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compiled {
    /// Reads [`DOCUMENT_COLUMNS`], then the row.
    pub select: String,
    /// Counts the documents that the condition lets through.
    pub count: String,
    /// The condition's values.
    pub values: Vec<Sql>,
    /// Window values, after the condition's.
    pub window: Vec<Sql>,
    /// About as many documents are expected, as far as that is known.
    pub expected: usize,
}

impl Compiled {
    /// The column of the row in `select`.
    pub const ROW: usize = DOCUMENT_WIDTH;

    /// The values of `select`.
    pub fn select_values(&self) -> impl Iterator<Item = &Sql> {
        self.values.iter().chain(&self.window)
    }
}

/// Compiles a query on a collection.
///
/// # Errors
/// `INVALID_QUERY` for a value that cannot be compared, and for a query beyond the limits.
pub(crate) fn compile(collection: i64, query: &Query) -> Result<Compiled> {
    let mut sql = Condition::of(collection, query)?;
    let order = order_by(&query.order);
    let (condition, values) = (std::mem::take(&mut sql.text), std::mem::take(&mut sql.values));
    let mut select = format!("SELECT {DOCUMENT_COLUMNS}, d.row FROM documents d WHERE {condition} ORDER BY {order}");
    let mut window = Vec::new();
    if query.limit.is_some() || query.offset.is_some() {
        select.push_str(" LIMIT ?");
        window.push(query.limit.map_or(Sql::Integer(-1), |limit| Sql::Integer(limit.into())));
    }
    if let Some(offset) = query.offset {
        select.push_str(" OFFSET ?");
        window.push(Sql::Integer(offset.into()));
    }
    let count = format!("SELECT count(*) FROM documents d WHERE {condition}");
    let expected = query.limit.map_or(0, |limit| limit.min(MOST_EXPECTED) as usize);
    Ok(Compiled { select, count, values, window, expected })
}

/// The order's keys and what decides between equal ones.
pub(super) fn order_by(order: &[(FieldPath, Direction)]) -> String {
    let mut text = String::new();
    for (path, direction) in order {
        let _ = write!(text, "{}{}, ", path.sql(), descending(*direction));
    }
    let (tie, direction) = tie(order);
    text + tie + descending(direction)
}

/// What decides between documents whose keys are equal, and which way: the row, with which every index ends anyway, in the direction of the last
/// key; so an index on the keys gives the whole order. Without keys it is the id: only a collection's ids have an index that leads to none but its
/// own documents.
pub(super) fn tie(order: &[(FieldPath, Direction)]) -> (&'static str, Direction) {
    match order.last() {
        Some((_, direction)) => ("d.row", *direction),
        None => ("d.id", Direction::Ascending),
    }
}

pub(super) fn descending(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "",
        Direction::Descending => " DESC",
    }
}

/// A condition under construction.
#[derive(Default)]
pub(super) struct Condition {
    pub text: String,
    pub values: Vec<Sql>,
}

impl Condition {
    /// The documents of a collection that a query lets through.
    pub fn of(collection: i64, query: &Query) -> Result<Self> {
        let mut sql = Self::default();
        // Literals, not values: so the planner sees that the collection's partial indexes cover the query.
        let _ = write!(sql.text, "d.collection = {collection}");
        if query.include_deleted {
            sql.text.push_str(" AND (d.hidden = 0 OR (d.pending <> 0 AND d.body IS NOT NULL))");
        } else {
            sql.text.push_str(" AND d.hidden = 0");
        }
        query.check_limits()?;
        if let Some(filter) = &query.filter {
            sql.text.push_str(" AND ");
            sql.push(filter)?;
        }
        Ok(sql)
    }

    pub fn value(&mut self, value: Sql) {
        self.text.push('?');
        self.values.push(value);
    }

    fn push(&mut self, filter: &Filter) -> Result<()> {
        match filter {
            Filter::Eq(path, Value::Null) | Filter::IsNull(path) => {
                self.text.push_str(&format!("{} IS NULL", path.sql()))
            }
            Filter::Ne(path, Value::Null) => self.text.push_str(&format!("{} IS NOT NULL", path.sql())),
            Filter::Eq(path, value) => {
                self.among_texts(path, value.is_string(), |sql| sql.compare(path, "=", value))?
            }
            // `IS NOT` is true where the field is missing.
            Filter::Ne(path, value) if value.is_string() => {
                self.text.push('(');
                self.compare(path, "IS NOT", value)?;
                let _ = write!(self.text, " OR {} IN ('array', 'object'))", path.sql_type());
            }
            Filter::Ne(path, value) => self.compare(path, "IS NOT", value)?,
            Filter::Lt(path, value) => self.range(path, "<", value)?,
            Filter::Lte(path, value) => self.range(path, "<=", value)?,
            Filter::Gt(path, value) => self.range(path, ">", value)?,
            Filter::Gte(path, value) => self.range(path, ">=", value)?,
            Filter::In(path, values) => {
                let texts = values.iter().any(Value::is_string);
                self.among_texts(path, texts, |sql| sql.one_of(path, values))?;
            }
            Filter::Contains(path, value) => self.contains(path, value)?,
            Filter::Prefix(path, text) if path.is_id() => self.id_prefix(text),
            Filter::Prefix(path, text) => self.among_texts(path, true, |sql| {
                sql.prefix(&path.sql(), text, None);
                Ok(())
            })?,
            Filter::And(all) => self.join(all, " AND ", "1")?,
            Filter::Or(all) => self.join(all, " OR ", "0")?,
            Filter::Not(inner) => {
                self.text.push_str("((");
                self.push(inner)?;
                // Unknown counts as false, so its opposite is true.
                self.text.push_str(") IS NOT TRUE)");
            }
        }
        Ok(())
    }

    /// A condition that compares with texts: SQLite shows arrays and objects as texts, which they are not.
    fn among_texts(&mut self, path: &FieldPath, texts: bool, push: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if !texts || path.is_id() {
            return push(self);
        }
        self.text.push('(');
        push(self)?;
        let kind = path.sql_type();
        let _ = write!(self.text, " AND {kind} IS NOT 'array' AND {kind} IS NOT 'object')");
        Ok(())
    }

    fn compare(&mut self, path: &FieldPath, operator: &str, value: &Value) -> Result<()> {
        let (field, value) = operands(path, scalar(value)?);
        let _ = write!(self.text, "{field} {operator} ");
        self.value(value);
        Ok(())
    }

    /// A comparison within one kind: SQLite holds every text for greater than every number.
    fn range(&mut self, path: &FieldPath, operator: &str, value: &Value) -> Result<()> {
        let value = match scalar(value)? {
            Sql::Null => return Err(Error::query(format!("{path} cannot be less or greater than null"))),
            value => value,
        };
        let text = matches!(value, Sql::Text(_));
        let other_end = match (&value, operator.starts_with('<')) {
            (Sql::Text(_), true) => Some(">= ''"),
            (Sql::Integer(_) | Sql::Real(_), false) => Some("< ''"),
            _ => None,
        };
        let (field, value) = operands(path, value);
        self.among_texts(path, text, |sql| {
            let _ = write!(sql.text, "({field} {operator} ");
            sql.value(value);
            if let Some(end) = other_end {
                let _ = write!(sql.text, " AND {field} {end}");
            }
            sql.text.push(')');
            Ok(())
        })
    }

    fn one_of(&mut self, path: &FieldPath, values: &[Value]) -> Result<()> {
        let (nulls, mut rest): (Vec<_>, Vec<_>) = values.iter().partition(|value| value.is_null());
        if path.is_id() {
            // A list has one operand: see `operands`.
            rest.retain(|value| value.is_string());
        }
        let _ = write!(self.text, "({} IN (", path.sql());
        for (index, value) in rest.iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.value(operands(path, scalar(value)?).1);
        }
        self.text.push(')');
        if !nulls.is_empty() {
            let _ = write!(self.text, " OR {} IS NULL", path.sql());
        }
        self.text.push(')');
        Ok(())
    }

    /// The texts that begin with `start`. Texts compare by their bytes, as the characters' numbers do.
    fn prefix(&mut self, field: &str, start: &str, end: Option<Sql>) {
        // Every text is greater than every number, and not less than the empty text.
        let _ = write!(self.text, "({field} >= ");
        self.value(Sql::Text(start.to_owned()));
        if let Some(end) = end_of_prefix(start).map(Sql::Text).or(end) {
            let _ = write!(self.text, " AND {field} < ");
            self.value(end);
        }
        self.text.push(')');
    }

    /// The ids that begin with `start`: texts, and UUIDs, which are stored as bytes. Bytes are greater than all texts.
    fn id_prefix(&mut self, start: &str) {
        self.text.push('(');
        self.prefix("d.id", start, Some(Sql::Blob(Vec::new())));
        if let Some([least, greatest]) = doc_id::uuids_that_begin(start) {
            self.text.push_str(" OR (d.id >= ");
            self.value(least);
            self.text.push_str(" AND d.id <= ");
            self.value(greatest);
            self.text.push(')');
        }
        self.text.push(')');
    }

    /// A member of the same type in an array, or a part of a text.
    fn contains(&mut self, path: &FieldPath, value: &Value) -> Result<()> {
        let (field, kind) = (path.text_sql(), path.sql_type());
        let members = match value {
            Value::Null => "'null'",
            Value::Bool(_) => "'true', 'false'",
            Value::Number(_) => "'integer', 'real'",
            _ => "'text'",
        };
        let value = scalar(value)?;
        let array = if path.is_id() { "'[]'".to_owned() } else { format!("d.body, {}", path.json_path()) };
        let _ = write!(
            self.text,
            "(CASE {kind} WHEN 'array' THEN EXISTS (SELECT 1 FROM json_each({array}) AS m \
             WHERE m.type IN ({members}) AND m.value IS "
        );
        self.value(value.clone());
        self.text.push(')');
        if let Sql::Text(_) = value {
            let _ = write!(self.text, " WHEN 'text' THEN instr({field}, ");
            self.value(value);
            self.text.push_str(") > 0");
        }
        self.text.push_str(" ELSE 0 END)");
        Ok(())
    }

    /// Joins conditions in halves: SQLite bounds how deep an expression is, and a chain is as deep as it is long.
    fn join(&mut self, all: &[Filter], word: &str, empty: &str) -> Result<()> {
        match all {
            [] => self.text.push_str(empty),
            [one] => self.push(one)?,
            _ => {
                let (left, right) = all.split_at(all.len() / 2);
                self.text.push('(');
                self.join(left, word, empty)?;
                self.text.push_str(word);
                self.join(right, word, empty)?;
                self.text.push(')');
            }
        }
        Ok(())
    }
}

/// A field and a value as they are compared. The column of the ids makes texts of the numbers that it meets, unless it stands in an expression.
fn operands(path: &FieldPath, value: Sql) -> (String, Sql) {
    match value {
        Sql::Text(id) if path.is_id() => ("d.id".to_owned(), StoredId(&id).to_value()),
        value if path.is_id() => ("+d.id".to_owned(), value),
        value => (path.sql(), value),
    }
}

/// The least text that is greater than every text that begins with `start`; `None` if there is none.
fn end_of_prefix(start: &str) -> Option<String> {
    let kept = start.trim_end_matches(char::MAX);
    let last = kept.chars().next_back()?;
    // The range leaves out what is no character.
    let next = (last..=char::MAX).nth(1)?;
    Some(format!("{}{next}", &kept[..kept.len() - last.len_utf8()]))
}

/// A JSON scalar as SQLite compares it.
pub(super) fn scalar(value: &Value) -> Result<Sql> {
    match value {
        Value::Null => Ok(Sql::Null),
        Value::Bool(yes) => Ok(Sql::Integer((*yes).into())),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(Sql::Integer(whole)),
            (None, Some(real)) => Ok(Sql::Real(real)),
            (None, None) => Err(Error::query(format!("{number} cannot be compared"))),
        },
        Value::String(text) => Ok(Sql::Text(text.clone())),
        Value::Array(_) | Value::Object(_) => Err(Error::query("lists and objects cannot be compared")),
    }
}
