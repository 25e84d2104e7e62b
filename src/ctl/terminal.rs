//! The user's terminal: where output goes and where answers come from.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::termios::{
    LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
};

use super::failure::ExitStatus;
use super::follow::wait_for;
use super::interrupt::{Interrupts, Taken};
use crate::visible::{Visible, visible};

/// Standard input, output and error of this process. A terminal is shown the visible form of all
/// that is written; anything else gets the bytes. Methods fail if their stream is gone, or the system
/// has no descriptor or thread left.
#[derive(Debug, Default)]
pub struct Terminal {
    /// What is typed, line by line, for a caller that also waits for something else.
    pub input: LineReader,
    interrupts: Option<Arc<Interrupts>>,
    shown: Visible,
}

impl Terminal {
    /// From now on Ctrl-C calls `leave` while no command takes it.
    pub fn on_interrupt(&mut self, leave: impl Fn() + Send + 'static) -> io::Result<()> {
        self.interrupts = Some(Interrupts::watch(leave)?);
        Ok(())
    }

    /// Write a complete text to standard output, at once.
    pub fn out(&mut self, text: &str) -> io::Result<()> {
        if !self.is_terminal() {
            return write(text.as_bytes());
        }
        let mut shown = self.shown.push(text.as_bytes());
        shown.push_str(&self.shown.finish());
        write(shown.as_bytes())
    }

    /// Write bytes of a log to standard output, at once; the next ones may continue a character.
    pub fn out_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.is_terminal() {
            return write(bytes);
        }
        write(self.shown.push(bytes).as_bytes())
    }

    /// Write to standard error, at once.
    pub fn err(&mut self, text: &str) -> io::Result<()> {
        let mut stderr = io::stderr().lock();
        if stderr.is_terminal() {
            return stderr.write_all(visible(text).as_bytes());
        }
        stderr.write_all(text.as_bytes())
    }

    /// Write advice to standard error if it is a terminal.
    pub fn hint(&mut self, text: &str) -> io::Result<()> {
        if io::stderr().is_terminal() {
            self.err(&format!("hint: {text}\n"))?;
        }
        Ok(())
    }

    /// Whether a user can be asked.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Show `question` and read a line, without its end; `None` at the end of the input.
    pub fn ask(&mut self, question: &str) -> io::Result<Option<String>> {
        self.out(question)?;
        self.input.next_line()
    }

    /// As [`Terminal::ask`], but what is typed is not shown.
    pub fn ask_secret(&mut self, question: &str) -> io::Result<Option<String>> {
        let _quiet = Mode::without_echo()?;
        self.ask(question)
    }

    /// Whether colors may be used: standard output is a terminal that knows them, and the user
    /// wants them (`NO_COLOR` unset).
    pub fn has_colors(&self) -> bool {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        is_capable() && !unwanted
    }

    /// Whether standard output is a terminal.
    pub fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Take Ctrl-C until the result is dropped.
    pub fn take_interrupts(&mut self) -> io::Result<Taken> {
        if let Some(interrupts) = &self.interrupts {
            return interrupts.take();
        }
        let killed = i32::from(ExitStatus::INTERRUPTED.0);
        let interrupts = Interrupts::watch(move || std::process::exit(killed))?;
        self.interrupts.insert(interrupts).take()
    }
}

/// Whether standard output is a terminal that knows colors and can be drawn on.
pub(super) fn is_capable() -> bool {
    let term = std::env::var_os("TERM").unwrap_or_default();
    io::stdout().is_terminal() && !term.is_empty() && term != "dumb"
}

/// Write to standard output, at once, whatever it is. Fails if standard output is gone.
pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// While it lives, the terminal of standard input is in another mode; without a terminal nothing
/// changes. An error: the terminal is gone.
#[derive(Debug)]
pub struct Mode(Option<Termios>);

impl Mode {
    /// What is typed is not shown, only where a line ends.
    pub fn without_echo() -> io::Result<Self> {
        Self::begin(|mode| {
            mode.local_flags.remove(LocalFlags::ECHO);
            mode.local_flags.insert(LocalFlags::ECHONL);
        })
    }

    /// The present mode; changes that others make end with this value.
    pub fn kept() -> io::Result<Self> {
        Self::begin(|_| {})
    }

    /// Keys come one by one, Ctrl-C among them, and are not shown.
    pub fn by_key() -> io::Result<Self> {
        Self::begin(|mode| {
            let line_by_line = LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG;
            mode.local_flags.remove(line_by_line);
            mode.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
            mode.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        })
    }

    fn begin(change: impl FnOnce(&mut Termios)) -> io::Result<Self> {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Ok(Self(None));
        }
        let before = tcgetattr(&stdin)?;
        let mut mode = before.clone();
        change(&mut mode);
        tcsetattr(&stdin, SetArg::TCSADRAIN, &mode)?;
        Ok(Self(Some(before)))
    }

    /// The mode before this one.
    pub fn restore(&self) {
        if let Some(before) = &self.0 {
            // fails if the terminal is gone
            let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, before);
        }
    }
}

impl Drop for Mode {
    fn drop(&mut self) {
        self.restore();
    }
}

/// Lines of standard input. The standard library's own buffer is not used, for it cannot
/// tell whether a line waits in it, which `fg` must know before it polls the descriptor. An error:
/// standard input cannot be read.
#[derive(Debug, Default)]
pub struct LineReader {
    buffer: Vec<u8>,
}

impl LineReader {
    /// The next line without its end, waiting for it; `None` at the end of the input (which on a
    /// terminal is no more than Ctrl-D: more may follow).
    pub fn next_line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(Some(line));
            }
            if !self.read()? {
                return Ok(self.take_rest());
            }
        }
    }

    /// The next key, waiting for it; `None` at the end of the input.
    pub fn next_key(&mut self) -> io::Result<Option<u8>> {
        if self.buffer.is_empty() && !self.read()? {
            return Ok(None);
        }
        Ok(self.buffer.drain(..1).next())
    }

    /// A line that is complete already.
    pub fn take_line(&mut self) -> Option<String> {
        let end = self.buffer.iter().position(|&byte| byte == b'\n')?;
        let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
        line.pop();
        Some(String::from_utf8_lossy(&line).into_owned())
    }

    /// What was read of a line that the end of the input cut short, if anything.
    pub fn take_rest(&mut self) -> Option<String> {
        let rest = self.take_keys();
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
    }

    /// Everything that was read and not taken, whether it is a line or not.
    pub fn take_keys(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }

    /// Read what has arrived, without waiting; false at the end of the input. To be called when
    /// the descriptor was readable: that is checked again, for Ctrl-C makes the kernel discard what
    /// was typed, and a `poll` at the same time may still have seen it.
    pub fn fill(&mut self) -> io::Result<bool> {
        let stdin = io::stdin();
        let ready = wait_for(&[stdin.as_fd()], Some(Instant::now()));
        if ready.is_ok_and(|ready| ready == [false]) {
            return Ok(true);
        }
        self.read()
    }

    /// Read once, waiting for input; false at its end.
    fn read(&mut self) -> io::Result<bool> {
        let mut bytes = [0_u8; 4096];
        loop {
            match nix::unistd::read(io::stdin().as_fd(), &mut bytes) {
                Ok(count) => {
                    self.buffer.extend_from_slice(&bytes[..count]);
                    return Ok(count > 0);
                }
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_a_rest() {
        let mut lines = LineReader {
            buffer: b"one\n\ntwo".to_vec(),
        };
        assert_eq!(lines.take_line().as_deref(), Some("one"));
        assert_eq!(lines.take_line().as_deref(), Some(""));
        assert_eq!(lines.take_line(), None);
        assert_eq!(lines.take_rest().as_deref(), Some("two"));
        assert_eq!(lines.take_rest(), None);
    }
}
