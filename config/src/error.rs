//! What is wrong with a configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use derive_more::Display;
use visord_model::pyrepr::repr;

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub file: Arc<Path>,
    /// The line, counted from 1.
    pub line: usize,
}

/// One problem. `message` is the exact text the original would print after `Error: `
/// for it; the other fields say where it is as precisely as is known.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
#[display("{message}")]
pub struct Problem {
    /// The file it is in.
    pub file: PathBuf,
    /// Line of the key or section header, counted from 1.
    pub line: Option<usize>,
    /// Section name without brackets.
    pub section: Option<String>,
    /// Option name.
    pub key: Option<String>,
    /// The text after `Error: ` (may span lines), for the administrator at start or of `--check`.
    /// It may quote a value, but no secret.
    pub message: String,
    /// Whether `message` may quote a value or a line of the file.
    pub quotes: bool,
}

impl Problem {
    /// Something is wrong with a file as a whole. The message holds no value.
    pub(crate) fn of_file(file: &Path, message: String) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            section: None,
            key: None,
            message,
            quotes: false,
        }
    }

    /// Something is wrong at this place; the message may quote what is written there.
    pub(crate) fn at(place: &Location, message: String) -> Self {
        Self {
            line: Some(place.line),
            quotes: true,
            ..Self::of_file(&place.file, message)
        }
    }

    /// The same, in this section: about this option, or else about the section as a whole. Then
    /// the message holds no value.
    pub(crate) fn in_section(self, section: &str, key: Option<&str>) -> Self {
        Self {
            section: Some(section.to_owned()),
            key: key.map(str::to_owned),
            quotes: key.is_some(),
            ..self
        }
    }

    /// What the activity log, RPC and pages say of it: where it is, and no value.
    pub fn outline(&self) -> String {
        if !self.quotes {
            return self.message.clone();
        }
        let what = match (&self.key, self.line) {
            (Some(key), _) => format!("the value of {key} is not valid"),
            (None, Some(line)) => format!("line {line} is not valid"),
            (None, None) => "it is not valid".to_owned(),
        };
        let section = self.section.as_deref();
        let section = section.map(|name| format!(" in section {}", repr(name)));
        let file = repr(&self.file.to_string_lossy());
        format!(
            "{what}{} (file: {file}); supervisord --check says why",
            section.unwrap_or_default()
        )
    }
}

/// All problems of a configuration, never empty; the first is the one that the original
/// would have reported.
#[derive(Clone, Debug, Display, PartialEq, Eq)]
#[display("{}", self.first())]
pub struct ConfigError {
    /// In the order the original would have met them.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// Something is wrong with a file as a whole.
    pub(crate) fn of_file(file: &Path, message: String) -> Self {
        Self {
            problems: vec![Problem::of_file(file, message)],
        }
    }

    /// The message of the first problem.
    pub fn first(&self) -> &str {
        self.problems.first().map_or("", |p| p.message.as_str())
    }

    /// [`Problem::outline`] of the first problem.
    pub fn outline(&self) -> String {
        self.problems
            .first()
            .map_or_else(String::new, Problem::outline)
    }
}

impl std::error::Error for ConfigError {}
