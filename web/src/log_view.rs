//! Parts of a log for pages: whole lines within a bound, by place ([`read`]), by text ([`find`]) or
//! by time ([`jump`], [`time`]). Everything here blocks: it is for a worker thread.

pub mod find;
pub mod jump;
pub mod time;

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use visord_logs::follow::{Place, first_character, unfinished};
pub use visord_logs::reader::open;
use visord_model::output::ansi;

/// Bytes on a page.
pub const PAGE: u64 = 64 * 1024;

/// Most bytes of a part.
pub const MOST: u64 = 1024 * 1024;

/// Which part of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The end of the file.
    End,
    /// Up to this offset.
    Before(u64),
    /// From this offset on.
    After(u64),
}

/// A part of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Offset of its first byte.
    pub from: u64,
    /// Offset after its last byte.
    pub to: u64,
    /// Size of the file.
    pub size: u64,
    /// Its end, for a reader that continues there.
    pub place: Place,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Reads a part of at most `length` bytes, in whole lines where a line is not longer than that.
///
/// # Errors
/// Those of opening and reading.
pub fn read(path: &Path, part: Part, length: u64) -> io::Result<Window> {
    let (file, size) = open(path)?;
    window(&file, size, part, length.min(MOST))
}

/// Reads a part of an open file.
fn window(file: &File, size: u64, part: Part, length: u64) -> io::Result<Window> {
    let (mut from, end) = match part {
        Part::End => (size.saturating_sub(length), size),
        Part::Before(end) => (end.min(size).saturating_sub(length), end.min(size)),
        Part::After(from) => (from.min(size), from.saturating_add(length).min(size)),
    };
    let mut bytes = vec![0; usize::try_from(end - from).unwrap_or(0)];
    let count = file.read_at(&mut bytes, from)?;
    bytes.truncate(count);
    match part {
        Part::End | Part::Before(_) if from > 0 => {
            let cut = first_line(&bytes);
            bytes.drain(..cut);
            from += cut as u64;
        }
        Part::After(_) if end < size => {
            let last = bytes.iter().rposition(|&byte| byte == b'\n');
            bytes.truncate(last.map_or(bytes.len() - unfinished(&bytes), |at| at + 1));
        }
        Part::End | Part::Before(_) | Part::After(_) => {}
    }
    if part == Part::End {
        bytes.truncate(bytes.len() - unfinished(&bytes));
    }
    let to = from + bytes.len() as u64;
    Ok(Window {
        from,
        to,
        size,
        place: Place::at(file, to)?,
        bytes,
    })
}

/// Offset of the first whole line, or, in the middle of a long one, of the first character.
fn first_line(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    match end {
        Some(end) if end + 1 < bytes.len() => end + 1,
        Some(_) | None => first_character(bytes),
    }
}

/// A line without its escape sequences.
fn visible(line: &[u8]) -> Cow<'_, [u8]> {
    if ansi::contains_sequence(line) {
        ansi::strip(line).into()
    } else {
        line.into()
    }
}

/// Lines with the offset of each, without their line ends.
pub fn lines(window: &Window) -> impl Iterator<Item = (u64, &[u8])> {
    let mut offset = window.from;
    let bytes = window.bytes.strip_suffix(b"\n").unwrap_or(&window.bytes);
    let is_empty = window.bytes.is_empty();
    let lines = bytes
        .split(|&byte| byte == b'\n')
        .filter(move |_| !is_empty);
    lines.map(move |line| {
        let at = offset;
        offset += line.len() as u64 + 1;
        (at, line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &[u8], part: Part, length: u64) -> (u64, String) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let window = read(file.path(), part, length).unwrap();
        assert_eq!(window.size, text.len() as u64);
        assert_eq!(window.to, window.from + window.bytes.len() as u64);
        assert_eq!(window.place.offset, window.to);
        (window.from, String::from_utf8(window.bytes).unwrap())
    }

    #[test]
    fn parts_are_whole_lines() {
        let text = b"first\nsecond\nthird\n";
        for (which, length, from, expected) in [
            (Part::End, 100, 0, "first\nsecond\nthird\n"),
            (Part::End, 15, 6, "second\nthird\n"),
            (Part::End, 6, 13, "third\n"),
            (Part::End, 5, 14, "hird\n"),
            (Part::Before(13), 9, 6, "second\n"),
            (Part::Before(6), 100, 0, "first\n"),
            (Part::Before(0), 100, 0, ""),
            (Part::Before(1000), 6, 13, "third\n"),
            (Part::After(6), 8, 6, "second\n"),
            (Part::After(6), 13, 6, "second\nthird\n"),
            (Part::After(6), 3, 6, "sec"),
            (Part::After(1000), 3, 19, ""),
        ] {
            let found = part(text, which, length);
            assert_eq!(found, (from, expected.to_owned()), "{which:?} {length}");
        }
        assert_eq!(part("€€€".as_bytes(), Part::End, 5), (6, "€".into()));
        assert_eq!(part("€€€".as_bytes(), Part::After(0), 5), (0, "€".into()));
        assert_eq!(part(b"a\xe2\x82", Part::End, 5), (0, "a".into()));
    }

    #[test]
    fn lines_know_where_they_are() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, expected) in [
            ("", &[][..]),
            ("a\n\nbc\n", &[(0, "a"), (2, ""), (3, "bc")][..]),
            ("a\nb", &[(0, "a"), (2, "b")]),
            ("\n", &[(0, "")]),
        ] {
            std::fs::write(file.path(), text).unwrap();
            let window = read(file.path(), Part::End, 100).unwrap();
            let found = lines(&window).map(|(at, line)| (at, str::from_utf8(line).unwrap()));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
