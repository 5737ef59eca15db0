//! Three-way merge of one value, member by member.
//!
//! Laws (`b` base, `x` anything): `merge(b, b, x) = x`, `merge(b, x, b) = x`, `merge(b, x, x) = x`. Missing, `null` and `""` are three
//! values; numbers are compared by value. Objects merge member by member at any depth; arrays are one value, unless a key is declared.

use crate::model::{Path, same};
use serde_json::{Map, Value};

/// What three versions of one place come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaf {
    /// Both sides made the same change.
    Agreed,
    /// Only the server changed it, or neither side did.
    Theirs,
    /// Only the local side changed it.
    Ours,
    /// Both changed it, differently.
    Clash,
}

/// A place with its three values; `None` for missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Versions<'a> {
    pub base: Option<&'a Value>,
    pub local: Option<&'a Value>,
    pub server: Option<&'a Value>,
}

fn same_or_missing(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    }
}

/// Calls `each` with every place at or below `path` at which the comparison ends. Returns whether it ended at `path` itself.
pub(super) fn three_way<'a>(
    path: &Path,
    values: Versions<'a>,
    each: &mut impl FnMut(&Path, Versions<'a>, Leaf),
) -> bool {
    let Versions { base, local, server } = values;
    let leaf = match (same_or_missing(local, server), same_or_missing(base, local), same_or_missing(base, server)) {
        (_, true, _) => Leaf::Theirs,
        (true, false, _) => Leaf::Agreed,
        (false, false, true) => Leaf::Ours,
        (false, false, false) => Leaf::Clash,
    };
    if leaf == Leaf::Clash
        && let (Some(Value::Object(ours)), Some(Value::Object(theirs))) = (local, server)
        && let Some(base) = members(base)
    {
        let new = theirs.keys().filter(|name| !ours.contains_key(*name));
        let gone = base.keys().filter(|name| !ours.contains_key(*name) && !theirs.contains_key(*name));
        for name in ours.keys().chain(new).chain(gone) {
            let values = Versions { base: base.get(name), local: ours.get(name), server: theirs.get(name) };
            three_way(&path.member(name.as_str()), values, each);
        }
        return false;
    }
    each(path, values, leaf);
    true
}

/// The members of a base. Two objects where there was none before merge as if there had been an empty one.
fn members(base: Option<&Value>) -> Option<&Map<String, Value>> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match base {
        Some(Value::Object(members)) => Some(members),
        None => Some(&EMPTY),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Edit, Fields};
    use proptest::prelude::*;
    use serde_json::json;

    /// The merged value; clashes go to the local side if `ours`.
    fn merge(b: Option<&Value>, x: Option<&Value>, y: Option<&Value>, ours: bool) -> (Option<Value>, usize) {
        let mut result = Fields::from_iter(y.map(|value| ("v".to_owned(), value.clone())));
        let mut clashes = 0;
        let top = Path::field("v");
        three_way(&top, Versions { base: b, local: x, server: y }, &mut |path, values, leaf| {
            clashes += usize::from(leaf == Leaf::Clash);
            if leaf == Leaf::Ours || leaf == Leaf::Clash && ours {
                values.local.map_or(Edit::Unset, |value| Edit::Set(value.clone())).apply(&mut result, path);
            }
        });
        (result.remove("v"), clashes)
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(json!("")),
            any::<bool>().prop_map(Value::from),
            (-2i64..3).prop_map(Value::from),
            prop::collection::vec((0i64..3).prop_map(Value::from), 0..3).prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop::collection::btree_map("[ab]", inner, 0..3).prop_map(|m| Value::Object(m.into_iter().collect()))
        })
    }

    fn slot() -> impl Strategy<Value = Option<Value>> {
        prop::option::of(value())
    }

    proptest! {
        #[test]
        fn f30_the_laws_of_the_merge_hold(b in slot(), x in slot(), ours in any::<bool>()) {
            let (base, value) = (b.as_ref(), x.as_ref());
            prop_assert_eq!(&merge(base, base, value, ours).0, &x);
            prop_assert_eq!(&merge(base, value, base, ours).0, &x);
            prop_assert_eq!(&merge(base, value, value, ours).0, &x);
        }

        #[test]
        fn the_result_does_not_depend_on_who_is_local(b in slot(), x in slot(), y in slot()) {
            let (b, x, y) = (b.as_ref(), x.as_ref(), y.as_ref());
            let (left, right) = (merge(b, x, y, true), merge(b, y, x, false));
            prop_assert_eq!(left, right);
        }
    }

    #[test]
    fn core_r4_a_clash_inside_an_object_decides_that_member_only() {
        let base = json!({"x": 0, "y": 0});
        let (local, server) = (json!({"x": 1, "y": 1}), json!({"x": 2, "y": 0, "z": 2}));
        let (merged, clashes) = merge(Some(&base), Some(&local), Some(&server), false);
        assert_eq!((merged, clashes), (Some(json!({"x": 2, "y": 1, "z": 2})), 1));
    }

    #[test]
    fn core_r3_a_number_in_another_notation_is_no_change() {
        let (base, local, server) = (json!({"n": 1}), json!({"n": 1.0}), json!({"n": 2}));
        assert_eq!(merge(Some(&base), Some(&local), Some(&server), true), (Some(json!({"n": 2})), 0));
    }
}
