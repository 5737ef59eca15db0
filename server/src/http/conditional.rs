//! Conditions in headers (RFC 9110, section 13).

use crate::error::Failure;
use crate::model::{Timestamp, details};
use crate::sync::plain::Condition;
use axum::http::header::{IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};
use axum::http::{HeaderMap, HeaderName};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
        // Read only where there is no If-Match (RFC 9110, section 13.1.4). What is no date is no condition.
        (None, None) => Ok(date(headers, &IF_UNMODIFIED_SINCE).map_or(Condition::None, Condition::UnmodifiedSince)),
        (Some(Tags::Any), None) => Ok(Condition::Exists),
        // A weak tag never matches here: the comparison is the strong one.
        (Some(Tags::These(tags)), None) => Ok(Condition::Matches(tags)),
        (None, Some(Tags::Any)) => Ok(Condition::Absent),
        (None, Some(Tags::These(_))) => Err(details("If-None-Match", "of a write can only be *").into()),
        (Some(_), Some(_)) => Err(details("If-None-Match", "contradicts If-Match").into()),
    }
}

/// Whether a reader has what `etag` names and what was changed last at `modified`.
pub(super) fn is_known(headers: &HeaderMap, etag: &str, modified: Option<Timestamp>) -> bool {
    match tags(headers, IF_NONE_MATCH.as_str()) {
        Ok(Some(Tags::Any)) => true,
        Ok(Some(Tags::These(tags))) => tags.iter().any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == etag),
        // Read only where there is no If-None-Match (RFC 9110, section 13.1.3).
        Ok(None) => modified.zip(date(headers, &IF_MODIFIED_SINCE)).is_some_and(|(at, since)| seconds(at) <= since),
        // A condition that cannot be read makes a reader get what it may have already.
        Err(_) => false,
    }
}

/// The date of the last change as a header says it, once its second is over: before that, a second change would have the same date, and
/// a reader that asks with it would miss that one (RFC 9110, section 8.8.2.2).
pub(super) fn last_modified(at: Timestamp, now_ms: i64) -> Option<String> {
    (seconds(at) < seconds(Timestamp::from_ms(now_ms))).then(|| http_date(at))
}

/// The form of dates in headers (RFC 9110, section 5.6.7), for example `Fri, 20 Nov 2026 10:00:00 GMT`.
pub(super) fn http_date(at: Timestamp) -> String {
    // The years that the form has.
    let seconds = seconds(at).clamp(0, 253_402_300_799).unsigned_abs();
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// A date in a header, in seconds since 1970.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    let at: SystemTime = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    i64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

fn seconds(at: Timestamp) -> i64 {
    at.ms().div_euclid(1_000)
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
    fn date_of_a_change_is_told_and_believed_by_the_second() {
        let date = "Fri, 20 Nov 2026 10:00:00 GMT";
        let at = Timestamp::from_micros(1_795_168_800_999_999);
        assert_eq!(http_date(at), date);
        assert_eq!(last_modified(at, 1_795_168_800_999), None, "another change may have the same date");
        assert_eq!(last_modified(at, 1_795_168_801_000).as_deref(), Some(date));
        let asks = headers("if-modified-since", date);
        assert!(is_known(&asks, "\"1-1\"", Some(at)));
        assert!(!is_known(&asks, "\"1-1\"", Some(Timestamp::from_ms(1_795_168_801_000))));
        assert!(!is_known(&asks, "\"1-1\"", None));
        for (ms, text) in [(-1, "Thu, 01 Jan 1970 00:00:00 GMT"), (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT")] {
            assert_eq!(http_date(Timestamp::from_ms(ms)), text);
        }
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
        let date = "Fri, 20 Nov 2026 10:00:00 GMT";
        assert_eq!(of_write(&headers("if-unmodified-since", date)).unwrap(), Condition::UnmodifiedSince(1_795_168_800));
        assert_eq!(of_write(&headers("if-unmodified-since", "yesterday")).unwrap(), Condition::None);
        assert!(is_known(&headers("if-none-match", "W/\"1-2\""), "\"1-2\"", None));
        assert!(!is_known(&headers("if-none-match", "\"1-3\""), "\"1-2\"", None));
    }
}
