//! `help`, `open`, and the ways to leave.

use super::{Command, Completes, execute, find};
use crate::ctl::exit_status::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::help::{self, Part};
use crate::ctl::session::{Flow, Server, Session};

pub(super) const HELP: Command = Command {
    name: "help",
    help: &[
        Part::Usage("help", "List the commands"),
        Part::Usage("help <action>", "Show how a command is used"),
    ],
    options: &[],
    completes: &[Completes::Commands],
    needs: &[],
    addition: false,
    run: help,
};

pub(super) const OPEN: Command = Command {
    name: "open",
    help: &[
        Part::Usage("open <url>", "Talk to another supervisord from now on"),
        Part::More("(http://host:port or unix:///path/of/socket)"),
    ],
    options: &[],
    completes: &[],
    needs: &["supervisor.getVersion", "supervisor.getAllProcessInfo"],
    addition: false,
    run: open,
};

pub(super) const EXIT: Command = Command {
    name: "exit",
    help: &[Part::Usage("exit", "Leave this shell")],
    options: &[],
    completes: &[],
    needs: &[],
    addition: false,
    run: leave,
};

pub(super) const QUIT: Command = Command {
    name: "quit",
    help: &[Part::Usage("quit", "Leave this shell")],
    options: &[],
    completes: &[],
    needs: &[],
    addition: false,
    run: leave,
};

/// The end of the input, spelled out.
pub(super) const END_OF_FILE: Command = Command {
    name: "EOF",
    help: &[],
    options: &[],
    completes: &[],
    needs: &[],
    addition: false,
    run: leave,
};

fn leave(session: &mut Session<'_>, _argument: &str) -> Result<Flow, Failure> {
    session.say("")?;
    Ok(Flow::Leave)
}

fn help(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let text = match find(argument) {
        _ if argument.is_empty() => help::overview(&session.plugins.names()),
        Some(command) if !command.help.is_empty() => help::topic(command),
        Some(_) | None => match session.plugins.find(argument) {
            Ok(Some(plugin)) => help::plugin(&plugin),
            Ok(None) | Err(_) => format!("*** No help on {argument}"),
        },
    };
    session.say(&text)?;
    Ok(Flow::Continue)
}

fn open(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let known = ["http://", "https://", "unix://"];
    if !known.iter().any(|scheme| argument.starts_with(scheme)) {
        let line = "ERROR: url must be http:// or unix://";
        session.fail(ExitStatus::Generic, line)?;
        return Ok(Flow::Continue);
    }
    session.server = Server {
        url: argument.into(),
        ..session.server.clone()
    };
    // What the status shows there is no failure of opening.
    let before = session.exit_status;
    let flow = execute(session, "status");
    session.exit_status = before;
    flow
}
