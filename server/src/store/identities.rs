//! Users as issuers outside this server name them, and their sign-ins: one for each device that brings tokens.

use super::WriteTx;
use rusqlite::{Connection, OptionalExtension, Result, params};

/// The user of a token of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) user: i64,
    pub(crate) user_id: String,
    pub(crate) space: i64,
    /// Tokens that were issued before are refused.
    pub(crate) tokens_from_ts: Option<i64>,
    /// The sign-in of the device that sent it.
    pub(crate) family: Option<Family>,
}

/// The sign-in of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Family {
    pub(crate) row: i64,
    pub(crate) used_ts: i64,
    pub(crate) revoked: bool,
    /// Tokens that were issued by then are refused: the device was signed out.
    pub(crate) tokens_after_ts: Option<i64>,
}

/// Looks a user up.
pub(crate) fn find(
    connection: &Connection,
    issuer: &str,
    subject: &str,
    device: Option<&str>,
) -> Result<Option<Identity>> {
    let mut statement = connection.prepare_cached(
        "SELECT users.id, public_id, spaces.id, tokens_from_ts,
                families.id, used_ts, revoked_ts IS NOT NULL, coalesce(revoked_ts, tokens_after_ts)
         FROM identities JOIN users ON users.id = identities.user JOIN spaces ON spaces.owner = users.id
              LEFT JOIN families ON families.user = users.id AND families.device IS ?3
         WHERE issuer = ?1 AND subject = ?2",
    )?;
    let found = statement.query_row(params![issuer, subject, device], |row| {
        let family = match row.get(4)? {
            Some(family) => {
                Some(Family { row: family, used_ts: row.get(5)?, revoked: row.get(6)?, tokens_after_ts: row.get(7)? })
            }
            None => None,
        };
        Ok(Identity {
            user: row.get(0)?,
            user_id: row.get(1)?,
            space: row.get(2)?,
            tokens_from_ts: row.get(3)?,
            family,
        })
    });
    found.optional()
}

/// Stores whom an issuer calls `subject`.
pub(crate) fn insert(tx: &WriteTx<'_>, issuer: &str, subject: &str, user: i64) -> Result<()> {
    tx.prepare_cached("INSERT INTO identities (issuer, subject, user) VALUES (?1, ?2, ?3)")?
        .execute(params![issuer, subject, user])?;
    Ok(())
}

/// Stores that tokens of a user count only if they were issued at `ts` or later.
pub(crate) fn refuse_tokens_before(tx: &WriteTx<'_>, user: i64, ts: i64) -> Result<()> {
    tx.prepare_cached("UPDATE users SET tokens_from_ts = max(coalesce(tokens_from_ts, ?2), ?2) WHERE id = ?1")?
        .execute([user, ts])?;
    Ok(())
}

/// Opens a sign-in that has ended: of its tokens only later ones count.
pub(crate) fn reopen_family(tx: &WriteTx<'_>, family: i64, now: i64) -> Result<()> {
    tx.prepare_cached(
        "UPDATE families SET tokens_after_ts = revoked_ts, revoked_ts = NULL, created_ts = ?2, used_ts = ?2 WHERE id = ?1",
    )?
    .execute([family, now])?;
    Ok(())
}

/// Stores that a sign-in was used.
pub(crate) fn mark_family_used(tx: &WriteTx<'_>, family: i64, now: i64) -> Result<()> {
    tx.prepare_cached("UPDATE families SET used_ts = ?2 WHERE id = ?1")?.execute([family, now])?;
    Ok(())
}
