//! The editor on a terminal that only prints and goes back one place: what is typed is
//! echoed, the last character can be taken back, TAB completes. The editing itself is
//! [`Typing`], which knows no terminal.

use std::io;
use std::mem::take;
use std::rc::Rc;

use super::{Editor, Entered};
use crate::ctl::complete::{Names, candidates, common_prefix};
use crate::ctl::terminal::{LineReader, Mode, write};

/// An editor with completion only.
#[derive(Debug, Default)]
pub struct Plain {
    input: LineReader,
}

impl Editor for Plain {
    fn line(&mut self, prompt: &str, names: Rc<Names>) -> io::Result<Entered> {
        let _mode = Mode::by_key()?;
        let mut typing = Typing {
            prompt: prompt.to_owned(),
            ..Typing::default()
        };
        write(prompt.as_bytes())?;
        while let Some(key) = self.input.next_key()? {
            let (echo, entered) = typing.key(key, &names);
            write(echo.as_bytes())?;
            if let Some(entered) = entered {
                return Ok(entered);
            }
        }
        write(b"\n")?;
        Ok(Entered::End)
    }

    fn remember(&mut self, _entry: &str) {}
}

const ERASE: &str = "\x08 \x08";
const BELL: &str = "\x07";

/// A line being typed.
#[derive(Debug, Default)]
struct Typing {
    prompt: String,
    line: String,
    /// The beginning of a character of several bytes.
    partial: Vec<u8>,
}

impl Typing {
    /// Take a key: what is to be shown, and the end of the line if this was it.
    fn key(&mut self, byte: u8, names: &Names) -> (String, Option<Entered>) {
        let end = |entered, echo: &str| (echo.to_owned(), Some(entered));
        match byte {
            b'\r' | b'\n' => end(Entered::Line(take(&mut self.line)), "\n"),
            0x03 => end(Entered::Interrupted, "^C\n"),
            0x04 if self.line.is_empty() => end(Entered::End, "\n"),
            _ => (self.edit(byte, names), None),
        }
    }

    /// Take a key that does not end the line; what is to be shown.
    fn edit(&mut self, byte: u8, names: &Names) -> String {
        match byte {
            0x08 | 0x7f => self.line.pop().map_or(BELL, |_| ERASE).to_owned(),
            0x15 => self.erase_from(0),
            0x17 => {
                let kept = self.line.trim_end();
                self.erase_from(kept.rfind(char::is_whitespace).map_or(0, |at| at + 1))
            }
            b'\t' => self.complete(names),
            0..0x20 => String::new(),
            _ => self.insert(byte),
        }
    }

    fn insert(&mut self, byte: u8) -> String {
        self.partial.push(byte);
        let echo = match std::str::from_utf8(&self.partial) {
            Ok(text) => {
                self.line.push_str(text);
                text.to_owned()
            }
            Err(error) if error.error_len().is_none() => return String::new(),
            Err(_) => BELL.to_owned(),
        };
        self.partial.clear();
        echo
    }

    fn erase_from(&mut self, start: usize) -> String {
        let erased = self.line[start..].chars().count();
        self.line.truncate(start);
        ERASE.repeat(erased)
    }

    fn complete(&mut self, names: &Names) -> String {
        let (start, words) = candidates(&self.line, names);
        let typed = self.line.len() - start;
        let more = common_prefix(&words).get(typed..).unwrap_or_default();
        if !more.is_empty() {
            self.line.push_str(more);
            return more.to_owned();
        }
        if words.is_empty() {
            return BELL.to_owned();
        }
        let (words, Self { prompt, line, .. }) = (words.join(" "), self);
        format!("\n{words}\n{prompt}{line}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Type all keys; what is shown, and what was entered.
    fn typed(keys: &str) -> (String, Option<Entered>) {
        let mut typing = Typing {
            prompt: "> ".to_owned(),
            ..Typing::default()
        };
        let mut shown = String::new();
        for byte in keys.bytes() {
            let (echo, entered) = typing.key(byte, &Names::none());
            shown.push_str(&echo);
            if entered.is_some() {
                return (shown, entered);
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
