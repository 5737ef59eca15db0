//! Numbers and values compared by value, and the sum of two numbers.

use serde_json::{Number, Value};
use std::hash::{Hash, Hasher};

/// Whether two values are the same. Numbers are compared by value at any depth; the order of members does not matter.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// A value that is equal to another if they are the [`same`], for sets by hash.
#[derive(Debug, Clone, Copy)]
pub struct ByValue<'v>(pub &'v Value);

impl PartialEq for ByValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        same(self.0, other.0)
    }
}

impl Eq for ByValue<'_> {}

impl Hash for ByValue<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self.0).hash(state);
        match self.0 {
            Value::Null => {}
            Value::Bool(value) => value.hash(state),
            Value::Number(number) => match (integer(number), number.as_f64()) {
                (Some(whole), _) => whole.hash(state),
                // As the integer of the same value; see `is_float_of`.
                (None, Some(float)) if float.fract() == 0.0 => (float as i128).hash(state),
                (None, float) => float.map(f64::to_bits).hash(state),
            },
            Value::String(text) => text.hash(state),
            Value::Array(elements) => {
                elements.len().hash(state);
                elements.iter().for_each(|element| ByValue(element).hash(state));
            }
            // In the order of their names.
            Value::Object(members) => {
                members.len().hash(state);
                for (name, value) in members {
                    name.hash(state);
                    ByValue(value).hash(state);
                }
            }
        }
    }
}

/// Whether two numbers have the same value: `1` and `1.0` do. Integers are compared exactly, also beyond 2^53.
pub fn same_number(a: &Number, b: &Number) -> bool {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.as_f64() == b.as_f64(),
        (Some(whole), None) => is_float_of(b, whole),
        (None, Some(whole)) => is_float_of(a, whole),
    }
}

/// The value of a number that is written as an integer.
fn integer(n: &Number) -> Option<i128> {
    n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from))
}

/// Whether a floating point number has exactly the value of an integer.
fn is_float_of(float: &Number, whole: i128) -> bool {
    // The conversion is exact for a float without fraction in the range of 64-bit integers, and saturates far outside of it.
    float.as_f64().is_some_and(|float| float.fract() == 0.0 && float as i128 == whole)
}

/// The sum of two numbers. Two integers are added exactly if the sum fits 64 bits (signed or unsigned); everything else is added
/// in double precision. `None` if the result is not finite.
pub fn checked_add(a: &Number, b: &Number) -> Option<Number> {
    if let (Some(a), Some(b)) = (integer(a), integer(b)) {
        let sum = a + b;
        if let Ok(sum) = i64::try_from(sum) {
            return Some(sum.into());
        }
        if let Ok(sum) = u64::try_from(sum) {
            return Some(sum.into());
        }
        return Number::from_f64(sum as f64);
    }
    Number::from_f64(a.as_f64()? + b.as_f64()?)
}

/// The sum of two numbers as [`checked_add`] computes it; a result that is not finite becomes the greatest or least finite number.
pub fn add(a: &Number, b: &Number) -> Number {
    checked_add(a, b).unwrap_or_else(|| {
        // Only two numbers of the same sign overflow.
        let limit = if a.as_f64().is_some_and(|a| a < 0.0) { f64::MIN } else { f64::MAX };
        Number::from_f64(limit).unwrap_or_else(|| a.clone())
    })
}
