//! What a configuration says and where it says it, for people who ask what holds and why.
//!
//! For every section every option: what is written and in which file and line, what it comes to
//! after expansion, and what holds where nothing is written. It is made from the very document
//! that the [`Config`](crate::Config) is made from, and it holds no secrets: they are left out
//! when it is made ([`hide`]), so that nobody who is shown it later can find one.

mod defaults;
mod hide;
mod server;

use std::path::Path;
use std::sync::Arc;

use crate::context::{Context, Noted};
use crate::dialect::{Entry, Section};
use crate::options::{KINDS, Kind, extras};
use crate::types::{Overrides, ServerConfig};

pub use hide::HIDDEN;
pub(crate) use hide::{holds_secret, in_urls, line_without_secrets, sounds_secret};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// All sections, in the order of their first headers.
    pub sections: Vec<ListedSection>,
}

/// One section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSection {
    /// What stands between the brackets.
    pub name: String,
    /// The file of its first header.
    pub file: Arc<Path>,
    /// The line of that header.
    pub line: usize,
    /// Whether anybody reads it.
    pub known: bool,
    /// The options that are set, in the order of the manual, then those nobody knows. Of
    /// `[supervisord]` all.
    pub options: Vec<ListedOption>,
}

impl ListedSection {
    /// The options that are set and those that are not, in the order of the manual, then those
    /// nobody knows.
    #[must_use]
    pub fn complete(&self) -> Vec<ListedOption> {
        let kind = KINDS.iter().find(|kind| kind.is(&self.name));
        let set = |key: &str| self.options.iter().find(|option| option.key == key);
        let known = known(kind);
        let listed = known.iter().map(|key| match set(key) {
            Some(option) => option.clone(),
            None => self.unset(kind, key),
        });
        let more = self.options.iter();
        let more = more.filter(|option| !known.contains(&option.key.as_str()));
        listed.chain(more.cloned()).collect()
    }

    /// How many options it does not set.
    #[must_use]
    pub fn unset_count(&self) -> usize {
        let known = known(KINDS.iter().find(|kind| kind.is(&self.name)));
        let is_set = |key: &&&str| self.options.iter().any(|option| option.key == **key);
        known.len() - known.iter().filter(is_set).count()
    }

    fn unset(&self, kind: Option<&Kind>, key: &str) -> ListedOption {
        let leader = self.options.iter().find(|it| it.key == "stopasgroup");
        let default = match leader {
            Some(leader) if key == "killasgroup" => leader.effective.first().cloned(),
            Some(_) | None => defaults::of(kind.map_or("", |kind| kind.name), key),
        };
        ListedOption {
            key: key.to_owned(),
            source: Source::Default,
            written: None,
            effective: default.into_iter().collect(),
            more: 0,
            known: true,
        }
    }
}

/// The options that sections of a kind may have.
fn known(kind: Option<&Kind>) -> Vec<&'static str> {
    kind.map_or_else(Vec::new, |kind| {
        [kind.options.unwrap_or_default(), extras(kind.name)].concat()
    })
}

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOption {
    /// Its name.
    pub key: String,
    /// Where its value comes from.
    pub source: Source,
    /// As it stands in the file, without secrets.
    pub written: Option<String>,
    /// What it comes to, without secrets: one value, or several where the processes of a
    /// section have different ones. Empty: it is not set and has no default.
    pub effective: Vec<String>,
    /// How many times it comes to something else.
    pub more: usize,
    /// Whether anybody reads it.
    pub known: bool,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// A file.
    File {
        /// Which.
        file: Arc<Path>,
        /// The line of the option, counted from 1.
        line: usize,
        /// It stands in `[DEFAULT]`.
        inherited: bool,
    },
    /// An option of supervisord's command line, which beats the file.
    CommandLine,
}

/// List what a context has read.
pub(crate) fn list(context: &Context<'_>, server: &ServerConfig, overrides: &Overrides) -> Listing {
    let lister = Lister {
        context,
        server,
        overridden: server::overridden(overrides),
    };
    let sections = context.document.sections().iter();
    Listing {
        sections: sections.map(|section| lister.section(section)).collect(),
    }
}

struct Lister<'a> {
    context: &'a Context<'a>,
    server: &'a ServerConfig,
    /// Options of `[supervisord]` that the command line sets.
    overridden: Vec<&'static str>,
}

impl Lister<'_> {
    fn section(&self, section: &Section) -> ListedSection {
        let kind = KINDS.iter().find(|kind| kind.is(&section.name));
        let known = known(kind);
        // a section of any options, such as [rpcinterface:x], knows all it has
        let any = kind.is_some_and(|kind| kind.options.is_none());
        let own = section.entries().iter().map(|entry| entry.key.as_str());
        let more = own.filter(|key| !known.contains(key));
        let whole = kind.is_some_and(|kind| kind.name == server::KIND);
        let is_set = |key: &&&str| whole || self.context.document.entry(section, key).is_some();
        let listed = known.iter().filter(is_set).map(|key| (*key, true));
        let listed = listed.chain(more.map(|key| (key, any)));
        ListedSection {
            name: section.name.clone(),
            file: Arc::clone(&section.place.file),
            line: section.place.line,
            known: kind.is_some(),
            options: listed
                .map(|(key, known)| self.option(section, kind, key, known))
                .collect(),
        }
    }

    fn option(
        &self,
        section: &Section,
        kind: Option<&Kind>,
        key: &str,
        known: bool,
    ) -> ListedOption {
        let entry = self.context.document.entry(section, key);
        let kind = kind.map_or("", |kind| kind.name);
        let from_command_line = kind == server::KIND && self.overridden.contains(&key);
        let source = match entry {
            _ if from_command_line => Source::CommandLine,
            None => Source::Default,
            Some(entry) => Source::File {
                file: Arc::clone(&entry.place.file),
                line: entry.place.line,
                inherited: section.get(key).is_none(),
            },
        };
        let (effective, more) = match entry {
            Some(entry) if !from_command_line => self.effective(section, kind, entry),
            // of [supervisord] everything is known
            Some(_) | None => {
                let value = server::effective(self.server, key);
                (value.into_iter().collect(), 0)
            }
        };
        let hide = |text: &String| hide::secrets(kind, known, key, text);
        ListedOption {
            key: key.to_owned(),
            source,
            written: entry.map(|entry| hide(entry.written.as_ref().unwrap_or(&entry.value))),
            effective: effective.iter().map(hide).collect(),
            more,
            known,
        }
    }

    /// What a written value comes to.
    fn effective(&self, section: &Section, kind: &str, entry: &Entry) -> (Vec<String>, usize) {
        if !entry.value.contains('%') {
            let shown = (kind == server::KIND && server::is_path(&entry.key))
                .then(|| server::effective(self.server, &entry.key))
                .flatten();
            return (vec![shown.unwrap_or_else(|| entry.value.clone())], 0);
        }
        if let Some(Noted { values, more }) = self.context.noted(&section.name, &entry.key) {
            return (values, more);
        }
        // nobody has read it here, such as [supervisorctl]
        let scope = self.context.scope().masking();
        let expanded = scope.expand(&entry.value, &entry.key);
        (expanded.into_iter().map(Into::into).collect(), 0)
    }
}
