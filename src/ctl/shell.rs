//! The shell: a prompt, a line, the next prompt (spec interfaces 4.9).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::rc::Rc;

use super::attempt;
use super::complete::Names;
use super::editor::{Ability, Editor, Entered, Full, Plain};
use super::failure::{ExitStatus, Result};
use super::session::{Flow, Session};
use super::terminal::Mode;
use crate::visible::visible;

/// Take lines until the user leaves or ([`Flow::Continue`]) there is no more input. Fails if the
/// terminal is gone.
pub fn run(session: &mut Session, prompt: &str, history_file: Option<&Path>) -> Result<Flow> {
    let prompt = format!("{prompt}> ");
    let mut editor: Option<Box<dyn Editor>> = match Ability::of_console() {
        Ability::Full => Some(Box::new(Full::open()?)),
        Ability::Plain => Some(Box::new(Plain::default())),
        Ability::None => None,
    };
    let mut history = None;
    match history_file.map(|path| (path, History::open(path))) {
        Some((_, Ok((opened, entries)))) => {
            if let Some(editor) = &mut editor {
                entries.iter().for_each(|entry| editor.remember(entry));
            }
            history = Some(opened);
        }
        // without its file a shell is still a shell
        Some((path, Err(error))) => {
            let path = path.display();
            let warning = format!("warning: history file {path}: {error}\n");
            session.terminal.err(&warning)?;
        }
        None => {}
    }
    loop {
        let entered = match &mut editor {
            Some(editor) => editor.line(&visible(&prompt), names(session))?,
            None => match session.terminal.ask(&prompt)? {
                Some(line) => Entered::Line(line),
                None => {
                    session.say("")?;
                    Entered::End
                }
            },
        };
        let line = match entered {
            Entered::Line(line) => line,
            Entered::End => return Ok(Flow::Continue),
            Entered::Interrupted => return Ok(Flow::Leave),
        };
        if let Some(editor) = &mut editor {
            if !line.trim().is_empty() {
                editor.remember(&line);
            }
            if let Some(Err(error)) = history.as_mut().map(|history| history.add(&line)) {
                let warning = format!("warning: history file: {error}\n");
                session.terminal.err(&warning)?;
            }
        }
        if attempt(session, &line)? == Flow::Leave {
            return Ok(Flow::Leave);
        }
    }
}

/// What Ctrl-C does in a shell while no command takes it: a new line, the terminal as it
/// was, and exit with that code.
pub fn leave_on_interrupt(status: ExitStatus) -> impl Fn() + Send + 'static {
    let mode = Mode::kept();
    let last: &[u8] = match Ability::of_console() {
        // the full editor may have asked the terminal to mark what is pasted
        Ability::Full => b"\x1b[?2004l\n",
        Ability::Plain | Ability::None => b"\n",
    };
    move || {
        if let Ok(mode) = &mode {
            mode.restore();
        }
        let _ = io::stdout().write_all(last);
        std::process::exit(i32::from(status.0));
    }
}

/// What can be named.
fn names(session: &Session) -> Rc<Names> {
    let (plugins, has_cluster) = (session.plugins.clone(), session.has_cluster);
    Rc::new(Names::of(&session.server, plugins, has_cluster, None))
}

/// How many entries the arrow keys reach.
pub const REMEMBERED: usize = 1000;

/// An open history file: one line for each entry, as readline writes it, readable only by its owner.
/// Entries are appended one by one, so nothing is lost however the shell ends, and two shells do not
/// overwrite each other's.
#[derive(Debug)]
pub struct History {
    file: File,
    /// The last entry; it is not written twice in a row.
    last: String,
}

impl History {
    /// Open the file, creating it if need be, and read its latest entries, oldest first. Fails if
    /// it cannot be opened or read, or is not a regular file.
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

    /// Add an entry unless it is blank or the same as the last one; whether it was added. Fails if
    /// it cannot be written.
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
