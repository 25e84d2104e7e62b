//! The INI dialect of `supervisord.conf`: the exact line algorithm of spec core 1.2.
//!
//! It is Python's dialect as the original sets it up: `;` and `#` start a comment after
//! white space, an indented line continues the open option whatever it looks like,
//! sections given twice merge, the last value of an option wins, `[DEFAULT]` is below all.
//! No crate reads it unchanged (`docs/decisions/0001-ini-dialect.md`), so this is our own
//! parser. It keeps file and line of every section and option for error messages.

mod decode;
mod line;
mod read;
mod render;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::Problem;
pub use decode::decode;
pub use line::is_space;

/// Name of the section whose options are fallbacks in every other one.
pub const DEFAULT_SECTION: &str = "DEFAULT";

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub file: Arc<Path>,
    /// The line, counted from 1.
    pub line: usize,
}

/// One option of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Lower-cased name.
    pub key: String,
    /// Its lines joined with newlines; not expanded.
    pub value: String,
    /// The same before the text `%(here)s` was replaced, if it was (spec core 1.5.5).
    pub written: Option<String>,
    /// Where its winning value is.
    pub place: Location,
}

/// One section, merged from every place where its header occurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What stands between the brackets.
    pub name: String,
    /// Where its header occurs first.
    pub place: Location,
    /// Where its header occurs for the second time.
    pub again: Option<Location>,
    /// Its own options, each once, in the order they occurred first.
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
}

impl Section {
    fn new(name: &str, place: Location) -> Self {
        Self {
            name: name.to_owned(),
            place,
            again: None,
            entries: Vec::new(),
            index: HashMap::new(),
        }
    }

    /// The section's own options, each once, in the order they occurred first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The section's own option of this (lower-case) name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.index.get(key).map(|&at| &self.entries[at])
    }

    /// Where an option is to be stored; one of this name keeps its position.
    fn slot(&mut self, key: &str, place: Location) -> usize {
        if let Some(&at) = self.index.get(key) {
            self.entries[at].place = place;
            return at;
        }
        self.index.insert(key.to_owned(), self.entries.len());
        self.entries.push(Entry {
            key: key.to_owned(),
            value: String::new(),
            written: None,
            place,
        });
        self.entries.len() - 1
    }
}

/// Everything that one file and its includes say, before any meaning is given to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    sections: Vec<Section>,
    defaults: Option<Section>,
    index: HashMap<String, usize>,
}

impl Document {
    /// All sections but `[DEFAULT]`, in the order of their first headers.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// `[DEFAULT]`, if it occurs.
    #[must_use]
    pub fn defaults(&self) -> Option<&Section> {
        self.defaults.as_ref()
    }

    /// The section of exactly this name.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.index.get(name).map(|&at| &self.sections[at])
    }

    /// An option of a section, or else of `[DEFAULT]` (spec core 1.2.4).
    #[must_use]
    pub fn entry<'a>(&'a self, section: &'a Section, key: &str) -> Option<&'a Entry> {
        section
            .get(key)
            .or_else(|| self.defaults.as_ref().and_then(|all| all.get(key)))
    }

    /// Every option that holds in a section: its own, then those it has from `[DEFAULT]`.
    pub fn entries<'a>(&'a self, section: &'a Section) -> impl Iterator<Item = &'a Entry> {
        let inherited = self.defaults.iter().flat_map(|all| &all.entries);
        section
            .entries
            .iter()
            .chain(inherited.filter(|entry| section.get(&entry.key).is_none()))
    }

    /// Read a file's text into the document, over what is there: sections merge, later
    /// values win. What cannot be understood is reported and left out; of the problems
    /// the first is the one the original stops at (spec core 1.2.2).
    pub fn read(&mut self, text: &str, file: &Arc<Path>) -> Vec<Problem> {
        read::read(self, text, file)
    }

    /// A text that reads as this document again, but for the places.
    #[must_use]
    pub fn render(&self) -> String {
        render::render(self)
    }

    /// Change the text of every value, those of `[DEFAULT]` too; `None` leaves it.
    pub(crate) fn map_values(&mut self, change: impl Fn(&str) -> Option<String>) {
        for section in self.sections.iter_mut().chain(&mut self.defaults) {
            for entry in &mut section.entries {
                if let Some(value) = change(&entry.value) {
                    let old = std::mem::replace(&mut entry.value, value);
                    entry.written.get_or_insert(old);
                }
            }
        }
    }
}
