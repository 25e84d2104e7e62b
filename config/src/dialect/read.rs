//! One pass over one file.

use std::path::Path;
use std::sync::Arc;

use visord_model::pyrepr::repr;

use super::line::{
    Shape, comment_start, indent, is_comment, lower, physical_lines, quoted, shape, strip,
};
use super::{DEFAULT_SECTION, Document, Rules, Section, is_space};
use crate::error::{Location, Problem};
use crate::secret::line_without_secrets;

pub(super) fn read(
    document: &mut Document,
    text: &str,
    file: &Arc<Path>,
    rules: Rules,
) -> Vec<Problem> {
    let mut pass = Pass {
        document,
        file,
        rules,
        repeated: None,
        section: None,
        option: None,
        indent: 0,
        headless: None,
        bad: Vec::new(),
    };
    for (index, line) in physical_lines(text).enumerate() {
        pass.line(index + 1, line);
    }
    pass.close();
    pass.problems()
}

struct Pass<'a> {
    document: &'a mut Document,
    file: &'a Arc<Path>,
    rules: Rules,
    /// The first repeated section or option, if the rules forbid that.
    repeated: Option<Problem>,
    /// The position of the section that is being filled.
    section: Option<usize>,
    /// The open option: its position in its section.
    option: Option<usize>,
    /// Indent of the last line that did not continue an option.
    indent: usize,
    /// The first line before any section header.
    headless: Option<(usize, String)>,
    /// Lines that are neither header nor option.
    bad: Vec<(usize, String)>,
}

impl Pass<'_> {
    fn line(&mut self, number: usize, line: &str) {
        let comment = match self.rules {
            Rules::Supervisor => comment_start(line),
            Rules::Plain => is_comment(line).then_some(0),
        };
        let text = strip(&line[..comment.unwrap_or(line.len())]);
        let depth = indent(line);
        if text.is_empty() {
            // a comment inside a value leaves no trace, a blank line does
            if comment.is_none() {
                self.add_to_value("");
            }
        } else if self.option.is_some() && depth > self.indent {
            self.add_to_value(text);
        } else {
            self.indent = depth;
            self.own_line(number, line, text);
        }
    }

    /// A line that does not continue an option.
    fn own_line(&mut self, number: usize, line: &str, text: &str) {
        let place = Location {
            file: Arc::clone(self.file),
            line: number,
        };
        let shown = || line_without_secrets(&quoted(line));
        match (shape(text), self.section) {
            (Shape::Header(name), _) => {
                self.close();
                if name != DEFAULT_SECTION && self.document.any(name).is_some() {
                    self.repeat(&place, name, None);
                }
                self.section = Some(open(self.document, name, place));
            }
            (Shape::Option { .. } | Shape::NoKey | Shape::NoDelimiter, None) => {
                self.headless.get_or_insert_with(|| (number, shown()));
            }
            (Shape::Option { key, value }, Some(section)) => {
                self.close();
                let key = lower(key);
                if self.document.all[section].get(&key).is_some() {
                    let name = self.document.all[section].name.clone();
                    self.repeat(&place, &name, Some(&key));
                }
                let section = &mut self.document.all[section];
                self.option = Some(section.set(&key, value, place));
            }
            (Shape::NoKey, Some(_)) => {
                self.close();
                self.bad.push((number, shown()));
            }
            (Shape::NoDelimiter, Some(_)) => self.bad.push((number, shown())),
        }
    }

    fn repeat(&mut self, place: &Location, section: &str, key: Option<&str>) {
        if self.rules == Rules::Supervisor || self.repeated.is_some() {
            return;
        }
        let file = repr(&self.file.to_string_lossy());
        let what = key.map_or_else(String::new, |key| format!("option {} in ", repr(key)));
        let (section_shown, line) = (repr(section), place.line);
        let message =
            format!("{file}, line {line}: {what}section {section_shown} is already defined");
        self.repeated = Some(Problem::at(place, message).in_section(section, key));
    }

    /// The value of the open option.
    fn value(&mut self) -> Option<&mut String> {
        let section = &mut self.document.all[self.section?];
        Some(&mut section.entries[self.option?].value)
    }

    fn add_to_value(&mut self, line: &str) {
        if let Some(value) = self.value() {
            value.push('\n');
            value.push_str(line);
        }
    }

    /// The open option is complete: its value is right-stripped.
    fn close(&mut self) {
        if let Some(value) = self.value() {
            value.truncate(value.trim_end_matches(is_space).len());
        }
        self.option = None;
    }

    fn problems(&self) -> Vec<Problem> {
        let shown = repr(&self.file.to_string_lossy());
        let mut problems = Vec::from_iter(self.repeated.clone());
        if let Some((line, text)) = &self.headless {
            let text = repr(text);
            let message =
                format!("File contains no section headers.\nfile: {shown}, line: {line}\n{text}");
            problems.push(self.problem(*line, message));
        }
        if let Some((first, _)) = self.bad.first() {
            let mut message = format!("Source contains parsing errors: {shown}");
            for (line, text) in &self.bad {
                message.push_str(&format!("\n\t[line {line:2}]: {}", repr(text)));
            }
            problems.push(self.problem(*first, message));
        }
        problems
    }

    fn problem(&self, line: usize, message: String) -> Problem {
        let file = Arc::clone(self.file);
        Problem::at(&Location { file, line }, message)
    }
}

/// The position of the section that a header names; it is made if it is new.
fn open(document: &mut Document, name: &str, place: Location) -> usize {
    if let Some(&at) = document.index.get(name) {
        document.all[at].again.get_or_insert(place);
        return at;
    }
    let at = document.all.len();
    document.index.insert(name.to_owned(), at);
    document.all.push(Section::new(name, place));
    at
}
