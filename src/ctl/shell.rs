//! The shell: a prompt, a line, the next prompt (spec interfaces 4.9).

use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;

use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};

use super::attempt;
use super::complete::Names;
use super::editor::{self, Ability, Editor, Entered};
use super::exit_status::ExitStatus;
use super::failure::Failure;
use super::history::History;
use super::process::ProcessInfo;
use super::session::{Flow, Session};
use super::visible::visible;

/// Why a shell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// There is no more input.
    AtEndOfInput,
    /// A command or Ctrl-C.
    ByUser,
}

/// Take lines until the user leaves.
///
/// # Errors
/// The terminal is gone.
pub fn run(
    session: &mut Session<'_>,
    prompt: &str,
    history_file: Option<&Path>,
) -> Result<Left, Failure> {
    let prompt = format!("{prompt}> ");
    let mut editor = editor::open()?;
    let mut history = open_history(session, history_file, editor.as_deref_mut())?;
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
            Entered::End => return Ok(Left::AtEndOfInput),
            Entered::Interrupted => return Ok(Left::ByUser),
        };
        if let Some(editor) = &mut editor {
            remember(session, &mut **editor, history.as_mut(), &line)?;
        }
        match attempt(session, &line)? {
            Flow::Continue => {}
            Flow::Leave => return Ok(Left::ByUser),
        }
    }
}

/// What Ctrl-C does in a shell while no command takes it: a new line, the terminal as it
/// was, and out with that code.
pub fn leave_on_interrupt(code: ExitStatus) -> impl Fn() + Send + 'static {
    let before = tcgetattr(io::stdin()).ok();
    let farewell = match Ability::of_console() {
        // The full editor may have asked the terminal to mark what is pasted.
        Ability::Full => "\x1b[?2004l\n",
        Ability::Plain | Ability::None => "\n",
    };
    move || {
        if let Some(before) = &before {
            let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, before);
        }
        let _ = io::stdout().write_all(farewell.as_bytes());
        std::process::exit(i32::from(code.code()));
    }
}

/// What can be named. A server that does not answer has no names to offer.
fn names(session: &Session<'_>) -> Rc<Names> {
    let (server, plugins) = (session.server.clone(), session.plugins.clone());
    Rc::new(Names::new(
        move || plugins.names(),
        move || ProcessInfo::of(&server).unwrap_or_default(),
    ))
}

/// Without its history file a shell is still a shell: what is wrong is told, no more.
fn open_history(
    session: &mut Session<'_>,
    path: Option<&Path>,
    editor: Option<&mut (dyn Editor + 'static)>,
) -> Result<Option<History>, Failure> {
    let Some(path) = path else {
        return Ok(None);
    };
    match History::open(path) {
        Ok((history, entries)) => {
            if let Some(editor) = editor {
                for entry in entries {
                    editor.remember(&entry);
                }
            }
            Ok(Some(history))
        }
        Err(error) => {
            warn(
                session,
                &format!("history file {}: {error}", path.display()),
            )?;
            Ok(None)
        }
    }
}

fn remember(
    session: &mut Session<'_>,
    editor: &mut dyn Editor,
    history: Option<&mut History>,
    line: &str,
) -> Result<(), Failure> {
    if !line.trim().is_empty() {
        editor.remember(line);
    }
    if let Some(Err(error)) = history.map(|history| history.add(line)) {
        warn(session, &format!("history file: {error}"))?;
    }
    Ok(())
}

fn warn(session: &mut Session<'_>, what: &str) -> Result<(), Failure> {
    Ok(session.terminal.err(&format!("warning: {what}\n"))?)
}
