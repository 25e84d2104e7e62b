//! How both programs read their command lines: clap holds the definitions, the reading is
//! the original's (spec core 2.1-2.4, interfaces 4.1).
//!
//! The original reads words as POSIX getopt does: the first word that is no option ends
//! the options, short flags may be bundled, long names abbreviated. All words are split
//! into options first ([`tokenize`]), so a missing value anywhere is reported before
//! anything is acted upon; the caller then goes through the options from left to right.
//! Why clap's own parser does not do this: `docs/decisions/0003-command-line.md`.

use std::ffi::OsString;
use std::fmt;
use std::io::{IsTerminal as _, Write};
use std::process::ExitCode;

use clap::{Arg, Command};

use crate::ctl::visible::visible;

/// Exit code of every usage error (spec core 2.5).
const USAGE: u8 = 2;

/// A command line, or a configuration it leads to, that cannot be used; holds the text
/// after `Error: `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError(pub String);

impl UsageError {
    /// The value of an option cannot be used: `option` as typed, and why.
    #[must_use]
    pub fn invalid_value(option: &str, value: &str, why: &dyn fmt::Display) -> Self {
        let value = visord_model::pyrepr::repr(value);
        Self(format!("invalid value for {option} {value}: {why}"))
    }

    /// Tell the user on stderr; returns the exit code.
    #[must_use]
    pub fn report(&self, program: &str) -> ExitCode {
        // Nobody is left to tell if stderr is gone; the exit code says it too.
        let mut stderr = std::io::stderr();
        let mut text = format!("Error: {}\nFor help, use {program} -h\n", self.0);
        if stderr.is_terminal() {
            text = visible(&text);
        }
        let _ = stderr.write_all(text.as_bytes());
        ExitCode::from(USAGE)
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// One option of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The definition's id.
    pub id: String,
    /// As messages show it: `-c`, or `--` and the whole long name.
    pub typed: String,
    /// The value; empty for a flag.
    pub value: String,
}

/// A command line split into options and the words after them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Options in the order typed.
    pub options: Vec<Token>,
    /// What follows the options.
    pub words: Vec<String>,
}

impl Tokens {
    /// Refuse the option at `at` if the same setting was made before it.
    ///
    /// # Errors
    /// `conflicting command line option '-n'`.
    pub fn check_conflict(&self, at: usize) -> Result<(), UsageError> {
        let token = &self.options[at];
        if self.options[..at].iter().any(|other| other.id == token.id) {
            let typed = visord_model::pyrepr::repr(&token.typed);
            return Err(UsageError(format!(
                "conflicting command line option {typed}"
            )));
        }
        Ok(())
    }
}

/// The words of this process's command line: the program's name as typed and the rest.
/// Bytes that are no UTF-8 become U+FFFD.
#[must_use]
pub fn arguments() -> (String, Vec<String>) {
    let mut words = std::env::args_os().map(|word: OsString| word.to_string_lossy().into_owned());
    let program = words.next().unwrap_or_default();
    (program, words.collect())
}

/// Split `words` (without the program's name) into options and the rest.
///
/// # Errors
/// The first word that is no known option, lacks its value or has one too many.
pub fn tokenize(definitions: &Command, words: &[String]) -> Result<Tokens, UsageError> {
    let mut words = words.iter().cloned();
    let mut tokens = Tokens::default();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if let Some(long) = word.strip_prefix("--") {
            tokens
                .options
                .push(read_long(definitions, long, &mut words)?);
        } else if word.len() > 1 && word.starts_with('-') {
            read_bundle(definitions, &word[1..], &mut words, &mut tokens.options)?;
        } else {
            tokens.words.push(word);
            break;
        }
    }
    tokens.words.extend(words);
    Ok(tokens)
}

/// `name`, `name=value`, or a unique beginning of a name.
fn read_long(
    definitions: &Command,
    text: &str,
    words: &mut dyn Iterator<Item = String>,
) -> Result<Token, UsageError> {
    let (name, attached) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    let (definition, name) = find_long(definitions, name)?;
    let typed = format!("--{name}");
    let value = match (takes_value(definition), attached) {
        (true, Some(value)) => value,
        (true, None) => words
            .next()
            .ok_or_else(|| UsageError(format!("option {typed} requires argument")))?,
        (false, None) => String::new(),
        (false, Some(_)) => {
            let message = format!("option {typed} must not have an argument");
            return Err(UsageError(message));
        }
    };
    Ok(Token {
        id: definition.get_id().to_string(),
        typed,
        value,
    })
}

/// The heading of options that the original does not have. They must be spelled out: what
/// was a unique beginning of a name stays one.
pub const ADDITION: &str = "Additions";

/// The definition whose long name is, or alone begins with, `name`.
fn find_long<'a>(definitions: &'a Command, name: &str) -> Result<(&'a Arg, String), UsageError> {
    let mut candidates = Vec::new();
    for definition in definitions.get_arguments() {
        for known in definition
            .get_long_and_visible_aliases()
            .unwrap_or_default()
        {
            if known == name {
                return Ok((definition, known.to_owned()));
            }
            if known.starts_with(name) && definition.get_help_heading() != Some(ADDITION) {
                candidates.push((definition, known.to_owned()));
            }
        }
    }
    // Two spellings of the same option are no ambiguity.
    candidates.dedup_by(|later, earlier| later.0.get_id() == earlier.0.get_id());
    if candidates.len() > 1 {
        return Err(UsageError(format!("option --{name} not a unique prefix")));
    }
    candidates
        .pop()
        .ok_or_else(|| UsageError(format!("option --{name} not recognized")))
}

/// `n`, `kz5`, `kz` with the value in the next word.
fn read_bundle(
    definitions: &Command,
    bundle: &str,
    words: &mut dyn Iterator<Item = String>,
    options: &mut Vec<Token>,
) -> Result<(), UsageError> {
    let mut letters = bundle.chars();
    while let Some(letter) = letters.next() {
        let typed = format!("-{letter}");
        let definition = definitions
            .get_arguments()
            .find(|known| {
                known
                    .get_short_and_visible_aliases()
                    .is_some_and(|shorts| shorts.contains(&letter))
            })
            .ok_or_else(|| UsageError(format!("option {typed} not recognized")))?;
        let value = if !takes_value(definition) {
            String::new()
        } else if letters.as_str().is_empty() {
            words
                .next()
                .ok_or_else(|| UsageError(format!("option {typed} requires argument")))?
        } else {
            std::mem::replace(&mut letters, "".chars())
                .as_str()
                .to_owned()
        };
        options.push(Token {
            id: definition.get_id().to_string(),
            typed,
            value,
        });
    }
    Ok(())
}

/// The text of `-h`: a title, how to call the program, a line for each option and, if there
/// are any, remarks; an empty line at the end (spec core 2.7, interfaces 4.1). The title
/// also tells which visord this is.
#[must_use]
pub fn help_text(
    title: &str,
    program: &str,
    usage: &str,
    definitions: &Command,
    remarks: &str,
) -> String {
    let build = crate::build_info();
    let mut text = format!("{title} ({build})\n\nUsage: {program} {usage}\n\nOptions:\n");
    for definition in definitions.get_arguments() {
        text.push_str(&help_line(definition));
    }
    text.push('\n');
    if !remarks.is_empty() {
        text.push_str(&format!("{remarks}\n\n"));
    }
    text
}

/// The long name of an option; the spelling with hyphens, which is friendlier, where there are
/// two.
pub(crate) fn long_name(definition: &Arg) -> Option<&str> {
    let longs = definition.get_long_and_visible_aliases();
    longs.unwrap_or_default().last().copied()
}

/// `-c/--configuration FILENAME -- what it is for`
fn help_line(definition: &Arg) -> String {
    let short = definition.get_short().map(|short| format!("-{short}"));
    let long = long_name(definition).map(|long| format!("--{long}"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    let value = definition
        .get_value_names()
        .filter(|_| takes_value(definition))
        .map(|names| format!(" {}", names.join(" ")));
    let help = definition.get_help().map(ToString::to_string);
    format!(
        "{}{} -- {}\n",
        names.join("/"),
        value.unwrap_or_default(),
        help.unwrap_or_default()
    )
}

pub(crate) fn takes_value(definition: &Arg) -> bool {
    definition.get_action().takes_values()
}
