//! What every section reader shares: the document, the names, the problems so far.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use visord_model::log_line::{Level, LogLine};
use visord_model::pyrepr::repr;

use crate::dialect::{Document, Entry, Section};
use crate::error::Problem;
use crate::expand::Scope;
use crate::listing::holds_secret;
use crate::secret::Secret;
use crate::types::{Environment, Surroundings};
use crate::value::{Accounts, absolute};

/// The state of one load. Problems are collected, not returned: one pass finds them all.
pub(crate) struct Context<'a> {
    pub(crate) document: &'a Document,
    pub(crate) surroundings: &'a Surroundings,
    /// `%(here)s`
    pub(crate) here: String,
    /// What `%(ENV_X)s` stands for: the daemon's own environment at start and then, once
    /// it is read, `[supervisord] environment` over it.
    pub(crate) environment: Environment,
    /// `[supervisord] environment`, under every program's own.
    pub(crate) for_children: Environment,
    pub(crate) accounts: Accounts,
    pub(crate) problems: RefCell<Vec<Problem>>,
    pub(crate) remarks: RefCell<Vec<LogLine>>,
    /// By section and option: what values with a `%` came to.
    expanded: RefCell<BTreeMap<String, BTreeMap<String, Noted>>>,
}

/// What a value came to, without secrets; if not always the same, some of what it came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noted {
    pub(crate) values: Vec<String>,
    /// How many more there are.
    pub(crate) more: usize,
}

impl Noted {
    /// Values kept: of many processes these are enough to see what they have in common.
    const MOST: usize = 3;

    fn add(&mut self, value: &str) {
        if self.values.iter().any(|known| known == value) {
        } else if self.values.len() < Self::MOST {
            self.values.push(value.to_owned());
        } else {
            self.more += 1;
        }
    }
}

/// The absolute directory of the main file (spec core 1.1.5).
pub(crate) fn here(path: &Path, surroundings: &Surroundings) -> String {
    let whole = absolute(&path.to_string_lossy(), surroundings);
    let directory = whole.parent().unwrap_or(&whole);
    directory.to_string_lossy().into_owned()
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        document: &'a Document,
        path: &'a Path,
        surroundings: &'a Surroundings,
    ) -> Self {
        Self {
            document,
            surroundings,
            here: here(path, surroundings),
            environment: surroundings.environment.clone(),
            for_children: Environment::new(),
            accounts: Accounts::default(),
            problems: RefCell::default(),
            remarks: RefCell::default(),
            expanded: RefCell::default(),
        }
    }

    /// The `ENV_` names.
    pub(crate) fn bare_scope(&self) -> Scope<'_> {
        Scope::of(&self.environment)
    }

    /// The `ENV_` names and `here`.
    pub(crate) fn scope(&self) -> Scope<'_> {
        self.bare_scope().text("here", self.here.as_str())
    }

    /// The sections whose names start so, in file order.
    pub(crate) fn sections_with(&self, prefix: &str) -> impl Iterator<Item = &'a Section> {
        self.document
            .sections()
            .iter()
            .filter(move |section| section.name.starts_with(prefix))
    }

    /// Read a section; errors carry no place in their text.
    pub(crate) fn reader(&'a self, section: &'a Section) -> Reader<'a> {
        Reader {
            context: self,
            section,
            located: false,
        }
    }

    /// Read a program-type section; errors end with its name and file (spec core 1.7).
    pub(crate) fn located_reader(&'a self, section: &'a Section) -> Reader<'a> {
        Reader {
            located: true,
            ..self.reader(section)
        }
    }

    /// From here on the variables of `[supervisord] environment` exist.
    pub(crate) fn set_environment(&mut self, variables: &Environment) {
        self.for_children.clone_from(variables);
        self.environment.extend(variables.clone());
    }

    /// What an option with a `%` came to, if somebody read it.
    pub(crate) fn noted(&self, section: &str, key: &str) -> Option<Noted> {
        self.expanded.borrow().get(section)?.get(key).cloned()
    }

    /// Something for the activity log.
    pub(crate) fn remark(&self, level: Level, text: String) {
        self.remarks.borrow_mut().push(LogLine::new(level, text));
    }

    pub(crate) fn push(&self, problem: Problem) {
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

/// Options of one section, expanded and converted; what is wrong goes to the context.
pub(crate) struct Reader<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) section: &'a Section,
    /// Whether errors end with the section's name and file.
    located: bool,
}

impl<'a> Reader<'a> {
    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.context.document.entry(self.section, key)
    }

    /// The text as written.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a str> {
        self.entry(key).map(|entry| entry.value.as_str())
    }

    /// The expanded and converted value; `None` if it is absent or bad.
    pub(crate) fn value<T>(
        &self,
        scope: &Scope<'_>,
        key: &str,
        convert: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let raw = self.raw(key)?;
        let converted = if raw.contains('%') {
            let option = format!("{}.{key}", self.section.name);
            let expanded = self.expand(scope, key, raw, &option);
            self.note(scope, key, raw, &expanded);
            expanded.and_then(|text| self.converted(key, &text, convert))
        } else {
            self.converted(key, raw, convert)
        };
        self.keep(key, converted)
    }

    /// Expand a value; the error, which quotes it, holds no secret. `option` is its name there.
    pub(crate) fn expand<'v>(
        &self,
        scope: &Scope<'_>,
        key: &str,
        value: &'v str,
        option: &str,
    ) -> Result<Cow<'v, str>, String> {
        if holds_secret(&self.section.name, key, value) {
            scope.expand_secret(value, option)
        } else {
            scope.expand(value, option)
        }
    }

    /// Convert an expanded value; the error, which may quote it, holds no secret.
    fn converted<T>(
        &self,
        key: &str,
        text: &str,
        convert: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        let raw = self.raw(key).unwrap_or_default();
        let hides = |value: &str| holds_secret(&self.section.name, key, value);
        convert(text).map_err(|message| {
            if hides(raw) || hides(text) {
                format!("the value of {key} is not valid; it is not shown: it may hold a secret")
            } else {
                message
            }
        })
    }

    /// Remember what a value came to, for those who ask later.
    pub(crate) fn note(
        &self,
        scope: &Scope<'_>,
        key: &str,
        raw: &str,
        expanded: &Result<Cow<'_, str>, String>,
    ) {
        let Ok(text) = expanded else { return };
        let masked = raw
            .contains("ENV_")
            .then(|| scope.clone().masking().expand(raw, key).ok())
            .flatten();
        let text = masked.as_ref().unwrap_or(text);
        let mut all = self.context.expanded.borrow_mut();
        if !all.contains_key(&self.section.name) {
            all.insert(self.section.name.clone(), BTreeMap::new());
        }
        let Some(section) = all.get_mut(&self.section.name) else {
            return;
        };
        match section.get_mut(key) {
            Some(noted) => noted.add(text),
            None => section.entry(key.to_owned()).or_default().add(text),
        }
    }

    /// A value that is expanded a second time: it is the outcome of that which counts.
    pub(crate) fn note_again(&self, key: &str, once: &str, twice: &str) {
        let mut all = self.context.expanded.borrow_mut();
        let section = all.get_mut(&self.section.name);
        if let Some(noted) = section.and_then(|section| section.get_mut(key))
            && let Some(value) = noted.values.iter_mut().find(|value| *value == once)
        {
            twice.clone_into(value);
        }
    }

    /// As [`Reader::value`], with a default.
    pub(crate) fn value_or<T>(
        &self,
        scope: &Scope<'_>,
        key: &str,
        default: T,
        convert: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        self.value(scope, key, convert).unwrap_or(default)
    }

    /// The expanded text; `None` if it is absent or bad.
    pub(crate) fn text(&self, scope: &Scope<'_>, key: &str) -> Option<String> {
        self.value(scope, key, |text| Ok(text.to_owned()))
    }

    /// As [`Reader::text`], of what is shown nowhere.
    pub(crate) fn secret(&self, scope: &Scope<'_>, key: &str) -> Option<Secret> {
        self.value(scope, key, |text| Ok(Secret::from(text)))
    }

    /// The value, or `None` and a problem of this option. A value that is read more than
    /// once (several groups, several processes) is wrong only once.
    pub(crate) fn keep<T>(&self, key: &str, converted: Result<T, String>) -> Option<T> {
        match converted {
            Ok(value) => Some(value),
            Err(message) => {
                let problem = self.problem(key, message);
                let known = self.context.problems.borrow().iter().any(|other| {
                    (&other.file, other.line, &other.key)
                        == (&problem.file, problem.line, &problem.key)
                });
                if !known {
                    self.context.push(problem);
                }
                None
            }
        }
    }

    /// Something is wrong with this option; one option may have several such problems. The
    /// message holds no secret.
    pub(crate) fn fail(&self, key: &str, message: String) {
        self.context.push(self.problem(key, message));
    }

    /// Something is wrong with the section as a whole. The message holds no value.
    pub(crate) fn fail_section(&self, message: &str) {
        let place = &self.section.place;
        self.context.push(Problem {
            file: place.file.to_path_buf(),
            line: Some(place.line),
            section: Some(self.section.name.clone()),
            key: None,
            message: format!("{message}{}", self.suffix()),
            quotes: false,
        });
    }

    fn suffix(&self) -> String {
        if !self.located {
            return String::new();
        }
        let name = repr(&self.section.name);
        let file = repr(&self.section.place.file.to_string_lossy());
        format!(" in section {name} (file: {file})")
    }

    fn problem(&self, key: &str, message: String) -> Problem {
        let place = self.entry(key).map_or(&self.section.place, |at| &at.place);
        Problem {
            file: place.file.to_path_buf(),
            line: Some(place.line),
            section: Some(self.section.name.clone()),
            key: Some(key.to_owned()),
            message: message + &self.suffix(),
            quotes: true,
        }
    }
}
