//! `--json`: what a command did, as one document for programs to read. The form is
//! described in `docs/supervisorctl.md`; members are only ever added to it.

use std::fmt;

/// A JSON value, as much of it as we write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, members in this order.
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    /// Add an item; what is no list yet becomes one.
    pub fn push(&mut self, item: Self) {
        match self {
            Self::List(items) => items.push(item),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) => {
                *self = Self::List(vec![item]);
            }
        }
    }
}

impl From<bool> for Json {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Json>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => truth.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write_text(f, text),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { ", " })?;
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (at, (name, value)) in members.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { ", " })?;
                    write_text(f, name)?;
                    write!(f, ": {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

/// What a command has told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What it was asked for, in a form of its own.
    pub result: Json,
    /// Lines it would have shown.
    pub output: Vec<String>,
    /// Lines that tell of failures.
    pub errors: Vec<String>,
}

impl Report {
    /// The document.
    #[must_use]
    pub fn document(self, command: &str, exit_status: u8) -> Json {
        Json::Object(vec![
            ("command", command.into()),
            ("exit_status", i64::from(exit_status).into()),
            ("result", self.result),
            ("output", self.output.into_iter().collect()),
            ("errors", self.errors.into_iter().collect()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        let mut result = Json::default();
        for item in [
            Json::Null,
            true.into(),
            (-3).into(),
            "a\"\\\n\u{1}\u{7f}ä".into(),
        ] {
            result.push(item);
        }
        let report = Report {
            result,
            output: vec!["x".to_owned()],
            errors: Vec::new(),
        };
        assert_eq!(
            report.document("status", 3).to_string(),
            "{\"command\": \"status\", \"exit_status\": 3, \
             \"result\": [null, true, -3, \"a\\\"\\\\\\n\\u0001\\u007fä\"], \
             \"output\": [\"x\"], \"errors\": []}"
        );
    }
}
