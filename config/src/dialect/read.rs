//! One pass over one file.

use std::path::Path;
use std::sync::Arc;

use visord_model::pyrepr::repr;

use super::line::{Shape, comment_start, indent, lower, physical_lines, quoted, shape, strip};
use super::{DEFAULT_SECTION, Document, Location, Section, is_space};
use crate::error::Problem;
use crate::listing::line_without_secrets;

pub(super) fn read(document: &mut Document, text: &str, file: &Arc<Path>) -> Vec<Problem> {
    let mut pass = Pass {
        document,
        file,
        section: None,
        option: None,
        indent: 0,
        value: String::new(),
        headless: None,
        bad: Vec::new(),
    };
    for (index, line) in physical_lines(text).enumerate() {
        pass.line(index + 1, line);
    }
    pass.close();
    pass.problems()
}

/// Which section is being filled.
#[derive(Clone, Copy)]
enum Target {
    Defaults,
    Section(usize),
}

struct Pass<'a> {
    document: &'a mut Document,
    file: &'a Arc<Path>,
    section: Option<Target>,
    /// The open option: its position in its section.
    option: Option<usize>,
    /// Indent of the last line that did not continue an option.
    indent: usize,
    /// The lines of the open option so far.
    value: String,
    /// The first line before any section header.
    headless: Option<(usize, String)>,
    /// Lines that are neither header nor option.
    bad: Vec<(usize, String)>,
}

impl Pass<'_> {
    fn line(&mut self, number: usize, line: &str) {
        let comment = comment_start(line);
        let text = strip(&line[..comment.unwrap_or(line.len())]);
        if text.is_empty() {
            // a comment inside a value leaves no trace, a blank line does
            if comment.is_none() && self.option.is_some() {
                self.value.push('\n');
            }
            return;
        }
        let depth = indent(line);
        if self.option.is_some() && depth > self.indent {
            self.value.push('\n');
            self.value.push_str(text);
            return;
        }
        self.indent = depth;
        self.own_line(number, line, text);
    }

    /// A line that does not continue an option.
    fn own_line(&mut self, number: usize, line: &str, text: &str) {
        let place = Location {
            file: Arc::clone(self.file),
            line: number,
        };
        match (shape(text), self.section) {
            (Shape::Header(name), _) => {
                self.close();
                self.section = Some(open(self.document, name, place));
            }
            (Shape::Option { .. } | Shape::NoKey | Shape::NoDelimiter, None) => {
                self.headless
                    .get_or_insert_with(|| (number, quoted_line(line)));
            }
            (Shape::Option { key, value }, Some(target)) => {
                self.close();
                let section = target_of(self.document, target);
                self.option = section.map(|section| section.slot(&lower(key), place));
                self.value.push_str(value);
            }
            (Shape::NoKey, Some(_)) => {
                self.close();
                self.bad.push((number, quoted_line(line)));
            }
            (Shape::NoDelimiter, Some(_)) => self.bad.push((number, quoted_line(line))),
        }
    }

    /// The open option is complete: its value is right-stripped and stored.
    fn close(&mut self) {
        let Some(at) = self.option.take() else { return };
        if let Some(section) = self
            .section
            .and_then(|target| target_of(self.document, target))
        {
            let value = self.value.trim_end_matches(is_space);
            value.clone_into(&mut section.entries[at].value);
        }
        self.value.clear();
    }

    fn problems(&self) -> Vec<Problem> {
        let shown = repr(&self.file.to_string_lossy());
        let mut problems = Vec::new();
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

/// A line as messages quote it, without what may be a secret.
fn quoted_line(line: &str) -> String {
    line_without_secrets(&quoted(line))
}

/// The section a header names; it is made if it is new.
fn open(document: &mut Document, name: &str, place: Location) -> Target {
    if name == DEFAULT_SECTION {
        document
            .defaults
            .get_or_insert_with(|| Section::new(name, place));
        return Target::Defaults;
    }
    if let Some(&at) = document.index.get(name) {
        document.sections[at].again.get_or_insert(place);
        return Target::Section(at);
    }
    let at = document.sections.len();
    document.index.insert(name.to_owned(), at);
    document.sections.push(Section::new(name, place));
    Target::Section(at)
}

fn target_of(document: &mut Document, target: Target) -> Option<&mut Section> {
    match target {
        Target::Defaults => document.defaults.as_mut(),
        Target::Section(at) => document.sections.get_mut(at),
    }
}
