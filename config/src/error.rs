//! What is wrong with a configuration.

use std::fmt;
use std::path::PathBuf;

/// One problem. `message` is the exact text the original would print after `Error: `
/// for it; the other fields say where it is as precisely as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file it is in.
    pub file: PathBuf,
    /// Line of the key or section header, counted from 1.
    pub line: Option<usize>,
    /// Section name without brackets.
    pub section: Option<String>,
    /// Option name.
    pub key: Option<String>,
    /// The text after `Error: ` (may span lines).
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// All problems of a configuration, never empty; the first is the one that the original
/// would have reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// In the order the original would have met them.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// The message of the first problem.
    #[must_use]
    pub fn first(&self) -> &str {
        self.problems.first().map_or("", |p| p.message.as_str())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.first())
    }
}

impl std::error::Error for ConfigError {}
