//! `status`: one line for each process; with `--long` more columns, with `--watch` again and
//! again.

mod long;
mod watch;

use std::time::Duration;

use visord_model::state::ProcessState;
use visord_xmlrpc::Client;

use super::{Command, Completes, Opt, means_all};
use crate::ctl::arguments::seconds;
use crate::ctl::details::Details;
use crate::ctl::exit_status::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::json::Json;
use crate::ctl::names::select;
use crate::ctl::process::ProcessInfo;
use crate::ctl::screen::Size;
use crate::ctl::session::{Flow, Session};
use crate::ctl::table::PLAIN;

pub(super) const STATUS: Command = Command {
    name: "status",
    help: &[
        Part::Usage("status <name>", "Show how one process is"),
        Part::Usage("status <gname>:*", "Show how every process of a group is"),
        Part::Usage("status <name> <name>", "Show how several processes are"),
        Part::Usage("status", "Show how every process is"),
        Part::Usage("status --watch 5", "Look every 5 seconds, too"),
    ],
    options: &[
        Opt {
            name: "-l",
            value: None,
            text: "the same as --long",
        },
        Opt {
            name: "--long",
            value: None,
            text: "show what they use, how often they restarted and how they last ended, too",
        },
        Opt {
            name: "-w",
            value: None,
            text: "the same as --watch",
        },
        Opt {
            name: "--watch",
            value: None,
            text: "show it anew whenever it changes, until q or Ctrl-C",
        },
    ],
    completes: &[Completes::Processes],
    needs: &[
        "supervisor.getVersion",
        "supervisor.getAllProcessInfo",
        "supervisor.getAllProcessDetails",
        "/live",
    ],
    addition: false,
    run,
};

/// Width of the column with names, before the blanks after it.
const NAME_WIDTH: usize = 30;

const LONG: [&str; 2] = ["-l", "--long"];
const WATCH: [&str; 2] = ["-w", "--watch"];

/// What `status` was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
struct Request<'a> {
    names: Vec<&'a str>,
    long: bool,
    watch: Option<Watching>,
}

/// How to go on showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watching {
    /// When something changes.
    AsItChanges,
    /// That often, too.
    Every(Duration),
}

impl<'a> Request<'a> {
    /// A number after `--watch` is how many seconds pass between two looks.
    fn read(argument: &'a str) -> Result<Self, String> {
        let mut request = Self::default();
        let mut words = argument.split_whitespace().peekable();
        while let Some(word) = words.next() {
            if LONG.contains(&word) {
                request.long = true;
            } else if WATCH.contains(&word) {
                let every = words.peek().and_then(|next| seconds(next).ok());
                if every.is_some() {
                    words.next();
                }
                request.watch = Some(every.map_or(Watching::AsItChanges, Watching::Every));
            } else if let Some(text) = word.strip_prefix("--watch=") {
                request.watch = Some(Watching::Every(seconds(text)?));
            } else {
                request.names.push(word);
            }
        }
        match request.watch {
            Some(Watching::Every(time)) if time < watch::SHORTEST => {
                let shortest = watch::SHORTEST.as_secs_f64();
                Err(format!("--watch needs at least {shortest} seconds"))
            }
            Some(_) | None => Ok(request),
        }
    }
}

fn run(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let Some(mut client) = session.reach()? else {
        session.exit_status = ExitStatus::Unreachable;
        return Ok(Flow::Continue);
    };
    let request = match Request::read(argument) {
        Ok(request) => request,
        Err(message) => {
            let message = format!("Error: {message}");
            return STATUS.misused(session, ExitStatus::InvalidArguments, &message);
        }
    };
    let view = View::look(&mut client, &request)?;
    if let Some(watching) = request.watch {
        return watch::run(session, client, &request, watching, view);
    }
    view.fail(session)?;
    let colours = session.terminal.has_colours();
    let width = session
        .terminal
        .is_terminal()
        .then(|| Size::of_console().columns);
    session.tell(&view.text(colours, width), || view.json())?;
    Ok(Flow::Continue)
}

/// What there is to show at some moment.
struct View {
    shown: Shown,
    /// A line for each name that names nothing.
    errors: Vec<String>,
}

enum Shown {
    Short(Vec<ProcessInfo>),
    Long(Vec<Details>),
}

impl View {
    fn look(client: &mut Client, request: &Request<'_>) -> Result<Self, Failure> {
        let names = &request.names;
        let all_meant = names.is_empty() || means_all(names);
        if !request.long {
            let all = ProcessInfo::all(client)?;
            let (shown, errors) = if all_meant {
                (all, Vec::new())
            } else {
                select(&all, names)
            };
            let shown = Shown::Short(shown);
            return Ok(Self { shown, errors });
        }
        let all = Details::all(client)?;
        if all_meant {
            let (shown, errors) = (Shown::Long(all), Vec::new());
            return Ok(Self { shown, errors });
        }
        let infos: Vec<ProcessInfo> = all.iter().map(|details| details.info.clone()).collect();
        let (chosen, errors) = select(&infos, names);
        let of = |info: &ProcessInfo| all.iter().find(|details| details.info == *info).cloned();
        let shown = Shown::Long(chosen.iter().filter_map(of).collect());
        Ok(Self { shown, errors })
    }

    fn infos(&self) -> Vec<&ProcessInfo> {
        match &self.shown {
            Shown::Short(infos) => infos.iter().collect(),
            Shown::Long(all) => all.iter().map(|details| &details.info).collect(),
        }
    }

    /// Tell of wrong names, and let the exit code say what was found.
    fn fail(&self, session: &mut Session<'_>) -> Result<(), Failure> {
        for error in &self.errors {
            session.fail(ExitStatus::Unreachable, error)?;
        }
        if self.infos().iter().any(|info| is_stopped(info.state)) {
            session.exit_status = ExitStatus::Stopped;
        }
        Ok(())
    }

    /// The table; `width` counts for the long form only.
    fn text(&self, colours: bool, width: Option<usize>) -> String {
        match &self.shown {
            Shown::Short(infos) => table(infos, colours),
            Shown::Long(all) => {
                let lines = long::table(all, colours, width);
                lines.iter().map(|line| format!("{line}\n")).collect()
            }
        }
    }

    fn json(&self) -> Json {
        match &self.shown {
            Shown::Short(infos) => infos.iter().map(ProcessInfo::json).collect(),
            Shown::Long(all) => all.iter().map(Details::json).collect(),
        }
    }
}

/// Whether a state counts as not running for the exit code.
fn is_stopped(state: i64) -> bool {
    ProcessState::ALL
        .iter()
        .any(|known| known.is_stopped() && i64::from(known.code()) == state)
}

/// Three columns; nothing is cut and trailing blanks stay (spec interfaces 4.6).
fn table(processes: &[ProcessInfo], colours: bool) -> String {
    let names: Vec<String> = processes.iter().map(ProcessInfo::namespec).collect();
    let longest = names.iter().map(|name| name.chars().count()).max();
    let width = longest.unwrap_or(0).max(NAME_WIDTH) + 3;
    let mut text = String::new();
    for (name, process) in names.iter().zip(processes) {
        let ProcessInfo {
            statename,
            description,
            ..
        } = process;
        // scripts look for the name, blanks and the state
        let named = format!("{name:width$}{statename}");
        let blanks = " ".repeat(10_usize.saturating_sub(statename.chars().count()));
        let on = colour(process.state);
        let (on, off) = if colours && !on.is_empty() {
            (on, PLAIN)
        } else {
            ("", "")
        };
        text.push_str(&format!("{on}{named}{off}{blanks}{description}\n"));
    }
    text
}

/// What turns the colour of a state on: green where all is well, yellow for what will pass,
/// red for what will not.
fn colour(state: i64) -> &'static str {
    let known = ProcessState::ALL
        .into_iter()
        .find(|known| i64::from(known.code()) == state);
    match known {
        Some(ProcessState::Running) => "\x1b[32m",
        Some(ProcessState::Starting | ProcessState::Backoff | ProcessState::Stopping) => "\x1b[33m",
        Some(ProcessState::Fatal | ProcessState::Unknown) => "\x1b[31m",
        Some(ProcessState::Stopped | ProcessState::Exited) | None => "",
    }
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
        let every = |seconds| Some(Watching::Every(Duration::from_secs(seconds)));
        for (argument, names, long, watch) in [
            ("", &[][..], false, None),
            ("a -l g:*", &["a", "g:*"], true, None),
            ("--watch a", &["a"], false, Some(Watching::AsItChanges)),
            ("-w 5 a --long", &["a"], true, every(5)),
            ("a --watch=3 7", &["a", "7"], false, every(3)),
            ("-c x", &["-c", "x"], false, None),
        ] {
            let names = names.to_vec();
            let request = Request { names, long, watch };
            assert_eq!(Request::read(argument), Ok(request), "{argument}");
        }
        assert!(Request::read("--watch=x").is_err());
        assert!(Request::read("--watch 0").is_err());
    }

    #[test]
    fn colours_change_no_column() {
        assert_eq!(
            table(&[info("cat", "cat")], true),
            "\x1b[32mcat                              RUNNING\x1b[0m   pid 6056, uptime 0:00:31\n"
        );
    }

    #[test]
    fn which_states_count_as_stopped() {
        let stopped: Vec<i64> = [0, 10, 20, 30, 40, 100, 200, 1000]
            .into_iter()
            .filter(|state| is_stopped(*state))
            .collect();
        assert_eq!(stopped, [0, 100, 200, 1000]);
    }
}
