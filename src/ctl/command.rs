//! The commands: one value for each, in one table. The shell, `help` and completion know
//! no command but through it.
//!
//! To add one: write a function of [`Run`]'s shape below `command/`, put a [`Command`]
//! into [`ALL`] in alphabetical order, and say in its `help` what it does.

mod avail;
mod clear;
mod completion;
mod control;
mod daemon;
mod fg;
mod groups;
mod logs;
mod maintail;
mod man;
mod needs;
mod pid;
mod shell;
mod status;
mod tail;
mod update;
mod wait;

use super::failure::Failure;
use super::help::Part;
use super::line::Line;
use super::session::{Flow, Session};
use crate::ctl::exit_status::ExitStatus;

/// What a command does with its argument, the rest of the line without blanks at its ends.
pub type Run = fn(&mut Session<'_>, &str) -> Result<Flow, Failure>;

/// What TAB offers for an argument (spec interfaces 4.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completes {
    /// These words.
    Words(&'static [&'static str]),
    /// Names of signals.
    Signals,
    /// Names of commands.
    Commands,
    /// Names of active groups.
    Groups,
    /// Names of active processes and their groups.
    Processes,
    /// The same, or one of these words after them.
    ProcessesThen(&'static [&'static str]),
}

/// An option of a command. It may stand anywhere among the arguments unless the command's
/// help says otherwise.
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
    /// How it is used; nothing for a command that is not to be known.
    pub help: &'static [Part<'static>],
    /// Its options.
    pub options: &'static [Opt],
    /// What TAB offers for its arguments: an entry for each, the last one also for all
    /// that follow.
    pub completes: &'static [Completes],
    /// Everything it may ask of a daemon: RPC methods, and paths of log streams up to the
    /// name. A daemon that lacks one is told apart by it.
    pub needs: &'static [&'static str],
    /// The original does not have it. `help <name>` explains it and TAB offers it; the
    /// overview of `help` stays what scripts and people know.
    pub addition: bool,
    /// What it does.
    pub run: Run,
}

/// Every command, by name.
pub const ALL: &[Command] = &[
    shell::END_OF_FILE,
    groups::ADD,
    avail::AVAIL,
    clear::CLEAR,
    completion::COMPLETION,
    shell::EXIT,
    fg::FG,
    shell::HELP,
    logs::LOGS,
    maintail::MAINTAIL,
    man::MAN,
    shell::OPEN,
    pid::PID,
    shell::QUIT,
    daemon::RELOAD,
    groups::REMOVE,
    update::REREAD,
    control::RESTART,
    daemon::SHUTDOWN,
    control::SIGNAL,
    control::START,
    status::STATUS,
    control::STOP,
    tail::TAIL,
    update::UPDATE,
    daemon::VERSION,
    wait::WAIT,
];

/// The command of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Command> {
    ALL.iter().find(|command| command.name == name)
}

/// Carry out a line as it was typed or put together from the command line.
///
/// # Errors
/// Whatever the command has no words of its own for.
pub fn execute(session: &mut Session<'_>, line: &str) -> Result<Flow, Failure> {
    match Line::read(line) {
        Line::Blank => Ok(Flow::Continue),
        Line::Command { name, argument } => match find(name) {
            Some(command) => (command.run)(session, argument)
                .map_err(|failure| needs::explained(session, command, failure)),
            None => plugin(session, name, argument, line),
        },
        Line::Other => unknown(session, line),
    }
}

/// Run the plug-in of that name, if there is one.
fn plugin(
    session: &mut Session<'_>,
    name: &str,
    argument: &str,
    line: &str,
) -> Result<Flow, Failure> {
    let found = session.plugins.find(name).and_then(|plugin| {
        let arguments = visord_actors::spawn::split(argument).map_err(|error| error.to_string())?;
        Ok(plugin.map(|plugin| (plugin, arguments)))
    });
    match found {
        Ok(Some((plugin, arguments))) => plugin.run(session, &arguments),
        Ok(None) => unknown(session, line),
        Err(why) => {
            session.fail(ExitStatus::Generic, &format!("ERROR: {why}"))?;
            Ok(Flow::Continue)
        }
    }
}

fn unknown(session: &mut Session<'_>, line: &str) -> Result<Flow, Failure> {
    let message = format!("*** Unknown syntax: {}", line.trim());
    session.fail(ExitStatus::Generic, &message)?;
    Ok(Flow::Continue)
}

impl Opt {
    /// How it is typed, with the name of its value.
    #[must_use]
    pub fn syntax(&self) -> String {
        match self.value {
            Some((value, _)) => format!("{} {value}", self.name),
            None => self.name.to_owned(),
        }
    }
}

impl Command {
    /// What it does, in one line.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        let texts = self.help.iter().filter_map(|part| match part {
            Part::Usage(_, text) => Some(*text),
            Part::More(_) | Part::Line(_) => None,
        });
        texts.into_iter().next().unwrap_or_default()
    }

    /// Tell what is wrong with the arguments, and how they should be.
    ///
    /// # Errors
    /// Standard output is gone.
    fn misused(
        &self,
        session: &mut Session<'_>,
        status: ExitStatus,
        what: &str,
    ) -> Result<Flow, Failure> {
        session.fail(status, what)?;
        session.say(&super::help::topic(self))?;
        Ok(Flow::Continue)
    }

    /// Refuse arguments: true if there were any.
    ///
    /// # Errors
    /// Standard output is gone.
    fn refuses(&self, session: &mut Session<'_>, argument: &str) -> Result<bool, Failure> {
        if argument.is_empty() {
            return Ok(false);
        }
        let message = format!("Error: {} accepts no arguments", self.name);
        let _ = self.misused(session, ExitStatus::Generic, &message)?;
        Ok(true)
    }
}

/// Whether the names mean everything there is.
fn means_all(names: &[&str]) -> bool {
    names.contains(&"all")
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
                command.help.is_empty(),
                command.name == "EOF",
                "{}",
                command.name
            );
        }
    }
}
