//! Reads the keys of one section: text, expansion, value, default.

use std::borrow::Cow;
use std::path::PathBuf;

use visord_model::pyrepr::repr;

use super::Context;
use crate::dialect::{Entry, Section};
use crate::error::Problem;
use crate::expand::Scope;
use crate::hide::holds_secret;
use crate::keys::{Key, SectionKind};
use crate::secret::Secret;
use crate::types::Ownership;
use crate::value::{absolute, expand_home, one_of, parse_octal};

#[derive(Clone)]
pub(crate) struct Reader<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) section: &'a Section,
    /// The names that values may contain.
    pub(crate) scope: Scope<'a>,
    /// Where defaults come from.
    pub(super) kind: Option<&'static SectionKind>,
    /// Whether errors end with the section's name and file.
    pub(super) is_located: bool,
}

impl<'a> Reader<'a> {
    /// With only the `ENV_` names in values.
    pub(crate) fn bare(&self) -> Self {
        self.within(Scope::of(&self.context.environment))
    }

    /// With these names in values.
    pub(crate) fn within<'s>(&self, scope: Scope<'s>) -> Reader<'s>
    where
        'a: 's,
    {
        Reader {
            scope,
            ..self.clone()
        }
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.context.document.entry(self.section, key)
    }

    /// The text as written.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a str> {
        self.entry(key).map(|entry| entry.value.as_str())
    }

    /// The expanded and converted value. What is absent or bad is its default; `None` if it has
    /// none.
    pub(crate) fn value<T>(
        &self,
        key: &str,
        convert: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.written(key, &convert)
            .or_else(|| convert(self.default_of(key)?).ok())
    }

    fn default_of(&self, key: &str) -> Option<&'static str> {
        self.kind?.key(key).and_then(Key::default_value)
    }

    /// The expanded and converted value; `None` if it is absent or bad.
    pub(crate) fn written<T>(
        &self,
        key: &str,
        convert: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let raw = self.raw(key)?;
        let converted = if raw.contains('%') {
            let expanded = self.expand(key, raw, &format!("{}.{key}", self.section.name));
            self.note(key, raw, &expanded);
            expanded.and_then(|text| self.converted(key, &text, convert))
        } else {
            self.converted(key, raw, convert)
        };
        self.keep(key, converted)
    }

    /// The expanded text, or its default.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.value(key, |text| Ok(text.to_owned()))
    }

    /// The expanded text; `None` if nothing is in it.
    pub(crate) fn non_empty(&self, key: &str) -> Option<String> {
        self.text(key).filter(|text| !text.is_empty())
    }

    /// As [`Reader::text`], of what is shown nowhere.
    pub(crate) fn secret(&self, key: &str) -> Option<Secret> {
        self.value(key, |text| Ok(Secret::from(text)))
    }

    pub(crate) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        self.value(key, |text| one_of(text, choices))
    }

    /// `user` or `user:group`; a message calls it `shown`.
    pub(crate) fn owner(&self, key: &str, shown: &str) -> Option<Ownership> {
        self.value(key, |text| {
            let owner = self.context.accounts.owner(text);
            owner.map_err(|_| format!("Invalid {shown} value {text}"))
        })
    }

    /// The mode of a socket file.
    pub(crate) fn mode(&self, key: &str) -> Option<u32> {
        self.value(key, |text| {
            parse_octal(text).map_err(|_| format!("Invalid {key} value {text}"))
        })
    }

    /// The absolute path of a text, with `~` expanded.
    pub(crate) fn path_of(&self, text: &str) -> PathBuf {
        let host = self.context.host;
        absolute(&expand_home(text, host), host)
    }

    /// The absolute path that a key names; `None` if its value is blank.
    pub(crate) fn path(&self, key: &str) -> Option<PathBuf> {
        let text = self.text(key)?;
        let text = text.trim();
        (!text.is_empty()).then(|| self.path_of(text))
    }

    /// The values of `tls_cert` and `tls_key`: both or neither.
    pub(crate) fn certificate_and_key<T>(&self, cert: Option<T>, key: Option<T>) -> Option<(T, T)> {
        match (cert, key) {
            (Some(cert), Some(key)) => return Some((cert, key)),
            (None, None) => {}
            (Some(_), None) => self.fail_without("tls_cert", "tls_key"),
            (None, Some(_)) => self.fail_without("tls_key", "tls_cert"),
        }
        None
    }

    pub(crate) fn fail_without(&self, given: &str, missing: &str) {
        let section = &self.section.name;
        self.fail(
            given,
            format!("Section [{section}] has {given} but no {missing}"),
        );
    }

    pub(crate) fn require(&self, key: &str) {
        if self.raw(key).is_none() {
            let section = &self.section.name;
            self.fail_section(&format!("section [{section}] has no {key} value"));
        }
    }

    /// Expand a value; the error, which quotes it, holds no secret. `option` is its name there.
    pub(crate) fn expand<'v>(
        &self,
        key: &str,
        value: &'v str,
        option: &str,
    ) -> Result<Cow<'v, str>, String> {
        let is_secret = holds_secret(&self.section.name, key, value);
        self.scope.expand_value(value, option, is_secret)
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

    /// Remember the expansion of a value for the listing.
    pub(crate) fn note(&self, key: &str, raw: &str, expanded: &Result<Cow<'_, str>, String>) {
        let Ok(text) = expanded else { return };
        let masked = raw
            .contains("ENV_")
            .then(|| self.scope.clone().masking().expand(raw, key).ok())
            .flatten();
        let text = masked.as_ref().unwrap_or(text);
        let mut all = self.context.expanded.borrow_mut();
        all.entry(self.place(key)).or_default().add(text);
    }

    fn place(&self, key: &str) -> (String, String) {
        (self.section.name.clone(), key.to_owned())
    }

    /// A value is expanded a second time: the listing shows the second expansion.
    pub(crate) fn note_again(&self, key: &str, once: &str, twice: &str) {
        let mut all = self.context.expanded.borrow_mut();
        if let Some(expansions) = all.get_mut(&self.place(key))
            && let Some(value) = expansions.values.iter_mut().find(|value| *value == once)
        {
            twice.clone_into(value);
        }
    }

    /// The value, or `None` and a problem of this key. A value that is read more than
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

    /// Something is wrong with this key; one key may have several such problems. The
    /// message holds no secret.
    pub(crate) fn fail(&self, key: &str, message: String) {
        self.context.push(self.problem(key, message));
    }

    /// Something is wrong with the section as a whole. The message holds no value.
    pub(crate) fn fail_section(&self, message: &str) {
        let problem = Problem::at(&self.section.place, self.complete(message));
        let problem = problem.in_section(&self.section.name, None);
        self.context.push(problem);
    }

    /// `file:line` of a key, or of the section if the key is not there.
    pub(crate) fn place_of(&self, key: &str) -> String {
        let place = self.entry(key).map_or(&self.section.place, |at| &at.place);
        format!("{}:{}", place.file.display(), place.line)
    }

    fn problem(&self, key: &str, message: String) -> Problem {
        let place = self.entry(key).map_or(&self.section.place, |at| &at.place);
        let problem = Problem::at(place, self.complete(&message));
        problem.in_section(&self.section.name, Some(key))
    }

    fn complete(&self, message: &str) -> String {
        if !self.is_located {
            return message.to_owned();
        }
        let name = repr(&self.section.name);
        let file = repr(&self.section.place.file.to_string_lossy());
        format!("{message} in section {name} (file: {file})")
    }
}
