//! Lines of a log as a terminal would show them: colors and styles as spans, other escape sequences
//! removed, remaining control characters made visible.
//!
//! `web/assets/ansi.js` has the same rules; `web/src/tests/ansi-cases.txt` tests both.

mod sgr;

pub use sgr::{Color, Style};

/// Text of one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Without control characters, tabs excepted.
    pub text: String,
    /// Its style.
    pub style: Style,
}

/// Reads line after line: a style applies until it is changed.
#[derive(Clone, Debug, Default)]
pub struct Painter {
    style: Style,
}

/// The longest supported sequence, in bytes.
const LONGEST: usize = 4096;

impl Painter {
    /// One line, without its line end.
    pub fn line(&mut self, line: &str) -> Vec<Span> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut spans: Vec<Span> = Vec::new();
        let mut rest = line;
        while !rest.is_empty() {
            let end = rest.find(is_unsafe).unwrap_or(rest.len());
            let (plain, special) = rest.split_at(end);
            self.put(plain, &mut spans);
            let Some(first) = special.chars().next() else {
                break;
            };
            match sequence(special) {
                Some(length) => {
                    if let Some(parameters) = sgr_of(&special[..length]) {
                        self.style.apply(parameters);
                    }
                    rest = &special[length..];
                }
                None => {
                    self.put(shown(first).encode_utf8(&mut [0; 4]), &mut spans);
                    rest = &special[first.len_utf8()..];
                }
            }
        }
        spans
    }

    fn put(&self, text: &str, spans: &mut Vec<Span>) {
        if text.is_empty() {
            return;
        }
        match spans.last_mut() {
            Some(last) if last.style == self.style => last.text.push_str(text),
            _new => spans.push(Span {
                text: text.to_owned(),
                style: self.style,
            }),
        }
    }

    /// One line as HTML.
    pub fn html(&mut self, line: &str, out: &mut String) {
        for span in self.line(line) {
            let classes = span.style.classes();
            if classes.is_empty() {
                escape(&span.text, out);
            } else {
                *out += &format!("<span class=\"{classes}\">");
                escape(&span.text, out);
                out.push_str("</span>");
            }
        }
    }
}

/// A character that must not be shown unchanged: a control character, or one that changes the
/// direction of text.
fn is_unsafe(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Its visible replacement.
fn shown(character: char) -> char {
    match character {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        _other => '\u{fffd}',
    }
}

/// Length of the sequence that a text begins with; `None` if there is none, or it is incomplete.
fn sequence(text: &str) -> Option<usize> {
    let bytes = &text.as_bytes()[..text.len().min(LONGEST)];
    if bytes.first() != Some(&0x1b) {
        return None;
    }
    let find = |from: usize, matches: fn(&u8) -> bool| {
        let skipped = bytes.get(from..)?.iter().position(|byte| !matches(byte))?;
        Some(from + skipped)
    };
    match bytes.get(1)? {
        b'[' => {
            let after_parameters = find(2, |byte| (0x30..=0x3f).contains(byte))?;
            let last = find(after_parameters, |byte| (0x20..=0x2f).contains(byte))?;
            (0x40..=0x7e).contains(&bytes[last]).then_some(last + 1)
        }
        // texts for the terminal: titles, links, pictures
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let end = find(2, |byte| ![0x07, 0x1b].contains(byte))?;
            match (bytes[end], bytes.get(end + 1)) {
                (0x07, _) => Some(end + 1),
                (_, Some(b'\\')) => Some(end + 2),
                _ => None,
            }
        }
        // character sets
        0x20..=0x2f => {
            let last = find(1, |byte| (0x20..=0x2f).contains(byte))?;
            (0x30..=0x7e).contains(&bytes[last]).then_some(last + 1)
        }
        0x30..=0x7e => Some(2),
        _ => None,
    }
}

/// The parameters, if a sequence sets the style.
fn sgr_of(sequence: &str) -> Option<&str> {
    let parameters = sequence.strip_prefix("\x1b[")?.strip_suffix('m')?;
    let is_known = |byte: u8| byte.is_ascii_digit() || b";:".contains(&byte);
    parameters.bytes().all(is_known).then_some(parameters)
}

/// Text for HTML, in elements and in attributes.
pub fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}
