//! How supervisord and supervisorctl read their command lines: clap holds the definitions, the
//! reading is the original's (spec core 2.1, spec interfaces 4.1).
//!
//! Arguments are read as POSIX getopt does: the first one that is not an option ends the options,
//! short flags may be bundled, long names abbreviated. All arguments are split into options first
//! ([`split`]), so a missing value anywhere is reported before anything is acted upon; the caller
//! then goes through the options from left to right. Why clap's own parser does not do this:
//! `docs/decisions/0003`.

use std::env;
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::StyledStr;
use clap::{Arg, Command};
use visord_config::HostContext;
use visord_model::pyrepr::repr;

use crate::visible::visible;

/// Exit code of every usage error (spec core 2.5).
const USAGE: u8 = 2;

/// The heading of options that the original does not have. They must be spelled out: what
/// was a unique beginning of a name stays one.
pub const ADDITION: &str = "Additions";

/// Print to stderr why a command line, or a configuration it leads to, cannot be used; returns the
/// exit code.
pub fn report_usage_error(program: &str, error: &str) -> ExitCode {
    let mut stderr = std::io::stderr();
    let mut text = format!("Error: {error}\nFor help, use {program} -h\n");
    if stderr.is_terminal() {
        text = visible(&text);
    }
    // if stderr is gone, the exit code still says it
    let _ = stderr.write_all(text.as_bytes());
    ExitCode::from(USAGE)
}

/// What a command line comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed<T> {
    /// Print this and exit with success.
    Print(String),
    /// Run with these settings.
    Run(Box<T>),
}

/// One option of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opt {
    /// The definition's id.
    pub id: String,
    /// As messages show it: `-c`, or `--` and the whole long name.
    pub typed: String,
    /// The value; empty for a flag.
    pub value: String,
}

impl Opt {
    /// The usage error that its value cannot be used, and why.
    pub fn invalid_value(&self, why: &str) -> String {
        let value = repr(&self.value);
        format!("invalid value for {} {value}: {why}", self.typed)
    }
}

/// A command line split into options and the arguments after them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// Options in the order typed.
    pub options: Vec<Opt>,
    /// What follows the options.
    pub arguments: Vec<String>,
}

impl CommandLine {
    /// The value of an option; empty for a flag.
    pub fn value(&self, id: &str) -> Option<&str> {
        let found = self.options.iter().find(|option| option.id == id);
        found.map(|option| option.value.as_str())
    }

    /// Refuse the option at `at` if the same setting was made before it.
    ///
    /// # Errors
    /// `conflicting command line option '-n'`.
    pub fn check_conflict(&self, at: usize) -> Result<(), String> {
        let option = &self.options[at];
        if self.options[..at].iter().any(|other| other.id == option.id) {
            let typed = repr(&option.typed);
            return Err(format!("conflicting command line option {typed}"));
        }
        Ok(())
    }
}

/// The arguments of this process: the program's name as typed and the rest. Bytes that are no
/// UTF-8 become U+FFFD.
pub fn arguments() -> (String, Vec<String>) {
    let mut arguments = env::args_os().map(lossy);
    let program = arguments.next().unwrap_or_default();
    (program, arguments.collect())
}

/// What of this process's environment a configuration may refer to.
pub fn host_context(cwd: PathBuf) -> HostContext {
    let variables = env::vars_os().map(|(name, value)| (lossy(name), lossy(value)));
    HostContext {
        environment: visord_config::environment(variables),
        node_name: nix::unistd::gethostname().map(lossy).unwrap_or_default(),
        cwd,
    }
}

fn lossy(text: OsString) -> String {
    text.to_string_lossy().into_owned()
}

/// Split `arguments` (without the program's name) into options and the rest.
///
/// # Errors
/// The first one that is not a known option, lacks its value or has one too many.
pub fn split(definitions: &Command, arguments: &[String]) -> Result<CommandLine, String> {
    let mut splitter = Splitter {
        definitions,
        rest: arguments.iter(),
        options: Vec::new(),
    };
    let mut first = None;
    while let Some(argument) = splitter.rest.next() {
        if argument == "--" {
            break;
        }
        if let Some(long) = argument.strip_prefix("--") {
            splitter.read_long(long)?;
        } else if argument.len() > 1 && argument.starts_with('-') {
            splitter.read_bundle(&argument[1..])?;
        } else {
            first = Some(argument);
            break;
        }
    }
    Ok(CommandLine {
        options: splitter.options,
        arguments: first.into_iter().chain(splitter.rest).cloned().collect(),
    })
}

struct Splitter<'a> {
    definitions: &'a Command,
    rest: std::slice::Iter<'a, String>,
    options: Vec<Opt>,
}

impl Splitter<'_> {
    /// `name`, `name=value`, or a unique beginning of a name.
    fn read_long(&mut self, text: &str) -> Result<(), String> {
        let (name, attached) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let (definition, name) = find_long(self.definitions, name)?;
        let typed = format!("--{name}");
        if attached.is_some() && !definition.get_action().takes_values() {
            return Err(format!("option {typed} must not have an argument"));
        }
        self.push(definition, typed, attached)
    }

    /// `n`, `kz5`, `kz` with the value in the next argument.
    fn read_bundle(&mut self, bundle: &str) -> Result<(), String> {
        let mut letters = bundle.chars();
        while let Some(letter) = letters.next() {
            let typed = format!("-{letter}");
            let has_letter = |definition: &&Arg| {
                let shorts = definition.get_short_and_visible_aliases();
                shorts.is_some_and(|shorts| shorts.contains(&letter))
            };
            let definition = self.definitions.get_arguments().find(has_letter);
            let definition = definition.ok_or_else(|| format!("option {typed} not recognized"))?;
            if definition.get_action().takes_values() && !letters.as_str().is_empty() {
                return self.push(definition, typed, Some(letters.as_str()));
            }
            self.push(definition, typed, None)?;
        }
        Ok(())
    }

    /// Add an option. Its value is attached to it, or is the next argument.
    fn push(
        &mut self,
        definition: &Arg,
        typed: String,
        attached: Option<&str>,
    ) -> Result<(), String> {
        let value = match attached {
            Some(value) => value,
            None if definition.get_action().takes_values() => {
                let next = self.rest.next();
                next.ok_or_else(|| format!("option {typed} requires argument"))?
            }
            None => "",
        };
        self.options.push(Opt {
            id: definition.get_id().to_string(),
            value: value.to_owned(),
            typed,
        });
        Ok(())
    }
}

/// The definition whose long name is, or alone begins with, `name`.
fn find_long<'a>(definitions: &'a Command, name: &str) -> Result<(&'a Arg, &'a str), String> {
    let mut candidates = Vec::new();
    for definition in definitions.get_arguments() {
        let longs = definition.get_long_and_visible_aliases();
        for known in longs.unwrap_or_default() {
            if known == name {
                return Ok((definition, known));
            }
            if known.starts_with(name) && definition.get_help_heading() != Some(ADDITION) {
                candidates.push((definition, known));
            }
        }
    }
    // two spellings of the same option are not ambiguous
    candidates.dedup_by_key(|(definition, _)| definition.get_id());
    match candidates[..] {
        [] => Err(format!("option --{name} not recognized")),
        [found] => Ok(found),
        _ => Err(format!("option --{name} not a unique prefix")),
    }
}

/// The text of `-h`: a title, the usage, a line for each option and, if there are any, remarks; an
/// empty line at the end (spec core 2.7, spec interfaces 4.1). The title also names this build.
pub fn help_text(program: &str, usage: &str, definitions: &Command) -> String {
    let shown = |text: Option<&StyledStr>| text.map(ToString::to_string).unwrap_or_default();
    let (title, build) = (shown(definitions.get_about()), crate::build_info());
    let options: String = definitions.get_arguments().map(help_line).collect();
    let remarks = shown(definitions.get_after_help());
    format!("{title} ({build})\n\nUsage: {program} {usage}\n\nOptions:\n{options}\n{remarks}")
}

/// `-c/--configuration FILENAME -- what it is for`
fn help_line(definition: &Arg) -> String {
    let short = definition.get_short().map(|short| format!("-{short}"));
    let long = long_name(definition).map(|long| format!("--{long}"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    let value_names = definition.get_value_names().unwrap_or_default();
    let values: String = value_names.iter().map(|name| format!(" {name}")).collect();
    format!("{}{values} -- {}\n", names.join("/"), help_of(definition))
}

/// The long name of an option; the spelling with hyphens, where there are two.
pub(crate) fn long_name(definition: &Arg) -> Option<&str> {
    let longs = definition.get_long_and_visible_aliases();
    longs.unwrap_or_default().last().copied()
}

/// What an option does, in one line.
pub(crate) fn help_of(definition: &Arg) -> String {
    definition
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default()
}
