//! The user's end: where words go and where answers come from.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use super::interrupt::{Interrupts, Taken};
use super::visible::{Visible, visible};

/// Exit code of a process that Ctrl-C ended, as shells give it.
const KILLED_BY_INTERRUPT: i32 = 130;

/// What a session needs of its user's end. Tests put a script in its place.
pub trait Terminal {
    /// Write a complete text to standard output, at once. A terminal is shown its visible form.
    ///
    /// # Errors
    /// Standard output is gone.
    fn out(&mut self, text: &str) -> io::Result<()>;

    /// Write bytes of a log to standard output, at once; the next ones may continue a character.
    /// A terminal is shown their visible form, anything else gets them as they are.
    ///
    /// # Errors
    /// Standard output is gone.
    fn out_bytes(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Write to standard error, at once. A terminal is shown the visible form.
    ///
    /// # Errors
    /// Standard error is gone.
    fn err(&mut self, text: &str) -> io::Result<()>;

    /// Write advice to standard error if a person reads it.
    ///
    /// # Errors
    /// Standard error is gone.
    fn hint(&mut self, text: &str) -> io::Result<()>;

    /// Whether there is a person to be asked.
    fn can_ask(&self) -> bool;

    /// Show `question` and read a line, without its end; nothing at the end of the input.
    ///
    /// # Errors
    /// Standard input or output is gone.
    fn ask(&mut self, question: &str) -> io::Result<Option<String>>;

    /// As [`Terminal::ask`], but what is typed is not shown.
    ///
    /// # Errors
    /// Standard input or output is gone.
    fn ask_secret(&mut self, question: &str) -> io::Result<Option<String>>;

    /// Whether colours may be used: a terminal that knows them, and a user who wants them
    /// (`NO_COLOR` unset).
    fn has_colours(&self) -> bool;

    /// Whether words go to a terminal.
    fn is_terminal(&self) -> bool;

    /// What is typed, line by line, for those who must wait for something else as well.
    fn lines(&mut self) -> &mut LineReader;

    /// Take Ctrl-C until the result is dropped.
    ///
    /// # Errors
    /// The system has no means left for it.
    fn take_interrupts(&mut self) -> io::Result<Taken>;
}

/// Standard input, output and error of this process.
#[derive(Debug, Default)]
pub struct Console {
    input: LineReader,
    interrupts: Option<Interrupts>,
    shown: Visible,
}

impl Console {
    /// From now on Ctrl-C calls `leave` while no command takes it.
    ///
    /// # Errors
    /// The system has no means left for it.
    pub fn on_interrupt(&mut self, leave: impl Fn() + Send + 'static) -> io::Result<()> {
        self.interrupts = Some(Interrupts::watch(leave)?);
        Ok(())
    }
}

impl Terminal for Console {
    fn out(&mut self, text: &str) -> io::Result<()> {
        if !self.is_terminal() {
            return write(text.as_bytes());
        }
        let mut shown = self.shown.push(text.as_bytes());
        shown.push_str(&self.shown.finish());
        write(shown.as_bytes())
    }

    fn out_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.is_terminal() {
            return write(bytes);
        }
        write(self.shown.push(bytes).as_bytes())
    }

    fn err(&mut self, text: &str) -> io::Result<()> {
        let mut stderr = io::stderr().lock();
        if stderr.is_terminal() {
            return stderr.write_all(visible(text).as_bytes());
        }
        stderr.write_all(text.as_bytes())
    }

    fn hint(&mut self, text: &str) -> io::Result<()> {
        if io::stderr().is_terminal() {
            self.err(&format!("hint: {text}\n"))?;
        }
        Ok(())
    }

    fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    fn ask(&mut self, question: &str) -> io::Result<Option<String>> {
        self.out(question)?;
        self.input.next_line()
    }

    fn ask_secret(&mut self, question: &str) -> io::Result<Option<String>> {
        let _quiet = Mode::without_echo()?;
        self.ask(question)
    }

    fn has_colours(&self) -> bool {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let term = std::env::var_os("TERM").unwrap_or_default();
        io::stdout().is_terminal() && !unwanted && !term.is_empty() && term != "dumb"
    }

    fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    fn lines(&mut self) -> &mut LineReader {
        &mut self.input
    }

    fn take_interrupts(&mut self) -> io::Result<Taken> {
        if let Some(interrupts) = &self.interrupts {
            return interrupts.take();
        }
        let interrupts = Interrupts::watch(|| std::process::exit(KILLED_BY_INTERRUPT))?;
        self.interrupts.insert(interrupts).take()
    }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// While it lives, the terminal of standard input works in another way; without a terminal
/// nothing changes.
#[derive(Debug)]
pub struct Mode(Option<Termios>);

impl Mode {
    /// What is typed is not shown, only where a line ends.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn without_echo() -> io::Result<Self> {
        Self::begin(|mode| {
            mode.local_flags.remove(LocalFlags::ECHO);
            mode.local_flags.insert(LocalFlags::ECHONL);
        })
    }

    /// As it is; whatever somebody else does to it ends with this value.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn kept() -> io::Result<Self> {
        Self::begin(|_| {})
    }

    /// Keys come one by one, Ctrl-C among them, and are not shown.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn by_key() -> io::Result<Self> {
        Self::begin(|mode| {
            let line_by_line = LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG;
            mode.local_flags.remove(line_by_line);
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
}

impl Drop for Mode {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // The terminal may be gone; then nobody needs it back.
            let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, before);
        }
    }
}

/// Lines of standard input. The standard library's own buffer is not used, for it cannot
/// tell whether a line waits in it, which `fg` must know before it polls the descriptor.
#[derive(Debug, Default)]
pub struct LineReader {
    buffer: Vec<u8>,
}

impl LineReader {
    /// The next line without its end, waiting for it; nothing at the end of the input
    /// (which on a terminal is no more than Ctrl-D: more may follow).
    ///
    /// # Errors
    /// Standard input cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(Some(line));
            }
            if !self.fill()? {
                return Ok(self.take_rest());
            }
        }
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
        let rest = std::mem::take(&mut self.buffer);
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
    }

    /// Everything that was read and not taken, whether it is a line or not.
    pub fn take_keys(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }

    /// Read once, which blocks unless standard input is readable; false at its end.
    ///
    /// # Errors
    /// Standard input cannot be read.
    pub fn fill(&mut self) -> io::Result<bool> {
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
