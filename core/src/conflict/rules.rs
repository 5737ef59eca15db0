//! Rules for single paths of a collection, and which lists are merged by a key.

use super::Strategy;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Change, Changes, Edit, Fields, Path, same};
use holm_protocol::change::checked_add;
use serde_json::{Number, Value};
use std::collections::BTreeMap;

/// Who decides a path that both sides changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldRule {
    /// The later edit.
    Lww,
    /// The server's value.
    Server,
    /// The local value.
    Local,
    /// Both: a number to which both sides add. Setting it sends the difference.
    Sum,
    /// Both: an array used as a set. Setting it sends what was added and what was removed.
    Union,
    /// The greater number or text.
    Max,
    /// The lesser number or text.
    Min,
    /// Both, line by line; lines that both sides changed go to the later edit.
    Text,
    /// A person, or the collection's resolver.
    Prompt,
}

impl FieldRule {
    /// The name in every language: `lww`, `server`, `local`, `sum`, `union`, `max`, `min`, `text`, `prompt`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lww => "lww",
            Self::Server => "server",
            Self::Local => "local",
            Self::Sum => "sum",
            Self::Union => "union",
            Self::Max => "max",
            Self::Min => "min",
            Self::Text => "text",
            Self::Prompt => "prompt",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// `INVALID_CONFIG` for any other text.
    pub fn parse(text: &str) -> Result<Self> {
        let all = [
            Self::Lww,
            Self::Server,
            Self::Local,
            Self::Sum,
            Self::Union,
            Self::Max,
            Self::Min,
            Self::Text,
            Self::Prompt,
        ];
        all.into_iter().find(|rule| rule.as_str() == text).ok_or_else(|| {
            let names = all.map(Self::as_str).join(", ");
            Error::invalid(ErrorCode::InvalidConfig, format!("unknown rule {text:?}; expected one of {names}"))
        })
    }
}

/// How the conflicts of a collection are decided, path by path.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    /// For every path without a rule of its own.
    pub strategy: Strategy,
    rules: BTreeMap<Path, FieldRule>,
    keys: BTreeMap<Path, String>,
}

impl Rules {
    /// Rules of a collection that has only a strategy.
    pub fn of(strategy: Strategy) -> Self {
        Self { strategy, ..Self::default() }
    }

    /// Sets the rule of a path, and of all paths below it that have none of their own.
    pub fn set(&mut self, path: Path, rule: FieldRule) {
        self.rules.insert(path, rule);
    }

    /// Declares a list of objects whose elements are the same if their member `key` is.
    pub fn set_key(&mut self, path: Path, key: impl Into<String>) {
        self.keys.insert(path, key.into());
    }

    /// Puts one rule in the place of another.
    pub(crate) fn replace(&mut self, rule: FieldRule, by: FieldRule) {
        for known in self.rules.values_mut().filter(|known| **known == rule) {
            *known = by;
        }
    }

    /// The rule of a path: its own, or that of the nearest place that contains it, or the strategy's.
    pub fn rule(&self, path: &Path) -> FieldRule {
        let above = self.rules.iter().filter(|(place, _)| place.contains(path));
        above.max_by_key(|(place, _)| place.names().len()).map_or(self.strategy.rule(), |(_, rule)| *rule)
    }

    /// The member by which the elements of a list are told apart, if it is declared.
    pub fn key(&self, path: &Path) -> Option<&str> {
        self.keys.get(path).map(String::as_str)
    }

    /// Turns sets of `sum` and `union` paths into what they mean, so that they never conflict: an increment, or an edit of the set.
    pub(crate) fn as_meant(&self, changes: Changes, current: &Fields) -> Changes {
        if self.rules.is_empty() {
            return changes;
        }
        let meant = changes.iter().map(|(path, change)| {
            let edit = match &change.edit {
                Edit::Set(value) => self.meant(path, value, Changes::value_at(current, path)),
                _ => None,
            };
            (path.clone(), Change { edit: edit.unwrap_or_else(|| change.edit.clone()), stamp: change.stamp })
        });
        meant.collect()
    }

    fn meant(&self, path: &Path, value: &Value, current: Option<&Value>) -> Option<Edit> {
        match (self.rule(path), value, current) {
            (FieldRule::Sum, Value::Number(value), None) => Some(Edit::Inc(value.clone())),
            (FieldRule::Sum, Value::Number(value), Some(Value::Number(current))) => {
                difference(value, current).map(Edit::Inc)
            }
            (FieldRule::Union, Value::Array(value), Some(Value::Array(current))) => {
                let (add, remove) = (minus(value, current), minus(current, value));
                // The same members in another order is no edit of a set.
                (!add.is_empty() || !remove.is_empty()).then_some(Edit::EditSet { add, remove })
            }
            (FieldRule::Union, Value::Array(value), None) => {
                Some(Edit::EditSet { add: minus(value, &[]), remove: Vec::new() })
            }
            _ => None,
        }
    }
}

/// What must be added to `from` to make `to`. `None` if no number does exactly that.
pub(super) fn difference(to: &Number, from: &Number) -> Option<Number> {
    let negative = match (from.as_i64(), from.as_u64()) {
        (Some(n), _) => match n.checked_neg() {
            Some(n) => n.into(),
            None => Number::from_f64(-(n as f64))?,
        },
        // Beyond the signed integers there is no exact opposite.
        (None, Some(_)) => return None,
        (None, None) => Number::from_f64(-from.as_f64()?)?,
    };
    let by = checked_add(to, &negative)?;
    checked_add(from, &by).filter(|sum| holm_protocol::change::same_number(sum, to)).map(|_| by)
}

/// The members of `of` that are not in `without`, each once.
pub(super) fn minus(of: &[Value], without: &[Value]) -> Vec<Value> {
    let mut left: Vec<Value> = Vec::new();
    for member in of {
        if !without.iter().chain(&left).any(|known| same(known, member)) {
            left.push(member.clone());
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Stamp;
    use serde_json::json;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    #[test]
    fn the_nearest_rule_counts() {
        let mut rules = Rules::of(Strategy::ServerWins);
        rules.set(path("/stats"), FieldRule::Max);
        rules.set(path("/stats/plays"), FieldRule::Sum);
        assert_eq!(rules.rule(&path("/title")), FieldRule::Server);
        assert_eq!(rules.rule(&path("/stats/best/day")), FieldRule::Max);
        assert_eq!(rules.rule(&path("/stats/plays")), FieldRule::Sum);
    }

    #[test]
    fn setting_a_sum_or_a_set_says_what_was_added() {
        let mut rules = Rules::default();
        rules.set(path("/n"), FieldRule::Sum);
        rules.set(path("/t"), FieldRule::Union);
        let current = json!({"n": 5, "t": ["a", "b"]}).as_object().unwrap().clone();
        let patch = json!({"n": 8, "t": ["b", "c"], "x": 1}).as_object().unwrap().clone();
        let changes = Changes::from_patch(&patch, &current, Stamp::default()).unwrap();
        let patch = Value::Object(rules.as_meant(changes, &current).to_patch());
        assert_eq!(patch, json!({"n": {"$inc": 3}, "t": {"$addToSet": ["c"], "$removeFromSet": ["a"]}, "x": 1}));
    }

    #[test]
    fn a_difference_is_exact_or_none() {
        let number = |value: Value| match value {
            Value::Number(number) => number,
            _ => panic!(),
        };
        for (to, from) in [(json!(1), json!(i64::MIN)), (json!(0.3), json!(0.1)), (json!(7), json!(2))] {
            let (to, from) = (number(to), number(from));
            if let Some(by) = difference(&to, &from) {
                assert!(holm_protocol::change::same_number(&checked_add(&from, &by).unwrap(), &to));
            }
        }
        assert_eq!(difference(&number(json!(7)), &number(json!(2))), Some(number(json!(5))));
    }
}
