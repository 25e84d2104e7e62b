//! Searches a log backwards, from its end or an offset, within a bound.

use std::io;
use std::path::Path;

use super::{Part, lines, open, visible, window};
use crate::query::clipped;

/// Bytes that one search or jump reads.
pub const REACH: u64 = 32 * 1024 * 1024;

/// Most lines that one search finds.
pub const HITS: usize = 500;

/// Bytes shown of a line that was found.
const SHOWN: usize = 2000;

/// Bytes read at a time.
const STEP: u64 = 1024 * 1024;

/// What a search found, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// The lines with the offset of each; only the start of a long one.
    pub lines: Vec<(u64, String)>,
    /// The search ended at this offset.
    pub from: u64,
    /// It began at this one.
    pub to: u64,
}

/// The last lines before an offset (`None`: the end) that contain a text. Case matters only if the
/// text has a capital letter; escape sequences of lines are ignored.
///
/// # Errors
/// Those of opening and reading.
pub fn find(path: &Path, text: &str, before: Option<u64>) -> io::Result<Hits> {
    let (file, size) = open(path)?;
    let to = before.unwrap_or(size).min(size);
    let any_case = !text.chars().any(char::is_uppercase);
    let mut hits = Hits {
        lines: Vec::new(),
        from: to,
        to,
    };
    while hits.from > 0 && to - hits.from < REACH {
        let part = window(&file, size, Part::Before(hits.from), STEP)?;
        let before = hits.lines.len();
        for (at, line) in lines(&part) {
            let line = String::from_utf8_lossy(&visible(line)).into_owned();
            let found = if any_case {
                line.to_lowercase().contains(text)
            } else {
                line.contains(text)
            };
            if found {
                hits.lines.push((at, clipped(&line, SHOWN)));
            }
        }
        // the newest first until all are found
        hits.lines[before..].reverse();
        if hits.lines.len() >= HITS {
            hits.lines.truncate(HITS);
            hits.from = hits.lines.last().map_or(part.from, |(at, _)| *at);
            break;
        }
        if part.from >= hits.from {
            // the file has become shorter
            break;
        }
        hits.from = part.from;
    }
    hits.lines.reverse();
    Ok(hits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_with_the_text() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "Error one\nfine\n\x1b[31mer\x1b[1mror\x1b[0m two\nERROR three\n";
        std::fs::write(file.path(), text).unwrap();
        let found = |text: &str, before| find(file.path(), text, before).unwrap().lines;
        let [one, two, three] = [
            (0, "Error one".to_owned()),
            (15, "error two".to_owned()),
            (38, "ERROR three".to_owned()),
        ];
        assert_eq!(found("error", None), [one.clone(), two.clone(), three]);
        assert_eq!(found("Error", None), std::slice::from_ref(&one));
        assert_eq!(found("error", Some(38)), [one, two]);
        assert_eq!(found("nothing", None), []);
    }

    #[test]
    fn long_logs_are_searched_in_steps_and_with_bounds() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let lines: String = (0..30_000).map(|n| format!("{n:0>99}\n")).collect();
        std::fs::write(file.path(), lines).unwrap();
        let hits = find(file.path(), "77", None).unwrap();
        assert_eq!(hits.lines.len(), HITS);
        assert!(hits.lines.windows(2).all(|two| two[0].0 < two[1].0));
        let earlier = find(file.path(), "77", Some(hits.from)).unwrap();
        assert!(earlier.lines.last().unwrap().0 < hits.lines[0].0);
        let few = find(file.path(), "2999", None).unwrap();
        assert_eq!((few.lines.len(), few.from), (13, 0));
        std::fs::write(file.path(), "x".repeat(3_000_000)).unwrap();
        let long = find(file.path(), "xx", None).unwrap();
        assert_eq!(long.from, 0);
        assert!(
            long.lines
                .iter()
                .all(|(_, line)| line.capacity() < 4 * SHOWN)
        );
    }
}
