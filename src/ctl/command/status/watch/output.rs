//! Where `status --watch` shows its tables.

use std::io;

use nix::sys::stat::{SFlag, fstat};

use super::Scene;
use crate::ctl::failure::Failure;
use crate::ctl::json::Report;
use crate::ctl::screen::{self, Screen, Size};
use crate::ctl::session::{Session, Unreached};

/// Where tables go.
pub(super) enum Output {
    /// Each in the place of the one before.
    Screen(Box<Screen>),
    /// Each that tells something new after the one before.
    Lines(Changes),
    /// The same for programs, a document a line.
    Documents(Changes),
}

/// Tells what was shown already.
#[derive(Debug, Default)]
pub(super) struct Changes {
    shown: Option<Gist>,
    is_pipe: bool,
}

/// What is worth another table. Uptimes and loads are not.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Gist {
    Processes(Vec<One>, Vec<String>),
    Absent(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct One {
    namespec: String,
    state: i64,
    pid: i64,
    /// Of one that does not run.
    description: Option<String>,
}

impl Gist {
    fn of(scene: &Scene) -> Self {
        match scene {
            Scene::Absent(Unreached { message, .. }) => Self::Absent(message.clone()),
            Scene::View(view) => {
                let one = |info: &&crate::ctl::process::ProcessInfo| One {
                    namespec: info.namespec(),
                    state: info.state,
                    pid: info.pid,
                    description: (info.pid == 0).then(|| info.description.clone()),
                };
                let all = view.infos().iter().map(one).collect();
                Self::Processes(all, view.errors.clone())
            }
        }
    }
}

impl Changes {
    /// Whether there is something new to show; the first table is.
    fn are_in(&mut self, scene: &Scene) -> bool {
        let gist = Some(Gist::of(scene));
        let changed = self.shown != gist;
        self.shown = gist;
        changed
    }
}

impl Output {
    pub(super) fn open(session: &Session<'_>) -> Result<Self, Failure> {
        let changes = Changes {
            shown: None,
            is_pipe: is_pipe(),
        };
        Ok(if session.report.is_some() {
            Self::Documents(changes)
        } else if session.terminal.is_terminal() && screen::is_possible() {
            Self::Screen(Box::new(Screen::open()?))
        } else {
            Self::Lines(changes)
        })
    }

    /// The screen, if there is one.
    pub(super) fn screen(&self) -> Option<&Screen> {
        match self {
            Self::Screen(screen) => Some(screen),
            Self::Lines(_) | Self::Documents(_) => None,
        }
    }

    /// The same.
    pub(super) fn into_screen(self) -> Option<Screen> {
        match self {
            Self::Screen(screen) => Some(*screen),
            Self::Lines(_) | Self::Documents(_) => None,
        }
    }

    /// Whether the other end of standard output may go away unnoticed.
    pub(super) fn is_pipe(&self) -> bool {
        match self {
            Self::Screen(_) => false,
            Self::Lines(changes) | Self::Documents(changes) => changes.is_pipe,
        }
    }

    pub(super) fn show(&mut self, session: &mut Session<'_>, scene: &Scene) -> Result<(), Failure> {
        match self {
            Self::Screen(screen) => draw(screen, session, scene),
            Self::Lines(changes) => {
                let is_first = changes.shown.is_none();
                if !changes.are_in(scene) {
                    return Ok(());
                }
                let blank = if is_first { "" } else { "\n" };
                let text = text(scene, session.terminal.has_colours(), None);
                Ok(session.terminal.out(&format!("{blank}{text}"))?)
            }
            Self::Documents(changes) => {
                if changes.are_in(scene) {
                    document(session, scene)?;
                }
                Ok(())
            }
        }
    }
}

fn text(scene: &Scene, colours: bool, width: Option<usize>) -> String {
    match scene {
        Scene::View(view) => {
            let mut text: String = view.errors.iter().map(|line| format!("{line}\n")).collect();
            text.push_str(&view.text(colours, width));
            text
        }
        Scene::Absent(Unreached { message, .. }) => format!("{message}\n"),
    }
}

fn draw(screen: &Screen, session: &Session<'_>, scene: &Scene) -> Result<(), Failure> {
    let size = Size::of_console();
    let text = text(scene, session.terminal.has_colours(), Some(size.columns));
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let last = format!("{}  (q leaves)", session.server.shown());
    Ok(screen.draw(&lines, &last, size)?)
}

/// One for this table alone, with the exit code that `status` would have had.
fn document(session: &mut Session<'_>, scene: &Scene) -> Result<(), Failure> {
    let before = session.exit_status;
    session.report = Some(Report::default());
    match scene {
        Scene::View(view) => {
            view.fail(session)?;
            session.tell("", || view.json())?;
        }
        Scene::Absent(Unreached { status, message }) => session.fail(*status, message)?,
    }
    let status = std::mem::replace(&mut session.exit_status, before);
    if let Some(report) = &mut session.report {
        let document = report.take_document("status", status.code());
        report.is_told = true;
        session.terminal.out(&format!("{document}\n"))?;
    }
    Ok(())
}

fn is_pipe() -> bool {
    fstat(io::stdout())
        .is_ok_and(|stat| SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFIFO)
}
