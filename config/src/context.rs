//! What every section reader shares: the document, the names, the problems so far.
//!
//! A [`Reader`] expands and converts the keys of one section. It collects what is wrong in the
//! [`Context`], so that one pass finds everything.

mod reader;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use visord_model::log_line::{Level, LogLine};

use crate::dialect::{Document, Section};
use crate::error::Problem;
use crate::expand::Scope;
use crate::keys;
use crate::types::{Environment, HostContext};
use crate::value::{Accounts, absolute};
pub(crate) use reader::Reader;

pub(crate) struct Context<'a> {
    pub(crate) document: &'a Document,
    pub(crate) host: &'a HostContext,
    /// `%(here)s`
    here: String,
    /// The `X` of `%(ENV_X)s`: the daemon's own environment at start and then, once
    /// it is read, `[supervisord] environment` over it.
    pub(crate) environment: Environment,
    /// `[supervisord] environment`, under every program's own.
    pub(crate) for_children: Environment,
    pub(crate) accounts: Accounts,
    pub(crate) problems: RefCell<Vec<Problem>>,
    pub(crate) remarks: RefCell<Vec<LogLine>>,
    /// By section and key: the expansions of values with a `%`.
    expanded: RefCell<BTreeMap<(String, String), Expansions>>,
}

/// Expansions of one value, without secrets: some of them if they differ between processes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expansions {
    pub(crate) values: Vec<String>,
    /// How many more there are.
    pub(crate) more: usize,
}

impl Expansions {
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
pub(crate) fn here(path: &Path, host: &HostContext) -> String {
    let whole = absolute(&path.to_string_lossy(), host);
    let directory = whole.parent().unwrap_or(&whole);
    directory.to_string_lossy().into_owned()
}

impl<'a> Context<'a> {
    pub(crate) fn new(document: &'a Document, path: &'a Path, host: &'a HostContext) -> Self {
        Self {
            document,
            host,
            here: here(path, host),
            environment: host.environment.clone(),
            for_children: Environment::new(),
            accounts: Accounts::default(),
            problems: RefCell::default(),
            remarks: RefCell::default(),
            expanded: RefCell::default(),
        }
    }

    /// The `ENV_` names and `here`.
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope::of(&self.environment).text("here", self.here.as_str())
    }

    /// The sections whose names start so, in file order.
    pub(crate) fn sections_with(&self, prefix: &str) -> impl Iterator<Item = &'a Section> {
        self.document
            .sections()
            .filter(move |section| section.name.starts_with(prefix))
    }

    pub(crate) fn readers(&'a self, prefix: &str) -> impl Iterator<Item = Reader<'a>> {
        self.sections_with(prefix)
            .map(|section| self.reader(section))
    }

    /// Read a section; errors carry no place in their text.
    pub(crate) fn reader(&'a self, section: &'a Section) -> Reader<'a> {
        Reader {
            context: self,
            section,
            scope: self.scope(),
            kind: keys::kind_of(&section.name),
            is_located: false,
        }
    }

    /// Read a section as a program, whatever its kind; errors end with its name and file
    /// (spec core 1.7).
    pub(crate) fn program_reader(&'a self, section: &'a Section) -> Reader<'a> {
        Reader {
            kind: keys::kind_of(keys::PROGRAM),
            is_located: true,
            ..self.reader(section)
        }
    }

    /// From here on the variables of `[supervisord] environment` exist.
    pub(crate) fn set_environment(&mut self, variables: &Environment) {
        self.for_children.clone_from(variables);
        self.environment.extend(variables.clone());
    }

    /// The expansions of a value with a `%`, if it was read.
    pub(crate) fn expansions(&self, section: &str, key: &str) -> Option<Expansions> {
        let place = (section.to_owned(), key.to_owned());
        self.expanded.borrow().get(&place).cloned()
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
