//! A request's fields.

use holm_core::{Error, ErrorCode};
use serde_json::{Map, Value};

/// The line is no request.
#[derive(Debug)]
pub struct BadRequest(pub String);

/// Why a command was not carried out.
#[derive(Debug)]
pub enum Failure {
    BadRequest(String),
    Holm(Error),
}

impl From<BadRequest> for Failure {
    fn from(error: BadRequest) -> Self {
        Self::BadRequest(error.0)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Holm(error)
    }
}

/// A feature that is not built yet.
pub fn unsupported(what: &str) -> Failure {
    Failure::Holm(Error::State { code: ErrorCode::Unsupported, message: format!("{what} is not available") })
}

/// One request.
#[derive(Debug, Clone)]
pub struct Args {
    pub id: Value,
    pub command: String,
    members: Map<String, Value>,
}

impl Args {
    /// Reads a line. A failure comes with the request's id, if it has one.
    pub fn parse(line: &str) -> Result<Self, (Value, BadRequest)> {
        let value: Value =
            serde_json::from_str(line).map_err(|e| (Value::Null, BadRequest(format!("not JSON: {e}"))))?;
        let Value::Object(mut members) = value else {
            return Err((Value::Null, BadRequest("not a JSON object".into())));
        };
        let id = members.remove("id").unwrap_or_default();
        match members.remove("cmd") {
            Some(Value::String(command)) => Ok(Self { id, command, members }),
            _ => Err((id, BadRequest("\"cmd\" is missing".into()))),
        }
    }

    /// The members of an object inside a request, as a request of its own.
    pub fn nested(&self, value: &Value) -> Result<Self, BadRequest> {
        let Value::Object(members) = value else { return Err(BadRequest("an operation must be an object".into())) };
        let command = members.get("cmd").and_then(Value::as_str);
        let command = command.ok_or_else(|| BadRequest("an operation needs \"cmd\"".into()))?.to_owned();
        Ok(Self { id: self.id.clone(), command, members: members.clone() })
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub fn text(&self, name: &str) -> Result<&str, BadRequest> {
        self.opt_text(name)?.ok_or_else(|| BadRequest(format!("{name:?} is missing")))
    }

    pub fn opt_text(&self, name: &str) -> Result<Option<&str>, BadRequest> {
        self.get(name)
            .map(|value| value.as_str().ok_or_else(|| BadRequest(format!("{name:?} must be a text"))))
            .transpose()
    }

    pub fn opt_bool(&self, name: &str) -> Result<Option<bool>, BadRequest> {
        self.get(name)
            .map(|value| value.as_bool().ok_or_else(|| BadRequest(format!("{name:?} must be true or false"))))
            .transpose()
    }

    pub fn opt_int(&self, name: &str) -> Result<Option<i64>, BadRequest> {
        self.get(name)
            .map(|value| value.as_i64().ok_or_else(|| BadRequest(format!("{name:?} must be a whole number"))))
            .transpose()
    }

    /// A number that cannot be negative.
    pub fn opt_count(&self, name: &str) -> Result<Option<u64>, BadRequest> {
        let wrong = || BadRequest(format!("{name:?} must be a whole number from 0"));
        self.get(name).map(|value| value.as_u64().ok_or_else(wrong)).transpose()
    }

    pub fn count(&self, name: &str) -> Result<u64, BadRequest> {
        self.opt_count(name)?.ok_or_else(|| BadRequest(format!("{name:?} is missing")))
    }

    pub fn list(&self, name: &str) -> Result<&[Value], BadRequest> {
        self.opt_list(name)?.ok_or_else(|| BadRequest(format!("{name:?} is missing")))
    }

    pub fn opt_list(&self, name: &str) -> Result<Option<&[Value]>, BadRequest> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(_) => Err(BadRequest(format!("{name:?} must be a list"))),
        }
    }

    /// A member as JSON text.
    pub fn json(&self, name: &str) -> Result<String, BadRequest> {
        self.get(name).map(Value::to_string).ok_or_else(|| BadRequest(format!("{name:?} is missing")))
    }

    /// The query that the members `where`, `order`, `limit` and `offset` describe.
    pub fn query(&self) -> Value {
        let names = ["where", "order", "limit", "offset"];
        names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.get(name)?.clone())))
            .collect::<Map<_, _>>()
            .into()
    }
}
