//! Users, sign-ins and the tokens that came of them.

use super::{WriteTx, spaces};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// SHA-256 of a token: what is stored in its place.
pub(crate) type TokenHash = [u8; 32];

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// Its row.
    pub(crate) row: i64,
    /// The id that clients see.
    pub(crate) public_id: String,
    /// What it signs in with here; `None` if an issuer outside vouches for it.
    pub(crate) credentials: Option<Credentials>,
    /// The name of the user.
    pub(crate) name: Option<String>,
    /// When the account was made.
    pub(crate) created_ts: i64,
}

/// What a user signs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// The address, trimmed and in lower case.
    pub(crate) email: String,
    /// The PHC string of the password.
    pub(crate) password_hash: String,
}

/// The user with this address.
pub(crate) fn find_user(connection: &Connection, email: &str) -> Result<Option<User>> {
    let mut statement = connection
        .prepare_cached("SELECT id, public_id, email, name, password_hash, created_ts FROM users WHERE email = ?1")?;
    statement.query_row([email], user).optional()
}

/// The user of a session.
pub(crate) fn user_by_row(connection: &Connection, row: i64) -> Result<User> {
    let mut statement = connection
        .prepare_cached("SELECT id, public_id, email, name, password_hash, created_ts FROM users WHERE id = ?1")?;
    statement.query_row([row], user)
}

/// The user who signed in to this family.
pub(crate) fn user_of_family(connection: &Connection, family: i64) -> Result<User> {
    let mut statement = connection.prepare_cached(
        "SELECT users.id, public_id, email, name, password_hash, users.created_ts
         FROM families JOIN users ON users.id = families.user WHERE families.id = ?1",
    )?;
    statement.query_row([family], user)
}

fn user(row: &Row<'_>) -> Result<User> {
    Ok(User {
        row: row.get(0)?,
        public_id: row.get(1)?,
        credentials: row
            .get::<_, Option<String>>(2)?
            .zip(row.get(4)?)
            .map(|(email, password_hash)| Credentials { email, password_hash }),
        name: row.get(3)?,
        created_ts: row.get(5)?,
    })
}

/// Stores a new user with a space. Its `row` is chosen here.
pub(crate) fn insert_user(tx: &WriteTx<'_>, user: &User) -> Result<i64> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO users (public_id, email, name, password_hash, created_ts) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let (email, hash) = user.credentials.as_ref().map(|own| (&own.email, &own.password_hash)).unzip();
    let row = statement.insert(params![user.public_id, email, user.name, hash, user.created_ts])?;
    spaces::create(tx, row)?;
    Ok(row)
}

/// Stores a sign-in.
pub(crate) fn insert_family(tx: &WriteTx<'_>, user: i64, device: Option<&str>, now: i64) -> Result<i64> {
    let mut statement =
        tx.prepare_cached("INSERT INTO families (user, device, created_ts, used_ts) VALUES (?1, ?2, ?3, ?3)")?;
    statement.insert(params![user, device, now])
}

/// How many sign-ins a user has that have not ended.
pub(crate) fn count_families(tx: &WriteTx<'_>, user: i64) -> Result<i64> {
    tx.prepare_cached("SELECT count(*) FROM families WHERE user = ?1 AND revoked_ts IS NULL")?
        .query_row([user], |row| row.get(0))
}

/// Forgets sign-ins of a user that ended before `ended_before`, and those that were not used since `used_before`.
pub(crate) fn forget_families(tx: &WriteTx<'_>, user: i64, ended_before: i64, used_before: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM families WHERE user = ?1 AND (revoked_ts <= ?2 OR used_ts < ?3)")?.execute([
        user,
        ended_before,
        used_before,
    ])?;
    Ok(())
}

/// Whether this device has signed in to the account.
pub(crate) fn has_device(connection: &Connection, user: i64, device: &str) -> Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM families WHERE user = ?1 AND device = ?2 LIMIT 1")?
        .exists(params![user, device])
}

/// Whether a sign-in of the user's other than `family` is that of this device.
pub(crate) fn is_anothers_device(connection: &Connection, user: i64, family: i64, device: &str) -> Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM families WHERE user = ?1 AND device = ?2 AND id <> ?3 AND revoked_ts IS NULL LIMIT 1",
        )?
        .exists(params![user, device, family])
}

/// Stores that a password was hashed anew.
pub(crate) fn set_password_hash(tx: &WriteTx<'_>, user: i64, hash: &str) -> Result<()> {
    tx.prepare_cached("UPDATE users SET password_hash = ?2 WHERE id = ?1")?.execute(params![user, hash])?;
    Ok(())
}

/// Ends a sign-in.
pub(crate) fn revoke_family(tx: &WriteTx<'_>, family: i64, now: i64) -> Result<()> {
    tx.prepare_cached("UPDATE families SET revoked_ts = ?2 WHERE id = ?1 AND revoked_ts IS NULL")?
        .execute([family, now])?;
    Ok(())
}

/// Ends all sign-ins of a user.
pub(crate) fn revoke_families_of(tx: &WriteTx<'_>, user: i64, now: i64) -> Result<()> {
    tx.prepare_cached("UPDATE families SET revoked_ts = ?2 WHERE user = ?1 AND revoked_ts IS NULL")?
        .execute([user, now])?;
    Ok(())
}

/// A pair of tokens about to be stored.
#[derive(Debug, Clone)]
pub(crate) struct NewPair {
    pub(crate) session_hash: TokenHash,
    pub(crate) session_expires_ts: i64,
    pub(crate) refresh_hash: TokenHash,
    pub(crate) refresh_expires_ts: i64,
    /// Whether it counts as used from the start.
    pub(crate) used: bool,
}

/// Stores a pair of tokens.
pub(crate) fn insert_pair(tx: &WriteTx<'_>, family: i64, pair: &NewPair) -> Result<i64> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO pairs (family, session_hash, session_expires_ts, refresh_hash, refresh_expires_ts, used)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    statement.insert(params![
        family,
        pair.session_hash,
        pair.session_expires_ts,
        pair.refresh_hash,
        pair.refresh_expires_ts,
        pair.used,
    ])
}

/// Stores that `pair` was exchanged for `next`, and what makes the same exchange possible again.
pub(crate) fn rotate_pair(tx: &WriteTx<'_>, pair: i64, next: i64, salt: &[u8; 32], now: i64) -> Result<()> {
    tx.prepare_cached("UPDATE pairs SET used = 1, salt = ?2, next = ?3, rotated_ts = ?4 WHERE id = ?1")?
        .execute(params![pair, salt, next, now])?;
    tx.prepare_cached("UPDATE families SET used_ts = ?2 WHERE id = (SELECT family FROM pairs WHERE id = ?1)")?
        .execute([pair, now])?;
    Ok(())
}

/// Forgets all but the newest pairs of a sign-in. An older refresh token is not known any more: it cannot be used, and is no sign of theft.
pub(crate) fn keep_newest_pairs(tx: &WriteTx<'_>, family: i64, count: i64) -> Result<()> {
    tx.prepare_cached(
        "DELETE FROM pairs WHERE family = ?1 AND id <= (SELECT id FROM pairs WHERE family = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute([family, count])?;
    Ok(())
}

/// Stores that the pair was used.
pub(crate) fn mark_used(tx: &WriteTx<'_>, pair: i64) -> Result<()> {
    tx.prepare_cached("UPDATE pairs SET used = 1 WHERE id = ?1 AND used = 0")?.execute([pair])?;
    Ok(())
}

/// The user and sign-in of a session token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionRow {
    pub(crate) user: i64,
    pub(crate) user_id: String,
    pub(crate) space: i64,
    pub(crate) family: i64,
    /// The device that signed in, if it said which.
    pub(crate) device: Option<String>,
    pub(crate) pair: i64,
    pub(crate) expires_ts: i64,
    pub(crate) used: bool,
    pub(crate) revoked: bool,
}

/// Looks a session token up.
pub(crate) fn find_session(connection: &Connection, hash: &TokenHash) -> Result<Option<SessionRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT users.id, users.public_id, spaces.id, families.id, pairs.id, session_expires_ts, used, revoked_ts IS NOT NULL,
                families.device
         FROM pairs JOIN families ON families.id = pairs.family JOIN users ON users.id = families.user
                    JOIN spaces ON spaces.owner = users.id
         WHERE session_hash = ?1",
    )?;
    let session = statement.query_row([hash], |row| {
        Ok(SessionRow {
            user: row.get(0)?,
            user_id: row.get(1)?,
            space: row.get(2)?,
            family: row.get(3)?,
            pair: row.get(4)?,
            expires_ts: row.get(5)?,
            used: row.get(6)?,
            revoked: row.get(7)?,
            device: row.get(8)?,
        })
    });
    session.optional()
}

/// A refresh token and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefreshRow {
    pub(crate) pair: i64,
    pub(crate) family: i64,
    /// When its sign-in began.
    pub(crate) began_ts: i64,
    pub(crate) expires_ts: i64,
    pub(crate) revoked: bool,
    pub(crate) exchanged: Option<Exchange>,
}

/// The exchange of a pair for its successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) salt: [u8; 32],
    pub(crate) rotated_ts: i64,
    pub(crate) next_used: bool,
    pub(crate) next_session_expires_ts: i64,
    pub(crate) next_refresh_expires_ts: i64,
}

/// Looks a refresh token up.
pub(crate) fn find_refresh(connection: &Connection, hash: &TokenHash) -> Result<Option<RefreshRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT old.id, old.family, old.refresh_expires_ts, revoked_ts IS NOT NULL, old.salt, old.rotated_ts,
                next.used, next.session_expires_ts, next.refresh_expires_ts, families.created_ts
         FROM pairs AS old JOIN families ON families.id = old.family LEFT JOIN pairs AS next ON next.id = old.next
         WHERE old.refresh_hash = ?1",
    )?;
    let found = statement.query_row([hash], |row| {
        let exchanged = match row.get::<_, Option<[u8; 32]>>(4)? {
            Some(salt) => Some(Exchange {
                salt,
                rotated_ts: row.get(5)?,
                // A successor that is gone was used: only its own successors outlive it.
                next_used: row.get::<_, Option<bool>>(6)?.unwrap_or(true),
                next_session_expires_ts: row.get::<_, Option<i64>>(7)?.unwrap_or(0),
                next_refresh_expires_ts: row.get::<_, Option<i64>>(8)?.unwrap_or(0),
            }),
            None => None,
        };
        Ok(RefreshRow {
            pair: row.get(0)?,
            family: row.get(1)?,
            began_ts: row.get(9)?,
            expires_ts: row.get(2)?,
            revoked: row.get(3)?,
            exchanged,
        })
    });
    found.optional()
}
