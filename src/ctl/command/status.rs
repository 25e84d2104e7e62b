//! `status`: one line for each process; with `--long` more columns, with `--watch` continuously.

mod long;
mod watch;

use std::time::Duration;

use visord_model::state::ProcessState;
use visord_xmlrpc::Client;

use super::{ExitStatus, Failure, Result, Session};
use crate::ctl::command::seconds;
use crate::ctl::names::select_or_all;
use crate::ctl::process::{ProcessDetails, ProcessInfo};
use crate::ctl::screen::Size;
use crate::ctl::session::Json;
use crate::ctl::table::PLAIN;

#[derive(Clone, Debug, Default, PartialEq)]
struct StatusRequest<'a> {
    names: Vec<&'a str>,
    long: bool,
    /// Show the table again when something changes.
    watch: bool,
    /// Also that often.
    every: Option<Duration>,
}

impl<'a> StatusRequest<'a> {
    /// A number after `--watch` is the interval in seconds.
    fn read(arguments: &[&'a str]) -> Result<Self, String> {
        let mut request = Self::default();
        let mut arguments = arguments.iter().copied().peekable();
        while let Some(word) = arguments.next() {
            match word {
                "-l" | "--long" => request.long = true,
                "-w" | "--watch" => {
                    request.watch = true;
                    request.every = arguments.peek().and_then(|next| seconds(next).ok());
                    if request.every.is_some() {
                        arguments.next();
                    }
                }
                _ => match word.strip_prefix("--watch=") {
                    Some(text) => (request.watch, request.every) = (true, Some(seconds(text)?)),
                    None => request.names.push(word),
                },
            }
        }
        if request.every.is_some_and(|time| time < watch::SHORTEST) {
            let shortest = watch::SHORTEST.as_secs_f64();
            return Err(format!("--watch needs at least {shortest} seconds"));
        }
        Ok(request)
    }
}

pub(super) fn run(session: &mut Session, arguments: &[&str]) -> Result {
    let mut client = match session.server.reach() {
        Err(Failure::Unreached(_, line, hint)) => {
            return Err(Failure::Unreached(ExitStatus::UNREACHABLE, line, hint));
        }
        reached => reached?,
    };
    let request = StatusRequest::read(arguments).map_err(Failure::invalid)?;
    let view = StatusView::look(&mut client, &request)?;
    if request.watch {
        return watch::run(session, client, &request, view);
    }
    view.fail(session)?;
    let colors = session.terminal.has_colors();
    let is_terminal = session.terminal.is_terminal();
    let width = is_terminal.then(|| Size::of_console().columns);
    session.tell(&view.text(colors, width), || view.json())
}

/// What there is to show at some moment.
struct StatusView {
    /// Nothing while the daemon is not there.
    processes: Option<Vec<ProcessInfo>>,
    is_long: bool,
    /// A line for each name without a process, or for the absence of the daemon.
    errors: Vec<String>,
    /// The exit code that errors lead to.
    error_status: ExitStatus,
}

impl StatusView {
    fn look(client: &mut Client, request: &StatusRequest<'_>) -> Result<Self> {
        let all = if request.long {
            ProcessDetails::all(client)?
        } else {
            ProcessInfo::all(client)?
        };
        let (processes, errors) = select_or_all(all, &request.names);
        Ok(Self {
            processes: Some(processes),
            is_long: request.long,
            errors,
            error_status: ExitStatus::UNREACHABLE,
        })
    }

    fn processes(&self) -> &[ProcessInfo] {
        self.processes.as_deref().unwrap_or_default()
    }

    /// Report errors, and let the exit code say what was found.
    fn fail(&self, session: &mut Session) -> Result {
        session.fail_all(self.error_status, &self.errors)?;
        let mut states = self.processes().iter().filter_map(ProcessInfo::known_state);
        if states.any(ProcessState::is_stopped) {
            session.exit_status = ExitStatus::STOPPED;
        }
        Ok(())
    }

    /// The table; `width` counts for the long form only.
    fn text(&self, colors: bool, width: Option<usize>) -> String {
        match &self.processes {
            Some(processes) if self.is_long => {
                let lines = long::table(processes, colors, width);
                lines.iter().map(|line| format!("{line}\n")).collect()
            }
            Some(processes) => table(processes, colors),
            None => String::new(),
        }
    }

    fn json(&self) -> Json {
        let processes = self.processes.as_ref();
        processes.map_or(Json::Null, |all| {
            all.iter().map(ProcessInfo::json).collect()
        })
    }
}

/// Three columns; nothing is cut and trailing blanks stay (spec interfaces 4.6).
fn table(processes: &[ProcessInfo], colors: bool) -> String {
    /// Width of the column with names, before the blanks after it.
    const NAME_WIDTH: usize = 30;
    let names: Vec<String> = processes.iter().map(ProcessInfo::namespec).collect();
    let longest = names.iter().map(|name| name.chars().count()).max();
    let width = longest.unwrap_or(0).max(NAME_WIDTH) + 3;
    let line = |(name, process): (&String, &ProcessInfo)| {
        let (statename, description) = (&process.statename, &process.description);
        let blanks = " ".repeat(10_usize.saturating_sub(statename.chars().count()));
        let (on, off) = color(process, colors);
        // scripts look for the name, blanks and the state
        format!("{on}{name:width$}{statename}{off}{blanks}{description}\n")
    };
    names.iter().zip(processes).map(line).collect()
}

/// What turns the color of a state on and off, if colors are wanted: green for RUNNING, yellow for
/// states that pass, red for those that do not.
fn color(process: &ProcessInfo, colors: bool) -> (&'static str, &'static str) {
    let on = match process.known_state().filter(|_| colors) {
        Some(ProcessState::Running) => "\x1b[32m",
        Some(ProcessState::Starting | ProcessState::Backoff | ProcessState::Stopping) => "\x1b[33m",
        Some(ProcessState::Fatal | ProcessState::Unknown) => "\x1b[31m",
        Some(ProcessState::Stopped | ProcessState::Exited) | None => return ("", ""),
    };
    (on, PLAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(group: &str, name: &str) -> ProcessInfo {
        ProcessInfo {
            name: name.to_owned(),
            group: group.to_owned(),
            state: 20,
            statename: "RUNNING".to_owned(),
            description: "pid 6056, uptime 0:00:31".to_owned(),
            pid: 6056,
            details: None,
        }
    }

    #[test]
    fn columns() {
        assert_eq!(
            table(&[info("cat", "cat")], false),
            "cat                              RUNNING   pid 6056, uptime 0:00:31\n"
        );
        let long = "a".repeat(31);
        let stopping = ProcessInfo {
            statename: "STOPPING".to_owned(),
            description: String::new(),
            ..info("g", "b")
        };
        let text = table(&[info(&long, &long), stopping], false);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with(&format!("{long}   RUNNING   pid ")));
        assert_eq!(lines[1], format!("{:34}STOPPING  ", "g:b"));
    }

    #[test]
    fn what_is_asked_for() {
        let every = |seconds| Some(Duration::from_secs(seconds));
        for (argument, names, long, watch, every) in [
            ("", &[][..], false, false, None),
            ("a -l g:*", &["a", "g:*"], true, false, None),
            ("--watch a", &["a"], false, true, None),
            ("-w 5 a --long", &["a"], true, true, every(5)),
            ("a --watch=3 7", &["a", "7"], false, true, every(3)),
            ("-c x", &["-c", "x"], false, false, None),
        ] {
            let request = StatusRequest {
                names: names.to_vec(),
                long,
                watch,
                every,
            };
            let arguments: Vec<&str> = argument.split_whitespace().collect();
            assert_eq!(StatusRequest::read(&arguments), Ok(request), "{argument}");
        }
        assert!(StatusRequest::read(&["--watch=x"]).is_err());
        assert!(StatusRequest::read(&["--watch", "0"]).is_err());
    }

    #[test]
    fn colors_change_no_column() {
        assert_eq!(
            table(&[info("cat", "cat")], true),
            "\x1b[32mcat                              RUNNING\x1b[0m   pid 6056, uptime 0:00:31\n"
        );
    }
    #[test]
    fn which_states_count_as_stopped() {
        let is_stopped = |state: &i64| {
            let info = ProcessInfo {
                state: *state,
                ..info("a", "a")
            };
            info.known_state().is_some_and(ProcessState::is_stopped)
        };
        let states = [0, 10, 20, 30, 40, 100, 200, 1000];
        let stopped: Vec<i64> = states.into_iter().filter(is_stopped).collect();
        assert_eq!(stopped, [0, 100, 200, 1000]);
    }
}
