//! About supervisorctl itself: `help`, `open`, the commands that leave the shell; `man` and
//! `completion`, which are not in the original.

use super::{Command, Completes, Failure, Handler, Result, execute, find};
use crate::ctl::help;
use crate::ctl::manual::{NAMES, PAGES, Page};
use crate::ctl::session::{Server, Session};

pub(super) const HELP: Command = Command {
    completes: &[Completes::Commands],
    ..Command::new("help", Handler::Text(help))
};

pub(super) const MAN: Command = Command {
    completes: &[Completes::Words(NAMES)],
    addition: true,
    ..Command::new("man", Handler::Text(man))
};

pub(super) const COMPLETION: Command = Command {
    completes: &[Completes::Words(&["bash", "fish", "zsh"])],
    addition: true,
    ..Command::new("completion", Handler::Arguments(completion))
};

pub(super) const OPEN: Command = Command {
    needs: "getVersion getAllProcessInfo",
    ..Command::new("open", Handler::Text(open))
};

pub(super) const EXIT: Command = Command::new("exit", Handler::Leave);
pub(super) const QUIT: Command = Command::new("quit", Handler::Leave);

/// The end of the input, spelled out.
pub(super) const END_OF_FILE: Command = Command::new("EOF", Handler::Leave);

fn help(session: &mut Session, argument: &str) -> Result {
    let text = match find(argument) {
        _ if argument.is_empty() => help::overview(&session.plugins.names()),
        Some(command) if !command.help().is_empty() => help::topic(command),
        Some(_) | None => match session.plugins.find(argument) {
            Ok(Some(plugin)) => help::plugin(&plugin),
            Ok(None) | Err(_) => format!("*** No help on {argument}"),
        },
    };
    session.say(&text)
}

fn open(session: &mut Session, argument: &str) -> Result {
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

fn man(session: &mut Session, argument: &str) -> Result {
    if argument.is_empty() {
        for page in PAGES {
            session.say(&format!("{}.{}", page.name, page.section))?;
        }
        return Ok(());
    }
    // The files are called `supervisord.8`.
    let mut pages = PAGES.iter();
    let found = pages.find(|Page { name, section, .. }| {
        argument == *name || argument == format!("{name}.{section}")
    });
    let no_page = || Failure::misused(format!("Error: no manual page {argument}"));
    let text = found.ok_or_else(no_page)?.text();
    session.tell(&text, || text.as_str().into())
}

fn completion(session: &mut Session, arguments: &[&str]) -> Result {
    let script = match arguments {
        ["bash"] => include_str!("../complete/supervisorctl.bash"),
        ["zsh"] => include_str!("../complete/supervisorctl.zsh"),
        ["fish"] => include_str!("../complete/supervisorctl.fish"),
        _ => {
            let line = "Error: completion requires bash, zsh or fish";
            return Err(Failure::misused(line));
        }
    };
    session.tell(script, || script.into())
}
