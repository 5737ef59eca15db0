//! Finding, making and removing the place that a path leads to.
//!
//! A missing object on the way is made. In an array, a token that is an index of it (or its length: one more element), or `-` (one
//! more element), means the element. Any other value on the way is replaced by an object.

use super::{Fields, Path};
use serde_json::Value;

/// The value at a path. `None` if nothing is there.
pub(super) fn get<'v>(fields: &'v Fields, path: &Path) -> Option<&'v Value> {
    let (first, inner) = path.names().split_first()?;
    inner.iter().try_fold(fields.get(first)?, |value, token| match value {
        Value::Object(members) => members.get(token),
        Value::Array(elements) => elements.get(index(token)?),
        _ => None,
    })
}

/// The place at a path, made if it is not there. A new place holds `null`.
pub(super) fn make<'v>(fields: &'v mut Fields, path: &Path) -> Option<&'v mut Value> {
    let (first, inner) = path.names().split_first()?;
    let mut place = fields.entry(first.as_str()).or_insert(Value::Null);
    for token in inner {
        if !can_lead(place, token) {
            *place = Value::Object(Fields::new());
        }
        place = match place {
            Value::Object(members) => members.entry(token.as_str()).or_insert(Value::Null),
            Value::Array(elements) => {
                let index = element(token, elements.len())?;
                if index == elements.len() {
                    elements.push(Value::Null);
                }
                elements.get_mut(index)?
            }
            _ => return None,
        };
    }
    Some(place)
}

/// Takes out what is at a path, if it is there. Nothing is made on the way.
pub(super) fn remove(fields: &mut Fields, path: &Path) {
    let Some((last, way)) = path.names().split_last() else { return };
    let Some((first, inner)) = way.split_first() else {
        fields.remove(last);
        return;
    };
    let mut place = fields.get_mut(first);
    for token in inner {
        place = place.and_then(|value| match value {
            Value::Object(members) => members.get_mut(token),
            Value::Array(elements) => elements.get_mut(index(token)?),
            _ => None,
        });
    }
    match place {
        Some(Value::Object(members)) => {
            members.remove(last);
        }
        Some(Value::Array(elements)) => {
            if let Some(index) = index(last).filter(|index| *index < elements.len()) {
                elements.remove(index);
            }
        }
        _ => {}
    }
}

fn can_lead(place: &Value, token: &str) -> bool {
    match place {
        Value::Object(_) => true,
        Value::Array(elements) => element(token, elements.len()).is_some(),
        _ => false,
    }
}

/// The element that a token means in an array of this length; the length itself means one more element.
fn element(token: &str, length: usize) -> Option<usize> {
    if token == "-" { Some(length) } else { index(token).filter(|index| *index <= length) }
}

/// An array index as RFC 6901 writes it: no sign, no leading zeros.
pub(super) fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with(['0', '+']);
    canonical.then(|| token.parse().ok()).flatten()
}
