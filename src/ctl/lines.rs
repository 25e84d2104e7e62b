//! Whole lines of a log that arrives in pieces.

/// Longer lines are shown in several parts, so that memory stays bounded, in bytes.
const LONGEST: usize = 64 * 1024;

/// How much of a log is remembered, in bytes: what daemons, the original's (spec interfaces 1.6)
/// and ours, send again when a log is followed.
const HISTORY: usize = 1024;

/// Cuts one log into lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogLines {
    /// What follows the last line end.
    rest: Vec<u8>,
    /// The last bytes that arrived.
    last: Vec<u8>,
    /// What arrives next begins with bytes that may be known.
    resumes: bool,
}

impl LogLines {
    /// Take what has arrived; returns the lines that are complete, without their ends.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        if bytes.is_empty() {
            return Vec::new();
        }
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

    /// The unfinished line, if there is one.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        let mut line = std::mem::take(&mut self.rest);
        if line.is_empty() {
            return None;
        }
        while line.pop_if(|byte| b"\r\n".contains(byte)).is_some() {}
        Some(line)
    }

    /// The log is followed from now on by another stream: its last bytes arrive again.
    pub fn resume(&mut self) {
        self.resumes = true;
    }
}

/// How many bytes at the start of `history` are known, at the end of `last`.
fn overlap(last: &[u8], history: &[u8]) -> usize {
    let longest = last.len().min(history.len());
    (0..=longest)
        .rev()
        .find(|count| last.ends_with(&history[..*count]))
        .unwrap_or(0)
}

/// The lines of a log without their ends.
pub fn lines(log: &[u8]) -> Vec<&[u8]> {
    let log = log.strip_suffix(b"\n").unwrap_or(log);
    if log.is_empty() {
        return Vec::new();
    }
    let lines = log.split(|byte| *byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.collect()
}

/// The last `count` lines of a log.
pub fn last_lines(log: &[u8], count: usize) -> Vec<&[u8]> {
    let lines = lines(log);
    lines[lines.len().saturating_sub(count)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_lines() {
        let mut lines = LogLines::default();
        assert_eq!(lines.push(b"one\r\ntw"), [b"one"]);
        assert_eq!(lines.push("o\nä".as_bytes()), [b"two"]);
        assert!(lines.push(b"").is_empty());
        assert_eq!(lines.push(b"\n\nx"), ["ä".as_bytes(), b""]);
        assert_eq!(lines.finish().as_deref(), Some(&b"x"[..]));
        assert_eq!(lines.finish(), None);
        let long = vec![b'x'; 2 * LONGEST];
        assert_eq!(lines.push(&long).len(), 1, "not kept forever");
    }

    #[test]
    fn what_was_shown_is_not_shown_again() {
        let mut lines = LogLines::default();
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
