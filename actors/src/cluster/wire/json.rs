//! JSON as the standard library of Python writes it, and any JSON read.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use visord_xmlrpc::{Float, Value};

use super::error::WireError;

/// The text of a value: `", "` and `": "` between its parts, everything but ASCII escaped.
pub(super) fn write(value: &Value) -> String {
    let mut out = String::with_capacity(256);
    // writing to a String cannot fail
    let _ = push(&mut out, value);
    out
}

fn push(out: &mut String, value: &Value) -> fmt::Result {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(truth) => write!(out, "{truth}")?,
        Value::Int(number) => write!(out, "{number}")?,
        Value::Double(number) => push_float(out, *number)?,
        Value::Str(text) | Value::DateTime(text) => push_text(out, text)?,
        Value::Base64(bytes) => push_text(out, &String::from_utf8_lossy(bytes))?,
        Value::Array(items) => {
            let mut before = "[";
            for item in items {
                out.push_str(before);
                push(out, item)?;
                before = ", ";
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Value::Struct(members) => {
            let mut before = "{";
            for (key, member) in members {
                out.push_str(before);
                push_text(out, key)?;
                out.push_str(": ");
                push(out, member)?;
                before = ", ";
            }
            out.push_str(if members.is_empty() { "{}" } else { "}" });
        }
    }
    Ok(())
}

fn push_float(out: &mut String, number: f64) -> fmt::Result {
    if number.is_nan() {
        out.push_str("NaN");
    } else if number.is_infinite() {
        out.push_str(if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        });
    } else {
        write!(out, "{}", Float(number))?;
    }
    Ok(())
}

fn push_text(out: &mut String, text: &str) -> fmt::Result {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='\u{7f}' => out.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
    }
    out.push('"');
    Ok(())
}

/// The value of a text of at most `longest` bytes. No input makes it nest deeper than the reader
/// allows (128 levels) or take more memory than a small multiple of the text.
pub(super) fn read(text: &str, longest: usize) -> Result<Value, WireError> {
    if text.len() > longest {
        return Err(WireError::TooLong(longest));
    }
    let json = serde_json::from_str(&without_halves(text));
    let json: serde_json::Value = json.map_err(|error| WireError::NotJson(error.to_string()))?;
    Ok(value(json))
}

fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Double(number.as_f64().unwrap_or(f64::INFINITY)),
        },
        serde_json::Value::String(text) => Value::Str(text),
        serde_json::Value::Array(items) => items.into_iter().map(value).collect(),
        serde_json::Value::Object(members) => Value::Struct(
            members
                .into_iter()
                .map(|(key, member)| (key, value(member)))
                .collect(),
        ),
    }
}

/// The text with U+FFFD for escaped halves of a character: Python writes them for a name that is
/// not UTF-8, and the reader refuses them.
fn without_halves(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(found) = text[at..].find('\\') {
        at += found;
        let Some(first) = unit(text, at) else {
            // another escape; the character after the backslash is not the begin of one
            let mut rest = text[at..].char_indices();
            at = rest.nth(2).map_or(text.len(), |(length, _)| at + length);
            continue;
        };
        let is_whole = match first {
            0xd800..=0xdbff => matches!(unit(text, at + 6), Some(0xdc00..=0xdfff)),
            0xdc00..=0xdfff => false,
            _ => {
                at += 6;
                continue;
            }
        };
        if is_whole {
            at += 12;
        } else {
            out.push_str(&text[kept..at]);
            out.push_str("\\ufffd");
            at += 6;
            kept = at;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

/// The number of an escape `\uXXXX` that begins there.
fn unit(text: &str, at: usize) -> Option<u32> {
    let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
    let is_hex = escape.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(escape, 16).ok())?
}

#[cfg(test)]
mod tests;
