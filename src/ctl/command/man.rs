//! `man`: the manual pages of all programs. Not in the original.

use super::{Command, Completes};
use crate::ctl::exit_status::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::session::{Flow, Session};
use crate::manual::{NAMES, PAGES};

pub(super) const MAN: Command = Command {
    name: "man",
    help: &[
        Part::Usage("man", "List the manual pages"),
        Part::Usage("man <page>", "Print one, as man(1) reads it"),
    ],
    options: &[],
    completes: &[Completes::Words(NAMES)],
    needs: &[],
    addition: true,
    run,
};

fn run(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    if argument.is_empty() {
        for page in PAGES {
            session.say(&format!("{}.{}", page.name, page.section))?;
        }
        return Ok(Flow::Continue);
    }
    // `supervisord.8` is fine, too: so the files are called.
    let is_meant = |name: &str, section: u8| {
        argument == name || argument.strip_prefix(name) == Some(&format!(".{section}"))
    };
    match PAGES.iter().find(|page| is_meant(page.name, page.section)) {
        Some(page) => {
            let text = page.text();
            session.tell(&text, || text.as_str().into())?;
        }
        None => {
            let message = format!("Error: no manual page {argument}");
            return MAN.misused(session, ExitStatus::Generic, &message);
        }
    }
    Ok(Flow::Continue)
}
