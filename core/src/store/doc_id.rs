//! Ids of documents as the tables hold them: a UUID in its usual notation as its 16 bytes, any other id as its text.
//!
//! Invariants:
//! - Two ids are the same if and only if they are stored the same. So every column that holds an id is written and asked for through
//!   [`StoredId`], and read as [`DocId`].
//! - SQLite orders texts before bytes, so ids that are UUIDs come behind all others; among themselves both kinds are in the order of their texts
//!   ([`compare`]).

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef};
use std::cmp::Ordering;
use uuid::Uuid;

/// An id on its way into a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredId<'a>(pub &'a str);

impl StoredId<'_> {
    /// As a value that a statement binds.
    pub fn to_value(self) -> Value {
        match uuid(self.0) {
            Some(uuid) => Value::Blob(uuid.into_bytes().into()),
            None => Value::Text(self.0.to_owned()),
        }
    }
}

impl ToSql for StoredId<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match uuid(self.0) {
            Some(uuid) => ToSqlOutput::Owned(Value::Blob(uuid.into_bytes().into())),
            None => ToSqlOutput::Borrowed(ValueRef::Text(self.0.as_bytes())),
        })
    }
}

/// An id that was read.
#[derive(Debug)]
pub(crate) struct DocId(pub String);

impl FromSql for DocId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) => {
                let uuid = Uuid::from_slice(bytes).map_err(|error| FromSqlError::Other(Box::new(error)))?;
                Ok(Self(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()))
            }
            value => value.as_str().map(|text| Self(text.to_owned())),
        }
    }
}

/// The SQL expression for the text of the id in `column`.
pub(crate) fn text_of(column: &str) -> String {
    let part = |first, length| format!("substr(hex({column}), {first}, {length})");
    let parts = [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)].join(" || '-' || ");
    format!("CASE typeof({column}) WHEN 'blob' THEN lower({parts}) ELSE {column} END")
}

/// The least and the greatest stored UUID whose text begins so; `None` if no UUID's does.
pub(crate) fn uuids_that_begin(start: &str) -> Option<[Value; 2]> {
    let filled =
        |rest: &str| Some(Value::Blob(uuid(&format!("{start}{}", rest.get(start.len()..)?))?.into_bytes().into()));
    Some([filled("00000000-0000-0000-0000-000000000000")?, filled("ffffffff-ffff-ffff-ffff-ffffffffffff")?])
}

/// The order in which SQLite has them.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    uuid(a).is_some().cmp(&uuid(b).is_some()).then_with(|| a.cmp(b))
}

/// The UUID of which this is the usual notation: in lower case, with hyphens.
fn uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let mut usual = Uuid::encode_buffer();
    (uuid.hyphenated().encode_lower(&mut usual) == text).then_some(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rusqlite::Connection;

    fn id() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<u128>().prop_map(|bits| Uuid::from_u128(bits).to_string()),
            any::<u128>().prop_map(|bits| Uuid::from_u128(bits).to_string().to_uppercase()),
            any::<u128>().prop_map(|bits| Uuid::from_u128(bits).simple().to_string()),
            any::<u128>().prop_map(|bits| Uuid::from_u128(bits).braced().to_string()),
            (0..4u128).prop_map(|bits| Uuid::from_u128(bits << 120).to_string()),
            "[0-9a-z-]{1,36}",
            "[a-zé]{16}",
        ]
    }

    proptest! {
        #[test]
        fn ids_come_back_as_they_were_and_compare_as_sqlite_compares_them(a in id(), b in id()) {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch("CREATE TABLE t (id TEXT)").unwrap();
            for id in [&a, &b] {
                connection.execute("INSERT INTO t VALUES (?1)", [StoredId(id)]).unwrap();
            }
            let sql = format!("SELECT x.id, {}, CASE WHEN x.id IS y.id THEN 0 WHEN x.id < y.id THEN -1 ELSE 1 END, x.id = ?1
                               FROM t x, t y WHERE x.rowid = 1 AND y.rowid = 2", text_of("x.id"));
            let (read, text, order, found): (DocId, String, i64, bool) = connection
                .query_row(&sql, [StoredId(&a).to_value()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                .unwrap();
            prop_assert_eq!((&read.0, &text, found), (&a, &a, true));
            prop_assert_eq!(order, compare(&a, &b) as i64);
        }
    }
}
