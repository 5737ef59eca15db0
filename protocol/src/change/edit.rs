//! The edit of one place.

use super::{ByValue, Fields, Path, add, place, same};
use serde_json::{Number, Value};
use std::collections::HashSet;

/// Up to so many members are looked for one by one; more by their hash, so that time never grows with the square of a set.
const FEW: usize = 4;

/// What happens to the value at one path.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// The value is this one now. `null` is a value.
    Set(Value),
    /// The member is gone. (Not the same as `null`.) Nothing is made on the way to it.
    Unset,
    /// The member is gone, and the objects around it are there: what a set, then a removal of a nested member come to. Travels as
    /// these two.
    Clear,
    /// The number grows by this much; a missing one counts as 0.
    Inc(Number),
    /// Members leave and join an array that is used as a set, in this order; a missing one counts as empty.
    EditSet {
        /// Members that are in it afterwards.
        add: Vec<Value>,
        /// Members that are taken out first.
        remove: Vec<Value>,
    },
}

impl Edit {
    /// Whether the edit gives the same result in any order with others of its kind: such an edit never conflicts.
    pub fn commutes(&self) -> bool {
        matches!(self, Self::Inc(_) | Self::EditSet { .. })
    }

    /// Whether nothing is at the path afterwards.
    pub fn removes(&self) -> bool {
        matches!(self, Self::Unset | Self::Clear)
    }

    /// Makes the edit at `path`. Never fails: an edit that does not fit the value that it meets (an increment of a text) starts
    /// from nothing, because another write has replaced the value, and this edit is all that is left.
    pub fn apply(&self, fields: &mut Fields, path: &Path) {
        if *self != Self::Unset
            && let Some(slot) = place::make(fields, path)
        {
            self.apply_to(slot);
        }
        if self.removes() {
            place::remove(fields, path);
        }
    }

    /// The value after the edit. `None` if there is none.
    pub fn result(&self, current: Option<&Value>) -> Option<Value> {
        if self.removes() {
            return None;
        }
        let mut value = match self {
            Self::Set(_) => Value::Null,
            _ => current.cloned().unwrap_or(Value::Null),
        };
        self.apply_to(&mut value);
        Some(value)
    }

    fn apply_to(&self, slot: &mut Value) {
        match self {
            Self::Set(value) => slot.clone_from(value),
            Self::Unset | Self::Clear => {}
            Self::Inc(by) => {
                *slot = Value::Number(match slot {
                    Value::Number(number) => add(number, by),
                    _ => by.clone(),
                });
            }
            Self::EditSet { add, remove } => {
                let mut members = match slot.take() {
                    Value::Array(members) => members,
                    _ => Vec::new(),
                };
                take_out(&mut members, remove);
                push_new(&mut members, add.clone());
                *slot = Value::Array(members);
            }
        }
    }

    /// One edit that does what `self`, then `next` do at the same place.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::Unset, Self::Unset) => Self::Unset,
            (_, Self::Unset) => Self::Clear,
            (_, last @ (Self::Set(_) | Self::Clear)) => last,
            (Self::Inc(a), Self::Inc(b)) => Self::Inc(add(&a, &b)),
            (Self::EditSet { add: earlier, mut remove }, Self::EditSet { add: later, remove: then_remove }) => {
                let mut add: Vec<Value> = Vec::with_capacity(earlier.len() + later.len());
                push_new(&mut add, earlier);
                take_out(&mut add, &then_remove);
                push_new(&mut add, later);
                push_new(&mut remove, then_remove);
                Self::EditSet { add, remove }
            }
            (Self::Set(value), edit) => edit.onto(Some(&value)),
            (Self::Unset | Self::Clear, edit) => edit.onto(None),
            // A number met by a set edit, or an array met by an increment: the later edit starts from nothing.
            (Self::Inc(_) | Self::EditSet { .. }, edit) => edit.onto(None),
        }
    }

    /// The edit folded into a known value.
    pub(super) fn onto(&self, value: Option<&Value>) -> Self {
        self.result(value).map_or(Self::Unset, Self::Set)
    }
}

fn has(members: &[Value], member: &Value) -> bool {
    members.iter().any(|known| same(known, member))
}

/// Takes members out of a set.
fn take_out(members: &mut Vec<Value>, remove: &[Value]) {
    if remove.len() <= FEW {
        return members.retain(|member| !has(remove, member));
    }
    let removed: HashSet<ByValue<'_>> = remove.iter().map(ByValue).collect();
    members.retain(|member| !removed.contains(&ByValue(member)));
}

/// Adds the members that a set does not have, in their order.
fn push_new(members: &mut Vec<Value>, mut more: Vec<Value>) {
    if more.len() <= FEW {
        for member in more {
            if !has(members, &member) {
                members.push(member);
            }
        }
        return;
    }
    let mut known: HashSet<ByValue<'_>> = members.iter().map(ByValue).collect();
    let fresh: Vec<bool> = more.iter().map(|member| known.insert(ByValue(member))).collect();
    let mut fresh = fresh.into_iter();
    more.retain(|_| fresh.next().unwrap_or_default());
    members.append(&mut more);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Few values, many of which are the same by value though not in notation.
    fn member() -> impl Strategy<Value = Value> {
        let number = prop_oneof![
            (-2i64..3).prop_map(Value::from),
            (-2i32..3).prop_map(|n| f64::from(n).into()),
            Just(json!(0.5)),
            Just(json!(u64::MAX)),
            Just(json!(18_446_744_073_709_551_615.0)),
            Just(json!(-0.0)),
        ];
        let leaf = prop_oneof![4 => number, 1 => Just(json!("a")), 1 => Just(Value::Null), 1 => any::<bool>().prop_map(Value::from)];
        leaf.prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
                prop::collection::btree_map("[ab]", inner, 0..3).prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn set_edit_by_hash_equals_one_by_one(
            members in prop::collection::vec(member(), 0..12),
            add in prop::collection::vec(member(), 0..12),
            remove in prop::collection::vec(member(), 0..12),
        ) {
            let mut expected: Vec<Value> = members.iter().filter(|member| !has(&remove, member)).cloned().collect();
            for member in &add {
                if !has(&expected, member) {
                    expected.push(member.clone());
                }
            }
            let edit = Edit::EditSet { add, remove };
            prop_assert_eq!(edit.result(Some(&Value::Array(members))), Some(Value::Array(expected)));
        }
    }
}
