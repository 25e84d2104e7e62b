//! A value as the original's faults and events print it, in its interpreter's notation:
//! `INCORRECT_PARAMETERS: 5`, `BAD_NAME: ['a', 1]` (spec 3.1, 3.4).

use std::fmt::{self, Write};

use crate::value::Value;

/// Prints a value: a text as it is, everything inside an array or struct in quotes.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(text) => f.write_str(text),
            Self::DateTime(moment) => write_moment(f, moment),
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Double(_)
            | Self::Base64(_)
            | Self::Array(_)
            | Self::Struct(_) => write_quoted(f, self),
        }
    }
}

/// As inside a list. Recursion is bounded by the depth a document may have.
fn write_quoted(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Nil => f.write_str("None"),
        Value::Bool(true) => f.write_str("True"),
        Value::Bool(false) => f.write_str("False"),
        Value::Int(number) => write!(f, "{number}"),
        Value::Double(number) => write!(f, "{}", Float(*number)),
        Value::Str(text) => write_text(f, text),
        Value::Base64(bytes) => write_bytes(f, bytes),
        Value::DateTime(moment) => write_text(f, moment),
        Value::Array(items) => {
            f.write_char('[')?;
            for (n, item) in items.iter().enumerate() {
                f.write_str(if n == 0 { "" } else { ", " })?;
                write_quoted(f, item)?;
            }
            f.write_char(']')
        }
        Value::Struct(members) => {
            f.write_char('{')?;
            for (n, (name, item)) in members.iter().enumerate() {
                f.write_str(if n == 0 { "" } else { ", " })?;
                write_text(f, name)?;
                f.write_str(": ")?;
                write_quoted(f, item)?;
            }
            f.write_char('}')
        }
    }
}

/// `20240102T03:04:05` as `2024-01-02 03:04:05`; what has another shape as it is.
fn write_moment(f: &mut fmt::Formatter<'_>, moment: &str) -> fmt::Result {
    let parts = (
        moment.get(..4),
        moment.get(4..6),
        moment.get(6..8),
        moment.get(9..),
    );
    if let (Some(year), Some(month), Some(day), Some(time)) = parts {
        write!(f, "{year}-{month}-{day} {time}")
    } else {
        f.write_str(moment)
    }
}

/// In quotes: `'`, unless the text has `'` and no `"`.
fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let quote = quote_for(text.contains('\''), text.contains('"'));
    f.write_char(quote)?;
    for character in text.chars() {
        write_character(f, character, quote)?;
    }
    f.write_char(quote)
}

fn write_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let quote = quote_for(bytes.contains(&b'\''), bytes.contains(&b'"'));
    write!(f, "b{quote}")?;
    for &byte in bytes {
        if byte.is_ascii() {
            write_character(f, char::from(byte), quote)?;
        } else {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    f.write_char(quote)
}

const fn quote_for(single: bool, double: bool) -> char {
    if single && !double { '"' } else { '\'' }
}

fn write_character(f: &mut fmt::Formatter<'_>, character: char, quote: char) -> fmt::Result {
    match character {
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        '\0'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{ad}' => {
            write!(f, "\\x{:02x}", u32::from(character))
        }
        other if other == quote => write!(f, "\\{other}"),
        other => f.write_char(other),
    }
}

/// A float in the fewest digits that read back to it: `1.0`, `1e+16`, `1e-05`, `inf`, `nan`.
pub(crate) struct Float(pub(crate) f64);

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        if number.is_nan() {
            return f.write_str("nan");
        }
        let size = number.abs();
        if size.is_infinite() || (1e-4..1e16).contains(&size) && number.fract() != 0.0 {
            return write!(f, "{number}");
        }
        if size == 0.0 || (1e-4..1e16).contains(&size) {
            return write!(f, "{number:.1}");
        }
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent
            .strip_prefix('-')
            .map_or(('+', exponent), |rest| ('-', rest));
        write!(f, "{digits}e{sign}{exponent:0>2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_as_in_the_original() {
        // recorded from its faults
        for (value, expected) in [
            (Value::from("a'b"), "a'b"),
            (Value::from(5), "5"),
            (Value::from(1.5), "1.5"),
            (Value::from(true), "True"),
            (Value::Nil, "None"),
            (
                Value::Array(vec![Value::from("a"), Value::from(1), Value::Nil]),
                "['a', 1, None]",
            ),
            (Value::structure([("a'b", "1")]), "{\"a'b\": '1'}"),
            (
                Value::DateTime("20240102T03:04:05".into()),
                "2024-01-02 03:04:05",
            ),
            (
                Value::Array(vec![Value::from("\n\\'\"é\u{1}")]),
                "['\\n\\\\\\'\"é\\x01']",
            ),
        ] {
            assert_eq!(value.to_string(), expected);
        }
    }

    #[test]
    fn floats_print_in_the_fewest_digits() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e3, "1000.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5e-7, "-2.5e-07"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(Float(number).to_string(), expected);
        }
    }
}
