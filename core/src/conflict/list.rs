//! Lists of objects merged by a declared key.
//!
//! Elements with the same key are the same element and merge member by member; elements that one side added or removed are added or
//! removed. The order is the server's, with local additions at the end. A list that cannot be read that way (an element that is not an
//! object, a missing or repeated key) is one value, as without a key.

use super::Merged;
use super::three_way::{Leaf, Versions, three_way};
use crate::model::{Edit, Fields, Path, same};
use serde_json::Value;

/// The merged list. `None` if one of the lists cannot be merged by the key, or one side has removed all of it. `local_wins` decides clashing
/// members.
pub(super) fn merge(key: &str, values: Versions<'_>, local_wins: bool) -> Option<Merged<Value>> {
    let empty = Value::Array(Vec::new());
    let base = elements(key, values.base.unwrap_or(&empty))?;
    let (local, server) = (elements(key, values.local?)?, elements(key, values.server?)?);
    let find = |list: &[(&Value, &Value)], key: &Value| {
        list.iter().find(|(known, _)| same(known, key)).map(|(_, element)| (*element).clone())
    };
    let added = local.iter().filter(|(key, _)| find(&server, key).is_none());
    let mut merged = Vec::with_capacity(server.len());
    let (mut local_lost, mut server_lost) = (false, false);
    for (key, _) in server.iter().chain(added) {
        let (base, local, server) = (find(&base, key), find(&local, key), find(&server, key));
        let versions = Versions { base: base.as_ref(), local: local.as_ref(), server: server.as_ref() };
        let mut whole = Fields::from_iter(server.clone().map(|value| ("v".to_owned(), value)));
        three_way(&Path::field("v"), versions, &mut |path, values, leaf| {
            // An edited element outlives its removal by the other side.
            let edited = values.local.is_some() && (values.server.is_none() || local_wins);
            if leaf == Leaf::Clash {
                local_lost |= !edited && values.local.is_some();
                server_lost |= edited && values.server.is_some();
            }
            if leaf == Leaf::Ours || leaf == Leaf::Clash && edited {
                values.local.map_or(Edit::Unset, |value| Edit::Set(value.clone())).apply(&mut whole, path);
            }
        });
        merged.extend(whole.remove("v"));
    }
    Some(Merged { value: Value::Array(merged), local_lost, server_lost })
}

/// The elements with their keys.
fn elements<'v>(key: &str, list: &'v Value) -> Option<Vec<(&'v Value, &'v Value)>> {
    let Value::Array(list) = list else { return None };
    let keyed: Vec<_> = list.iter().map(|element| Some((element.get(key)?, element))).collect::<Option<_>>()?;
    let repeated = keyed.iter().enumerate().any(|(at, (key, _))| keyed[..at].iter().any(|(known, _)| same(known, key)));
    (!repeated).then_some(keyed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(base: Value, local: Value, server: Value, local_wins: bool) -> Option<Value> {
        let versions = Versions { base: Some(&base), local: Some(&local), server: Some(&server) };
        merge("id", versions, local_wins).map(|merged| merged.value)
    }

    #[test]
    fn elements_merge_by_their_key() {
        let base = json!([{"id": 1, "a": 0, "b": 0}, {"id": 2}, {"id": 3}]);
        let local = json!([{"id": 3}, {"id": 1, "a": 1, "b": 0}, {"id": 4}]);
        let server = json!([{"id": 5}, {"id": 1, "a": 0, "b": 2}, {"id": 2}]);
        assert_eq!(merged(base, local, server, true), Some(json!([{"id": 5}, {"id": 1, "a": 1, "b": 2}, {"id": 4}])));
    }

    #[test]
    fn a_clash_in_an_element_goes_to_the_winner() {
        let element = |a: i64| json!([{"id": 1, "a": a}]);
        assert_eq!(merged(element(0), element(1), element(2), true), Some(element(1)));
        assert_eq!(merged(element(0), element(1), element(2), false), Some(element(2)));
    }

    #[test]
    fn what_loses_in_an_element_is_told() {
        let element = |a: i64| json!([{"id": 1, "a": a}]);
        let (base, local, server) = (element(0), element(1), element(2));
        for wins in [true, false] {
            let versions = Versions { base: Some(&base), local: Some(&local), server: Some(&server) };
            let merged = merge("id", versions, wins).unwrap();
            assert_eq!((merged.local_lost, merged.server_lost), (!wins, wins));
            let removed = Versions { base: Some(&base), local: None, server: Some(&server) };
            assert!(merge("id", removed, wins).is_none(), "the list as a whole clashes");
        }
    }

    #[test]
    fn an_edited_element_outlives_its_removal() {
        assert_eq!(
            merged(json!([{"id": 1}]), json!([{"id": 1, "a": 1}]), json!([]), false),
            Some(json!([{"id": 1, "a": 1}]))
        );
        assert_eq!(
            merged(json!([{"id": 1}]), json!([]), json!([{"id": 1, "a": 1}]), true),
            Some(json!([{"id": 1, "a": 1}]))
        );
    }

    #[test]
    fn a_list_without_keys_is_one_value() {
        assert_eq!(merged(json!([1]), json!([1]), json!([2]), true), None);
        assert_eq!(merged(json!([]), json!([{"id": 1}, {"id": 1.0}]), json!([]), true), None);
    }
}
