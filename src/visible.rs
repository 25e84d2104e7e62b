//! What a terminal is shown of texts from other programs, servers and files.
//!
//! A terminal obeys what it is sent: a line of a log can move the cursor, rename the window or
//! have the terminal type something. Here colors, tabs and line ends pass, and every other control
//! character takes a visible form: `^[` for ESC, `\u{9b}` for C1 controls and for those that
//! change the direction of a text or end a line, `\xff` for bytes that are not UTF-8.

use std::fmt::Write as _;

use visord_model::text::unfinished;

/// The longest escape sequence that may set a color, in bytes.
const LONGEST: usize = 48;

/// Filters a stream of bytes. What may still become a color or a character at the end of one
/// piece waits for the next.
#[derive(Debug, Default)]
pub struct Visible {
    pending: Vec<u8>,
}

/// A complete text in its visible form.
pub fn visible(text: &str) -> String {
    shown(text.as_bytes())
}

impl Visible {
    /// The visible form of what is complete.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let end = self.pending.len() - undecided(&self.pending);
        let rest = self.pending.split_off(end);
        shown(&std::mem::replace(&mut self.pending, rest))
    }

    /// What waited: nothing follows it.
    pub fn finish(&mut self) -> String {
        shown(&std::mem::take(&mut self.pending))
    }
}

/// How many bytes at the end may become a color or a character once more is known.
fn undecided(bytes: &[u8]) -> usize {
    match bytes.iter().rposition(|&byte| byte == 0x1b) {
        Some(at) if color_length(&bytes[at..]).is_none() => bytes.len() - at,
        Some(_) | None => unfinished(bytes),
    }
}

fn shown(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(c) = rest.chars().next() {
            let color = match c {
                '\x1b' => color_length(rest.as_bytes()).unwrap_or(0),
                _ => 0,
            };
            if color == 0 {
                push(&mut shown, c);
            }
            shown.push_str(&rest[..color]);
            rest = &rest[color.max(c.len_utf8())..];
        }
        for byte in chunk.invalid() {
            // writing to a String cannot fail
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

/// The length of `ESC [ numbers m`, which sets a color; 0 for another escape sequence, nothing if
/// it is not complete.
fn color_length(bytes: &[u8]) -> Option<usize> {
    if *bytes.get(1)? != b'[' {
        return Some(0);
    }
    let is_number = |byte: &&u8| byte.is_ascii_digit() || b";:".contains(byte);
    let numbers = bytes[2..].iter().take(LONGEST).take_while(is_number);
    let end = 2 + numbers.count();
    match bytes.get(end) {
        Some(b'm') => Some(end + 1),
        None if end < LONGEST => None,
        Some(_) | None => Some(0),
    }
}

fn push(shown: &mut String, c: char) {
    match c {
        '\t' | '\n' => shown.push(c),
        '\0'..='\x1f' | '\x7f' => {
            shown.push('^');
            // the key that is pressed together with Ctrl
            shown.push(char::from(c as u8 ^ 0x40));
        }
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => {
            // writing to a String cannot fail
            let _ = write!(shown, "\\u{{{:x}}}", c as u32);
        }
        _ => shown.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colors_pass() {
        for (text, shown) in [
            ("a\tb\nä日", "a\tb\nä日"),
            (
                "\x1b[31mred\x1b[0m \x1b[38;2;1;2;3mx\x1b[4:3m\x1b[m",
                "\x1b[31mred\x1b[0m \x1b[38;2;1;2;3mx\x1b[4:3m\x1b[m",
            ),
            ("\x1b]0;title\x07", "^[]0;title^G"),
            (
                "\x1b[2J\x1b[H\x1bc\x1b[?25l\x1b[>4m",
                "^[[2J^[[H^[c^[[?25l^[[>4m",
            ),
            ("\u{9b}31m\u{85}", "\\u{9b}31m\\u{85}"),
            (
                "\u{202e}exe.txt\u{2066}\u{2028}\u{200b}\u{feff}",
                "\\u{202e}exe.txt\\u{2066}\\u{2028}\\u{200b}\\u{feff}",
            ),
            ("50%\r100%\x08\x7f\0", "50%^M100%^H^?^@"),
            ("\x1b", "^["),
            ("\x1b[3", "^[[3"),
            ("\x1b\x1b[1m", "^[\x1b[1m"),
        ] {
            assert_eq!(visible(text), shown, "{text:?}");
        }
        let long = format!("\x1b[{}m", "1;".repeat(40));
        assert!(visible(&long).starts_with("^[[1;"));
    }

    #[test]
    fn other_bytes_are_numbers() {
        let mut filter = Visible::default();
        assert_eq!(
            filter.push(b"a\xff\xfe\x9b31m\xed\xa0\x80"),
            "a\\xff\\xfe\\x9b31m\\xed\\xa0\\x80"
        );
        assert_eq!(filter.finish(), "");
    }

    #[test]
    fn pieces_are_put_together() {
        let text = "\x1b[31mä𝄞\u{9b}\x1b]x\x1b[0m".as_bytes();
        let whole = visible(std::str::from_utf8(text).unwrap());
        for at in 0..=text.len() {
            let mut filter = Visible::default();
            let (first, second) = text.split_at(at);
            let mut shown = filter.push(first);
            shown.push_str(&filter.push(second));
            shown.push_str(&filter.finish());
            assert_eq!(shown, whole, "{at}");
        }
        let mut filter = Visible::default();
        assert_eq!(filter.push("x\x1b[1".as_bytes()), "x");
        assert_eq!(filter.push(b"\xc3"), "^[[1");
        assert_eq!(filter.finish(), "\\xc3");
    }
}
