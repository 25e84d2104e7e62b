//! The whole terminal as a picture that is drawn again and again. However that ends, the terminal
//! is restored.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::SignalFd;

use super::interrupt::blocked;
use super::table::cut;
use super::terminal::{Mode, write};
use crate::visible::visible;

/// Another screen, cursor hidden.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// To the upper left corner.
const HOME: &str = "\x1b[H";
/// Clear the rest of the line, of the screen.
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// Assumed where the terminal does not say.
const DEFAULT: Size = Size {
    columns: 80,
    rows: 24,
};

pub(super) const SIGNALS: [Signal; 3] = [Signal::SIGWINCH, Signal::SIGTERM, Signal::SIGHUP];

/// Characters that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// In a line, at least 1.
    pub columns: usize,
    /// Lines, at least 1.
    pub rows: usize,
}

impl Size {
    /// The size of the terminal that is standard output.
    pub fn of_console() -> Self {
        let Ok(size) = rustix::termios::tcgetwinsize(io::stdout()) else {
            return DEFAULT;
        };
        match (usize::from(size.ws_col), usize::from(size.ws_row)) {
            (0, _) | (_, 0) => DEFAULT,
            (columns, rows) => Self { columns, rows },
        }
    }
}

/// The terminal while it is drawn on.
#[derive(Debug)]
pub struct Screen {
    // Dropped in this order: no signal may end us before the terminal is restored.
    _keys: Mode,
    signals: SignalFd,
    _mask: Mask,
}

/// The signals that this thread blocked before.
#[derive(Debug)]
struct Mask(SigSet);

impl Drop for Mask {
    fn drop(&mut self) {
        // It was a mask of this thread before, so it is valid.
        let _ = self.0.thread_set_mask();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The terminal may be gone; then there is nothing to restore.
        let _ = write(LEAVE.as_bytes());
    }
}

impl Screen {
    /// Take the terminal. Keys come one by one, Ctrl-C among them.
    pub fn open() -> io::Result<Self> {
        let before = Mask(SigSet::thread_get_mask()?);
        let signals = blocked(&SIGNALS)?;
        let keys = Mode::by_key()?;
        write(ENTER.as_bytes())?;
        Ok(Self {
            _keys: keys,
            signals,
            _mask: before,
        })
    }

    /// Show these lines, as many as fit; `last` stays at the lower edge.
    pub fn draw(&self, lines: &[String], last: &str, size: Size) -> io::Result<()> {
        let room = size.rows.saturating_sub(1);
        let mut picture = HOME.to_owned();
        for line in fitting(lines, room) {
            // Cleared first: after a full line this would take its last character.
            picture.push_str(CLEAR_LINE);
            picture.push_str(&cut(&visible(&line), size.columns));
            picture.push('\n');
        }
        picture.push_str(CLEAR_BELOW);
        picture.push_str(&cut(&visible(last), size.columns));
        write(picture.as_bytes())
    }

    /// The next of [`SIGNALS`], if one came.
    pub fn received(&self) -> io::Result<Option<Signal>> {
        let Some(info) = self.signals.read_signal()? else {
            return Ok(None);
        };
        let number = i32::try_from(info.ssi_signo).unwrap_or_default();
        Ok(Some(Signal::try_from(number).unwrap_or(Signal::SIGWINCH)))
    }
}

impl AsFd for Screen {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }
}

/// The lines that fit into that many; the last one then says how many do not.
fn fitting(lines: &[String], room: usize) -> Vec<String> {
    if lines.len() <= room {
        return lines.to_vec();
    }
    let shown = room.saturating_sub(1);
    let mut fitting = lines[..shown].to_vec();
    if room > 0 {
        fitting.push(format!("… {} more", lines.len() - shown));
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits() {
        let lines = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(fitting(&lines, 3), lines);
        assert_eq!(fitting(&lines, 2), ["a", "… 2 more"]);
        assert_eq!(fitting(&lines, 1), ["… 3 more"]);
        assert!(fitting(&lines, 0).is_empty());
    }
}
