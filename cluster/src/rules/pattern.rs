//! Patterns of rules files and formulas, in Python's `re` syntax (docs/decisions/0026).

use alloc::format;
use alloc::string::{String, ToString as _};
use core::fmt;

use fancy_regex::{Regex, RegexBuilder};

mod class;
mod escape;
mod python;

/// Steps that a search may take back before it is given up.
const BACKTRACK_LIMIT: usize = 100_000;

/// Bytes of a compiled part.
const SIZE_LIMIT: usize = 4 << 20;

/// Instructions of the part that backtracks.
const PROGRAM_LIMIT: usize = 100_000;

/// Characters of a pattern.
const LENGTH_LIMIT: usize = 4096;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
    regex: Regex,
}

/// A pattern that cannot be used, or a search that takes too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatternError(String);

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Pattern {
    /// For [`Pattern::longest`]. Groups of the pattern are counted from 2, as in the original,
    /// which puts the whole of it into a group.
    pub(crate) fn to_search(text: &str) -> Result<Self, PatternError> {
        Self::compile(text, &format!("({text})"))
    }

    /// For [`Pattern::matches`]. As in the original the ends are tied to the first and last
    /// alternative only: `a|b` is `^a|b$`.
    pub(super) fn whole(text: &str) -> Result<Self, PatternError> {
        Self::compile(text, &format!("^{text}$"))
    }

    fn compile(text: &str, full: &str) -> Result<Self, PatternError> {
        if text.chars().count() > LENGTH_LIMIT {
            let reason = format!("it is longer than {LENGTH_LIMIT} characters");
            return Err(PatternError(reason));
        }
        let translated = python::translate(full).map_err(PatternError)?;
        let regex = RegexBuilder::new(&translated)
            .backtrack_limit(BACKTRACK_LIMIT)
            .delegate_size_limit(SIZE_LIMIT)
            .max_prog_size(PROGRAM_LIMIT)
            .build();
        let regex = regex.map_err(|error| PatternError(error.to_string()))?;
        Ok(Self {
            text: text.to_string(),
            regex,
        })
    }

    /// As written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Characters of the first match anywhere in the name; `None`: no match.
    ///
    /// # Errors
    /// The search was given up.
    pub(crate) fn longest(&self, name: &str) -> Result<Option<usize>, PatternError> {
        let found = self.find(name)?;
        Ok(found.map(|(from, to)| name[from..to].chars().count()))
    }

    /// Whether it matches from the start of the name.
    ///
    /// # Errors
    /// The search was given up.
    pub(super) fn matches(&self, name: &str) -> Result<bool, PatternError> {
        Ok(self.find(name)?.is_some_and(|(from, _)| from == 0))
    }

    fn find(&self, name: &str) -> Result<Option<(usize, usize)>, PatternError> {
        let found = self.regex.find(name);
        let found = found.map_err(|error| PatternError(error.to_string()))?;
        Ok(found.map(|found| (found.start(), found.end())))
    }
}
