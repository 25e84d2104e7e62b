//! `supervisord --check`: everything that is wrong, and what looks like a mistake.

use std::path::Path;

use crate::dialect::{Document, Section};
use crate::error::{ConfigError, Problem};
use crate::keys::{SectionKind, kind_of, kinds};
use crate::load::{Loaded, interpret};
use crate::rpcinterface;
use crate::rules;
use crate::sources::read_sources;
use crate::types::{Config, HostContext, Overrides};

/// What there is to say about a configuration.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// The configuration, or what makes it unusable.
    pub outcome: Result<Config, ConfigError>,
    /// Unknown sections and options, which are ignored, in file order; each message says
    /// which known name is the nearest.
    pub warnings: Vec<Problem>,
}

/// Read a configuration as [`crate::read`] does, and look for names that have no meaning. For root,
/// a file that another user can change is an error.
pub fn check(path: &Path, overrides: &Overrides, host: &HostContext) -> CheckReport {
    match read_sources(path, host) {
        Err(error) => CheckReport {
            outcome: Err(error),
            warnings: Vec::new(),
        },
        Ok(sources) => {
            let mut warnings = warnings(&sources.document);
            let exposed = sources.exposed.problems();
            let loaded = interpret(sources, path, overrides, host);
            let outcome = match loaded.and_then(Loaded::startable) {
                Ok(mut loaded) if exposed.is_empty() => {
                    warnings.extend(check_rules(&mut loaded.config));
                    Ok(loaded.config)
                }
                Ok(_) => Err(ConfigError { problems: exposed }),
                Err(mut error) => {
                    error.problems.extend(exposed);
                    Err(error)
                }
            };
            CheckReport { outcome, warnings }
        }
    }
}

/// What is wrong with the rules files of a cluster; a daemon would start without any rules. What is
/// merely odd in them is a remark.
fn check_rules(config: &mut Config) -> Option<Problem> {
    let files = config.supvisors.as_ref()?.rules_files.as_deref()?;
    match rules::load(files) {
        Ok((rules, lines)) => {
            config.remarks.extend(lines);
            config.remarks.extend(rules.complaints());
            None
        }
        Err(error) => Some(error.problem()),
    }
}

fn warnings(document: &Document) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for section in document.sections() {
        match kind_of(&section.name) {
            None => warnings.push(unknown_section(section)),
            Some(kind) => {
                warnings.extend(foreign_factory(section));
                if !kind.is_open {
                    warnings.extend(unknown_options(section, kind.names()));
                }
            }
        }
    }
    if let Some(defaults) = document.defaults() {
        let known = kinds().iter().flat_map(SectionKind::names);
        warnings.extend(unknown_options(defaults, known));
    }
    warnings
}

fn unknown_section(section: &Section) -> Problem {
    let (kind, rest) = match section.name.split_once(':') {
        Some((kind, rest)) => (format!("{kind}:"), rest),
        None => (section.name.clone(), ""),
    };
    let names = kinds().iter().map(|kind| kind.name);
    let hint = nearest(&kind, names).map(|name| format!("[{name}{rest}]"));
    let message = format!("unknown section [{}] is ignored", section.name);
    Problem::at(&section.place, with_hint(message, hint)).in_section(&section.name, None)
}

/// The refusal of a Python factory is worded as in the original; this says what to do instead.
fn foreign_factory(section: &Section) -> Option<Problem> {
    if !section.name.starts_with(rpcinterface::PREFIX) {
        return None;
    }
    let mut entries = section.entries().iter();
    let entry = entries.find(|entry| entry.key == rpcinterface::FACTORY)?;
    let is_supvisors =
        section.name == rpcinterface::SUPVISORS && entry.value == rpcinterface::SUPVISORS_FACTORY;
    (entry.value != rpcinterface::MAIN && !is_supvisors && !entry.value.contains('%')).then(|| {
        let message = rpcinterface::alternative(&section.name);
        let problem = Problem::at(&entry.place, message);
        problem.in_section(&section.name, Some(&entry.key))
    })
}

fn unknown_options(
    section: &Section,
    known: impl Iterator<Item = &'static str> + Clone,
) -> impl Iterator<Item = Problem> {
    let is_unknown = {
        let known = known.clone();
        move |key: &str| known.clone().all(|name| name != key)
    };
    let entries = section.entries().iter();
    let unknown = entries.filter(move |entry| is_unknown(&entry.key));
    unknown.map(move |entry| {
        let (key, name) = (&entry.key, &section.name);
        let hint = nearest(key, known.clone()).map(str::to_owned);
        let message = format!("unknown option {key} in [{name}] is ignored");
        let problem = Problem::at(&entry.place, with_hint(message, hint));
        problem.in_section(name, Some(key))
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
