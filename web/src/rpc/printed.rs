//! Values as Python prints them, for texts that the original makes of what clients sent.

use visord_model::pyrepr::{repr, repr_bytes};
use visord_xmlrpc::Value;

/// A value as Python's `str` prints it: a text as it is.
pub fn printed(value: &Value) -> String {
    if let Value::Str(text) | Value::DateTime(text) = value {
        text.clone()
    } else {
        quoted(value)
    }
}

/// A value as Python's `repr` prints it; the codec bounds how deep values nest.
pub fn quoted(value: &Value) -> String {
    match value {
        Value::Nil => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) if number.is_finite() => format!("{number:?}"),
        Value::Double(number) => number.to_string().to_ascii_lowercase(),
        Value::Str(text) => repr(text),
        Value::DateTime(moment) => format!("<DateTime {}>", repr(moment)),
        Value::Base64(bytes) => repr_bytes(bytes),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(quoted).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Struct(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", repr(name), quoted(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_original_prints() {
        for (value, text) in [
            (Value::from(5), "5"),
            (Value::from(true), "True"),
            (Value::from(1.0), "1.0"),
            (Value::Nil, "None"),
            (Value::from("it's"), "it's"),
            (
                Value::Array(vec![
                    Value::from("a"),
                    Value::structure([("b", Value::from(1.5)), ("c", Value::from(true))]),
                ]),
                "['a', {'b': 1.5, 'c': True}]",
            ),
        ] {
            assert_eq!(printed(&value), text);
        }
    }
}
