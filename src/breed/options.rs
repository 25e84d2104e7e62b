//! The command line of supvisors_breed (spec cluster 10.4).
//!
//! Unlike that of the other programs, `-b` takes all words up to the next option.

use std::path::Path;

use clap::{Command, ValueHint, arg};
use visord_model::pyrepr::repr;

use crate::cli::{Opt, Parsed, help_text, split};

/// The most copies of one group, as the most processes of a program.
const MOST: u32 = 100_000;

/// What the command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `-t`: the folder of the templates, which exists.
    pub template: String,
    /// `-p`: which files, relative to it.
    pub pattern: String,
    /// `-d`: the folder to write to.
    pub destination: String,
    /// `-b`: groups and how many copies of each, at least 1.
    pub breed: Vec<(String, u32)>,
    /// `-x`: each copy in a file of its own.
    pub extra: bool,
    /// `-v`: say what is done.
    pub verbose: bool,
}

impl Options {
    /// The first line of `-v`, in the original's form.
    pub(super) fn namespace(&self) -> String {
        let breed = self.breed.iter();
        let breed: Vec<_> = breed
            .map(|(group, count)| format!("{}: {count}", repr(group)))
            .collect();
        let shown = |flag| if flag { "True" } else { "False" };
        format!(
            "Namespace(template={}, pattern={}, destination={}, breed={{{}}}, extra={}, verbose={})",
            repr(&self.template),
            repr(&self.pattern),
            repr(&self.destination),
            breed.join(", "),
            shown(self.extra),
            shown(self.verbose)
        )
    }
}

pub(crate) fn definitions() -> Command {
    Command::new("supvisors_breed")
        .disable_help_flag(true)
        .about("supvisors_breed -- replace groups in configuration files by copies of them.")
        .args([
            arg!(-t --template <DIR> "read files of this directory (required)")
                .value_hint(ValueHint::DirPath),
            arg!(-p --pattern <PATTERN> "which files, relative to it (default **/*.ini)"),
            arg!(-d --destination <DIR> "write to this directory (required)")
                .value_hint(ValueHint::DirPath),
            arg!(-b --breed <GROUP> "groups to copy and the number of copies: app=3 web=2 (required; the last -b counts)")
                .value_name("app=nb..."),
            arg!(-x --extra "write each copy to a file of its own"),
            arg!(-v --verbose "print what is done"),
            arg!(-h --help "show a help message and exit"),
        ])
}

/// Read the command line, from left to right: `-h` acts where it stands.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse(program: &str, arguments: &[String]) -> Result<Parsed<Options>, String> {
    let definitions = definitions();
    let mut given = Given::default();
    let mut rest = arguments.to_vec();
    while !rest.is_empty() {
        let line = split(&definitions, &rest)?;
        let mut in_breed = false;
        for option in &line.options {
            if option.id == "help" {
                let usage = "[options]";
                return Ok(Parsed::Print(help_text(program, usage, &definitions)));
            }
            given.take(option)?;
            in_breed = option.id == "breed";
        }
        rest = line.arguments;
        let words = rest.iter().take_while(|word| !is_option(word)).count();
        if !in_breed && !rest.is_empty() || words == 0 && !rest.is_empty() {
            return Err(format!("unrecognized arguments: {}", rest.join(" ")));
        }
        for word in rest.drain(..words) {
            given.add_breed(&word)?;
        }
    }
    given
        .complete()
        .map(|options| Parsed::Run(Box::new(options)))
}

fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-')
}

/// What was given so far.
#[derive(Default)]
struct Given {
    template: Option<String>,
    pattern: Option<String>,
    destination: Option<String>,
    breed: Option<Vec<(String, u32)>>,
    extra: bool,
    verbose: bool,
}

impl Given {
    fn take(&mut self, option: &Opt) -> Result<(), String> {
        let value = || match option.value.as_str() {
            // probably the next option
            value if is_option(value) => Err(format!("option {} requires argument", option.typed)),
            value => Ok(value.to_owned()),
        };
        match option.id.as_str() {
            "template" => {
                let folder = value()?;
                if !Path::new(&folder).is_dir() {
                    return Err(format!("The folder \"{folder}\" does not exist"));
                }
                self.template = Some(folder);
            }
            "pattern" => self.pattern = Some(value()?),
            "destination" => self.destination = Some(value()?),
            "breed" => {
                self.breed = Some(Vec::new());
                self.add_breed(&value()?)?;
            }
            "extra" => self.extra = true,
            _verbose => self.verbose = true,
        }
        Ok(())
    }

    /// `app=3`; of a repeated group the last number counts, at the first place.
    fn add_breed(&mut self, word: &str) -> Result<(), String> {
        let pair = word.split_once('=');
        let pair = pair.filter(|(_, count)| !count.contains('='));
        let (group, count) = pair.ok_or("breed format must be: key=value")?;
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("breed value must be an integer".into());
        }
        let count = match count.parse() {
            Ok(0) => return Err("breed value must be strictly positive".into()),
            Ok(count) if count <= MOST => count,
            // digits only, so all that can go wrong is their number
            Ok(_) | Err(_) => return Err(format!("breed value must be at most {MOST}")),
        };
        let breed = self.breed.get_or_insert_default();
        match breed.iter_mut().find(|(known, _)| known == group) {
            Some((_, known)) => *known = count,
            None => breed.push((group.to_owned(), count)),
        }
        Ok(())
    }

    fn complete(self) -> Result<Options, String> {
        let missing = |what: &str| format!("the following argument is required: {what}");
        Ok(Options {
            template: self.template.ok_or_else(|| missing("-t/--template"))?,
            pattern: self.pattern.unwrap_or_else(|| "**/*.ini".into()),
            destination: self
                .destination
                .ok_or_else(|| missing("-d/--destination"))?,
            breed: self.breed.ok_or_else(|| missing("-b/--breed"))?,
            extra: self.extra,
            verbose: self.verbose,
        })
    }
}

#[cfg(test)]
mod tests;
