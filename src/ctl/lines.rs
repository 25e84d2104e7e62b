//! Whole lines of a log that arrives in pieces.

/// Longer ones are shown in several parts: something must be shown some day.
const LONGEST: usize = 64 * 1024;

/// How much of what was shown is remembered: what daemons send again to whoever begins to
/// follow a log, the original's (spec interfaces 1.6) and ours.
const HISTORY: usize = 1024;

/// Cuts one log into lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// What came after the last line end.
    rest: Vec<u8>,
    /// The last bytes that came.
    last: Vec<u8>,
    /// What comes next begins with a history.
    resumes: bool,
}

impl Lines {
    /// Take what has arrived; returns the lines that are complete, without their ends.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let bytes = if std::mem::take(&mut self.resumes) {
            &bytes[overlap(&self.last, bytes)..]
        } else {
            bytes
        };
        self.last.extend_from_slice(bytes);
        self.last.drain(..self.last.len().saturating_sub(HISTORY));
        let mut lines = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(part);
            if part.ends_with(b"\n") || self.rest.len() >= LONGEST {
                lines.extend(self.finish());
            }
        }
        lines
    }

    /// The line that nobody ended, if there is one.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        let mut line = std::mem::take(&mut self.rest);
        if line.is_empty() {
            return None;
        }
        while line.pop_if(|byte| b"\r\n".contains(byte)).is_some() {}
        Some(line)
    }

    /// The log is followed anew: its last bytes come again.
    pub fn resume(&mut self) {
        self.resumes = true;
    }
}

/// How many bytes at the start of `history` came before, at the end of `last`.
fn overlap(last: &[u8], history: &[u8]) -> usize {
    let longest = last.len().min(history.len());
    let known = (0..=longest).rev();
    known
        .into_iter()
        .find(|count| last.ends_with(&history[..*count]))
        .unwrap_or(0)
}

/// The lines of a log without their ends.
#[must_use]
pub fn lines(log: &[u8]) -> Vec<&[u8]> {
    let log = log.strip_suffix(b"\n").unwrap_or(log);
    if log.is_empty() {
        return Vec::new();
    }
    let line = |line: &'_ [u8]| -> usize { line.strip_suffix(b"\r").unwrap_or(line).len() };
    log.split(|byte| *byte == b'\n')
        .map(|part| &part[..line(part)])
        .collect()
}

/// The last `count` lines of a log.
#[must_use]
pub fn last_lines(log: &[u8], count: usize) -> Vec<&[u8]> {
    let lines = lines(log);
    lines[lines.len().saturating_sub(count)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_lines() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"one\r\ntw"), [b"one"]);
        assert_eq!(lines.push("o\nä".as_bytes()), [b"two"]);
        assert!(lines.push(b"").is_empty());
        assert_eq!(lines.push(b"\n\nx"), ["ä".as_bytes(), b""]);
        assert_eq!(lines.finish().as_deref(), Some(&b"x"[..]));
        assert_eq!(lines.finish(), None);
        let long = vec![b'x'; 2 * LONGEST];
        assert_eq!(lines.push(&long).len(), 1, "not kept for ever");
    }

    #[test]
    fn what_was_shown_is_not_shown_again() {
        let mut lines = Lines::default();
        lines.push(b"one\ntwo\nth");
        lines.resume();
        assert_eq!(lines.push(b"two\nthree\nfour\n"), [&b"three"[..], b"four"]);
        lines.resume();
        assert_eq!(lines.push(b"something else\n"), [b"something else"]);
        assert_eq!(overlap(b"abcabc", b"abcabcabc"), 6);
        assert_eq!(overlap(b"", b"abc"), 0);
    }

    #[test]
    fn the_end_of_a_text() {
        assert_eq!(last_lines(b"a\nb\nc\n", 2), [b"b", b"c"]);
        assert_eq!(last_lines(b"a\r\n\nb", 5), [&b"a"[..], b"", b"b"]);
        assert!(last_lines(b"a\n", 0).is_empty());
        assert!(last_lines(b"", 1).is_empty());
        assert_eq!(last_lines(b"\n\n", 5), [b""; 2]);
    }
}
