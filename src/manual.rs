//! The manual pages, made from what the programs themselves go by: the table of commands, the
//! definitions of options, the reference of the configuration. `supervisorctl man` prints them.

mod conf;
mod ctl;
mod daemon;
mod roff;
mod small;

use roff::Roff;

/// A manual page.
#[derive(Clone, Copy)]
pub struct Page {
    /// What is looked up.
    pub name: &'static str,
    /// The section of the manual.
    pub section: u8,
    /// What `man -k` shows.
    about: &'static str,
    write: fn(&mut Roff),
}

/// Every page, by name.
pub const PAGES: &[Page] = &[
    Page {
        name: "echo_supervisord_conf",
        section: 1,
        about: "print a sample configuration of supervisord",
        write: small::echo_supervisord_conf,
    },
    Page {
        name: "pidproxy",
        section: 1,
        about: "pass signals on to the process in a pidfile",
        write: small::pidproxy,
    },
    Page {
        name: "supervisorctl",
        section: 1,
        about: "control what supervisord runs",
        write: ctl::write,
    },
    Page {
        name: "supervisord",
        section: 8,
        about: "run programs and keep them running",
        write: daemon::write,
    },
    Page {
        name: "supervisord.conf",
        section: 5,
        about: "configuration of supervisord and supervisorctl",
        write: conf::write,
    },
];

/// The names of all pages.
pub const NAMES: &[&str] = &{
    let mut names = [""; PAGES.len()];
    let mut at = 0;
    while at < PAGES.len() {
        names[at] = PAGES[at].name;
        at += 1;
    }
    names
};

impl Page {
    /// The page in the language of man(7).
    #[must_use]
    pub fn text(&self) -> String {
        let mut roff = Roff::begin(self.name, self.section, self.about);
        (self.write)(&mut roff);
        roff.heading("SEE ALSO");
        let others = PAGES.iter().filter(|page| page.name != self.name);
        let others: Vec<String> = others
            .map(|page| format!("`{}`({})", page.name, page.section))
            .collect();
        roff.paragraph(&others.join(", "));
        roff.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::ctl::command::ALL;

    /// What a program that checks pages says to one; nothing if it is not installed.
    fn complaints(program: &str, arguments: &[&str], text: &str) -> Option<String> {
        let started = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut child) = started else {
            eprintln!("skipped: {program} is not installed");
            return None;
        };
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(text.as_bytes()).expect("write");
        drop(stdin);
        let output = child.wait_with_output().expect("its end");
        let (out, err) = (output.stdout, output.stderr);
        Some(String::from_utf8_lossy(&[out, err].concat()).into_owned())
    }

    #[test]
    fn formatters_have_no_complaints() {
        for page in PAGES {
            let text = page.text();
            for (program, arguments) in [
                ("mandoc", &["-Tlint", "-Wwarning"][..]),
                ("groff", &["-ww", "-man", "-Tutf8", "-z"]),
            ] {
                let said = complaints(program, arguments, &text).unwrap_or_default();
                assert_eq!(said, "", "{program} about {}", page.name);
            }
        }
    }

    #[test]
    fn pages_tell_of_everything() {
        let texts: BTreeSet<String> = PAGES.iter().map(|page| plain(&page.text())).collect();
        let told = |words: &str| texts.iter().any(|text| text.contains(words));
        for command in ALL.iter().filter(|command| !command.help.is_empty()) {
            assert!(told(command.summary()), "{}", command.name);
            for option in command.options {
                let usage = format!("{} {}", command.name, option.name);
                assert!(told(&usage), "{usage}");
            }
        }
        for definitions in [
            crate::ctl::options::definitions(),
            crate::daemon::cli::definitions(),
        ] {
            for definition in definitions.get_arguments() {
                let long = definition.get_long().expect("a long name");
                assert!(told(&format!("--{long}")), "{long}");
            }
        }
        for section in visord_config::reference::reference() {
            assert!(told(section.title), "{}", section.title);
            for option in &section.options {
                assert!(told(option.name), "{}", option.name);
            }
        }
        assert!(PAGES.is_sorted_by_key(|page| page.name));
    }

    /// The words of a page, one after the other.
    fn plain(text: &str) -> String {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ").replace("\\fB", "").replace("\\fI", "");
        let text = text.replace("\\fR", "").replace("\\-", "-");
        text.replace("\\(aq", "'")
            .replace("\\(dq", "\"")
            .replace("\\&", "")
    }
}
