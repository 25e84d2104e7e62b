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

/// A whole number: texts are converted, floats truncated (saturating at 64 bits), booleans
/// count 0 and 1. Nothing for what has no number.
#[must_use]
pub fn to_int(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(truth) => Some((*truth).into()),
        Value::Int(number) => Some(*number),
        Value::Double(number) => number.is_finite().then_some(*number as i64),
        Value::Str(text) => scalar::int(text),
        Value::Nil | Value::Base64(_) | Value::DateTime(_) | Value::Array(_) | Value::Struct(_) => {
            None
        }
    }
}

/// A text as it is; nothing for anything else, of which the original makes HTTP 500.
#[must_use]
pub fn to_str(value: &Value) -> Option<&str> {
    value.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_convert_as_in_the_original() {
        for (value, expected) in [
            (Value::from(3), Some(3)),
            (Value::from("3"), Some(3)),
            (Value::from(" 3 "), Some(3)),
            (Value::from(2.9), Some(2)),
            (Value::from(-2.9), Some(-2)),
            (Value::from(1e30), Some(i64::MAX)),
            (Value::from(true), Some(1)),
            (Value::from("2.7"), None),
            (Value::from(""), None),
            (Value::from(f64::NAN), None),
            (Value::Nil, None),
            (Value::Array(vec![Value::from(1)]), None),
        ] {
            assert_eq!(to_int(&value), expected, "{value:?}");
        }
    }

    #[test]
    fn truth_is_what_is_not_empty() {
        for value in [Value::from("false"), Value::from("0"), Value::from(-1)] {
            assert!(truthy(&value), "{value:?}");
        }
        let empty = [
            Value::Nil,
            Value::from(0),
            Value::from(0.0),
            Value::from(""),
            Value::Array(Vec::new()),
            Value::Struct(Vec::new()),
        ];
        for value in empty {
            assert!(!truthy(&value), "{value:?}");
        }
    }
}
