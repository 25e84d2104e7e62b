//! Where the shell's lines come from: an editor with completion and history on a capable
//! terminal, one with completion on any other, plain lines where there is no terminal.

mod full;
mod plain;

use std::io::{self, IsTerminal};
use std::rc::Rc;

pub use full::{Full, Printer};
pub use plain::Plain;

use super::complete::Names;

/// What came of asking for a line. The cursor stands at the start of the next one.
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
    /// Show a prompt and let the user edit a line in which `names` are completed.
    ///
    /// # Errors
    /// The terminal is gone.
    fn line(&mut self, prompt: &str, names: Rc<Names>) -> io::Result<Entered>;

    /// Remember an entry for the arrow keys.
    fn remember(&mut self, entry: &str);
}

/// What can be done with the user's end.
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
    #[must_use]
    pub fn of_console() -> Self {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Self::None;
        }
        let term = std::env::var("TERM").unwrap_or_default();
        // Those that the full editor does not know how to drive.
        let simple = ["", "dumb", "cons25", "emacs"];
        if simple.iter().any(|name| name.eq_ignore_ascii_case(&term)) {
            Self::Plain
        } else {
            Self::Full
        }
    }
}

/// The editor for the user's end; none without a terminal.
///
/// # Errors
/// The terminal cannot be set up.
pub fn open() -> io::Result<Option<Box<dyn Editor>>> {
    Ok(match Ability::of_console() {
        Ability::Full => Some(Box::new(Full::open()?)),
        Ability::Plain => Some(Box::new(Plain::default())),
        Ability::None => None,
    })
}
