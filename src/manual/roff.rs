//! Writing pages in the language of man(7). Texts may have words in backquotes, which become
//! bold; usages may have names in angle brackets, which become italic, and all else bold.

use clap::{Arg, Command};

use crate::cli::ADDITION;

/// When the pages were last revised: a fixed date, so that a build can be repeated.
const DATE: &str = "2026-11-21";
/// Longest line of a page's source, in bytes.
const WIDTH: usize = 78;

/// A page being written.
pub(super) struct Roff {
    text: String,
    /// A title was written last: a paragraph begins by itself.
    begins: bool,
}

impl Roff {
    /// The title and the section NAME.
    pub(super) fn begin(name: &str, section: u8, about: &str) -> Self {
        let build = crate::build_info();
        let title = name.to_uppercase();
        let text = format!(
            ".\\\" Made by \"supervisorctl man {name}\".\n\
             .TH {title} {section} {DATE} \"{build}\" \"Process control\"\n"
        );
        let mut roff = Self {
            text,
            begins: false,
        };
        roff.heading("NAME");
        roff.lines(&format!("{} \\- {}", escaped(name), escaped(about)));
        roff
    }

    /// The whole page.
    pub(super) fn end(self) -> String {
        self.text
    }

    /// A section of the page.
    pub(super) fn heading(&mut self, title: &str) {
        self.text.push_str(&format!(".SH {}\n", escaped(title)));
        self.begins = true;
    }

    /// A part of a section.
    pub(super) fn part(&mut self, title: &str) {
        self.text.push_str(&format!(".SS {}\n", escaped(title)));
        self.begins = true;
    }

    /// A paragraph of text.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.separate();
        self.lines(&marked(text));
    }

    /// How a program is called.
    pub(super) fn synopsis(&mut self, syntax: &str) {
        self.heading("SYNOPSIS");
        self.lines(&usage(syntax));
    }

    /// A usage and what it does.
    pub(super) fn usage(&mut self, syntax: &str, text: &str) {
        self.tag(&usage(syntax), text);
    }

    /// A word in bold, what stands for its value, and what it does.
    pub(super) fn item(&mut self, name: &str, value: &str, text: &str) {
        let value = match value {
            "" => String::new(),
            value => format!(" \\fI{}\\fR", escaped(value)),
        };
        self.tag(&format!("\\fB{}\\fR{value}", escaped(name)), text);
    }

    /// Lines as they are typed or written.
    pub(super) fn example(&mut self, text: &str) {
        self.separate();
        self.text.push_str(".RS 4\n.nf\n");
        for line in text.lines() {
            // A line without anything would be a complaint of mandoc's.
            let line = if line.is_empty() {
                "\\&"
            } else {
                &escaped(line)
            };
            self.text.push_str(&format!("{}\n", guarded(line)));
        }
        self.text.push_str(".fi\n.RE\n");
    }

    /// Every option of a program.
    pub(super) fn options(&mut self, definitions: &Command) {
        self.heading("OPTIONS");
        for definition in definitions.get_arguments() {
            let help = definition.get_help().map(ToString::to_string);
            let mut text = sentence(&help.unwrap_or_default());
            if definition.get_help_heading() == Some(ADDITION) {
                text.push_str(" Only visord has it.");
            }
            self.tag(&names(definition), &text);
        }
    }

    fn tag(&mut self, tag: &str, text: &str) {
        self.text.push_str(&format!(".TP\n{}\n", guarded(tag)));
        self.lines(&marked(text));
    }

    /// Begin a paragraph.
    fn separate(&mut self) {
        if !self.begins {
            self.text.push_str(".PP\n");
        }
    }

    /// Text that is ready, in lines of moderate length.
    fn lines(&mut self, text: &str) {
        self.begins = false;
        let mut line = String::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && line.len() + word.len() >= WIDTH {
                self.text.push_str(&format!("{}\n", guarded(&line)));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.text.push_str(&format!("{}\n", guarded(&line)));
    }
}

/// `-c FILENAME, --configuration FILENAME`
fn names(definition: &Arg) -> String {
    let shorts = definition.get_short_and_visible_aliases();
    let shorts = shorts
        .into_iter()
        .flatten()
        .map(|short| format!("-{short}"));
    let longs = definition.get_long_and_visible_aliases();
    let longs = longs.into_iter().flatten().map(|long| format!("--{long}"));
    let value = definition.get_value_names().map(|names| names.join(" "));
    let value = value.filter(|_| crate::cli::takes_value(definition));
    let value = value.map(|value| format!(" \\fI{}\\fR", escaped(&value)));
    let value = value.unwrap_or_default();
    let names: Vec<String> = shorts
        .chain(longs)
        .map(|name| format!("\\fB{}\\fR{value}", escaped(&name)))
        .collect();
    names.join(", ")
}

/// With a capital at the start and a full stop at the end.
pub(super) fn sentence(text: &str) -> String {
    let text = crate::ctl::help::sentence(text);
    if text.is_empty() || text.ends_with(['.', ')']) {
        text
    } else {
        text + "."
    }
}

/// A line that begins with a dot or a quote would be a request to the formatter.
fn guarded(line: &str) -> String {
    if line.starts_with(['.', '\'']) {
        format!("\\&{line}")
    } else {
        line.to_owned()
    }
}

/// Text as it is, whatever the formatter would make of it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\e"),
            '-' => escaped.push_str("\\-"),
            '\'' => escaped.push_str("\\(aq"),
            '"' => escaped.push_str("\\(dq"),
            '^' => escaped.push_str("\\(ha"),
            '~' => escaped.push_str("\\(ti"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Words in backquotes become bold.
fn marked(text: &str) -> String {
    let mut marked = String::new();
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            marked.push_str(&format!("\\fB{}\\fR", escaped(part)));
        } else {
            marked.push_str(&escaped(part));
        }
    }
    marked
}

/// Names in angle brackets become italic, other words bold; brackets, dots and bars stay as
/// they are.
fn usage(syntax: &str) -> String {
    let mut usage = String::new();
    let mut word = String::new();
    let flush = |word: &mut String, usage: &mut String| {
        if !word.is_empty() {
            usage.push_str(&format!("\\fB{}\\fR", escaped(word)));
            word.clear();
        }
    };
    let mut rest = syntax.chars();
    while let Some(c) = rest.next() {
        if c == '<' {
            flush(&mut word, &mut usage);
            let name: String = rest.by_ref().take_while(|c| *c != '>').collect();
            usage.push_str(&format!("\\fI{}\\fR", escaped(&name)));
        } else if "[]|. ".contains(c) {
            flush(&mut word, &mut usage);
            usage.push(c);
        } else {
            word.push(c);
        }
    }
    flush(&mut word, &mut usage);
    usage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(escaped("a-b\\ 'x'~"), "a\\-b\\e \\(aqx\\(aq\\(ti");
        assert_eq!(marked("see `a-b` now"), "see \\fBa\\-b\\fR now");
        assert_eq!(guarded(".x"), "\\&.x");
        assert_eq!(
            usage("tail [-f] <name> [x|y]"),
            "\\fBtail\\fR [\\fB\\-f\\fR] \\fIname\\fR [\\fBx\\fR|\\fBy\\fR]"
        );
        assert_eq!(sentence("show this"), "Show this.");
    }
}
