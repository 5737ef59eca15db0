//! The keys of an order, compared as SQLite compares them.

use super::Direction;
use crate::error::Result;
use crate::store::doc_id;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use std::cmp::Ordering;

/// A value that documents are ordered by: what `json_extract` makes of a field. A list or an object is its JSON text.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::repository) enum Key {
    Null,
    Integer(i64),
    Real(f64),
    Text(Box<str>),
    /// An id that is a UUID ([`doc_id`]).
    Bytes(Box<[u8]>),
}

impl Key {
    /// Reads the columns of a row from `first` on.
    pub fn read_all(row: &Row<'_>, first: usize, count: usize) -> Result<Box<[Self]>> {
        (first..first + count).map(|at| Ok(Self::of(row.get_ref(at)?))).collect()
    }

    fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(whole) => Self::Integer(whole),
            ValueRef::Real(real) => Self::Real(real),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into()),
            ValueRef::Blob(bytes) => Self::Bytes(bytes.into()),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let rank = |key: &Self| match key {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
            Self::Bytes(_) => 3,
        };
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Real(a), Self::Real(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Integer(a), Self::Real(b)) => integer_with_real(*a, *b),
            (Self::Real(a), Self::Integer(b)) => integer_with_real(*b, *a).reverse(),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

/// Exact, also where a double cannot hold the integer.
fn integer_with_real(whole: i64, real: f64) -> Ordering {
    const PAST_I64: f64 = 9_223_372_036_854_775_808.0;
    if real >= PAST_I64 {
        return Ordering::Less;
    }
    if real < -PAST_I64 {
        return Ordering::Greater;
    }
    // In range, so this only cuts the fraction.
    let cut = real as i64;
    whole.cmp(&cut).then_with(|| 0.0.partial_cmp(&(real - cut as f64)).unwrap_or(Ordering::Equal))
}

/// What the order compares of a document.
#[derive(Debug, Clone, Copy)]
pub(in crate::repository) struct Place<'a> {
    pub keys: &'a [Key],
    pub row: i64,
    pub id: &'a str,
}

/// The order of a result: its keys' directions, then the row in the direction of the last key; the id if there are no keys
/// ([`tie`](super::compile::tie)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::repository) struct Order {
    keys: Vec<Direction>,
}

impl Order {
    pub fn new(keys: Vec<Direction>) -> Self {
        Self { keys }
    }

    /// How many keys a row has.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Compares two places.
    pub fn compare(&self, a: Place<'_>, b: Place<'_>) -> Ordering {
        let directed = |ordering: Ordering, direction| match direction {
            Direction::Ascending => ordering,
            Direction::Descending => ordering.reverse(),
        };
        for (direction, (a, b)) in self.keys.iter().zip(a.keys.iter().zip(b.keys)) {
            let ordering = a.compare(b);
            if ordering.is_ne() {
                return directed(ordering, *direction);
            }
        }
        match self.keys.last() {
            Some(direction) => directed(a.row.cmp(&b.row), *direction),
            None => doc_id::compare(a.id, b.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rusqlite::Connection;
    use rusqlite::types::Value as Sql;

    fn value() -> impl Strategy<Value = Sql> {
        let whole = prop_oneof![
            -3i64..4,
            Just(i64::MAX),
            Just(i64::MIN),
            Just((1 << 53) + 1),
            Just(1 << 53),
            Just(-(1 << 53) - 1)
        ];
        let real = prop_oneof![
            (-3i64..4).prop_map(|n| n as f64 / 2.0),
            Just(9_007_199_254_740_992.0),
            Just(9_223_372_036_854_775_808.0),
            Just(-9_223_372_036_854_775_808.0),
            Just(1e300),
            Just(-1e300),
            Just(-0.0)
        ];
        prop_oneof![
            Just(Sql::Null),
            whole.prop_map(Sql::Integer),
            real.prop_map(Sql::Real),
            "[aé\u{ffff}\u{10ffff}]{0,2}".prop_map(Sql::Text),
            prop::collection::vec(any::<u8>(), 0..3).prop_map(Sql::Blob)
        ]
    }

    proptest! {
        #[test]
        fn keys_compare_as_sqlite_compares_them(a in value(), b in value()) {
            let connection = Connection::open_in_memory().unwrap();
            let sql = "SELECT ?1, ?2, CASE WHEN ?1 IS ?2 THEN 0 WHEN ?1 IS NULL THEN -1 WHEN ?2 IS NULL THEN 1
                       WHEN ?1 < ?2 THEN -1 ELSE 1 END";
            let (ours, theirs) = connection
                .query_row(sql, (&a, &b), |row| {
                    let keys = Key::read_all(row, 0, 2).unwrap();
                    Ok((keys[0].compare(&keys[1]) as i64, row.get::<_, i64>(2)?))
                })
                .unwrap();
            prop_assert_eq!(ours, theirs);
        }
    }
}
