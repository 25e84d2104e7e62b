//! The command line of supervisord (spec core 2).
//!
//! Settings made here beat the configuration file; flags can only turn something on.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, Command, ValueHint};
use visord_config::value::{
    existing_dir, existing_log_dir, parse_bytes, parse_int, parse_loglevel, parse_octal,
    path_with_existing_dir,
};
use visord_config::{Overrides, Surroundings};
use visord_model::pyrepr::repr;

use crate::cli::{ADDITION, Token, UsageError, help_text, tokenize};

/// The version we stand in for (decision "version").
const VERSION: &str = "4.3.0";

/// What supervisord was asked to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The program's path as typed.
    pub program: String,
    /// `-c`.
    pub config: Option<PathBuf>,
    /// Settings that beat the file.
    pub overrides: Overrides,
    /// `--check`: validate the configuration and run nothing.
    pub check: bool,
}

/// What a command line comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Run (or check) with these settings.
    Run(Box<Invocation>),
    /// Print this and end with success.
    Print(String),
}

const TITLE: &str = "supervisord -- run a set of applications as daemons.";

/// The options.
pub(crate) fn definitions() -> Command {
    let long = |id: &'static str, help: &'static str| Arg::new(id).long(id).help(help);
    let value = |id: &'static str, short: char, name: &'static str, help: &'static str| {
        long(id, help).short(short).value_name(name)
    };
    let flag = |id: &'static str, help: &'static str| long(id, help).action(ArgAction::SetTrue);
    Command::new("supervisord")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args([
            value(
                "configuration",
                'c',
                "FILENAME",
                "the configuration file (default: searched for)",
            )
            .value_hint(ValueHint::FilePath),
            flag("nodaemon", "stay in the foreground").short('n'),
            flag("silent", "do not repeat the log on standard output").short('s'),
            flag("help", "show this and exit")
                .short('h')
                .visible_short_alias('?'),
            flag("version", "show the version and exit").short('v'),
            value("user", 'u', "USER", "become this user (name or number)"),
            value(
                "umask",
                'm',
                "UMASK",
                "file creation mask of the daemon (default 022)",
            ),
            value("directory", 'd', "DIRECTORY", "where the daemon runs")
                .value_hint(ValueHint::DirPath),
            value(
                "logfile",
                'l',
                "FILENAME",
                "use FILENAME as the daemon's log",
            )
            .value_hint(ValueHint::FilePath),
            value(
                "logfile_maxbytes",
                'y',
                "BYTES",
                "start a new log at this size",
            ),
            value("logfile_backups", 'z', "NUM", "how many old logs to keep"),
            value(
                "loglevel",
                'e',
                "LEVEL",
                "critical, error, warn, info, debug, trace or blather",
            )
            .value_parser([
                "critical", "error", "warn", "info", "debug", "trace", "blather",
            ]),
            value(
                "pidfile",
                'j',
                "FILENAME",
                "where the daemon writes its process id",
            )
            .value_hint(ValueHint::FilePath),
            value("identifier", 'i', "STR", "name of this daemon"),
            value(
                "childlogdir",
                'q',
                "DIRECTORY",
                "where automatic logs of processes go",
            )
            .value_hint(ValueHint::DirPath),
            flag("nocleanup", "keep automatic logs of earlier runs").short('k'),
            value(
                "minfds",
                'a',
                "NUM",
                "open files the daemon must be allowed",
            ),
            flag(
                "strip_ansi",
                "remove terminal sequences from logs of processes",
            )
            .short('t'),
            long("minprocs", "processes the daemon must be allowed").value_name("NUM"),
            long("profile_options", "accepted and ignored").value_name("LIST"),
            flag("check", "only tell what is wrong with the configuration").help_heading(ADDITION),
            flag("build-info", "tell which build of visord this is").help_heading(ADDITION),
        ])
}

/// Read the command line, from left to right: `-h` and `-v` act where they stand.
///
/// # Errors
/// The first thing that is wrong with it (spec core 2.4).
pub fn parse(
    program: &str,
    words: &[String],
    surroundings: &Surroundings,
) -> Result<Wish, UsageError> {
    let definitions = definitions();
    let tokens = tokenize(&definitions, words)?;
    if !tokens.words.is_empty() {
        let words: Vec<String> = tokens.words.iter().map(|word| repr(word)).collect();
        let message = format!(
            "positional arguments are not supported: [{}]",
            words.join(", ")
        );
        return Err(UsageError(message));
    }
    let mut invocation = Invocation {
        program: program.to_owned(),
        ..Invocation::default()
    };
    for (at, token) in tokens.options.iter().enumerate() {
        match token.id.as_str() {
            "help" => {
                let text = help_text(TITLE, program, "[options]", &definitions, "");
                return Ok(Wish::Print(text));
            }
            "version" => return Ok(Wish::Print(format!("{VERSION}\n"))),
            "build-info" => return Ok(Wish::Print(format!("{}\n", crate::build_info()))),
            _ => {
                tokens.check_conflict(at)?;
                set(&mut invocation, token, surroundings)
                    .map_err(|why| UsageError::invalid_value(&token.typed, &token.value, &why))?;
            }
        }
    }
    Ok(Wish::Run(Box::new(invocation)))
}

/// Make the setting; the error says why its value cannot be used.
fn set(
    invocation: &mut Invocation,
    token: &Token,
    surroundings: &Surroundings,
) -> Result<(), String> {
    let text = token.value.as_str();
    let Invocation {
        program: _,
        config,
        check,
        overrides,
    } = invocation;
    let directory = || existing_dir(text, surroundings).map(Some);
    let path = || path_with_existing_dir(text, surroundings).map(Some);
    let number = || parse_int(text).map(Some);
    match token.id.as_str() {
        "configuration" => *config = Some(PathBuf::from(text)),
        "check" => *check = true,
        "nodaemon" => overrides.nodaemon = true,
        "silent" => overrides.silent = true,
        "user" => overrides.user = Some(text.to_owned()),
        "umask" => overrides.umask = Some(parse_octal(text)?),
        "directory" => overrides.directory = directory()?,
        "logfile" => overrides.logfile = path()?,
        "logfile_maxbytes" => overrides.logfile_maxbytes = Some(parse_bytes(text)?),
        "logfile_backups" => overrides.logfile_backups = number()?,
        "loglevel" => overrides.loglevel = Some(parse_loglevel(text)?),
        "pidfile" => overrides.pidfile = path()?,
        "identifier" => overrides.identifier = Some(text.to_owned()),
        "childlogdir" => {
            overrides.childlogdir = Some(existing_log_dir(text, surroundings)?);
        }
        "nocleanup" => overrides.nocleanup = true,
        "minfds" => overrides.minfds = number()?,
        "minprocs" => overrides.minprocs = number()?,
        "strip_ansi" => overrides.strip_ansi = true,
        // The original runs under Python's profiler; there is nothing to profile so here.
        "profile_options" => {}
        other => unreachable!("an option without meaning: {other}"),
    }
    Ok(())
}

/// Print what was asked for, or end with a usage error.
#[must_use]
pub fn main() -> ExitCode {
    let (program, words) = crate::cli::arguments();
    let wish = super::start::surroundings()
        .map_err(UsageError)
        .and_then(|surroundings| parse(&program, &words, &surroundings));
    match wish {
        Ok(Wish::Run(invocation)) if invocation.check => super::check::run(*invocation),
        Ok(Wish::Run(invocation)) => super::run(*invocation),
        Ok(Wish::Print(text)) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => error.report(&program),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use visord_model::log_line::Level;

    use super::*;

    fn wish(line: &str) -> Result<Wish, UsageError> {
        let surroundings = Surroundings {
            environment: BTreeMap::new(),
            node_name: "node".to_owned(),
            cwd: PathBuf::from("/"),
        };
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse("supervisord", &words, &surroundings)
    }

    fn invocation(line: &str) -> Invocation {
        match wish(line) {
            Ok(Wish::Run(invocation)) => *invocation,
            other => panic!("{line}: {other:?}"),
        }
    }

    /// The rows of spec core 2.4, and what the original says to variations of them.
    #[test]
    fn errors() {
        for (line, message) in [
            ("-x", "option -x not recognized"),
            ("-nx", "option -x not recognized"),
            ("--bogus", "option --bogus not recognized"),
            ("--bogus=3", "option --bogus not recognized"),
            ("--é", "option --é not recognized"),
            ("-c", "option -c requires argument"),
            ("-v -c", "option -c requires argument"),
            ("--logfile", "option --logfile requires argument"),
            (
                "--nodaemon=1",
                "option --nodaemon must not have an argument",
            ),
            ("--nod=1", "option --nodaemon must not have an argument"),
            ("--che", "option --che not recognized"),
            ("--min", "option --min not a unique prefix"),
            ("--log=x", "option --log not a unique prefix"),
            ("--=3", "option -- not a unique prefix"),
            (
                "foo bar",
                "positional arguments are not supported: ['foo', 'bar']",
            ),
            (
                "foo -v",
                "positional arguments are not supported: ['foo', '-v']",
            ),
            ("-v foo", "positional arguments are not supported: ['foo']"),
            ("-", "positional arguments are not supported: ['-']"),
            ("-- -v", "positional arguments are not supported: ['-v']"),
            ("-n -n -h", "conflicting command line option '-n'"),
            ("-nn", "conflicting command line option '-n'"),
            (
                "-m 022 --uma=022 -v",
                "conflicting command line option '--umask'",
            ),
            (
                "-m 9",
                "invalid value for -m '9': 9 can not be converted to an octal type",
            ),
            (
                "-m9",
                "invalid value for -m '9': 9 can not be converted to an octal type",
            ),
            (
                "--uma 9 -v",
                "invalid value for --umask '9': 9 can not be converted to an octal type",
            ),
            (
                "-e loud",
                "invalid value for -e 'loud': bad logging level name 'loud'",
            ),
            (
                "-d /nonexistent",
                "invalid value for -d '/nonexistent': /nonexistent is not an existing directory",
            ),
            (
                "-l /nonexistent/x",
                "invalid value for -l '/nonexistent/x': The directory named as part of the path \
                 /nonexistent/x does not exist",
            ),
        ] {
            assert_eq!(wish(line), Err(UsageError(message.to_owned())), "{line}");
        }
    }

    #[test]
    fn left_to_right() {
        let version = Ok(Wish::Print("4.3.0\n".to_owned()));
        assert_eq!(wish("-v -m 9"), version);
        assert_eq!(wish("-nv"), version);
        assert!(wish("--version -x").is_err(), "all words are split first");
        let Ok(Wish::Print(help)) = wish("-?v") else {
            panic!("no help");
        };
        assert!(help.starts_with("supervisord -- "));
        assert!(help.contains("\n-m/--umask UMASK -- "));
        assert!(help.contains("\n--minprocs NUM -- "));
        assert!(help.contains("\n-n/--nodaemon -- "));
    }

    #[test]
    fn settings() {
        let expected = Invocation {
            program: "supervisord".to_owned(),
            config: Some(PathBuf::from("x.conf")),
            check: true,
            overrides: Overrides {
                nodaemon: true,
                nocleanup: true,
                umask: Some(0o77),
                logfile_maxbytes: Some(1 << 20),
                logfile_backups: Some(5),
                loglevel: Some(Level::Debug),
                directory: Some(PathBuf::from("/")),
                identifier: Some("me".to_owned()),
                minfds: Some(10),
                minprocs: Some(3),
                user: Some("nobody".to_owned()),
                ..Overrides::default()
            },
        };
        let childlogdir = invocation("--ch /").overrides.childlogdir;
        assert_eq!(
            childlogdir,
            Some(PathBuf::from("/")),
            "an addition is no ambiguity"
        );
        let line = "-c x.conf -nkz5 --umask=077 -y 1MB -e debug -d / --ident me -a10 \
                    --minp 3 -u nobody --check";
        assert_eq!(invocation(line), expected);
        assert_eq!(
            invocation(""),
            Invocation {
                program: "supervisord".to_owned(),
                ..Invocation::default()
            }
        );
    }

    #[test]
    fn which_visord_this_is() {
        let Ok(Wish::Print(text)) = wish("--build-info") else {
            panic!("nothing shown");
        };
        assert!(text.starts_with("visord "), "{text}");
    }
}
