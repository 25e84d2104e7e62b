//! What a method makes of its arguments: the original's conversions (spec 2.4, 3.1).

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;

use crate::scalar;
use crate::value::Value;

/// The arguments of a call, taken by position.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    params: &'a [Value],
}

/// An argument a method cannot work with: fault 2, INCORRECT_PARAMETERS. (Where the original
/// answers HTTP 500, as for a number as a name or the offset `x`, a fault serves better.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgError {
    /// Too few or too many arguments.
    Count {
        /// How many came.
        given: usize,
    },
    /// One of the wrong kind.
    Kind {
        /// Its place, counted from 0.
        place: usize,
        /// What belongs there.
        wanted: &'static str,
    },
}

impl<'a> Args<'a> {
    /// The arguments, if their number is right. This is to be checked before anything else,
    /// the shutdown gate included (spec 2.4).
    ///
    /// # Errors
    /// [`ArgError::Count`].
    pub fn new(params: &'a [Value], count: RangeInclusive<usize>) -> Result<Self, ArgError> {
        if count.contains(&params.len()) {
            Ok(Self { params })
        } else {
            let given = params.len();
            Err(ArgError::Count { given })
        }
    }

    /// The argument at `place` (from 0) as it is; nothing if it was left out.
    #[must_use]
    pub fn value(&self, place: usize) -> Option<&'a Value> {
        self.params.get(place)
    }

    /// A text; numbers are not converted.
    ///
    /// # Errors
    /// [`ArgError::Kind`], also if it was left out.
    pub fn text(&self, place: usize) -> Result<&'a str, ArgError> {
        self.expect(place, "a text", Value::as_str)
    }

    /// A whole number, see [`to_int`].
    ///
    /// # Errors
    /// [`ArgError::Kind`], also if it was left out.
    pub fn int(&self, place: usize) -> Result<i64, ArgError> {
        self.expect(place, "a whole number", to_int)
    }

    /// The items of an array.
    ///
    /// # Errors
    /// [`ArgError::Kind`], also if it was left out.
    pub fn array(&self, place: usize) -> Result<&'a [Value], ArgError> {
        self.expect(place, "an array", Value::as_array)
    }

    /// Whether the argument counts as true, see [`truthy`]; `default` if it was left out.
    #[must_use]
    pub fn flag(&self, place: usize, default: bool) -> bool {
        self.value(place).map_or(default, truthy)
    }

    fn expect<T>(
        &self,
        place: usize,
        wanted: &'static str,
        take: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<T, ArgError> {
        let taken = self.params.get(place).and_then(take);
        taken.ok_or(ArgError::Kind { place, wanted })
    }
}

impl fmt::Display for ArgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { given } => write!(f, "{given} arguments are not what it takes"),
            Self::Kind { place, wanted } => write!(f, "argument {place} is not {wanted}"),
        }
    }
}

impl Error for ArgError {}

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

    #[test]
    fn arguments_are_taken_by_position() {
        let params = [Value::from("cat"), Value::from("7")];
        assert_eq!(
            Args::new(&params, 0..=1).unwrap_err(),
            ArgError::Count { given: 2 }
        );
        let args = Args::new(&params, 2..=3).unwrap();
        assert_eq!(args.text(0), Ok("cat"));
        assert_eq!(args.int(1), Ok(7));
        assert!(args.flag(2, true));
        assert!(!args.flag(2, false));
        let missing = args.int(0).unwrap_err();
        assert_eq!(missing.to_string(), "argument 0 is not a whole number");
    }
}
