//! Single values: who this device is, what it knows of the server's time.

use crate::error::Result;
use crate::store::Tx;
use rusqlite::{Connection, OptionalExtension};
use std::sync::Arc;

/// The keys of single values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// This device's id, a UUID.
    DeviceId,
    /// This store's own id, a UUID. Made with the store, kept over a wipe.
    StoreId,
    /// Raised by every sign-out (see [`epoch`](crate::store::epoch)).
    Epoch,
    /// How often the data was wiped.
    Wipes,
    /// The version of Holm that last had the store open.
    Build,
    /// The account whose data this is.
    UserId,
    /// Server time minus this device's wall clock where it was known last, ms. Absent until the server's time was known once.
    ClockOffset,
    /// The limits that the server published, with their version (see [`PublishedLimits`](crate::model::PublishedLimits)).
    Limits,
    /// When everything was last in step, server time.
    LastSync,
    /// The greatest number of an operation that was used, when the queue last lost its newest operation.
    LastOpSeq,
    /// What operation ids are checked with.
    OpSecret,
}

impl Key {
    const fn name(self) -> &'static str {
        match self {
            Self::DeviceId => "device_id",
            Self::StoreId => "store_id",
            Self::Epoch => "epoch",
            Self::Wipes => "wipes",
            Self::Build => "build",
            Self::UserId => "user_id",
            Self::ClockOffset => "clock_offset_ms",
            Self::Limits => "limits",
            Self::LastSync => "last_sync_ms",
            Self::LastOpSeq => "last_op_seq",
            Self::OpSecret => "op_secret",
        }
    }
}

/// Reads a value.
pub(crate) fn get(connection: &Connection, key: Key) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(statement.query_row([key.name()], |row| row.get(0)).optional()?)
}

/// Reads a number. A value that is none counts as absent.
pub(crate) fn get_number(connection: &Connection, key: Key) -> Result<Option<i64>> {
    Ok(get(connection, key)?.and_then(|text| text.parse().ok()))
}

/// Keeps a value.
pub(crate) fn set(tx: &Tx<'_>, key: Key, value: &str) -> Result<()> {
    tx.prepare_cached("INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")?
        .execute([key.name(), value])?;
    Ok(())
}

/// Reads a value, after keeping `fresh` if it is absent.
pub(crate) fn get_or_set(tx: &Tx<'_>, key: Key, fresh: String) -> Result<String> {
    if let Some(kept) = get(tx, key)? {
        return Ok(kept);
    }
    set(tx, key, &fresh)?;
    Ok(fresh)
}

/// What operation ids are checked with; `fresh` makes it if there is none.
pub(crate) fn op_secret(tx: &Tx<'_>, fresh: impl FnOnce() -> String) -> Result<Arc<str>> {
    if let Some(secret) = &*tx.remembered().op_secret.borrow() {
        return Ok(secret.clone());
    }
    let secret: Arc<str> = match get(tx, Key::OpSecret)? {
        Some(secret) => secret.into(),
        None => get_or_set(tx, Key::OpSecret, fresh())?.into(),
    };
    tx.remembered().op_secret.replace(Some(secret.clone()));
    Ok(secret)
}
