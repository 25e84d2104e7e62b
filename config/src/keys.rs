//! Every kind of section and every key: one table, `keys.txt`.
//!
//! The readers of sections take defaults from it, `--check` knows from it what is misspelled, the
//! [`Listing`](crate::Listing) shows it and supervisord.conf(5) is made from it. A new key is one
//! row there and a field in `types.rs`, which the reader of its section fills.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

/// The prefix of the section that says what all programs have in common.
pub(crate) const PROGRAM: &str = "program:";

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What its value looks like.
    pub form: &'static str,
    /// What holds without it, as it would be written, or in words in brackets.
    pub default: &'static str,
    /// What it does.
    pub text: &'static str,
    /// The original does not have it.
    pub is_addition: bool,
    /// The manual has it here, not at another key or section that it is like.
    is_documented: bool,
}

impl Key {
    /// What holds without it, as it would be written; `None`: that is not a value.
    pub fn default_value(&self) -> Option<&'static str> {
        (!self.default.starts_with(['[', '('])).then_some(self.default)
    }

    /// What a listing shows for a key that is not set.
    pub(crate) fn shown_default(&self) -> Option<&'static str> {
        let words = self.default.strip_prefix('(');
        let words = words.and_then(|words| words.strip_suffix(')'));
        words.or_else(|| self.default_value())
    }
}

/// One kind of section.
#[derive(Clone, Debug)]
pub struct SectionKind {
    /// As it is written: `[program:NAME]`.
    pub title: &'static str,
    /// What it is for.
    pub text: &'static str,
    /// Its name, or what its name begins with.
    pub(crate) name: &'static str,
    is_prefix: bool,
    /// Keys that are not in the table have a meaning, too.
    pub(crate) is_open: bool,
    /// The title of the kind whose keys it has, too.
    like: Option<&'static str>,
    rows: &'static str,
    /// Read when it is needed: most sections of the table never are.
    keys: OnceLock<Keys>,
}

/// The keys of a kind of section, in the order of the manual.
#[derive(Clone, Debug, Default)]
struct Keys {
    all: Vec<Key>,
    index: HashMap<Cow<'static, str>, usize>,
}

impl SectionKind {
    /// Its keys in the manual: `stdout_` stands for `stderr_` too, and what programs of all kinds have
    /// is at `[program:NAME]` alone.
    pub fn documented(&self) -> impl Iterator<Item = &Key> {
        let keys = self.keys().all.iter();
        keys.filter(|key| key.is_documented)
    }

    /// All names of keys that are known, in the order of the manual; none if any key may be.
    pub(crate) fn names(&'static self) -> impl Iterator<Item = &'static str> + Clone {
        let keys = if self.is_open {
            &[][..]
        } else {
            &self.keys().all
        };
        keys.iter().map(|key| &*key.name)
    }

    pub(crate) fn key(&self, name: &str) -> Option<&Key> {
        let keys = self.keys();
        keys.index.get(name).map(|&at| &keys.all[at])
    }

    fn is(&self, section: &str) -> bool {
        section
            .strip_prefix(self.name)
            .is_some_and(|rest| self.is_prefix || rest.is_empty())
    }

    fn keys(&self) -> &Keys {
        self.keys.get_or_init(|| {
            let mut keys = Keys::default();
            let like = kinds().iter().find(|kind| Some(kind.title) == self.like);
            for key in like.into_iter().flat_map(|kind| &kind.keys().all) {
                keys.add(Key {
                    is_documented: false,
                    ..key.clone()
                });
            }
            for key in self.rows.lines().filter_map(key) {
                keys.add(key);
            }
            keys.add_stderr();
            keys
        })
    }

    /// From a part of the table: ` [title] words`, what it is for, its keys.
    fn new(part: &'static str) -> Option<Self> {
        let (line, rest) = part.trim_start().split_once('\n')?;
        let (text, rows) = rest.split_once('\n').unwrap_or((rest, ""));
        let (title, words) = line.split_at(line.find(']')? + 1);
        let inside = title.strip_prefix('[')?.strip_suffix(']')?;
        let name = inside.strip_suffix("NAME").unwrap_or(inside);
        Some(Self {
            title,
            text,
            name,
            is_prefix: name != inside || words == " with any ending",
            is_open: words == " with any keys",
            like: words.strip_prefix(" like "),
            rows,
            keys: OnceLock::new(),
        })
    }
}

impl Keys {
    fn add(&mut self, key: Key) {
        if let Some(&at) = self.index.get(&key.name) {
            self.all[at] = key;
        } else {
            self.index.insert(key.name.clone(), self.all.len());
            self.all.push(key);
        }
    }

    /// The keys of standard error, as those of standard output.
    fn add_stderr(&mut self) {
        for key in self.all.clone() {
            if let Some(rest) = key.name.strip_prefix("stdout_") {
                self.add(Key {
                    name: format!("stderr_{rest}").into(),
                    is_documented: false,
                    ..key
                });
            }
        }
    }
}

/// Every kind of section (spec core 1.3), the daemon's first.
pub fn kinds() -> &'static [SectionKind] {
    static KINDS: LazyLock<Vec<SectionKind>> = LazyLock::new(|| {
        // what is before the first says how the table is written
        let parts = include_str!("keys.txt").split('§').skip(1);
        parts.filter_map(SectionKind::new).collect()
    });
    &KINDS
}

pub(crate) fn kind_of(section: &str) -> Option<&'static SectionKind> {
    kinds().iter().find(|kind| kind.is(section))
}

/// `name = form | default | text`, perhaps with a `+` before it.
fn key(line: &'static str) -> Option<Key> {
    let (name, rest) = line.split_once(" = ")?;
    let mut fields = rest.splitn(3, '|').map(str::trim);
    let (form, default, text) = (fields.next()?, fields.next()?, fields.next()?);
    let addition = name.strip_prefix("+ ");
    Some(Key {
        name: addition.unwrap_or(name).into(),
        form,
        default,
        text,
        is_addition: addition.is_some(),
        is_documented: !text.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = include_str!("keys.txt").lines();
        let rows = rows.filter(|line| line.contains(" | ") && !line.starts_with('#'));
        let hidden = 1; // priority of an event listener
        let documented = kinds().iter().flat_map(SectionKind::documented);
        assert_eq!(documented.count() + hidden, rows.count());
        for kind in kinds() {
            assert!(!kind.text.is_empty(), "{}", kind.title);
            for key in kind.documented() {
                assert!(!key.form.is_empty(), "{} {}", kind.title, key.name);
                assert!(!key.default.is_empty(), "{} {}", kind.title, key.name);
            }
        }
    }

    #[test]
    fn defaults() {
        for (section, name, default) in [
            ("program:x", "startsecs", Some("1")),
            ("program:x", "stdout_logfile", Some("AUTO")),
            ("program:x", "stderr_logfile", Some("AUTO")),
            ("program:x", "process_name", Some("%(program_name)s")),
            ("program:x", "directory", None),
            ("eventlistener:x", "startsecs", Some("1")),
            ("eventlistener:x", "buffer_size", Some("10")),
            ("eventlistener:x", "priority", Some("-1")),
            ("fcgi-program:x", "priority", Some("999")),
            ("fcgi-program:x", "socket_mode", Some("0700")),
            ("unix_http_server:2", "chmod", Some("0700")),
            ("unix_http_server", "username", None),
            ("web_user:x", "role", Some("view")),
            ("web_user:x", "servers", Some("every server")),
            ("group:x", "priority", Some("999")),
        ] {
            let key = kind_of(section).and_then(|kind| kind.key(name));
            let shown = key.and_then(Key::shown_default);
            assert_eq!(shown, default, "{section} {name}");
        }
        assert!(kind_of("nothing").is_none());
    }
}
