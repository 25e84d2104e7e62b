//! `help`, `open`, and the commands that leave the shell.

use super::{Command, Completes, Failure, Handler, execute, find};
use crate::ctl::help;
use crate::ctl::session::{Server, Session};

pub(super) const HELP: Command = Command {
    completes: &[Completes::Commands],
    ..Command::new(
        "help",
        "help\tList the commands\n\
         help <action>\tShow how a command is used",
        Handler::Text(help),
    )
};

pub(super) const OPEN: Command = Command {
    needs: "getVersion getAllProcessInfo",
    ..Command::new(
        "open",
        "open <url>\tConnect to another supervisord\n\
         \t(http://host:port or unix:///path/of/socket)",
        Handler::Text(open),
    )
};

pub(super) const EXIT: Command = Command::new("exit", "exit\tLeave this shell", Handler::Leave);
pub(super) const QUIT: Command = Command::new("quit", "quit\tLeave this shell", Handler::Leave);

/// The end of the input, spelled out.
pub(super) const END_OF_FILE: Command = Command::new("EOF", "", Handler::Leave);

fn help(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    let text = match find(argument) {
        _ if argument.is_empty() => help::overview(&session.plugins.names()),
        Some(command) if !command.help.is_empty() => help::topic(command),
        Some(_) | None => match session.plugins.find(argument) {
            Ok(Some(plugin)) => help::plugin(&plugin),
            Ok(None) | Err(_) => format!("*** No help on {argument}"),
        },
    };
    session.say(&text)
}

fn open(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    let known = ["http://", "https://", "unix://"];
    if !known.iter().any(|scheme| argument.starts_with(scheme)) {
        return Err(Failure::refused("ERROR: url must be http:// or unix://"));
    }
    session.server = Server {
        url: argument.into(),
        ..session.server.clone()
    };
    // What the status shows there is not a failure of opening.
    let before = session.exit_status;
    let shown = execute(session, "status");
    session.exit_status = before;
    shown.map(|_| ())
}
