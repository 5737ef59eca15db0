//! Parameters in paths and queries.

use crate::error::{Code, Failure};
use crate::model::{CollectionName, Cursor, RecordId, Timestamp, details};
use crate::sync::cursors;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use std::collections::BTreeMap;
use std::str::FromStr;

/// A collection in a path.
pub(crate) struct InCollection(pub(crate) CollectionName);

/// A record in a path.
pub(crate) struct OfRecord(pub(crate) CollectionName, pub(crate) RecordId);

impl<S: Send + Sync> FromRequestParts<S> for InCollection {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(name) = Path::<String>::from_request_parts(parts, state).await.map_err(unreadable)?;
        Ok(Self(collection(&name)?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfRecord {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path((name, id)) = Path::<(String, String)>::from_request_parts(parts, state).await.map_err(unreadable)?;
        let collection = collection(&name)?;
        let id = RecordId::parse(&id).map_err(|fault| details("id", fault.to_string()))?;
        Ok(Self(collection, id))
    }
}

/// An action in a path, with what it is of.
pub(crate) struct ActionPath {
    pub(crate) collection: Option<CollectionName>,
    pub(crate) id: Option<RecordId>,
    pub(crate) name: String,
}

impl<S: Send + Sync> FromRequestParts<S> for ActionPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<BTreeMap<String, String>>::from_request_parts(parts, state).await;
        let Path(mut members) = path.map_err(unreadable)?;
        let collection = members.remove("collection").map(|name| collection(&name)).transpose()?;
        let id = members.remove("id").map(|id| RecordId::parse(&id)).transpose();
        let id = id.map_err(|fault| details("id", fault.to_string()))?;
        Ok(Self { collection, id, name: members.remove("name").unwrap_or_default() })
    }
}

/// A job in a path.
pub(crate) struct OfJob(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for OfJob {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(id) = Path::<String>::from_request_parts(parts, state).await.map_err(unreadable)?;
        Ok(Self(id))
    }
}

fn unreadable(rejection: PathRejection) -> Failure {
    details("path", rejection.body_text()).into()
}

/// A name that belongs to the protocol is no collection, so what was asked for is no route.
fn collection(name: &str) -> Result<CollectionName, Failure> {
    CollectionName::parse(name).map_err(|fault| Failure::new(Code::NotFound, fault.to_string()))
}

/// The parameters of a query. A parameter may stand only once unless it is asked for with [`Params::all`].
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        query.map(|Query(pairs)| Self(pairs)).map_err(|rejection| details("query", rejection.body_text()).into())
    }
}

impl Params {
    /// All values of a parameter.
    pub(crate) fn all<'p>(&'p self, name: &str) -> impl Iterator<Item = &'p str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(details(name, "may stand only once").into());
        }
        Ok(first)
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&self, name: &str) -> Result<Option<i64>, Failure> {
        self.text(name)?.map(|text| count(name, text)).transpose()
    }

    /// A cursor.
    pub(crate) fn cursor(&self, name: &str) -> Result<Option<Cursor>, Failure> {
        self.text(name)?.map(cursors::read).transpose()
    }

    /// A collection.
    pub(crate) fn collection(&self, name: &str) -> Result<Option<CollectionName>, Failure> {
        let parse = |text| CollectionName::parse(text).map_err(|fault| details(name, fault.to_string()).into());
        self.text(name)?.map(parse).transpose()
    }

    /// A point in time, under any of its names.
    pub(crate) fn since(&self) -> Result<Option<i64>, Failure> {
        for name in ["since", "updatedSince", "updatedAfter"] {
            if let Some(text) = self.text(name)? {
                let ts =
                    Timestamp::parse(&with_plus(text)).ok_or_else(|| details(name, "must be a time as in RFC 3339"))?;
                return Ok(Some(ts.micros()));
            }
        }
        Ok(None)
    }
}

/// A time with the plus sign of its offset: one that was not escaped in a query arrives as a space behind the time of day.
fn with_plus(time: &str) -> String {
    match time.rfind(' ') {
        Some(at) if at > "2026-01-01T00:00".len() => format!("{}+{}", &time[..at], &time[at + 1..]),
        _ => time.to_owned(),
    }
}

/// A whole number that is not negative, from a query or a header.
pub(crate) fn count(name: &str, text: &str) -> Result<i64, Failure> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = if digits { i64::from_str(text).ok() } else { None };
    number.ok_or_else(|| details(name, "must be a whole number, not negative").into())
}
