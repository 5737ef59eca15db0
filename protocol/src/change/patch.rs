//! Changes from and to the forms in which an app gives them: a merge patch (RFC 7396) with operators, or a whole document.
//!
//! Operators are objects with one `$` name (or `$addToSet` and `$removeFromSet` together): `{"$inc": 1}`, `{"$addToSet": […]}`,
//! `{"$removeFromSet": […]}`. They are read at any depth of objects, never inside arrays.

use super::{Change, ChangeError, Changes, Edit, Fields, Path, Stamp, checked_add, same};
use serde_json::{Map, Value};

impl Changes {
    /// Reads a merge patch with operators against the document that the user sees. Objects in the patch become edits of their
    /// members' paths. An edit that leaves the value as it is (by value) is left out.
    ///
    /// # Errors
    /// `Invalid` for a member that no write may change, a malformed operator, one that does not fit the present value, or a sum
    /// that is not finite; `Unsupported` for an unknown operator.
    pub fn from_patch(patch: &Fields, current: &Fields, stamp: Stamp) -> Result<Self, ChangeError> {
        let mut reader = Reader { changes: Self::new(), stamp, operators: true };
        for (name, value) in patch {
            let path = Path::field(name.as_str());
            path.check_editable()?;
            reader.member(path, value, current.get(name))?;
        }
        Ok(reader.changes)
    }

    /// Reads a plain merge patch (RFC 7396) against the record that it meets: `$` has no meaning, no member is refused. Objects in
    /// the patch become edits of their members' paths. An edit that leaves the value as it is (by value) is left out.
    ///
    /// # Errors
    /// None of a plain merge patch; the type is that of [`from_patch`](Self::from_patch).
    pub fn from_merge_patch(patch: &Fields, current: &Fields, stamp: Stamp) -> Result<Self, ChangeError> {
        let mut reader = Reader { changes: Self::new(), stamp, operators: false };
        for (name, value) in patch {
            reader.member(Path::field(name.as_str()), value, current.get(name))?;
        }
        Ok(reader.changes)
    }

    /// The changes as a merge patch with operators, to be read by people and by [`from_patch`](Self::from_patch). Setting `null`
    /// is shown as `null`, which a merge patch reads as a removal.
    pub fn to_patch(&self) -> Fields {
        let mut patch = Fields::new();
        for (path, change) in self.iter() {
            let value = match &change.edit {
                Edit::Set(value) => value.clone(),
                Edit::Unset | Edit::Clear => Value::Null,
                Edit::Inc(by) => operators([("$inc", Value::Number(by.clone()))]),
                Edit::EditSet { add, remove } if remove.is_empty() => {
                    operators([("$addToSet", Value::Array(add.clone()))])
                }
                Edit::EditSet { add, remove } if add.is_empty() => {
                    operators([("$removeFromSet", Value::Array(remove.clone()))])
                }
                Edit::EditSet { add, remove } => operators([
                    ("$addToSet", Value::Array(add.clone())),
                    ("$removeFromSet", Value::Array(remove.clone())),
                ]),
            };
            Edit::Set(value).apply(&mut patch, path);
        }
        patch
    }

    /// The changes as a merge patch that means the same to every server. `None` if a merge patch cannot say it (a `null`, an
    /// object, a sum, a set edit, an array index, a nested removal), or if the edits have different stamps.
    pub fn to_merge_patch(&self, default: Stamp) -> Option<Fields> {
        let mut patch = Fields::new();
        for (path, change) in self.iter() {
            let names = path.names();
            let value = match &change.edit {
                Edit::Set(Value::Null | Value::Object(_)) | Edit::Inc(_) | Edit::EditSet { .. } => return None,
                Edit::Set(value) => value.clone(),
                // A nested null makes the objects around it.
                Edit::Unset if names.len() > 1 => return None,
                Edit::Unset | Edit::Clear => Value::Null,
            };
            let by_index = names.iter().skip(1).any(|name| name == "-" || super::place::index(name).is_some());
            let nested = self.descendants(path).next().is_some();
            if change.stamp != default || by_index || nested {
                return None;
            }
            Edit::Set(value).apply(&mut patch, path);
        }
        Some(patch)
    }
}

/// The changes that turn `from` into `to`. Objects on both sides are compared member by member, numbers by value.
pub fn between(from: &Fields, to: &Fields, stamp: Stamp) -> Changes {
    let mut changes = Changes::new();
    difference(None, from, to, stamp, &mut changes);
    changes
}

fn difference(at: Option<&Path>, from: &Fields, to: &Fields, stamp: Stamp, changes: &mut Changes) {
    let place = |name: &String| at.map_or_else(|| Path::field(name.as_str()), |path| path.member(name.as_str()));
    for name in from.keys().filter(|name| !to.contains_key(*name)) {
        changes.insert(place(name), Change { edit: Edit::Unset, stamp });
    }
    for (name, value) in to {
        match (from.get(name), value) {
            (Some(Value::Object(from)), Value::Object(to)) => difference(Some(&place(name)), from, to, stamp, changes),
            (Some(before), value) if same(before, value) => {}
            _ => changes.insert(place(name), Change { edit: Edit::Set(value.clone()), stamp }),
        }
    }
}

fn operators<const N: usize>(operators: [(&str, Value); N]) -> Value {
    Value::Object(operators.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

struct Reader {
    changes: Changes,
    stamp: Stamp,
    /// Whether an object with a `$` name is an operator.
    operators: bool,
}

impl Reader {
    fn edit(&mut self, path: Path, edit: Edit) {
        self.changes.insert(path, Change { edit, stamp: self.stamp });
    }

    fn member(&mut self, path: Path, value: &Value, current: Option<&Value>) -> Result<(), ChangeError> {
        match value {
            Value::Null => {
                if current.is_some() {
                    self.edit(path, Edit::Unset);
                }
            }
            Value::Object(members) if self.operators && has_operator(members) => {
                if let Some(edit) = operation(&path, members, current)? {
                    self.edit(path, edit);
                }
            }
            Value::Object(members) => self.object(path, members, current)?,
            other => {
                if !current.is_some_and(|current| same(current, other)) {
                    self.edit(path, Edit::Set(other.clone()));
                }
            }
        }
        Ok(())
    }

    fn object(&mut self, path: Path, members: &Map<String, Value>, current: Option<&Value>) -> Result<(), ChangeError> {
        let known = match current {
            Some(Value::Object(known)) => Some(known),
            None => None,
            // Something else is there: it is replaced by an object, in which the members then find nothing.
            Some(_) => {
                self.edit(path.clone(), Edit::Set(plain(members, self.operators)));
                if self.operators {
                    self.operators_below(&path, members)?;
                    if self.only_operators(members) && self.changes.descendants(&path).next().is_none() {
                        self.changes.remove(&path);
                    }
                }
                return Ok(());
            }
        };
        let before = self.changes.len();
        for (name, value) in members {
            self.member(path.member(name.as_str()), value, known.and_then(|known| known.get(name)))?;
        }
        if known.is_none() && self.changes.len() == before && !self.only_operators(members) {
            self.edit(path, Edit::Set(Value::Object(Fields::new())));
        }
        Ok(())
    }

    /// Whether an object of a patch says nothing but operators: it makes no object by itself, so it is nothing if they change nothing.
    fn only_operators(&self, members: &Map<String, Value>) -> bool {
        let only = |value: &Value| match value {
            Value::Object(inner) => has_operator(inner) || self.only_operators(inner),
            _ => false,
        };
        self.operators && !members.is_empty() && members.values().all(only)
    }

    fn operators_below(&mut self, path: &Path, members: &Map<String, Value>) -> Result<(), ChangeError> {
        for (name, value) in members {
            let Value::Object(inner) = value else { continue };
            let path = path.member(name.as_str());
            if !has_operator(inner) {
                self.operators_below(&path, inner)?;
            } else if let Some(edit) = operation(&path, inner, None)? {
                self.edit(path, edit);
            }
        }
        Ok(())
    }
}

/// An object of a patch as a value: without its nulls, and without its operators if there are any in this patch.
fn plain(members: &Map<String, Value>, operators: bool) -> Value {
    let kept = members.iter().filter_map(|(name, value)| match value {
        Value::Null => None,
        Value::Object(inner) if operators && has_operator(inner) => None,
        Value::Object(inner) => Some((name.clone(), plain(inner, operators))),
        other => Some((name.clone(), other.clone())),
    });
    Value::Object(kept.collect())
}

fn has_operator(members: &Map<String, Value>) -> bool {
    members.keys().any(|name| name.starts_with('$'))
}

/// The edit that an operator stands for. `None` if it changes nothing.
fn operation(path: &Path, members: &Map<String, Value>, current: Option<&Value>) -> Result<Option<Edit>, ChangeError> {
    let fault = |message: &str| Err(ChangeError::invalid(path.to_string(), message));
    let (mut inc, mut add, mut remove) = (None, Vec::new(), Vec::new());
    for (name, operand) in members {
        match (name.as_str(), operand) {
            ("$inc", Value::Number(by)) => inc = Some(by),
            ("$addToSet", Value::Array(members)) => add.clone_from(members),
            ("$removeFromSet", Value::Array(members)) => remove.clone_from(members),
            ("$inc", _) => return fault("needs a number as the operand of $inc"),
            ("$addToSet" | "$removeFromSet", _) => return fault("needs an array as the operand of a set edit"),
            (name, _) if name.starts_with('$') => {
                return Err(ChangeError::Unsupported { place: path.to_string(), operator: name.to_owned() });
            }
            _ => return fault("has an operator beside other members: it must stand alone"),
        }
    }
    let Some(by) = inc else {
        if !matches!(current, None | Some(Value::Array(_))) {
            return fault("is not an array, so it cannot be edited as a set");
        }
        let edit = Edit::EditSet { add, remove };
        let unchanged = match (current, edit.result(current)) {
            (Some(before), Some(after)) => same(before, &after),
            // A set that is not there and stays empty: nothing to write.
            (None, Some(Value::Array(after))) => after.is_empty(),
            _ => false,
        };
        return Ok((!unchanged).then_some(edit));
    };
    if members.len() != 1 {
        return fault("has $inc beside another operator: it must stand alone");
    }
    let sum = match current {
        None => Some(by.clone()),
        Some(Value::Number(number)) => checked_add(number, by),
        Some(_) => return fault("is not a number, so it cannot be incremented"),
    };
    if sum.is_none() {
        return fault("would not be a finite number");
    }
    Ok((by.as_f64() != Some(0.0)).then(|| Edit::Inc(by.clone())))
}
