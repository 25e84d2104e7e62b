//! What a method makes of its arguments: the original's conversions (spec 2.4, 3.1).

use crate::scalar;
use crate::value::Value;

/// Whether a value counts as true: everything but nothing, zero and what is empty. The text
/// `false` is true.
#[must_use]
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Nil => false,
        Value::Bool(truth) => *truth,
        Value::Int(number) => *number != 0,
        Value::Double(number) => *number != 0.0,
        Value::Str(text) => !text.is_empty(),
        Value::Base64(bytes) => !bytes.is_empty(),
        Value::DateTime(_) => true,
        Value::Array(items) => !items.is_empty(),
        Value::Struct(members) => !members.is_empty(),
    }
}

/// A whole number: texts are converted, floats truncated, booleans count 0 and 1. Nothing
/// for what has no number, which the original answers with HTTP 500 or fault 2.
#[must_use]
pub fn to_int(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(truth) => Some((*truth).into()),
        Value::Int(number) => Some(*number),
        // `as` saturates; what is not a number at all has no whole part
        Value::Double(number) => number.is_finite().then_some(*number as i64),
        Value::Str(text) => scalar::int(text),
        Value::Nil | Value::Base64(_) | Value::DateTime(_) | Value::Array(_) | Value::Struct(_) => {
            None
        }
    }
}

/// A text as it is; no conversion, as in the original.
#[must_use]
pub fn to_str(value: &Value) -> Option<&str> {
    value.as_str()
}
