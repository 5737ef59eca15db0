//! An update that names only the columns that change: SQLite leaves every index alone that no named column can be in.

use crate::error::Result;
use crate::store::Tx;
use rusqlite::params_from_iter;
use rusqlite::types::ToSqlOutput;
use std::fmt::Write;

/// An `UPDATE` of one row under construction.
pub(super) struct Update<'a> {
    sql: String,
    values: Vec<ToSqlOutput<'a>>,
}

impl<'a> Update<'a> {
    pub fn of(table: &str) -> Self {
        Self { sql: format!("UPDATE {table} SET"), values: Vec::with_capacity(8) }
    }

    /// Names a column if it has changed; only then its value is made.
    pub fn set(&mut self, column: &str, changed: bool, value: impl FnOnce() -> Result<ToSqlOutput<'a>>) -> Result<()> {
        if changed {
            let comma = if self.values.is_empty() { "" } else { "," };
            let _ = write!(self.sql, "{comma} {column} = ?");
            self.values.push(value()?);
        }
        Ok(())
    }

    /// Writes the row whose `key` is `row`. Returns whether anything has changed.
    pub fn run(mut self, tx: &Tx<'_>, key: &str, row: i64) -> Result<bool> {
        if self.values.is_empty() {
            return Ok(false);
        }
        let _ = write!(self.sql, " WHERE {key} = ?");
        self.values.push(row.into());
        tx.prepare_cached(&self.sql)?.execute(params_from_iter(&self.values))?;
        Ok(true)
    }
}
