//! Ids in declared references, where the server gives records ids of its own: a document here refers to another one by its local id, the
//! server's record by the server's.
//!
//! Invariants:
//! - What is stored here has local ids, in whatever way it came in; what is sent has the server's, as far as they are known.
//! - A write that was sent is sent again with the same ids: what refers to a new document waits until that has its id, or goes in one group
//!   with it. The second is sent with the local id, and the reference is sent once more when the id is known: after the answer, or once a state of
//!   the server shows it.

use crate::error::Result;
use crate::model::{Change, Changes, Edit, Fields, Path};
use crate::outbox::{body_text, parse_body};
use crate::repository::CollectionInfo;
use crate::store::{collections, server_ids};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::BTreeMap;

/// The references of one collection to collections of which the server has its own ids.
#[derive(Debug, Default)]
pub(in crate::sync) struct ReferenceIds {
    to: Vec<(Path, i64)>,
}

/// Where a value goes.
#[derive(Debug, Clone, Copy)]
enum Direction {
    ToServer,
    FromServer,
}

impl ReferenceIds {
    pub fn of(connection: &Connection, info: &CollectionInfo) -> Result<Self> {
        let mut to = Vec::new();
        for (path, name) in &info.references {
            if let Some(collection) = collections::find(connection, name)?
                && server_ids::any(connection, collection)?
            {
                to.push((path.clone(), collection));
            }
        }
        Ok(Self { to })
    }

    /// A document's content as the server has it, with local ids. `None`: it is the same.
    pub fn body_from_server(&self, connection: &Connection, body: &str) -> Result<Option<String>> {
        self.body(connection, body, Direction::FromServer)
    }

    /// The references in which a document of the server has an id that only this device knows.
    pub fn unknown_to_server(&self, connection: &Connection, body: &str) -> Result<Vec<Path>> {
        let mut found = Vec::new();
        if self.to.is_empty() {
            return Ok(found);
        }
        let fields = parse_body(body)?;
        for (path, collection) in &self.to {
            if let Some(value) = Changes::value_at(&fields, path)
                && translate(connection, *collection, value, Direction::ToServer)?.is_some()
            {
                found.push(path.clone());
            }
        }
        Ok(found)
    }

    /// A document's content, with the server's ids. `None`: it is the same.
    pub fn body_to_server(&self, connection: &Connection, body: &str) -> Result<Option<String>> {
        self.body(connection, body, Direction::ToServer)
    }

    fn body(&self, connection: &Connection, body: &str, direction: Direction) -> Result<Option<String>> {
        if self.to.is_empty() {
            return Ok(None);
        }
        let mut fields = parse_body(body)?;
        let mut changed = false;
        for (path, collection) in &self.to {
            if let Some(known) = Changes::value_at(&fields, path)
                && let Some(value) = translate(connection, *collection, known, direction)?
            {
                Edit::Set(value).apply(&mut fields, path);
                changed = true;
            }
        }
        Ok(changed.then(|| body_text(&fields)))
    }

    /// The changes of a write, with the server's ids. `None`: they are the same.
    pub fn changes_to_server(&self, connection: &Connection, changes: &Changes) -> Result<Option<Changes>> {
        let mut replaced: BTreeMap<Path, Change> = BTreeMap::new();
        for (path, collection) in &self.to {
            for (place, change) in changes.iter().filter(|(place, _)| place.contains(path) || *place == path) {
                let change = replaced.get(place).unwrap_or(change);
                if let Some(edit) = edit_to_server(connection, *collection, (place, path), &change.edit)? {
                    replaced.insert(place.clone(), Change { edit, stamp: change.stamp });
                }
            }
        }
        if replaced.is_empty() {
            return Ok(None);
        }
        let mut changes = changes.clone();
        replaced.into_iter().for_each(|(place, change)| changes.insert(place, change));
        Ok(Some(changes))
    }

    /// The references that would be sent with other ids now than these changes have.
    pub fn differing(&self, connection: &Connection, changes: &Changes) -> Result<Vec<Path>> {
        let Some(now) = self.changes_to_server(connection, changes)? else { return Ok(Vec::new()) };
        let differs = |path: &Path| {
            let meets = |place: &Path| place.contains(path) || place == path;
            changes.iter().any(|(place, change)| meets(place) && now.get(place) != Some(change))
        };
        Ok(self.to.iter().map(|(path, _)| path).filter(|path| differs(path)).cloned().collect())
    }
}

/// An edit at `place`, with the server's ids in the reference at `path`, which is there or below. `None`: it is the same.
fn edit_to_server(
    connection: &Connection,
    collection: i64,
    (place, path): (&Path, &Path),
    edit: &Edit,
) -> Result<Option<Edit>> {
    let list = |members: &[Value]| -> Result<Option<Vec<Value>>> {
        let value = translate(connection, collection, &Value::Array(members.to_vec()), Direction::ToServer)?;
        Ok(value.and_then(|value| if let Value::Array(members) = value { Some(members) } else { None }))
    };
    Ok(match edit {
        Edit::Set(value) if place == path => {
            translate(connection, collection, value, Direction::ToServer)?.map(Edit::Set)
        }
        Edit::Set(value) => {
            let inside = path.names().iter().skip(place.names().len());
            let inside = inside.fold(Path::field("v"), |inside, name| inside.member(name.as_str()));
            let mut whole = Fields::from_iter([("v".to_owned(), value.clone())]);
            let known = Changes::value_at(&whole, &inside);
            let Some(known) = known else { return Ok(None) };
            let Some(value) = translate(connection, collection, known, Direction::ToServer)? else { return Ok(None) };
            Edit::Set(value).apply(&mut whole, &inside);
            whole.remove("v").map(Edit::Set)
        }
        Edit::EditSet { add, remove } if place == path => match (list(add)?, list(remove)?) {
            (None, None) => None,
            (added, removed) => Some(Edit::EditSet {
                add: added.unwrap_or_else(|| add.clone()),
                remove: removed.unwrap_or_else(|| remove.clone()),
            }),
        },
        Edit::EditSet { .. } | Edit::Unset | Edit::Clear | Edit::Inc(_) => None,
    })
}

/// A reference (a text, or a list of texts) with the other side's ids. `None`: it is the same.
fn translate(connection: &Connection, collection: i64, value: &Value, direction: Direction) -> Result<Option<Value>> {
    match value {
        Value::String(id) => {
            let other = match direction {
                Direction::ToServer => server_ids::remote(connection, collection, id)?,
                Direction::FromServer => server_ids::local(connection, collection, id)?,
            };
            Ok(other.map(Value::String))
        }
        Value::Array(members) => {
            let mut changed = false;
            let mut translated = Vec::with_capacity(members.len());
            for member in members {
                let other = match member {
                    Value::String(_) => translate(connection, collection, member, direction)?,
                    _ => None,
                };
                changed |= other.is_some();
                translated.push(other.unwrap_or_else(|| member.clone()));
            }
            Ok(changed.then_some(Value::Array(translated)))
        }
        _ => Ok(None),
    }
}
