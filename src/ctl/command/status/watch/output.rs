//! Where `status --watch` shows its tables.

use std::io;

use nix::sys::stat::{SFlag, fstat};

use super::Scene;
use crate::ctl::failure::Failure;
use crate::ctl::json::Report;
use crate::ctl::process::ProcessInfo;
use crate::ctl::screen::{self, Screen, Size};
use crate::ctl::session::Session;

/// Where tables go.
pub(super) enum WatchOutput {
    /// Each in place of the one before.
    Screen(Box<Screen>),
    /// Each that shows a change below the one before: as text, or with `--json` as one document
    /// per line.
    Stream {
        shown: Option<Summary>,
        /// Standard output is a pipe, whose other end may close unnoticed.
        is_pipe: bool,
    },
}

/// What another table is shown for. Uptimes and loads are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Summary {
    /// Name, state, pid and, if it does not run, description of each process; then the errors.
    Processes(Vec<(String, i64, i64, Option<String>)>, Vec<String>),
    Absent(String),
}

impl Summary {
    fn of(scene: &Scene) -> Self {
        match scene {
            Scene::Absent(_, message) => Self::Absent(message.clone()),
            Scene::View(view) => {
                let one = |info: &ProcessInfo| {
                    let description = (info.pid == 0).then(|| info.description.clone());
                    (info.namespec(), info.state, info.pid, description)
                };
                let all = view.infos().into_iter().map(one).collect();
                Self::Processes(all, view.errors.clone())
            }
        }
    }
}

impl WatchOutput {
    pub(super) fn open(session: &Session<'_>) -> Result<Self, Failure> {
        let is_text = session.report.is_none();
        if is_text && session.terminal.is_terminal() && screen::is_possible() {
            return Ok(Self::Screen(Box::new(Screen::open()?)));
        }
        let kind = fstat(io::stdout()).map(|stat| SFlag::from_bits_truncate(stat.st_mode));
        Ok(Self::Stream {
            shown: None,
            is_pipe: kind.is_ok_and(|kind| kind & SFlag::S_IFMT == SFlag::S_IFIFO),
        })
    }

    /// The screen, if there is one.
    pub(super) fn screen(&self) -> Option<&Screen> {
        match self {
            Self::Screen(screen) => Some(screen),
            Self::Stream { .. } => None,
        }
    }

    /// Whether standard output is a pipe and not a screen.
    pub(super) fn is_pipe(&self) -> bool {
        match self {
            Self::Screen(_) => false,
            Self::Stream { is_pipe, .. } => *is_pipe,
        }
    }

    pub(super) fn show(&mut self, session: &mut Session<'_>, scene: &Scene) -> Result<(), Failure> {
        let shown = match self {
            Self::Screen(screen) => return draw(screen, session, scene),
            Self::Stream { shown, .. } => shown,
        };
        let summary = Some(Summary::of(scene));
        if *shown == summary {
            return Ok(());
        }
        let is_first = shown.is_none();
        *shown = summary;
        if session.report.is_some() {
            return document(session, scene);
        }
        let blank = if is_first { "" } else { "\n" };
        let text = text(scene, session.terminal.has_colors(), None);
        Ok(session.terminal.out(&format!("{blank}{text}"))?)
    }
}

fn text(scene: &Scene, colors: bool, width: Option<usize>) -> String {
    match scene {
        Scene::View(view) => {
            let mut text: String = view.errors.iter().map(|line| format!("{line}\n")).collect();
            text.push_str(&view.text(colors, width));
            text
        }
        Scene::Absent(_, message) => format!("{message}\n"),
    }
}

fn draw(screen: &Screen, session: &Session<'_>, scene: &Scene) -> Result<(), Failure> {
    let size = Size::of_console();
    let text = text(scene, session.terminal.has_colors(), Some(size.columns));
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let last = format!("{}  (press q to quit)", session.server.shown());
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
        Scene::Absent(status, message) => session.fail(*status, message)?,
    }
    let status = std::mem::replace(&mut session.exit_status, before);
    if let Some(report) = &mut session.report {
        let document = report.take_document("status", status.code());
        report.is_told = true;
        session.terminal.out(&format!("{document}\n"))?;
    }
    Ok(())
}
