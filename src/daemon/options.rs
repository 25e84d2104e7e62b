//! The command line of supervisord (spec core 2).
//!
//! Settings made here override the configuration file; flags can only turn something on.

use std::path::PathBuf;

use clap::{Command, ValueHint, arg};
use visord_config::value::{
    existing_dir, existing_log_dir, parse_bytes, parse_int, parse_loglevel, parse_octal,
    path_with_existing_dir,
};
use visord_config::{HostContext, Overrides};
use visord_model::pyrepr::repr;

use crate::cli::{ADDITION, Opt, Parsed, help_text, split};

/// The version of Supervisor that visord replaces.
const VERSION: &str = "4.3.0";

/// What the command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-c`.
    pub config: Option<PathBuf>,
    /// Settings that override the file.
    pub overrides: Overrides,
    /// `--check`: validate the configuration and run nothing.
    pub check: bool,
}

pub(crate) fn definitions() -> Command {
    let levels = [
        "critical", "error", "warn", "info", "debug", "trace", "blather",
    ];
    Command::new("supervisord")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .about("supervisord -- run a set of applications as daemons.")
        .args([
            arg!(-c --configuration <FILENAME> "the configuration file (default: found on the search path)")
                .value_hint(ValueHint::FilePath),
            arg!(-n --nodaemon "stay in the foreground"),
            arg!(-s --silent "do not also write the log to standard output"),
            arg!(-h --help "show a help message and exit").visible_short_alias('?'),
            arg!(-v --version "show the version and exit"),
            arg!(-u --user <USER> "become this user (name or number)"),
            arg!(-m --umask <UMASK> "umask of the daemon (default 022)"),
            arg!(-d --directory <DIRECTORY> "working directory of the daemon")
                .value_hint(ValueHint::DirPath),
            arg!(-l --logfile <FILENAME> "use FILENAME as the daemon's log")
                .value_hint(ValueHint::FilePath),
            arg!(-y --logfile_maxbytes <BYTES> "rotate the log at this size"),
            arg!(-z --logfile_backups <NUM> "number of rotated logs to keep"),
            arg!(-e --loglevel <LEVEL> "critical, error, warn, info (default), debug, trace or blather")
                .value_parser(levels)
                .hide_possible_values(true),
            arg!(-j --pidfile <FILENAME> "where the daemon writes its process id")
                .value_hint(ValueHint::FilePath),
            arg!(-i --identifier <STR> "name of this daemon"),
            arg!(-q --childlogdir <DIRECTORY> "directory for AUTO process logs")
                .value_hint(ValueHint::DirPath),
            arg!(-k --nocleanup "do not delete AUTO logs of earlier runs at startup"),
            arg!(-a --minfds <NUM> "minimum number of file descriptors required to start"),
            arg!(-t --strip_ansi "strip ANSI escape sequences from process logs"),
            arg!(--minprocs <NUM> "minimum number of processes required to start"),
            arg!(--profile_options <LIST> "accepted and ignored"),
            arg!(--check "check the configuration and exit").help_heading(ADDITION),
            arg!(--"build-info" "print the visord version and build, and exit")
                .help_heading(ADDITION),
        ])
}

/// Read the command line, from left to right: `-h` and `-v` act where they stand.
///
/// # Errors
/// The first thing that is wrong with it (spec core 2.4).
pub fn parse(
    program: &str,
    arguments: &[String],
    context: &HostContext,
) -> Result<Parsed<Options>, String> {
    let definitions = definitions();
    let line = split(&definitions, arguments)?;
    if !line.arguments.is_empty() {
        let shown: Vec<String> = line.arguments.iter().map(|word| repr(word)).collect();
        let shown = shown.join(", ");
        return Err(format!("positional arguments are not supported: [{shown}]"));
    }
    let mut options = Options::default();
    for (at, option) in line.options.iter().enumerate() {
        let text = match option.id.as_str() {
            "help" => help_text(program, "[options]", &definitions),
            "version" => format!("{VERSION}\n"),
            "build-info" => format!("{}\n", crate::build_info()),
            _ => {
                line.check_conflict(at)?;
                let set = options.set(option, context);
                set.map_err(|why| option.invalid_value(&why))?;
                continue;
            }
        };
        return Ok(Parsed::Print(text));
    }
    Ok(Parsed::Run(Box::new(options)))
}

impl Options {
    /// Make the setting; the error says why its value cannot be used.
    fn set(&mut self, option: &Opt, context: &HostContext) -> Result<(), String> {
        let (id, value) = (option.id.as_str(), option.value.as_str());
        let text = value.to_owned();
        let shown = |path: PathBuf| path.to_string_lossy().into_owned();
        let setting = match id {
            "configuration" => {
                self.config = Some(PathBuf::from(value));
                return Ok(());
            }
            "check" => {
                self.check = true;
                return Ok(());
            }
            // the original runs under Python's profiler
            "profile_options" => return Ok(()),
            "nodaemon" | "silent" | "nocleanup" | "strip_ansi" => "true".to_owned(),
            "user" | "identifier" => text,
            "umask" => parse_octal(value).map(|_| text)?,
            "logfile_maxbytes" => parse_bytes(value).map(|_| text)?,
            "logfile_backups" | "minfds" | "minprocs" => parse_int(value).map(|_| text)?,
            "loglevel" => parse_loglevel(value).map(|_| text)?,
            "logfile" | "pidfile" => path_with_existing_dir(value, context)?,
            "directory" => shown(existing_dir(value, context)?),
            "childlogdir" => shown(existing_log_dir(value, context)?),
            other => unreachable!("an option that sets nothing: {other}"),
        };
        self.overrides.insert(id.to_owned(), setting);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn parsed(line: &str) -> Result<Parsed<Options>, String> {
        let context = HostContext {
            environment: BTreeMap::new(),
            node_name: "node".to_owned(),
            cwd: PathBuf::from("/"),
        };
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse("supervisord", &arguments, &context)
    }

    fn options(line: &str) -> Options {
        match parsed(line) {
            Ok(Parsed::Run(options)) => *options,
            other => panic!("{line}: {other:?}"),
        }
    }

    /// The rows of spec core 2.4, and what the original says to variations of them.
    const ERRORS: &[(&str, &str)] = &[
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
    ];

    #[test]
    fn errors() {
        for (line, message) in ERRORS {
            assert_eq!(parsed(line), Err((*message).to_owned()), "{line}");
        }
    }

    #[test]
    fn left_to_right() {
        let version = Ok(Parsed::Print("4.3.0\n".to_owned()));
        assert_eq!(parsed("-v -m 9"), version);
        assert_eq!(parsed("-nv"), version);
        assert!(parsed("--version -x").is_err(), "all words are split first");
        let Ok(Parsed::Print(help)) = parsed("-?v") else {
            panic!("no help");
        };
        assert!(help.starts_with("supervisord -- "));
        assert!(help.contains("\n-m/--umask UMASK -- "));
        assert!(help.contains("\n--minprocs NUM -- "));
        assert!(help.contains("\n-n/--nodaemon -- "));
    }

    #[test]
    fn settings() {
        let expected = Options {
            config: Some(PathBuf::from("x.conf")),
            check: true,
            overrides: Overrides::from(
                [
                    ("nodaemon", "true"),
                    ("umask", "077"),
                    ("logfile_maxbytes", "1MB"),
                    ("logfile_backups", "5"),
                    ("loglevel", "debug"),
                    ("directory", "/"),
                    ("identifier", "me"),
                    ("nocleanup", "true"),
                    ("minfds", "10"),
                    ("minprocs", "3"),
                    ("user", "nobody"),
                ]
                .map(|(key, text)| (key.to_owned(), text.to_owned())),
            ),
        };
        let overrides = options("--ch /").overrides;
        assert_eq!(overrides["childlogdir"], "/", "an addition is no ambiguity");
        let line = "-c x.conf -nkz5 --umask=077 -y 1MB -e debug -d / --ident me -a10 \
                    --minp 3 -u nobody --check";
        assert_eq!(options(line), expected);
        assert_eq!(options(""), Options::default());
    }

    #[test]
    fn which_visord_this_is() {
        let Ok(Parsed::Print(text)) = parsed("--build-info") else {
            panic!("nothing shown");
        };
        assert!(text.starts_with("visord "), "{text}");
    }
}
