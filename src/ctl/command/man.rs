//! `man`: the manual pages of all programs. Not in the original.

use super::{Command, Completes, Failure, Handler, Session};
use crate::ctl::manual::{NAMES, PAGES};

pub(super) const MAN: Command = Command {
    completes: &[Completes::Words(NAMES)],
    addition: true,
    ..Command::new(
        "man",
        "man\tList the manual pages\n\
         man <page>\tPrint one page in man format",
        Handler::Text(run),
    )
};

fn run(session: &mut Session<'_>, argument: &str) -> Result<(), Failure> {
    if argument.is_empty() {
        for page in PAGES {
            session.say(&format!("{}.{}", page.name, page.section))?;
        }
        return Ok(());
    }
    // The files are called `supervisord.8`.
    let is_meant = |name: &str, section: u8| {
        argument == name || argument.strip_prefix(name) == Some(&format!(".{section}"))
    };
    let mut pages = PAGES.iter();
    let page = pages
        .find(|page| is_meant(page.name, page.section))
        .ok_or_else(|| Failure::misused(format!("Error: no manual page {argument}")))?;
    let text = page.text();
    session.tell(&text, || text.as_str().into())
}
