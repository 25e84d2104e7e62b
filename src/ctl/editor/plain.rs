//! The editor on a terminal that only prints and goes back one place: what is typed is
//! echoed, the last character can be taken back, TAB completes. The editing itself is
//! [`Typing`], which knows no terminal.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::rc::Rc;

use nix::errno::Errno;
use nix::sys::termios::{
    InputFlags, LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
};

use super::{Editor, Entered};
use crate::ctl::complete::{Candidates, Names, candidates, common_prefix};

/// An editor with completion only.
#[derive(Debug, Default)]
pub struct Plain {
    /// Typed ahead, not looked at yet.
    pending: Vec<u8>,
}

impl Editor for Plain {
    fn line(&mut self, prompt: &str, names: Rc<Names>) -> io::Result<Entered> {
        let _mode = ByteMode::begin()?;
        let mut typing = Typing::new(prompt);
        show(prompt)?;
        loop {
            for (at, &byte) in self.pending.iter().enumerate() {
                let Answer { echo, entered } = typing.key(byte, &names);
                show(&echo)?;
                if let Some(entered) = entered {
                    self.pending.drain(..=at);
                    return Ok(entered);
                }
            }
            self.pending.clear();
            if !self.read()? {
                show("\n")?;
                return Ok(Entered::End);
            }
        }
    }

    fn remember(&mut self, _entry: &str) {}
}

impl Plain {
    /// Wait for input; false at its end.
    fn read(&mut self) -> io::Result<bool> {
        let mut bytes = [0_u8; 256];
        loop {
            match nix::unistd::read(io::stdin().as_fd(), &mut bytes) {
                Ok(count) => {
                    self.pending.extend_from_slice(&bytes[..count]);
                    return Ok(count > 0);
                }
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

fn show(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// While it lives, the terminal hands over every key and echoes none.
struct ByteMode(Termios);

impl ByteMode {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut mode = before.clone();
        mode.local_flags
            .remove(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG);
        mode.input_flags.remove(InputFlags::ICRNL);
        mode.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        mode.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &mode)?;
        Ok(Self(before))
    }
}

impl Drop for ByteMode {
    fn drop(&mut self) {
        // The terminal may be gone; then nobody needs it back.
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.0);
    }
}

/// What a key leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Answer {
    /// To be shown.
    echo: String,
    /// The end of the line, if this was it.
    entered: Option<Entered>,
}

impl Answer {
    fn echo(text: impl Into<String>) -> Self {
        Self {
            echo: text.into(),
            entered: None,
        }
    }

    fn end(entered: Entered, echo: &str) -> Self {
        Self {
            echo: echo.to_owned(),
            entered: Some(entered),
        }
    }
}

const ERASE: &str = "\x08 \x08";
const BELL: &str = "\x07";

/// A line being typed.
#[derive(Debug)]
struct Typing {
    prompt: String,
    line: String,
    /// The beginning of a character of several bytes.
    partial: Vec<u8>,
}

impl Typing {
    fn new(prompt: &str) -> Self {
        Self {
            prompt: prompt.to_owned(),
            line: String::new(),
            partial: Vec::new(),
        }
    }

    fn key(&mut self, byte: u8, names: &Names) -> Answer {
        match byte {
            b'\r' | b'\n' => Answer::end(Entered::Line(std::mem::take(&mut self.line)), "\n"),
            0x03 => Answer::end(Entered::Interrupted, "^C\n"),
            0x04 if self.line.is_empty() => Answer::end(Entered::End, "\n"),
            0x08 | 0x7f => match self.line.pop() {
                Some(_) => Answer::echo(ERASE),
                None => Answer::echo(BELL),
            },
            0x15 => Answer::echo(ERASE.repeat(std::mem::take(&mut self.line).chars().count())),
            0x17 => self.erase_word(),
            b'\t' => self.complete(names),
            0..0x20 => Answer::default(),
            _ => self.insert(byte),
        }
    }

    fn insert(&mut self, byte: u8) -> Answer {
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(text) => {
                let echo = text.to_owned();
                self.line.push_str(&echo);
                self.partial.clear();
                Answer::echo(echo)
            }
            Err(error) if error.error_len().is_none() => Answer::default(),
            Err(_) => {
                self.partial.clear();
                Answer::echo(BELL)
            }
        }
    }

    fn erase_word(&mut self) -> Answer {
        let kept = self.line.trim_end();
        let end = kept.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let erased = self.line[end..].chars().count();
        self.line.truncate(end);
        Answer::echo(ERASE.repeat(erased))
    }

    fn complete(&mut self, names: &Names) -> Answer {
        let Candidates { start, words } = candidates(&self.line, names);
        let typed = self.line.len() - start;
        let more = common_prefix(&words)
            .get(typed..)
            .unwrap_or_default()
            .to_owned();
        if !more.is_empty() {
            self.line.push_str(&more);
            return Answer::echo(more);
        }
        if words.is_empty() {
            return Answer::echo(BELL);
        }
        Answer::echo(format!(
            "\n{}\n{}{}",
            words.join(" "),
            self.prompt,
            self.line
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Type all keys; what is shown, and what was entered.
    fn typed(keys: &str) -> (String, Option<Entered>) {
        let mut typing = Typing::new("> ");
        let mut shown = String::new();
        for byte in keys.bytes() {
            let answer = typing.key(byte, &Names::none());
            shown.push_str(&answer.echo);
            if answer.entered.is_some() {
                return (shown, answer.entered);
            }
        }
        (shown, None)
    }

    fn line(text: &str) -> Option<Entered> {
        Some(Entered::Line(text.to_owned()))
    }

    #[test]
    fn lines_are_typed_and_corrected() {
        assert_eq!(typed("pid ä\r"), ("pid ä\n".to_owned(), line("pid ä")));
        assert_eq!(typed("xy\x7fz\r").1, line("xz"));
        assert_eq!(typed("ä\x7fz\r").1, line("z"));
        assert_eq!(typed("one two \x17x\r").1, line("one x"));
        assert_eq!(typed("one two\x15x\r").1, line("x"));
        assert_eq!(typed("\x7fx\x1b\r").1, line("x"));
    }

    #[test]
    fn ends() {
        assert_eq!(typed("\x04").1, Some(Entered::End));
        assert_eq!(typed("x\x04").1, None);
        assert_eq!(typed("x\x03").1, Some(Entered::Interrupted));
    }

    #[test]
    fn completion() {
        assert_eq!(typed("ver\t\r").1, line("version "));
        assert_eq!(
            typed("st\t"),
            ("st\nstart  status  stop \n> st".to_owned(), None)
        );
        assert_eq!(typed("zz\t"), (format!("zz{BELL}"), None));
    }
}
