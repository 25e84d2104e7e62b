//! The commands: one row each, in one table ([`ALL`]); those for Supvisors in another
//! ([`cluster::CLUSTER`]). The shell, `help`, completion and the manual take everything from them.
//!
//! To add one: make a file below `command/` with its function, and add a row here and its help to
//! `command/help.txt`. Functions return a [`Failure`] for what goes wrong; [`execute`] reports it.

pub mod cluster;
mod control;
mod daemon;
mod fg;
mod groups;
mod log;
mod shell;
mod status;
mod tail;
mod update;
mod wait;

use std::time::Duration;

use super::failure::{ExitStatus, Failure, Result, is};
use super::help::topic;
use super::session::{Flow, Session};

use cluster::{CLUSTER, Cluster};

use Completes::{Commands, Groups, Pages, Processes, ProcessesThen, Signals, Words};
use Handler::{Arguments, Bare, Leave, Requests, Text};

/// How a command is carried out.
#[derive(Clone, Copy)]
pub enum Handler {
    /// It leaves the shell.
    Leave,
    /// It takes no arguments.
    Bare(fn(&mut Session) -> Result),
    /// It takes names of processes and makes these requests for them.
    Requests(&'static [&'static control::Operation]),
    /// It takes arguments.
    Arguments(fn(&mut Session, &[&str]) -> Result),
    /// It takes the rest of the line, without blanks at its ends.
    Text(fn(&mut Session, &str) -> Result),
    /// It takes arguments and needs a server with Supvisors.
    Cluster(cluster::Run),
}

/// What TAB offers for an argument (spec interfaces 4.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completes {
    /// These words.
    Words(&'static [&'static str]),
    /// Names of signals.
    Signals,
    /// Names of commands.
    Commands,
    /// Names of manual pages.
    Pages,
    /// Names of active groups.
    Groups,
    /// Names of active processes and their groups.
    Processes,
    /// The same, or one of these words after them.
    ProcessesThen(&'static [&'static str]),
    /// How an instance to start something on is chosen.
    StartingStrategies,
    /// How conflicts are settled.
    ConciliationStrategies,
    /// Names of the applications of a cluster.
    Applications,
    /// Names of the processes of a cluster and their applications.
    Namespecs,
    /// Names of the programs of this instance.
    Programs,
    /// Names of the instances of a cluster.
    Identifiers,
}

/// An option of a command. It may be anywhere among the arguments unless the command's help says
/// otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opt {
    /// As typed: `-f`, `--dry-run`.
    pub name: &'static str,
    /// What its value is called and what TAB offers for it; nothing for a flag.
    pub value: Option<(&'static str, &'static [Completes])>,
    /// What it does, in the imperative and without a full stop.
    pub text: &'static str,
}

/// A command of supervisorctl.
pub struct Command {
    /// What is typed.
    pub name: &'static str,
    /// Its options.
    pub options: &'static [Opt],
    /// What TAB offers for its arguments: an entry for each, the last one also for all
    /// that follow.
    pub completes: &'static [Completes],
    /// The original does not have it. `help <name>` explains it and TAB offers it; the overview
    /// of `help` lists the commands of the original only.
    pub addition: bool,
    /// It has nothing to do with any daemon, so that no configuration file has to be looked for.
    pub is_local: bool,
    /// What it does.
    pub run: Handler,
}

/// Every command that needs no cluster, by name: its function, and what TAB offers for its
/// arguments.
pub const ALL: &[Command] = &[
    Command::new("EOF", Leave, &[]),
    Command::new("add", Arguments(groups::add), &[Groups]),
    Command::new("avail", Bare(groups::avail), &[]),
    Command::new("clear", Requests(&[&control::CLEAR]), &[Processes]),
    Command::new(
        "completion",
        Arguments(shell::completion),
        &[Words(&["bash", "fish", "zsh"])],
    )
    .local(),
    Command::new("exit", Leave, &[]),
    Command::new("fg", Arguments(fg::run), &[Processes]),
    Command::new("help", Text(shell::help), &[Commands]),
    Command::new(
        "logs",
        Arguments(control::logs),
        &[Words(&["reopen", "rotate"]), Processes],
    )
    .addition(),
    Command::new("maintail", Arguments(tail::maintail), &[]).with(MAINTAIL_OPTIONS),
    Command::new("man", Text(shell::man), &[Pages]).local(),
    Command::new("open", Text(shell::open), &[]),
    Command::new("pid", Arguments(daemon::pid), &[Processes]),
    Command::new("quit", Leave, &[]),
    Command::new("reload", Bare(daemon::reload), &[]),
    Command::new("remove", Arguments(groups::remove), &[Groups]),
    Command::new("reread", Bare(update::reread), &[]),
    Command::new(
        "restart",
        Requests(&[&control::STOP, &control::START]),
        &[Processes],
    ),
    Command::new("shutdown", Bare(daemon::shutdown), &[]),
    Command::new("signal", Arguments(control::signal), &[Signals, Processes]),
    Command::new("start", Requests(&[&control::START]), &[Processes]),
    Command::new("status", Arguments(status::run), &[Processes]).with(STATUS_OPTIONS),
    Command::new("stop", Requests(&[&control::STOP]), &[Processes]),
    Command::new(
        "tail",
        Arguments(tail::tail),
        &[Processes, ProcessesThen(&["both", "stderr", "stdout"])],
    )
    .with(TAIL_OPTIONS),
    Command::new("update", Arguments(update::update), &[Groups]).with(UPDATE_OPTIONS),
    Command::new("version", Bare(daemon::version), &[]),
    Command::new("wait", Arguments(wait::run), &[Processes])
        .with(WAIT_OPTIONS)
        .addition(),
];

const MAINTAIL_OPTIONS: &[Opt] = &[Opt::flag(
    "-f",
    "show what is logged from now on, until Ctrl-C",
)];

const STATUS_OPTIONS: &[Opt] = &[
    Opt::flag("-l", "the same as --long"),
    Opt::flag(
        "--long",
        "also show CPU, memory, restart count and last exit",
    ),
    Opt::flag("-w", "the same as --watch"),
    Opt::flag("--watch", "keep the table up to date until q or Ctrl-C"),
];

const TAIL_OPTIONS: &[Opt] = &[
    Opt::flag("-f", "show what is written from now on, until Ctrl-C"),
    Opt {
        name: "-n",
        value: Some(("<lines>", &[])),
        text: "show that many lines",
    },
];

const UPDATE_OPTIONS: &[Opt] = &[Opt::flag(
    update::DRY_RUN,
    "show what would be stopped, started or restarted, without doing it",
)];

const WAIT_OPTIONS: &[Opt] = &[
    Opt {
        name: "--for",
        value: Some(("<state>[,<state>]", &[Words(wait::STATES)])),
        text: "wait for one of these states (DOWN: STOPPED, EXITED or FATAL)",
    },
    Opt {
        name: "--timeout",
        value: Some(("<seconds>", &[])),
        text: "give up after that time, with exit code 124",
    },
];

/// The command of that name.
pub fn find(name: &str) -> Option<&'static Command> {
    let mut all = ALL.iter().chain(CLUSTER);
    all.find(|command| command.name == name)
}

/// Carry out a line as it was typed or put together from the command line: a command or, if there
/// is none of that name, a plug-in.
pub fn execute(session: &mut Session, line: &str) -> Result<Flow> {
    if line.trim().is_empty() {
        return Ok(Flow::Continue);
    }
    let (name, argument) = split_name(line);
    if let Some(command) = find(name) {
        return command.execute(session, argument);
    }
    let refused = |why: String| Failure::refused(format!("ERROR: {why}"));
    let Some(plugin) = session.plugins.find(name).map_err(refused)? else {
        let line = format!("*** Unknown syntax: {}", line.trim());
        return Err(Failure::refused(line));
    };
    let arguments = visord_actors::spawn::split(argument);
    let arguments = arguments.map_err(|error| refused(error.to_string()))?;
    plugin.run(session, &arguments)
}

/// What may be the name of a command, letters, digits and `_`, and the rest without blanks at its
/// ends (spec interfaces 4.3).
fn split_name(line: &str) -> (&str, &str) {
    let line = line.trim();
    if let Some(argument) = line.strip_prefix('?') {
        return ("help", argument.trim());
    }
    let ends_name = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let (name, argument) = line.split_at(line.find(ends_name).unwrap_or(line.len()));
    (name, argument.trim())
}

impl Opt {
    const fn flag(name: &'static str, text: &'static str) -> Self {
        Self {
            name,
            value: None,
            text,
        }
    }

    /// How it is typed, with the name of its value.
    pub fn syntax(&self) -> String {
        match self.value {
            Some((value, _)) => format!("{} {value}", self.name),
            None => self.name.to_owned(),
        }
    }
}

impl Command {
    /// A command of the original without options.
    const fn new(name: &'static str, run: Handler, completes: &'static [Completes]) -> Self {
        Self {
            name,
            options: &[],
            completes,
            addition: false,
            is_local: false,
            run,
        }
    }

    const fn with(mut self, options: &'static [Opt]) -> Self {
        self.options = options;
        self
    }

    const fn addition(mut self) -> Self {
        self.addition = true;
        self
    }

    /// An addition that has nothing to do with any daemon.
    const fn local(mut self) -> Self {
        self.is_local = true;
        self.addition()
    }

    /// Its block in a `help.txt`: lines with what is typed, a tab and what it does; a line without the
    /// first part continues the one before, a line without a tab is a remark. Empty for a command
    /// that is hidden.
    pub fn help(&self) -> &'static str {
        let texts = [
            include_str!("command/help.txt"),
            include_str!("command/cluster/help.txt"),
        ];
        let mut blocks = texts.iter().flat_map(|text| text.trim_end().split("\n\n"));
        let is_own = |block: &&str| block.split_whitespace().next() == Some(self.name);
        blocks.find(is_own).unwrap_or_default()
    }

    /// What it does, in one line.
    pub fn summary(&self) -> &'static str {
        let mut lines = self.help().lines();
        let text = lines.find_map(|line| line.split_once('\t'));
        text.map_or("", |(_, text)| text)
    }

    fn execute(&self, session: &mut Session, argument: &str) -> Result<Flow> {
        let words = || argument.split_whitespace().collect::<Vec<_>>();
        let done = match self.run {
            Handler::Leave => {
                session.say("")?;
                return Ok(Flow::Leave);
            }
            Handler::Bare(_) if !argument.is_empty() => Err(Failure::misused(format!(
                "Error: {} accepts no arguments",
                self.name
            ))),
            Handler::Bare(run) => run(session),
            Handler::Requests(operations) => {
                control::make(session, self.name, &words(), operations)
            }
            Handler::Arguments(run) => run(session, &words()),
            Handler::Text(run) => run(session, argument),
            Handler::Cluster(run) => {
                Cluster::reach(session).and_then(|mut cluster| run(&mut cluster, &words()))
            }
        };
        if let Err(failure) = done {
            self.report(session, failure)?;
        }
        Ok(Flow::Continue)
    }

    /// Report a failure that has a wording of its own; others are returned, as exactly as this
    /// command knows them.
    fn report(&self, session: &mut Session, failure: Failure) -> Result {
        match &failure {
            Failure::Refused(status, line) => session.fail(*status, line),
            Failure::Misused(status, line) => {
                session.fail(*status, line)?;
                session.say(&topic(self))
            }
            Failure::Unreached(status, line, hint) => {
                session.fail(*status, line)?;
                match hint {
                    Some(hint) if !session.confirm => Ok(session.terminal.hint(hint)?),
                    Some(_) | None => Ok(()),
                }
            }
            Failure::Interrupted => session.say(""),
            Failure::Call(_)
            | Failure::Lacking(_)
            | Failure::Incomplete(_)
            | Failure::Exception(..)
            | Failure::Terminal(_) => Err(failure),
        }
    }
}

/// Take `name value` and `name=value` out; the last one counts. Fails if its value is missing.
pub fn take_value<'a>(words: &mut Vec<&'a str>, names: &[&str]) -> Result<Option<&'a str>, String> {
    let mut value = None;
    let name = |word: &'a str| word.split_once('=').map_or(word, |(name, _)| name);
    while let Some(at) = words.iter().position(|word| names.contains(&name(word))) {
        let word = words.remove(at);
        value = match word.split_once('=') {
            Some((_, attached)) => Some(attached),
            None if at < words.len() => Some(words.remove(at)),
            None => return Err(format!("{word} requires a value")),
        };
    }
    Ok(value)
}

/// A time in seconds, perhaps with a fraction: `30`, `0.5`. Fails if it is not a number of seconds,
/// or more than thirty years.
pub fn seconds(text: &str) -> Result<Duration, String> {
    const LONGEST: f64 = 1e9;
    let number = text.parse().ok().filter(|n| (0.0..=LONGEST).contains(n));
    let duration = number.map(Duration::from_secs_f64);
    duration.ok_or_else(|| format!("invalid time '{text}': expected seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_known_to_help() {
        assert!(
            ALL.is_sorted_by(
                |a, b| a.name.to_lowercase() <= b.name.to_lowercase() || a.name == "EOF"
            )
        );
        for command in ALL {
            assert_eq!(
                command.help().is_empty(),
                command.name == "EOF",
                "{}",
                command.name
            );
        }
    }

    #[test]
    fn lines_are_taken_apart() {
        for (line, name, argument) in [
            ("status", "status", ""),
            ("  tail -f x  ", "tail", "-f x"),
            ("start\ta", "start", "a"),
            ("?", "help", ""),
            ("?start", "help", "start"),
            ("? start", "help", "start"),
            ("st@art x", "st", "@art x"),
            ("start:x", "start", ":x"),
            ("EOF", "EOF", ""),
            (" \t ", "", ""),
            ("!ls", "", "!ls"),
            ("# x", "", "# x"),
        ] {
            assert_eq!(split_name(line), (name, argument), "{line:?}");
        }
    }

    #[test]
    fn options_are_taken_out() {
        let mut words = vec!["a", "--for", "X", "-l", "b", "--for=Y", "--force"];
        assert_eq!(take_value(&mut words, &["--for"]), Ok(Some("Y")));
        assert_eq!(take_value(&mut words, &["--for"]), Ok(None));
        assert_eq!(words, ["a", "-l", "b", "--force"]);
        let error = take_value(&mut vec!["a", "--for"], &["--for"]);
        assert_eq!(error, Err("--for requires a value".to_owned()));
    }

    #[test]
    fn times() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for wrong in ["", "x", "-1", "nan", "inf", "1e10"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
