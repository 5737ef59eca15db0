//! Accounts and their sign-ins, also while the server runs: it looks at the database with every request.

use super::{OperateError, database_of};
use crate::auth::normal_email;
use crate::store::{self, Location};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use std::path::Path;
use uuid::Uuid;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Account {
    /// The id that clients see.
    pub id: String,
    /// The address that it signs in with here.
    pub email: Option<String>,
    /// Else the issuer whose tokens sign it in, and the issuer's name of the user.
    pub issuer: Option<String>,
    /// See `issuer`.
    pub subject: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: i64,
    /// Live records.
    pub records: i64,
    /// Bytes of their JSON.
    pub bytes: i64,
    /// Sign-ins that have not ended.
    pub sessions: i64,
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Session {
    /// Its number, for [`end`].
    pub id: i64,
    /// The device that signed in, if it said which.
    pub device: Option<String>,
    /// When that was, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it last got new tokens.
    pub used_ms: i64,
}

/// Accounts in the order of their ids, from the one after `after` on.
///
/// # Errors
/// If the database cannot be read.
pub fn accounts(folder: &Path, after: &str, most: u32) -> Result<Vec<Account>, OperateError> {
    let connection = open(folder)?;
    let mut statement = connection.prepare(
        "SELECT public_id, email, issuer, subject, created_ts, live_records, live_bytes,
                (SELECT count(*) FROM families WHERE families.user = users.id AND revoked_ts IS NULL)
         FROM users JOIN spaces ON spaces.owner = users.id LEFT JOIN identities ON identities.user = users.id
         WHERE public_id > ?1 ORDER BY public_id LIMIT ?2",
    )?;
    let rows = statement.query_map(params![after, most], |row| {
        Ok(Account {
            id: row.get(0)?,
            email: row.get(1)?,
            issuer: row.get(2)?,
            subject: row.get(3)?,
            created_ms: row.get(4)?,
            records: row.get(5)?,
            bytes: row.get(6)?,
            sessions: row.get(7)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The sign-ins of an account (its id or its address) that have not ended, the last used first.
///
/// # Errors
/// [`OperateError::NoAccount`].
pub fn list(folder: &Path, account: &str) -> Result<Vec<Session>, OperateError> {
    let connection = open(folder)?;
    let user = user_of(&connection, account)?;
    let mut statement = connection.prepare(
        "SELECT id, device, created_ts, used_ts FROM families WHERE user = ?1 AND revoked_ts IS NULL ORDER BY used_ts DESC, id DESC",
    )?;
    let rows = statement.query_map([user], |row| {
        Ok(Session { id: row.get(0)?, device: row.get(1)?, created_ms: row.get(2)?, used_ms: row.get(3)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ends a sign-in of an account (its id or its address), or all of them: its tokens are refused from now on. Returns how many ended. What their devices have not sent stays with
/// them until someone signs in there again.
///
/// # Errors
/// [`OperateError::NoAccount`]; the database cannot be written.
pub fn end(folder: &Path, account: &str, id: Option<i64>, now_ms: i64) -> Result<usize, OperateError> {
    database_of(folder)?;
    let connection = store::open_alone(&Location::Directory(folder.to_owned()))?;
    let user = user_of(&connection, account)?;
    let tx = connection.unchecked_transaction()?;
    if id.is_none() {
        tx.execute("UPDATE users SET tokens_from_ts = ?2 WHERE id = ?1", params![user, now_ms])?;
    }
    let sql = "UPDATE families SET revoked_ts = ?3 WHERE user = ?1 AND revoked_ts IS NULL AND (?2 IS NULL OR id = ?2)";
    let ended = tx.execute(sql, params![user, id, now_ms])?;
    tx.commit()?;
    Ok(ended)
}

fn open(folder: &Path) -> Result<Connection, OperateError> {
    database_of(folder)?;
    Ok(store::open_beside(&Location::Directory(folder.to_owned()))?)
}

/// The user with this id or address.
fn user_of(connection: &Connection, account: &str) -> Result<i64, OperateError> {
    let unknown = || OperateError::NoAccount(account.to_owned());
    let (column, wanted) = match Uuid::try_parse(account) {
        Ok(_) => ("public_id", account.to_owned()),
        Err(_) => ("email", normal_email(account).map_err(|_| unknown())?),
    };
    let sql = format!("SELECT id FROM users WHERE {column} = ?1");
    connection.query_row(&sql, [&wanted], |row| row.get(0)).optional()?.ok_or_else(unknown)
}
