//! Text in pages of the original, escaped as it does that.

use visord_logs::follow::unfinished;

/// Text for a page as the original escapes it: `&` is left alone where it looks like the start
/// of an entity (spec interfaces 5.6), so `&lt;` in a log shows as `<`. Nothing that is left
/// alone can open a tag.
pub fn escaped_like_the_original(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for (at, character) in text.char_indices() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' if !is_entity(&text[at + 1..]) => out.push_str("&amp;"),
            '\n' | '\t' => out.push(character),
            // a carriage return would become a line end, other controls are not for HTML
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

/// Whether a text after `&` ends an entity: word characters or `#`, then `;`.
fn is_entity(rest: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '#';
    rest.trim_start_matches(is_word).starts_with(';')
}

/// Longest entity that is left alone, in bytes. The longest name in HTML has 31 letters.
const ENTITY: usize = 64;

/// [`escaped_like_the_original`] for bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub struct Escaper {
    /// What the next piece may complete: a character or an entity.
    kept: Vec<u8>,
}

impl Escaper {
    /// The next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.kept.extend_from_slice(bytes);
        let end = self.kept.len() - undecided(&self.kept);
        let rest = self.kept.split_off(end);
        let complete = std::mem::replace(&mut self.kept, rest);
        escaped_like_the_original(&String::from_utf8_lossy(&complete))
    }

    /// The last bytes.
    pub fn last(mut self, bytes: &[u8]) -> String {
        self.kept.extend_from_slice(bytes);
        escaped_like_the_original(&String::from_utf8_lossy(&self.kept))
    }
}

/// How many bytes at the end may mean something else once more is known.
fn undecided(bytes: &[u8]) -> usize {
    let near = bytes.len().saturating_sub(ENTITY);
    let start = bytes[near..].iter().rposition(|&byte| byte == b'&');
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_#".contains(byte) || *byte > 0x7f;
    match start.map(|at| &bytes[near + at..]) {
        Some(entity) if entity[1..].iter().all(is_word) => entity.len(),
        Some(_) | None => unfinished(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for (text, html) in [
            ("<b>&\"'", "&lt;b&gt;&amp;\"'"),
            ("&amp; &#60; &lt", "&amp; &#60; &amp;lt"),
            ("\x1b[1m\r\n", "\u{fffd}[1m\u{fffd}\n"),
        ] {
            assert_eq!(escaped_like_the_original(text), html);
        }
    }

    #[test]
    fn pieces_are_escaped_like_the_whole() {
        let text = "a&lt;&#60;&€;&no entity€&x;\r&".as_bytes();
        let broken = [text, &[0xE2, 0x82], b"&amp", &[0xF0, 0x9F], b"&"].concat();
        let whole = escaped_like_the_original(&String::from_utf8_lossy(&broken));
        for first in 0..=broken.len() {
            for second in first..=broken.len() {
                let mut escaper = Escaper::default();
                let mut pieces = escaper.push(&broken[..first]);
                pieces += &escaper.push(&broken[first..second]);
                pieces += &escaper.last(&broken[second..]);
                assert_eq!(pieces, whole, "{first} {second}");
            }
        }
    }
}
