//! The manual pages, which `supervisorctl man` prints.
//!
//! A page is a file in the language of man(7) in `src/ctl/manual/`. The line [`GENERATED`] in it is
//! replaced by text that is made from what the programs themselves use: the definitions of their
//! options, the table of commands, the reference of the configuration
//! (`docs/decisions/0022`).

use std::io::{self, Write};

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use visord_config::keys::{Key, kinds};

use super::command::cluster::CLUSTER;
use super::command::{ALL, Command as Action};
use super::help;
use super::options;
use crate::cli::{ADDITION, help_of};
use crate::{breed, daemon};

/// When the pages were last revised: a fixed date, so that a build can be repeated.
const DATE: &str = "2026-12-01";

/// Where a page has its generated part.
const GENERATED: &str = ".\\\" GENERATED\n";

/// A manual page.
#[derive(Clone, Copy)]
pub struct Page {
    /// The name it is found by.
    pub name: &'static str,
    /// The section of the manual.
    pub section: u8,
    source: &'static str,
    generated: fn() -> String,
}

macro_rules! page {
    ($name:literal, $section:literal, $generated:expr) => {
        Page {
            name: $name,
            section: $section,
            source: include_str!(concat!("manual/", $name, ".", $section)),
            generated: $generated,
        }
    };
}

/// Every page, by name.
pub const PAGES: &[Page] = &[
    page!("echo_supervisord_conf", 1, String::new),
    page!("pidproxy", 1, String::new),
    page!(
        "supervisorctl",
        1,
        || option_section(options::definitions()) + &actions(ALL)
    ),
    page!("supervisord", 8, || option_section(
        daemon::options::definitions()
    )),
    page!("supervisord.conf", 5, sections),
    page!("supvisors_breed", 1, || option_section(
        breed::options::definitions()
    )),
    page!("supvisorsctl", 1, || actions(CLUSTER)),
];

impl Page {
    /// The page in the language of man(7).
    pub fn text(&self) -> String {
        let man = Man::new(Command::new(self.name))
            .title(self.name.to_uppercase())
            .section(self.section.to_string())
            .date(DATE)
            .source(crate::build_info())
            .manual("Process control");
        let title = rendered(|page| man.render_title(page));
        title + &self.source.replace(GENERATED, &(self.generated)())
    }
}

fn option_section(definitions: Command) -> String {
    let described = definitions.mut_args(|option| {
        let mut text = sentence(&help_of(&option));
        let shorts = option.get_visible_short_aliases().unwrap_or_default();
        let longs = option.get_visible_aliases().unwrap_or_default();
        let shorts = shorts.iter().map(|short| format!("-{short}"));
        for alias in shorts.chain(longs.iter().map(|long| format!("--{long}"))) {
            text.push_str(&format!(" Also {alias}."));
        }
        if option.get_help_heading() == Some(ADDITION) {
            text.push_str(VISORD_ONLY);
        }
        let option = option.help_heading(None::<&str>);
        option.help(text)
    });
    rendered(|page| Man::new(described).render_options_section(page))
}

const VISORD_ONLY: &str = " (visord only)";

fn actions(all: &[Action]) -> String {
    let mut page = Roff::new();
    page.control("SH", ["ACTIONS"]);
    for command in all.iter().filter(|command| !command.help().is_empty()) {
        page.control("SS", [command.name]);
        // a line that begins with a tab continues the one before
        let entries = help::text(command).replace("\n\t", " ");
        for (at, entry) in entries.lines().enumerate() {
            if let Some((syntax, text)) = entry.split_once('\t') {
                page.control("TP", []).text(usage(syntax));
                page.text(marked(&sentence(text)));
            } else {
                if at > 0 {
                    page.control("PP", []);
                }
                page.text(marked(entry));
            }
        }
    }
    page.render()
}

fn sections() -> String {
    let mut page = Roff::new();
    page.control("SH", ["SECTIONS"]);
    for section in kinds() {
        let title = section.title.replace('-', "\\-");
        page.control("SS", [title.as_str()]);
        page.text(marked(section.text));
        for key in section.documented() {
            let form = format!("= {}", key.form);
            page.control("TP", []);
            page.text([bold(key.name.as_ref()), roman(" "), italic(form)]);
            page.text(marked(&described(key)));
        }
    }
    page.render()
}

fn described(key: &Key) -> String {
    let default = match key.default_value() {
        Some(value) => format!("Default: `{value}`."),
        None => match key.default.trim_matches(['[', ']', '(', ')']) {
            "required" => "Required.".to_owned(),
            default => format!("Default: {default}."),
        },
    };
    let mark = if key.is_addition { VISORD_ONLY } else { "" };
    format!("{} {default}{mark}", key.text)
}

/// What a function of clap_mangen writes.
fn rendered(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut text = Vec::new();
    // writing to a vector cannot fail
    let _ = render(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// With a full stop at the end.
fn sentence(text: &str) -> String {
    let mut text = help::sentence(text);
    if !text.is_empty() && !text.ends_with(['.', ')']) {
        text.push('.');
    }
    text
}

/// Words in backquotes become bold.
fn marked(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 1 { bold(part) } else { roman(part) })
        .collect()
}

/// Names in angle brackets become italic, other words bold; brackets, dots and bars stay as they
/// are.
fn usage(syntax: &str) -> Vec<Inline> {
    let is_plain = |c: char| "[]|. ".contains(c);
    let mut inlines = Vec::new();
    let mut rest = syntax;
    while let Some(first) = rest.chars().next() {
        let ends = |c: char| c == '<' || is_plain(c) != is_plain(first);
        let (inline, length) = match rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            Some((name, _)) => (italic(name), name.len() + 2),
            None => {
                let length = rest[1..].find(ends).map_or(rest.len(), |end| end + 1);
                let word = &rest[..length];
                let inline = if is_plain(first) {
                    roman(word)
                } else {
                    bold(word)
                };
                (inline, length)
            }
        };
        inlines.push(inline);
        rest = &rest[length..];
    }
    inlines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::{Command, Stdio};

    use super::*;

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
        let all = ALL.iter().chain(CLUSTER);
        for command in all.filter(|command| !command.help().is_empty()) {
            assert!(told(command.summary()), "{}", command.name);
            for option in command.options {
                let usage = format!("{} {}", command.name, option.name);
                assert!(told(&usage), "{usage}");
            }
        }
        for definitions in [options::definitions(), daemon::options::definitions()] {
            for definition in definitions.get_arguments() {
                let long = definition.get_long().expect("a long name");
                assert!(told(&format!("--{long}")), "{long}");
            }
        }
        for section in visord_config::keys::kinds() {
            assert!(told(section.title), "{}", section.title);
            for option in section.documented() {
                assert!(told(&option.name), "{}", option.name);
            }
        }
        assert!(PAGES.is_sorted_by_key(|page| page.name));
    }

    /// The words of a page, one after the other.
    fn plain(text: &str) -> String {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ").replace("\\fB", "").replace("\\fI", "");
        let text = text.replace("\\fR", "").replace("\\-", "-");
        text.replace("\\(aq", "'").replace("\\*(Aq", "'")
    }

    #[test]
    fn usages() {
        let page = Roff::new().text(usage("tail [-f] <name> [x|y]")).to_roff();
        let expected = "\\fBtail\\fR [\\fB\\-f\\fR] \\fIname\\fR [\\fBx\\fR|\\fBy\\fR]\n";
        assert_eq!(page, expected);
        assert_eq!(sentence("show this"), "Show this.");
    }
}
