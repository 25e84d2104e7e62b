//! The shell's history file: one line for each entry, as readline writes it, readable only by its
//! owner. Entries are appended one by one, so nothing is lost however the shell ends, and two shells
//! do not overwrite each other's.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

/// How many entries the arrow keys reach.
pub const REMEMBERED: usize = 1000;

/// An open history file.
#[derive(Debug)]
pub struct History {
    file: File,
    /// The last entry; it is not written twice in a row.
    last: String,
}

impl History {
    /// Open the file, creating it if need be, and read its latest entries, oldest first.
    ///
    /// # Errors
    /// It cannot be opened or read, or is not a regular file.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<String>)> {
        let file = visord_files::open_to_append(path, 0o600)?;
        let mut entries = Vec::new();
        for line in BufReader::new(&file).split(b'\n') {
            entries.push(String::from_utf8_lossy(&line?).into_owned());
        }
        entries.drain(..entries.len().saturating_sub(REMEMBERED));
        let last = entries.last().cloned().unwrap_or_default();
        Ok((Self { file, last }, entries))
    }

    /// Add an entry unless it is blank or the same as the last one; whether it was added.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add(&mut self, line: &str) -> io::Result<bool> {
        if line.trim().is_empty() || line == self.last {
            return Ok(false);
        }
        self.last = line.to_owned();
        self.file.write_all(format!("{line}\n").as_bytes())?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn entries_survive() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("history");
        let (mut history, entries) = History::open(&path).expect("a new file");
        assert!(entries.is_empty());
        for (line, added) in [
            ("status", true),
            ("status", false),
            (" ", false),
            ("pid", true),
        ] {
            assert_eq!(
                history.add(line).expect("a written file"),
                added,
                "{line:?}"
            );
        }
        let mode = path.metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let (_, entries) = History::open(&path).expect("the same file");
        assert_eq!(entries, ["status", "pid"]);
    }

    #[test]
    fn only_the_latest_are_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("history");
        let lines: String = (0..REMEMBERED + 5).map(|n| format!("{n}\n")).collect();
        std::fs::write(&path, lines).expect("a file");
        let (_, entries) = History::open(&path).expect("the file");
        assert_eq!((entries.len(), entries[0].as_str()), (REMEMBERED, "5"));
    }
}
