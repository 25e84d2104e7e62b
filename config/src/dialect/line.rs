//! From the bytes of a file to its physical lines, and what each of them is.

use std::borrow::Cow;

pub use visord_model::text::is_space;

/// The UTF-8 text of a file (spec core 1.2), or why its bytes are not one, in the original's words.
///
/// # Errors
/// The first undecodable sequence, its position counted in bytes from 0.
pub fn decode(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        let end = error.error_len().map_or(bytes.len(), |len| start + len);
        let reason = match (error.error_len(), bytes[start]) {
            (None, _) => "unexpected end of data",
            (Some(1), 0x80..=0xc1 | 0xf5..=0xff) => "invalid start byte",
            (Some(_), _) => "invalid continuation byte",
        };
        if end - start == 1 {
            let byte = bytes[start];
            format!("'utf-8' codec can't decode byte 0x{byte:02x} in position {start}: {reason}")
        } else {
            let last = end - 1;
            format!("'utf-8' codec can't decode bytes in position {start}-{last}: {reason}")
        }
    })
}

pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Characters (not columns) of white space before the first other one.
pub(super) fn indent(line: &str) -> usize {
    line.chars().take_while(|&c| is_space(c)).count()
}

/// Whether the whole line is a comment.
pub(super) fn is_comment(line: &str) -> bool {
    strip(line).starts_with(['#', ';'])
}

/// Where the comment starts, if there is one (spec core 1.2 steps 1 and 2).
///
/// Not always at the first comment character after white space: both characters are
/// looked for in rounds, each advancing to its own next occurrence, and the first round
/// with a hit decides. `a;b ;c #d` is cut at `#`.
pub(super) fn comment_start(line: &str) -> Option<usize> {
    if is_comment(line) {
        return Some(0);
    }
    let mut cursors = [(b';', Some(0)), (b'#', Some(0))];
    loop {
        let mut found: Option<usize> = None;
        for (character, cursor) in &mut cursors {
            let Some(from) = *cursor else { continue };
            let rest = line.as_bytes()[from..].iter();
            let hit = rest.copied().position(|byte| byte == *character);
            *cursor = hit.map(|at| from + at + 1);
            if let Some(at) = hit.map(|at| from + at)
                && after_space(line, at)
            {
                found = Some(found.map_or(at, |best| best.min(at)));
            }
        }
        if found.is_some() || cursors.iter().all(|(_, cursor)| cursor.is_none()) {
            return found;
        }
    }
}

fn after_space(line: &str, at: usize) -> bool {
    line[..at].chars().next_back().is_none_or(is_space)
}

/// What a line is that does not continue an option.
pub(super) enum Shape<'a> {
    /// `[name]`
    Header(&'a str),
    /// `key = value`, the key not lower-cased yet.
    Option { key: &'a str, value: &'a str },
    /// Nothing stands before the delimiter: bad, and it ends the open option.
    NoKey,
    /// There is no delimiter: bad, and the open option stays open.
    NoDelimiter,
}

/// Look at a stripped line without its comment (spec core 1.2 step 6).
pub(super) fn shape(text: &str) -> Shape<'_> {
    if let Some(inside) = text.strip_prefix('[')
        && let Some(end) = inside.rfind(']')
        && end > 0
    {
        return Shape::Header(&inside[..end]);
    }
    let Some(at) = text.find(['=', ':']) else {
        return Shape::NoDelimiter;
    };
    let key = text[..at].trim_end_matches(is_space);
    if key.is_empty() {
        return Shape::NoKey;
    }
    Shape::Option {
        key,
        value: strip(&text[at + 1..]),
    }
}

/// Option names are case-insensitive.
pub(super) fn lower(key: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if key.bytes().all(plain) {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(key.to_lowercase())
    }
}

/// The lines of a text, each with its end; LF, CRLF and CR all end one.
pub(super) fn physical_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = match rest.find(['\n', '\r']) {
            None => rest.len(),
            Some(at) if rest[at..].starts_with("\r\n") => at + 2,
            Some(at) => at + 1,
        };
        let line;
        (line, rest) = rest.split_at(next);
        Some(line)
    })
}

/// A physical line as messages quote it: its end, if it has one, is a newline.
pub(super) fn quoted(line: &str) -> String {
    let bare = line.trim_end_matches(['\n', '\r']);
    let end = if bare.len() < line.len() { "\n" } else { "" };
    format!("{bare}{end}")
}
