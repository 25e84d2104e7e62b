//! `supervisord --check`: everything that is wrong, and what looks like a mistake.

use std::path::Path;

use crate::dialect::{Document, Section};
use crate::error::{ConfigError, Problem};
use crate::load::{Loaded, interpret, read_sources};
use crate::options::{KINDS, Kind, extras};
use crate::rpcinterface;
use crate::types::{Config, Overrides, Surroundings};

/// What there is to say about a configuration.
#[derive(Clone, Debug)]
pub struct Report {
    /// The configuration, or what makes it unusable.
    pub outcome: Result<Config, ConfigError>,
    /// Unknown sections and options, which are ignored, in file order; each message says
    /// which known name is the nearest.
    pub warnings: Vec<Problem>,
}

/// Read a configuration as [`crate::load`] does, and look for names that have no meaning. For root,
/// a file that another user can change is an error.
#[must_use]
pub fn check(path: &Path, overrides: &Overrides, surroundings: &Surroundings) -> Report {
    match read_sources(path, surroundings) {
        Err(error) => Report {
            outcome: Err(error),
            warnings: Vec::new(),
        },
        Ok(sources) => {
            let warnings = warnings(&sources.document);
            let exposed = sources.exposed.problems();
            let loaded = interpret(sources, path, overrides, surroundings);
            let outcome = match loaded.and_then(Loaded::startable) {
                Ok(loaded) if exposed.is_empty() => Ok(loaded.config),
                Ok(_) => Err(ConfigError { problems: exposed }),
                Err(mut error) => {
                    error.problems.extend(exposed);
                    Err(error)
                }
            };
            Report { outcome, warnings }
        }
    }
}

fn warnings(document: &Document) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for section in document.sections() {
        match KINDS.iter().find(|kind| kind.is(&section.name)) {
            None => warnings.push(unknown_section(section)),
            Some(kind) => {
                warnings.extend(foreign_factory(section));
                if let Some(own) = kind.options {
                    let known = [own, extras(kind.name)].concat();
                    warnings.extend(unknown_options(section, &known));
                }
            }
        }
    }
    if let Some(defaults) = document.defaults() {
        let own = KINDS.iter().filter_map(|kind| kind.options);
        let more = KINDS.iter().map(|kind| extras(kind.name));
        let known: Vec<&str> = own.chain(more).flatten().copied().collect();
        warnings.extend(unknown_options(defaults, &known));
    }
    warnings
}

fn unknown_section(section: &Section) -> Problem {
    let (kind, rest) = match section.name.split_once(':') {
        Some((kind, rest)) => (format!("{kind}:"), rest),
        None => (section.name.clone(), ""),
    };
    let names = KINDS
        .iter()
        .map(|kind: &Kind| kind.name.trim_end_matches('*'));
    let hint = nearest(&kind, names).map(|name| format!("[{name}{rest}]"));
    let message = with_hint(
        format!("unknown section [{}] is ignored", section.name),
        hint,
    );
    Problem {
        file: section.place.file.to_path_buf(),
        line: Some(section.place.line),
        section: Some(section.name.clone()),
        key: None,
        message,
        quotes: true,
    }
}

/// The refusal of a Python factory is worded as in the original; this says what to do instead.
fn foreign_factory(section: &Section) -> Option<Problem> {
    if !section.name.starts_with(rpcinterface::PREFIX) {
        return None;
    }
    let mut entries = section.entries().iter();
    let entry = entries.find(|entry| entry.key == rpcinterface::FACTORY)?;
    (entry.value != rpcinterface::MAIN && !entry.value.contains('%')).then(|| Problem {
        file: entry.place.file.to_path_buf(),
        line: Some(entry.place.line),
        section: Some(section.name.clone()),
        key: Some(entry.key.clone()),
        message: rpcinterface::alternative(&section.name),
        quotes: true,
    })
}

fn unknown_options<'a>(
    section: &'a Section,
    known: &[&'static str],
) -> impl Iterator<Item = Problem> + use<'a> {
    let known = known.to_vec();
    let unknown = {
        let known = known.clone();
        move |key: &str| !known.contains(&key)
    };
    section
        .entries()
        .iter()
        .filter(move |entry| unknown(&entry.key))
        .map(move |entry| {
            let hint = nearest(&entry.key, known.iter().copied()).map(str::to_owned);
            let what = format!(
                "unknown option {} in [{}] is ignored",
                entry.key, section.name
            );
            Problem {
                file: entry.place.file.to_path_buf(),
                line: Some(entry.place.line),
                section: Some(section.name.clone()),
                key: Some(entry.key.clone()),
                message: with_hint(what, hint),
                quotes: true,
            }
        })
}

fn with_hint(message: String, hint: Option<String>) -> String {
    match hint {
        Some(hint) => format!("{message}; did you mean {hint}?"),
        None => message,
    }
}

/// The known name with the fewest letters to change, if they are few.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .map(|candidate| (distance(&name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 5)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove or replace to get from one text to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
