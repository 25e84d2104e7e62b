//! `%(name)s` in values (spec core 1.5).

mod format;

use std::borrow::Cow;

use visord_model::pyrepr::repr;

use crate::secret::{HIDDEN, sounds_secret};
use crate::types::Environment;
use format::FormatError;

/// The meaning of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Substitute<'a> {
    /// Text; every name but two.
    Text(Cow<'a, str>),
    /// `process_num` and `numprocs`.
    Number(i64),
}

/// The names that values at one place of the file may contain, and their meaning.
#[derive(Clone, Debug, Default)]
pub struct Scope<'a> {
    /// Innermost last; each maps `X` of `%(ENV_X)s`.
    environments: Vec<&'a Environment>,
    names: Vec<(&'static str, Substitute<'a>)>,
    /// Hide secrets among the variables.
    masking: bool,
}

impl<'a> Scope<'a> {
    /// Only `ENV_` names, those of `environment`.
    pub fn of(environment: &'a Environment) -> Self {
        Self {
            environments: vec![environment],
            ..Self::default()
        }
    }

    /// With a text.
    #[must_use]
    pub fn text(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.names.push((name, Substitute::Text(value.into())));
        self
    }

    /// With a number.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: i64) -> Self {
        self.names.push((name, Substitute::Number(value)));
        self
    }

    /// For a listing: secrets in the environment are hidden.
    #[must_use]
    pub(crate) fn masking(mut self) -> Self {
        self.masking = true;
        self
    }

    /// With more `ENV_` names, which hide those of the same name so far.
    #[must_use]
    pub fn over(mut self, environment: &'a Environment) -> Self {
        self.environments.push(environment);
        self
    }

    fn get(&self, name: &str) -> Option<Substitute<'_>> {
        if let Some((_, value)) = self.names.iter().find(|(known, _)| *known == name) {
            return Some(value.clone());
        }
        let variable = name.strip_prefix("ENV_")?;
        let masked = self.masking && sounds_secret(variable);
        self.environments
            .iter()
            .rev()
            .find_map(|environment| environment.get(variable))
            .map(|value| {
                let text = if masked { HIDDEN } else { value.expose() };
                Substitute::Text(Cow::Borrowed(text))
            })
    }

    /// Sorted and joined as the message lists them.
    fn available(&self) -> String {
        let mut names: Vec<String> = self
            .environments
            .iter()
            .flat_map(|environment| environment.keys().map(|key| format!("ENV_{key}")))
            .chain(self.names.iter().map(|(name, _)| (*name).to_owned()))
            .collect();
        names.sort();
        names.dedup();
        names.join(", ")
    }

    /// Replace every `%(name)s` of a value.
    ///
    /// # Errors
    /// The message of spec core 1.5.2, which quotes the value; `option` is the name that it shows.
    pub fn expand<'v>(&self, value: &'v str, option: &str) -> Result<Cow<'v, str>, String> {
        self.expand_value(value, option, false)
    }

    /// As [`Scope::expand`]. If the value may hold a secret, the message shows nothing of it but the
    /// name of an environment variable.
    pub(crate) fn expand_value<'v>(
        &self,
        value: &'v str,
        option: &str,
        is_secret: bool,
    ) -> Result<Cow<'v, str>, String> {
        if !value.contains('%') {
            return Ok(Cow::Borrowed(value));
        }
        let expanded = format::format(value, |name| self.get(name));
        expanded.map(Cow::Owned).map_err(|error| {
            let problem = match error {
                FormatError::Unknown(name) if !is_secret || is_variable(&name) => format!(
                    "contains names ({}) which cannot be expanded. Available names: {}",
                    repr(&name),
                    self.available()
                ),
                FormatError::Malformed(reason) if !is_secret => {
                    format!("is badly formatted: {reason}")
                }
                FormatError::Unknown(_) | FormatError::Malformed(_) => {
                    "cannot be expanded; % is written %%".to_owned()
                }
            };
            let shown = if is_secret { HIDDEN } else { &repr(value) };
            format!("Format string {shown} for {} {problem}", repr(option))
        })
    }
}

/// Whether a name is that of an environment variable.
fn is_variable(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.strip_prefix("ENV_")
        .is_some_and(|name| name.chars().all(is_word))
}
