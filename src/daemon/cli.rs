//! The command line of supervisord (spec core 2).
//! (Written by main, already landed there: helper ctl need not write it.)

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgAction, Command};
use visord_config::value::{
    existing_dir, parse_bytes, parse_int, parse_loglevel, parse_octal, path_with_existing_dir,
};
use visord_config::{Overrides, Surroundings};

use crate::cli::{Token, UsageError, tokenize};

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

/// Letter, long name, placeholder of the value, description.
type Row = (Option<char>, &'static str, Option<&'static str>, &'static str);

const OPTIONS: [Row; 23] = [
    (Some('c'), "configuration", Some("FILENAME"), "configuration file (searched for by default)"),
    (Some('n'), "nodaemon", None, "run in the foreground"),
    (Some('s'), "silent", None, "no activity log on stdout (with nodaemon)"),
    (Some('h'), "help", None, "print this and exit"),
    (Some('v'), "version", None, "print the version of Supervisor this stands in for"),
    (Some('u'), "user", Some("USER"), "run as this user (name or number)"),
    (Some('m'), "umask", Some("UMASK"), "file creation mask of the daemon (octal)"),
    (Some('d'), "directory", Some("DIRECTORY"), "directory to change to when daemonizing"),
    (Some('l'), "logfile", Some("FILENAME"), "activity log"),
    (Some('y'), "logfile_maxbytes", Some("BYTES"), "size at which the activity log is rotated"),
    (Some('z'), "logfile_backups", Some("NUM"), "rotated activity logs to keep"),
    (Some('e'), "loglevel", Some("LEVEL"), "critical, error, warn, info, debug, trace or blather"),
    (Some('j'), "pidfile", Some("FILENAME"), "where to write the daemon's pid"),
    (Some('i'), "identifier", Some("STR"), "name of this supervisord"),
    (Some('q'), "childlogdir", Some("DIRECTORY"), "where AUTO child logs go"),
    (Some('k'), "nocleanup", None, "keep old AUTO child logs at start"),
    (Some('a'), "minfds", Some("NUM"), "file descriptors to be had at least"),
    (Some('t'), "strip_ansi", None, "remove ANSI sequences from child logs"),
    (None, "minprocs", Some("NUM"), "processes to be had at least"),
    (None, "profile_options", Some("LIST"), "accepted and ignored"),
    (None, "check", None, "validate the configuration, tell every problem, run nothing"),
    (None, "build-info", None, "print which visord this is"),
    (Some('?'), "?", None, ""),
];

fn definitions() -> Command {
    OPTIONS.iter().fold(Command::new("supervisord"), |command, (short, long, value, help)| {
        let action = match value {
            Some(_) => ArgAction::Set,
            None => ArgAction::SetTrue,
        };
        let mut option = Arg::new(*long).action(action).help(*help);
        if let Some(short) = short {
            option = option.short(*short);
        }
        if *long != "?" {
            option = option.long(*long);
        }
        command.arg(option)
    })
    .disable_help_flag(true)
    .disable_version_flag(true)
}

/// Read the words of a command line from left to right.
///
/// # Errors
/// The first thing that is wrong with it (spec core 2.4).
pub fn parse(
    program: &str,
    words: &[String],
    surroundings: &Surroundings,
) -> Result<Wish, UsageError> {
    let tokens = tokenize(&definitions(), words)?;
    let mut invocation = Invocation {
        program: program.to_owned(),
        ..Invocation::default()
    };
    for (at, token) in tokens.options.iter().enumerate() {
        match token.id.as_str() {
            "help" | "?" => return Ok(Wish::Print(help(program))),
            "version" => return Ok(Wish::Print("4.3.0\n".to_owned())),
            "build-info" => return Ok(Wish::Print(format!("{}\n", crate::build_info()))),
            _ => {}
        }
        tokens.check_conflict(at)?;
        set(&mut invocation, token, surroundings).map_err(|why| {
            UsageError::invalid_value(&token.typed, &token.value, &why)
        })?;
    }
    if !tokens.words.is_empty() {
        let words: Vec<String> = tokens.words.iter().map(|w| visord_model::pyrepr::repr(w)).collect();
        let text = format!("positional arguments are not supported: [{}]", words.join(", "));
        return Err(UsageError(text));
    }
    Ok(Wish::Run(Box::new(invocation)))
}

fn set(
    invocation: &mut Invocation,
    token: &Token,
    surroundings: &Surroundings,
) -> Result<(), String> {
    let value = token.value.as_str();
    let to = &mut invocation.overrides;
    match token.id.as_str() {
        "configuration" => invocation.config = Some(PathBuf::from(value)),
        "check" => invocation.check = true,
        "nodaemon" => to.nodaemon = true,
        "silent" => to.silent = true,
        "user" => to.user = Some(value.to_owned()),
        "umask" => to.umask = Some(parse_octal(value)?),
        "directory" => to.directory = Some(existing_dir(value, surroundings)?),
        "logfile" => to.logfile = Some(path_with_existing_dir(value, surroundings)?),
        "logfile_maxbytes" => to.logfile_maxbytes = Some(parse_bytes(value)?),
        "logfile_backups" => to.logfile_backups = Some(parse_int(value)?),
        "loglevel" => to.loglevel = Some(parse_loglevel(value)?),
        "pidfile" => to.pidfile = Some(path_with_existing_dir(value, surroundings)?),
        "identifier" => to.identifier = Some(value.to_owned()),
        "childlogdir" => to.childlogdir = Some(existing_dir(value, surroundings)?),
        "nocleanup" => to.nocleanup = true,
        "minfds" => to.minfds = Some(parse_int(value)?),
        "minprocs" => to.minprocs = Some(parse_int(value)?),
        "strip_ansi" => to.strip_ansi = true,
        // a Python profiler's settings mean nothing here
        "profile_options" => {}
        other => return Err(format!("option {other} is not handled")),
    }
    Ok(())
}

/// The layout of spec core 2.7; the first line also says which visord this is.
fn help(program: &str) -> String {
    let mut text = format!(
        "supervisord -- run a set of applications as daemons. ({})\n\n\
         Usage: {program} [options]\n\nOptions:\n",
        crate::build_info()
    );
    for (short, long, value, help) in OPTIONS.iter().filter(|row| row.1 != "?") {
        let short = short.map_or_else(String::new, |letter| format!("-{letter}/"));
        let value = value.map_or_else(String::new, |value| format!(" {value}"));
        text.push_str(&format!("{short}--{long}{value} -- {help}\n"));
    }
    text
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
