//! The INI dialect of `supervisord.conf`: the exact line algorithm of spec core 1.2.
//!
//! It is Python's dialect as the original sets it up: `;` and `#` start a comment after
//! white space, an indented line continues the open option whatever it looks like,
//! sections given twice merge, the last value of an option wins, `[DEFAULT]` is below all.
//! No crate reads it unchanged (`docs/decisions/0001-ini-dialect.md`), so this is our own
//! parser. It keeps file and line of every section and option for error messages.

mod line;
mod read;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Location, Problem};
pub use line::{decode, is_space};

/// Name of the section whose options are fallbacks in every other one.
pub const DEFAULT_SECTION: &str = "DEFAULT";

/// Which comments and repetitions a file may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rules {
    /// As `supervisord.conf`.
    Supervisor,
    /// Python's configparser without options.
    Plain,
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
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The section's own option of this (lower-case) name.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.index.get(key).map(|&at| &self.entries[at])
    }

    /// Store an option; one of this name keeps its position, which is returned.
    fn set(&mut self, key: &str, value: &str, place: Location) -> usize {
        if let Some(&at) = self.index.get(key) {
            let entry = &mut self.entries[at];
            value.clone_into(&mut entry.value);
            entry.place = place;
            return at;
        }
        self.index.insert(key.to_owned(), self.entries.len());
        self.entries.push(Entry {
            key: key.to_owned(),
            value: value.to_owned(),
            written: None,
            place,
        });
        self.entries.len() - 1
    }
}

/// Everything that one file and its includes say, before any meaning is given to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// In the order of their first headers, `[DEFAULT]` among them.
    all: Vec<Section>,
    index: HashMap<String, usize>,
}

impl Document {
    /// All sections but `[DEFAULT]`, in the order of their first headers.
    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        let all = self.all.iter();
        all.filter(|section| section.name != DEFAULT_SECTION)
    }

    /// `[DEFAULT]`, if it occurs.
    pub fn defaults(&self) -> Option<&Section> {
        self.any(DEFAULT_SECTION)
    }

    fn any(&self, name: &str) -> Option<&Section> {
        self.index.get(name).map(|&at| &self.all[at])
    }

    /// The section of exactly this name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.any(name)
            .filter(|section| section.name != DEFAULT_SECTION)
    }

    /// An option of a section, or else of `[DEFAULT]` (spec core 1.2.4).
    pub fn entry<'a>(&'a self, section: &'a Section, key: &str) -> Option<&'a Entry> {
        section.get(key).or_else(|| self.defaults()?.get(key))
    }

    /// Every option that holds in a section: its own, then those it has from `[DEFAULT]`.
    pub fn entries<'a>(&'a self, section: &'a Section) -> impl Iterator<Item = &'a Entry> {
        let inherited = self.defaults().into_iter().flat_map(|all| &all.entries);
        section
            .entries
            .iter()
            .chain(inherited.filter(|entry| section.get(&entry.key).is_none()))
    }

    /// Read a file's text into the document, over what is there: sections merge, later
    /// values win. What cannot be understood is reported and left out; of the problems
    /// the first is the one the original stops at (spec core 1.2.2).
    pub fn read(&mut self, text: &str, file: &Arc<Path>) -> Vec<Problem> {
        read::read(self, text, file, Rules::Supervisor)
    }

    /// As [`Self::read`], by the rules of an ordinary ini file of Python: a comment is a whole line,
    /// and a section or option that is repeated in the file is a problem.
    pub fn read_plain(&mut self, text: &str, file: &Arc<Path>) -> Vec<Problem> {
        read::read(self, text, file, Rules::Plain)
    }

    /// Some of the sections, and `[DEFAULT]`.
    pub(crate) fn only(&self, is_kept: impl Fn(&Section) -> bool) -> Self {
        let mut kept = Self::default();
        for section in &self.all {
            if section.name == DEFAULT_SECTION || is_kept(section) {
                kept.index.insert(section.name.clone(), kept.all.len());
                kept.all.push(section.clone());
            }
        }
        kept
    }

    /// Change the text of every value, those of `[DEFAULT]` too; `None` leaves it.
    pub(crate) fn map_values(&mut self, change: impl Fn(&str) -> Option<String>) {
        let sections = self.all.iter_mut();
        for entry in sections.flat_map(|section| &mut section.entries) {
            if let Some(value) = change(&entry.value) {
                let old = std::mem::replace(&mut entry.value, value);
                entry.written.get_or_insert(old);
            }
        }
    }
}
