//! The editor on a capable terminal: rustyline.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, ExternalPrinter, Helper};

use super::{Editor, Entered};
use crate::ctl::complete::{Names, candidates};
use crate::ctl::shell::REMEMBERED;

/// An editor with completion and history.
pub struct Full(rustyline::Editor<Completion, rustyline::history::DefaultHistory>);

/// Prints while a line is edited, above that line. May be used by another thread.
pub type Printer = Box<dyn FnMut(String) -> io::Result<()> + Send>;

impl Full {
    /// Set the terminal up. Fails if that is impossible.
    pub fn open() -> io::Result<Self> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .max_history_size(REMEMBERED)
            .map_err(as_io)?
            .build();
        let mut editor = rustyline::Editor::with_config(config).map_err(as_io)?;
        editor.set_helper(Some(Completion::default()));
        Ok(Self(editor))
    }

    /// Prints while [`Editor::line`] waits. Fails if the terminal does not allow it.
    pub fn printer(&mut self) -> io::Result<Printer> {
        let mut printer = self.0.create_external_printer().map_err(as_io)?;
        Ok(Box::new(move |text| printer.print(text).map_err(as_io)))
    }
}

impl Editor for Full {
    fn line(&mut self, prompt: &str, names: Rc<Names>) -> io::Result<Entered> {
        if let Some(completion) = self.0.helper_mut() {
            completion.names = Some(names);
            completion.typed.take();
        }
        loop {
            let typed = self.0.helper().map(|completion| completion.typed.borrow());
            let (line, position) = typed.map(|typed| typed.clone()).unwrap_or_default();
            return match self
                .0
                .readline_with_initial(prompt, line.split_at(position))
            {
                Ok(line) => Ok(Entered::Line(line)),
                Err(ReadlineError::Eof) => Ok(Entered::End),
                Err(ReadlineError::Interrupted) => Ok(Entered::Interrupted),
                // a byte that is not UTF-8 is left out, with what came together with it, and the
                // line goes on
                Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    continue;
                }
                Err(other) => Err(as_io(other)),
            };
        }
    }

    fn remember(&mut self, entry: &str) {
        // without this entry the arrow keys reach one line less
        let _ = self.0.add_history_entry(entry);
    }
}

fn as_io(error: ReadlineError) -> io::Error {
    io::Error::other(error)
}

/// Completes what can be named while this line is edited.
#[derive(Default)]
struct Completion {
    names: Option<Rc<Names>>,
    /// The line after the last key, and where the cursor is in it, in bytes.
    typed: RefCell<(String, usize)>,
}

impl Completer for Completion {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let Some(names) = &self.names else {
            return Ok((position, Vec::new()));
        };
        let (start, words) = candidates(&line[..position], names);
        let pairs = words.into_iter().map(|word| Pair {
            display: word.trim_end().to_owned(),
            replacement: word,
        });
        Ok((start, pairs.collect()))
    }
}

impl Helper for Completion {}
impl Highlighter for Completion {}
impl Validator for Completion {}

impl Hinter for Completion {
    type Hint = String;

    /// There are no hints, but this sees the line after every key.
    fn hint(&self, line: &str, position: usize, _context: &Context<'_>) -> Option<String> {
        *self.typed.borrow_mut() = (line.to_owned(), position);
        None
    }
}
