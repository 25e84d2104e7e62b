//! A sink of the activity log, and what is owed to its reader: how many lines it did not take.

use std::io;

use super::sink::Sink;
use super::style::LineStyle;
use crate::file::{FileAction, LogFile};
use crate::followers::Followers;

/// Where lines are written, one after the other.
pub(super) struct Destination {
    sink: Sink,
    style: LineStyle,
    /// Lines the sink did not take, and why the last of them.
    lost: Option<(u64, String)>,
    /// Something else to be said with the next line.
    problem: Option<String>,
    /// To be notified when the file grew.
    pub(super) followers: Followers,
    stalled: bool,
}

impl Destination {
    pub(super) fn new(sink: Sink, style: LineStyle) -> Self {
        Self {
            sink,
            style,
            lost: None,
            problem: None,
            followers: Followers::default(),
            stalled: false,
        }
    }

    /// Writes lines, at once if that makes no difference to the reader.
    pub(super) fn write_lines(&mut self, lines: &[String]) {
        let is_calm = self.lost.is_none() && self.problem.is_none() && !self.stalled;
        let mut stored = 0;
        let size = lines.iter().map(String::len).sum();
        if is_calm
            && lines.len() > 1
            && let Some(file) = self.sink.file()
            && file.has_room_for(size)
        {
            stored = file.append(lines.concat().as_bytes()).stored;
            self.announce();
        }
        for line in lines {
            let done = stored.min(line.len());
            stored -= done;
            if done < line.len() {
                self.write(line, done);
            }
        }
    }

    /// Writes a line of which the first `done` bytes are written; if the sink does not take it, it is
    /// counted.
    pub(super) fn write(&mut self, line: &str, done: usize) {
        match self.sink.write(line, done, self.stalled) {
            Ok(()) => {
                self.stalled = false;
                self.declare(line);
                self.announce();
            }
            Err(error) => {
                let kind = error.kind();
                self.stalled = matches!(kind, io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock);
                let before = self.lost.take().map_or(0, |(count, _)| count);
                self.lost = Some((before + 1, error.to_string()));
            }
        }
    }

    fn announce(&mut self) {
        if let Some(file) = self.sink.file() {
            self.followers.grown(&file.path);
        }
    }

    /// After a line that was written: say with its time what went wrong before it.
    fn declare(&mut self, line: &str) {
        if self.lost.is_none() && self.problem.is_none() {
            return;
        }
        if let Some((count, reason)) = &self.lost {
            let text = lost_lines(&self.style, line, *count, reason);
            if self.sink.write(&text, 0, true).is_ok() {
                self.lost = None;
            }
        }
        if let Some(text) = &self.problem {
            let text = self.style.error_at(line, text);
            if self.sink.write(&text, 0, true).is_ok() {
                self.problem = None;
            }
        }
    }

    /// Opens the file again; a failure is said with the next line.
    pub(super) fn reopen(&mut self) {
        if let Some(Err(error)) = self.sink.file().map(LogFile::reopen) {
            self.problem = Some(format!("cannot reopen the activity log: {error}"));
        }
    }

    /// Empties the file.
    /// Errors: those of unlinking and opening.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        let file = self.sink.file();
        file.map_or(Ok(()), |file| file.maintain(FileAction::Clear))
    }
}

/// The line that declares lost lines, at the time of this line.
pub(super) fn lost_lines(style: &LineStyle, line: &str, count: u64, reason: &str) -> String {
    let text = format!("{count} lines of the activity log lost: {reason}");
    style.error_at(line, &text)
}
