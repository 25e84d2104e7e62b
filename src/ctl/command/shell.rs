//! About supervisorctl itself: `help`, `open`, the commands that leave the shell; `man` and
//! `completion`, which are not in the original.

use super::{Failure, Result, execute, find};
use crate::ctl::help;
use crate::ctl::manual::{PAGES, Page};
use crate::ctl::session::{Server, Session};

pub(super) fn help(session: &mut Session, argument: &str) -> Result {
    let text = match find(argument) {
        _ if argument.is_empty() => help::overview(session.has_cluster, &session.plugins.names()),
        Some(command) if !command.help().is_empty() => help::topic(command),
        Some(_) | None => match session.plugins.find(argument) {
            Ok(Some(plugin)) => help::plugin(&plugin),
            Ok(None) | Err(_) => format!("*** No help on {argument}"),
        },
    };
    session.say(&text)
}

pub(super) fn open(session: &mut Session, argument: &str) -> Result {
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

pub(super) fn man(session: &mut Session, argument: &str) -> Result {
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

pub(super) fn completion(session: &mut Session, arguments: &[&str]) -> Result {
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
