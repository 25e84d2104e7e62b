//! Where the shell's lines come from: an editor with completion and history on a capable
//! terminal ([`Full`]), one with completion on any other ([`Plain`]), plain lines without a terminal
//! (`docs/decisions/0006`).

mod full;
mod plain;

use std::io::{self, IsTerminal};
use std::rc::Rc;

pub use full::{Full, Printer};
pub use plain::Plain;

use super::complete::Names;

/// How the input of a line ended. The cursor is at the start of the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// A line, without its end.
    Line(String),
    /// Ctrl-D on an empty line, or the end of the input.
    End,
    /// Ctrl-C.
    Interrupted,
}

/// A source of lines.
pub trait Editor {
    /// Show a prompt and let the user edit a line in which `names` are completed. Fails if the
    /// terminal is gone.
    fn line(&mut self, prompt: &str, names: Rc<Names>) -> io::Result<Entered>;

    /// Add an entry that the arrow keys reach.
    fn remember(&mut self, entry: &str);
}

/// What the terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// Move the cursor, redraw.
    Full,
    /// A terminal that only prints and goes back (`TERM=dumb`).
    Plain,
    /// No terminal at one end at least.
    None,
}

impl Ability {
    /// Of the standard input and output of this process.
    pub fn of_console() -> Self {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Self::None;
        }
        let term = std::env::var("TERM").unwrap_or_default();
        // those that rustyline does not support
        let simple = ["", "dumb", "cons25", "emacs"];
        if simple.iter().any(|name| name.eq_ignore_ascii_case(&term)) {
            Self::Plain
        } else {
            Self::Full
        }
    }
}
