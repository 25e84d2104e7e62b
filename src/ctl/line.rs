//! From a line to a command and its argument (spec interfaces 4.3).

/// A line taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Nothing but blanks.
    Blank,
    /// A word that may be a command, and the rest.
    Command {
        /// Letters, digits and `_`.
        name: &'a str,
        /// Without blanks at its ends.
        argument: &'a str,
    },
    /// Begins with something no command begins with.
    Other,
}

impl<'a> Line<'a> {
    /// Take a line apart.
    #[must_use]
    pub fn read(line: &'a str) -> Self {
        let line = line.trim();
        if line.is_empty() {
            return Self::Blank;
        }
        if let Some(argument) = line.strip_prefix('?') {
            return Self::Command {
                name: "help",
                argument: argument.trim(),
            };
        }
        let end = line
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(line.len());
        let (name, argument) = line.split_at(end);
        if name.is_empty() {
            return Self::Other;
        }
        Self::Command {
            name,
            argument: argument.trim(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        for (line, name, argument) in [
            ("status", "status", ""),
            ("  tail -f x  ", "tail", "-f x"),
            ("start\ta", "start", "a"),
            ("?", "help", ""),
            ("?start", "help", "start"),
            ("? start", "help", "start"),
            ("st@art x", "st", "@art x"),
            ("start:x", "start", ":x"),
            ("EOF", "EOF", ""),
        ] {
            assert_eq!(
                Line::read(line),
                Line::Command { name, argument },
                "{line:?}"
            );
        }
        assert_eq!(Line::read(" \t "), Line::Blank);
        assert_eq!(Line::read("!ls"), Line::Other);
        assert_eq!(Line::read("# x"), Line::Other);
    }
}
