//! Conditions in headers (RFC 9110, section 13).

use crate::error::Failure;
use crate::model::details;
use crate::sync::plain::Condition;
use axum::http::HeaderMap;
use axum::http::header::{IF_MATCH, IF_NONE_MATCH};

/// A list of entity tags, or `*`.
#[derive(Debug, PartialEq, Eq)]
enum Tags {
    Any,
    /// With their quotes; weak ones with their prefix.
    These(Vec<String>),
}

/// The condition of a write.
pub(super) fn of_write(headers: &HeaderMap) -> Result<Condition, Failure> {
    match (tags(headers, IF_MATCH.as_str())?, tags(headers, IF_NONE_MATCH.as_str())?) {
        (None, None) => Ok(Condition::None),
        (Some(Tags::Any), None) => Ok(Condition::Exists),
        // A weak tag never matches here: the comparison is the strong one.
        (Some(Tags::These(tags)), None) => Ok(Condition::Matches(tags)),
        (None, Some(Tags::Any)) => Ok(Condition::Absent),
        (None, Some(Tags::These(_))) => Err(details("If-None-Match", "of a write can only be *").into()),
        (Some(_), Some(_)) => Err(details("If-None-Match", "contradicts If-Match").into()),
    }
}

/// Whether a reader has what `etag` names.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    match tags(headers, IF_NONE_MATCH.as_str()) {
        Ok(Some(Tags::Any)) => true,
        Ok(Some(Tags::These(tags))) => tags.iter().any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == etag),
        // A condition that cannot be read makes a reader get what it may have already.
        Ok(None) | Err(_) => false,
    }
}

fn tags(headers: &HeaderMap, name: &str) -> Result<Option<Tags>, Failure> {
    let fault = || Failure::from(details(name, "must be * or a list of entity tags"));
    let mut tags = Vec::new();
    for value in headers.get_all(name) {
        let value = value.to_str().map_err(|_| fault())?.trim();
        if value == "*" {
            return Ok(Some(Tags::Any));
        }
        for tag in value.split(',').map(str::trim) {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            if opaque.len() < 2 || !opaque.starts_with('"') || !opaque.ends_with('"') {
                return Err(fault());
            }
            tags.push(tag.to_owned());
        }
    }
    Ok((!tags.is_empty()).then_some(Tags::These(tags)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static(value))])
    }

    #[test]
    fn if_match_and_if_none_match_are_read() {
        assert_eq!(of_write(&HeaderMap::new()).unwrap(), Condition::None);
        assert_eq!(of_write(&headers("if-match", "*")).unwrap(), Condition::Exists);
        assert_eq!(
            of_write(&headers("if-match", "\"1-2\", W/\"3-4\"")).unwrap(),
            Condition::Matches(vec!["\"1-2\"".to_owned(), "W/\"3-4\"".to_owned()])
        );
        assert_eq!(of_write(&headers("if-none-match", "*")).unwrap(), Condition::Absent);
        for bad in ["1-2", "\"", "\"a\",", ""] {
            assert!(of_write(&headers("if-match", bad)).is_err(), "{bad}");
        }
        assert!(of_write(&headers("if-none-match", "\"1\"")).is_err());
        assert!(is_known(&headers("if-none-match", "W/\"1-2\""), "\"1-2\""));
        assert!(!is_known(&headers("if-none-match", "\"1-3\""), "\"1-2\""));
    }
}
