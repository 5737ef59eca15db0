//! Figures over the documents of a query: count, sum, least, greatest, mean; whole or by group.
//!
//! Invariant: integers of any size are summed exactly; with fractions among them the sum is that of doubles.

use super::Query;
use super::compile::Condition;
use super::path::FieldPath;
use crate::error::{Error, Result};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};
use serde_json::{Number, Value};
use std::fmt::Write;

/// Most figures of one call.
const MAX_FIGURES: usize = 16;

/// A figure over the documents that a query's filter lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aggregate {
    /// How many documents.
    Count,
    /// The sum of the numbers in a field; 0 if there are none. Exact as long as all are integers; a sum beyond 64 bits is a double.
    Sum(FieldPath),
    /// The least number or text in a field, in the order of queries: numbers before texts, `false` as 0, `true` as 1. `null` if there is none.
    Min(FieldPath),
    /// The greatest number or text in a field; `null` if there is none.
    Max(FieldPath),
    /// The mean of the numbers in a field, a double; `null` if there are none.
    Avg(FieldPath),
}

impl Aggregate {
    /// Reads a figure from JSON: `{"count":true}`, or `{"sum":"path"}` and likewise `min`, `max`, `avg`.
    ///
    /// # Errors
    /// `INVALID_QUERY` or `INVALID_NAME`.
    pub fn parse(json: &Value) -> Result<Self> {
        let wrong = || Error::query("a figure must be {\"count\":true}, or sum, min, max or avg with a path");
        let (name, operand) =
            json.as_object().filter(|o| o.len() == 1).and_then(|o| o.iter().next()).ok_or_else(wrong)?;
        let path = || FieldPath::new(operand.as_str().ok_or_else(wrong)?);
        match name.as_str() {
            "count" if *operand == Value::Bool(true) => Ok(Self::Count),
            "sum" => Ok(Self::Sum(path()?)),
            "min" => Ok(Self::Min(path()?)),
            "max" => Ok(Self::Max(path()?)),
            "avg" => Ok(Self::Avg(path()?)),
            _ => Err(wrong()),
        }
    }
}

/// The figures of one group of documents.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateRow {
    /// The value that the documents of this group share; `None` if the call did not ask for groups. A missing field is `null`.
    pub by: Option<Value>,
    /// The figures, in the order in which they were asked for.
    pub values: Vec<Value>,
}

/// A statement for figures.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::repository) struct AggregateSelect {
    sql: String,
    values: Vec<Sql>,
    of: Vec<Aggregate>,
    grouped: bool,
}

impl AggregateSelect {
    /// Compiles figures over a query; its order and window do not matter.
    ///
    /// # Errors
    /// `INVALID_QUERY`.
    pub fn compile(collection: i64, query: &Query, of: &[Aggregate], by: Option<&FieldPath>) -> Result<Self> {
        if of.is_empty() || of.len() > MAX_FIGURES {
            return Err(Error::query(format!("1 to {MAX_FIGURES} figures can be asked for at once")));
        }
        let condition = Condition::of(collection, query)?;
        let mut columns = Vec::new();
        if let Some(path) = by {
            columns.extend([class(path), path.text_sql()]);
        }
        for figure in of {
            match figure {
                Aggregate::Count => columns.push("count(*)".to_owned()),
                Aggregate::Sum(path) | Aggregate::Avg(path) => columns.extend(sum_columns(path)),
                Aggregate::Min(path) => columns.push(format!("min({})", comparable(path))),
                Aggregate::Max(path) => columns.push(format!("max({})", comparable(path))),
            }
        }
        let mut sql = format!("SELECT {} FROM documents d WHERE {}", columns.join(", "), condition.text);
        if by.is_some() {
            let _ = write!(sql, " GROUP BY 1, 2 ORDER BY 1, 2");
        }
        Ok(Self { sql, values: condition.values, of: of.to_vec(), grouped: by.is_some() })
    }

    /// The figures: one row, or one for each group, ordered by its value.
    pub fn run(&self, connection: &Connection) -> Result<Vec<AggregateRow>> {
        let mut statement = connection.prepare_cached(&self.sql)?;
        let mut rows = statement.query(params_from_iter(&self.values))?;
        let mut groups = Vec::new();
        while let Some(row) = rows.next()? {
            groups.push(self.read(row)?);
        }
        Ok(groups)
    }

    fn read(&self, row: &Row<'_>) -> Result<AggregateRow> {
        let mut column = 0;
        let mut next = || {
            column += 1;
            column - 1
        };
        let by = if self.grouped { Some(group(row.get(next())?, row.get(next())?)) } else { None };
        let mut values = Vec::with_capacity(self.of.len());
        for figure in &self.of {
            values.push(match figure {
                Aggregate::Count | Aggregate::Min(_) | Aggregate::Max(_) => json(row.get(next())?),
                Aggregate::Sum(_) | Aggregate::Avg(_) => {
                    let sum = Sum::read(row, [next(), next(), next(), next(), next()])?;
                    if matches!(figure, Aggregate::Sum(_)) { sum.total() } else { sum.mean() }
                }
            });
        }
        Ok(AggregateRow { by, values })
    }
}

/// The kinds of values that are never the same group: nothing, booleans, numbers, texts, lists and objects.
fn class(path: &FieldPath) -> String {
    format!(
        "CASE {} WHEN 'true' THEN 1 WHEN 'false' THEN 1 WHEN 'integer' THEN 2 WHEN 'real' THEN 2 WHEN 'text' THEN 3 \
         WHEN 'array' THEN 4 WHEN 'object' THEN 4 ELSE 0 END",
        path.sql_type()
    )
}

fn comparable(path: &FieldPath) -> String {
    format!("CASE WHEN {} NOT IN ('array', 'object') THEN {} END", path.sql_type(), path.text_sql())
}

/// Integers in two halves, whose sums cannot overflow; how many there are; the doubles; how many there are.
fn sum_columns(path: &FieldPath) -> [String; 5] {
    let (field, kind) = (path.sql(), path.sql_type());
    let whole = format!("{kind} = 'integer' AND typeof({field}) = 'integer'");
    // An integer beyond 64 bits is a double to SQLite.
    let real = format!("{kind} IN ('integer', 'real') AND typeof({field}) = 'real'");
    [
        format!("sum(CASE WHEN {whole} THEN {field} >> 32 END)"),
        format!("sum(CASE WHEN {whole} THEN {field} & 4294967295 END)"),
        format!("count(CASE WHEN {whole} THEN 1 END)"),
        format!("total(CASE WHEN {real} THEN {field} END)"),
        format!("count(CASE WHEN {real} THEN 1 END)"),
    ]
}

struct Sum {
    whole: i128,
    real: f64,
    reals: i64,
    count: i64,
}

impl Sum {
    fn read(row: &Row<'_>, columns: [usize; 5]) -> Result<Self> {
        let [high, low, wholes, real, reals] = columns;
        let half = |at| -> Result<i128> { Ok(row.get::<_, Option<i64>>(at)?.unwrap_or(0).into()) };
        let (wholes, reals): (i64, i64) = (row.get(wholes)?, row.get(reals)?);
        Ok(Self { whole: (half(high)? << 32) + half(low)?, real: row.get(real)?, reals, count: wholes + reals })
    }

    fn as_double(&self) -> f64 {
        self.whole as f64 + self.real
    }

    fn total(&self) -> Value {
        match (i64::try_from(self.whole), u64::try_from(self.whole)) {
            (Ok(whole), _) if self.reals == 0 => whole.into(),
            (_, Ok(whole)) if self.reals == 0 => whole.into(),
            _ => double(self.as_double()),
        }
    }

    fn mean(&self) -> Value {
        if self.count == 0 { Value::Null } else { double(self.as_double() / self.count as f64) }
    }
}

/// A double; what JSON cannot say is `null`.
fn double(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn json(value: Sql) -> Value {
    match value {
        Sql::Null | Sql::Blob(_) => Value::Null,
        Sql::Integer(whole) => whole.into(),
        Sql::Real(real) => double(real),
        Sql::Text(text) => text.into(),
    }
}

fn group(class: i64, value: Sql) -> Value {
    match (class, value) {
        (1, Sql::Integer(whole)) => (whole != 0).into(),
        (4, Sql::Text(text)) => serde_json::from_str(&text).unwrap_or(Value::Null),
        (_, value) => json(value),
    }
}
