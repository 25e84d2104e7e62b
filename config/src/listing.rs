//! What a configuration says and where, for a person who asks what holds and why.
//!
//! For every section every key: its text, file and line, its value after expansion, and the
//! default of what is not set. It is made from the same document as the
//! [`Config`](crate::Config), and it holds no secrets: `hide.rs` leaves them out when it is made,
//! so that no page or client can show one later.

use std::path::Path;
use std::sync::Arc;

use crate::context::{Context, Expansions};
use crate::dialect::{Entry, Section};
use crate::hide;
use crate::keys::{SectionKind, kind_of};
use crate::server;
use crate::types::{MainLogTarget, Overrides, ServerConfig};

/// A configuration as people may see it.
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
    /// Whether it has a meaning.
    pub known: bool,
    /// The options that are set, in the order of the manual, then unknown ones. Of
    /// `[supervisord]` all.
    pub options: Vec<ListedOption>,
}

impl ListedSection {
    /// The options that are set and those that are not, in the order of the manual, then unknown
    /// ones.
    pub fn complete(&self) -> Vec<ListedOption> {
        let kind = kind_of(&self.name);
        let set = |key: &str| self.options.iter().find(|option| option.key == key);
        let listed = known(kind).map(|key| match set(key) {
            Some(option) => option.clone(),
            None => self.unset(kind, key),
        });
        let is_unknown = |option: &&ListedOption| known(kind).all(|key| key != option.key);
        let unknown = self.options.iter().filter(is_unknown);
        listed.chain(unknown.cloned()).collect()
    }

    /// How many options it does not set.
    pub fn unset_count(&self) -> usize {
        let is_set = |key: &str| self.options.iter().any(|option| option.key == key);
        let known = known(kind_of(&self.name));
        known.filter(|key| !is_set(key)).count()
    }

    fn unset(&self, kind: Option<&SectionKind>, key: &str) -> ListedOption {
        let leader = self.options.iter().find(|it| it.key == "stopasgroup");
        let default = match leader {
            Some(leader) if key == "killasgroup" => leader.effective.first().cloned(),
            Some(_) | None => kind
                .and_then(|kind| kind.key(key)?.shown_default())
                .map(str::to_owned),
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

fn known(kind: Option<&'static SectionKind>) -> impl Iterator<Item = &'static str> {
    kind.into_iter().flat_map(SectionKind::names)
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
    /// Its value after expansion, without secrets; several where the processes of a
    /// section have different ones. Empty: it is not set and has no default.
    pub effective: Vec<String>,
    /// How many more values there are.
    pub more: usize,
    /// Whether it has a meaning.
    pub known: bool,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is not set.
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

pub(crate) fn list(context: &Context<'_>, server: &ServerConfig, overrides: &Overrides) -> Listing {
    let lister = Lister {
        context,
        server,
        overrides,
    };
    let sections = context.document.sections();
    Listing {
        sections: sections.map(|section| lister.section(section)).collect(),
    }
}

struct Lister<'a> {
    context: &'a Context<'a>,
    server: &'a ServerConfig,
    overrides: &'a Overrides,
}

impl Lister<'_> {
    fn section(&self, section: &Section) -> ListedSection {
        let kind = kind_of(&section.name);
        let is_open = kind.is_some_and(|kind| kind.is_open);
        let own = section.entries().iter().map(|entry| entry.key.as_str());
        let more = own.filter(|key| known(kind).all(|known| known != *key));
        let is_whole = section.name == server::SECTION;
        let is_set = |key: &&str| is_whole || self.context.document.entry(section, key).is_some();
        let listed = known(kind).filter(is_set).map(|key| (key, true));
        let listed = listed.chain(more.map(|key| (key, is_open)));
        ListedSection {
            name: section.name.clone(),
            file: Arc::clone(&section.place.file),
            line: section.place.line,
            known: kind.is_some(),
            options: listed
                .map(|(key, known)| self.option(section, key, known))
                .collect(),
        }
    }

    fn option(&self, section: &Section, key: &str, known: bool) -> ListedOption {
        let entry = self.context.document.entry(section, key);
        let is_server = section.name == server::SECTION;
        let from_command_line = is_server && self.overrides.contains_key(key);
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
            Some(entry) if !from_command_line => self.effective(section, entry),
            // of [supervisord] everything is known
            Some(_) | None => {
                let value = server_value(self.server, key);
                (value.into_iter().collect(), 0)
            }
        };
        let hide = |text: &String| hide::secrets(kind_of(&section.name), known, key, text);
        ListedOption {
            key: key.to_owned(),
            source,
            written: entry.map(|entry| hide(entry.written.as_ref().unwrap_or(&entry.value))),
            effective: effective.iter().map(hide).collect(),
            more,
            known,
        }
    }

    fn effective(&self, section: &Section, entry: &Entry) -> (Vec<String>, usize) {
        if !entry.value.contains('%') {
            let shown = (section.name == server::SECTION && is_path(&entry.key))
                .then(|| server_value(self.server, &entry.key))
                .flatten();
            return (vec![shown.unwrap_or_else(|| entry.value.clone())], 0);
        }
        let found = self.context.expansions(&section.name, &entry.key);
        if let Some(Expansions { values, more }) = found {
            return (values, more);
        }
        // not read by the daemon, such as [supervisorctl]
        let scope = self.context.scope().masking();
        let expanded = scope.expand(&entry.value, &entry.key);
        (expanded.into_iter().map(Into::into).collect(), 0)
    }
}

/// Whether a relative value of a key of `[supervisord]` becomes an absolute one.
fn is_path(key: &str) -> bool {
    ["logfile", "pidfile", "childlogdir", "directory"].contains(&key)
}

/// The value of a key of `[supervisord]` but `environment`; `None` if it has none.
fn server_value(server: &ServerConfig, key: &str) -> Option<String> {
    let path = |path: &Path| path.display().to_string();
    let value = match key {
        "minfds" => server.minfds.to_string(),
        "minprocs" => server.minprocs.to_string(),
        "directory" => path(server.directory.as_deref()?),
        "user" => format!("uid {}", server.user?),
        "umask" => format!("{:03o}", server.umask),
        "logfile" => match &server.logfile {
            MainLogTarget::Syslog(_) => "syslog".to_owned(),
            MainLogTarget::File(file) => path(file),
        },
        "logfile_maxbytes" => server.logfile_maxbytes.to_string(),
        "logfile_backups" => server.logfile_backups.to_string(),
        "loglevel" => server.loglevel.name().to_owned(),
        "pidfile" => path(&server.pidfile),
        "identifier" => server.identifier.clone(),
        "nodaemon" => server.nodaemon.to_string(),
        "silent" => server.silent.to_string(),
        "childlogdir" => path(&server.childlogdir),
        "nocleanup" => server.nocleanup.to_string(),
        "strip_ansi" => server.strip_ansi.to_string(),
        _ => return None,
    };
    Some(value)
}
