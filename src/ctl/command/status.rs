//! `status`: one line for each process.

use visord_model::name::{Namespec, namespec};
use visord_model::state::ProcessState;

use super::{Command, Completes, means_all};
use crate::ctl::exit_status::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::help::Part;
use crate::ctl::names::expand_among;
use crate::ctl::process::ProcessInfo;
use crate::ctl::session::{Flow, Session};

pub(super) const STATUS: Command = Command {
    name: "status",
    help: &[
        Part::Usage("status <name>", "Show how one process is"),
        Part::Usage("status <gname>:*", "Show how every process of a group is"),
        Part::Usage("status <name> <name>", "Show how several processes are"),
        Part::Usage("status", "Show how every process is"),
    ],
    options: &[],
    completes: &[Completes::Processes],
    needs: NEEDS,
    addition: false,
    run,
};

/// What `status` asks of a daemon; `open` shows it too.
pub(super) const NEEDS: &[&str] = &["supervisor.getVersion", "supervisor.getAllProcessInfo"];

/// Width of the column with names, before the blanks after it.
const NAME_WIDTH: usize = 30;

fn run(session: &mut Session<'_>, argument: &str) -> Result<Flow, Failure> {
    let Some(mut client) = session.reach()? else {
        session.exit_status = ExitStatus::Unreachable;
        return Ok(Flow::Continue);
    };
    let all = ProcessInfo::all(&mut client)?;
    let names: Vec<&str> = argument.split_whitespace().collect();
    let shown = if names.is_empty() || means_all(&names) {
        all
    } else {
        let names = expand_among(&all, &names);
        let (shown, errors) = choose(&all, &names);
        for error in errors {
            session.fail(ExitStatus::Unreachable, &error)?;
        }
        shown
    };
    if shown.iter().any(|process| is_stopped(process.state)) {
        session.exit_status = ExitStatus::Stopped;
    }
    let colours = session.terminal.has_colours();
    session.tell(&table(&shown, colours), || {
        shown.iter().map(ProcessInfo::json).collect()
    })?;
    Ok(Flow::Continue)
}

/// The processes that are named, in the order of the names, and a line for each name that
/// names none.
fn choose(all: &[ProcessInfo], names: &[String]) -> (Vec<ProcessInfo>, Vec<String>) {
    let mut chosen = Vec::new();
    let mut errors = Vec::new();
    for name in names {
        let named = Namespec::parse(name);
        let before = chosen.len();
        chosen.extend(all.iter().filter(|info| is_named(info, &named)).cloned());
        if chosen.len() == before {
            errors.push(match named {
                Namespec::Group(group) => format!("{group}: ERROR (no such group)"),
                Namespec::Process { group, process } => {
                    let name = namespec(&group, &process);
                    format!("{name}: ERROR (no such process)")
                }
            });
        }
    }
    (chosen, errors)
}

fn is_named(info: &ProcessInfo, named: &Namespec) -> bool {
    match named {
        Namespec::Group(group) => info.group == *group,
        Namespec::Process { group, process } => info.group == *group && info.name == *process,
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
        let mut state = format!("{statename:10}");
        if colours {
            let (on, off) = colour(process.state);
            state.insert_str(statename.len(), off);
            state.insert_str(0, on);
        }
        text.push_str(&format!("{name:width$}{state}{description}\n"));
    }
    text
}

/// What turns the colour of a state on, and off again: green where all is well, yellow for
/// what will pass, red for what will not.
fn colour(state: i64) -> (&'static str, &'static str) {
    let known = ProcessState::ALL
        .into_iter()
        .find(|known| i64::from(known.code()) == state);
    let on = match known {
        Some(ProcessState::Running) => "\x1b[32m",
        Some(ProcessState::Starting | ProcessState::Backoff | ProcessState::Stopping) => "\x1b[33m",
        Some(ProcessState::Fatal | ProcessState::Unknown) => "\x1b[31m",
        Some(ProcessState::Stopped | ProcessState::Exited) | None => return ("", ""),
    };
    (on, "\x1b[0m")
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
    fn colours_change_no_column() {
        assert_eq!(
            table(&[info("cat", "cat")], true),
            "cat                              \x1b[32mRUNNING\x1b[0m   pid 6056, uptime 0:00:31\n"
        );
    }

    #[test]
    fn names_choose_in_their_order_and_repeat() {
        let all = [info("cat", "cat"), info("g", "a"), info("g", "b")];
        let names = ["g:*", "zz:*", "cat:cat", "cat", "g", "g:zz", "g:"].map(str::to_owned);
        let (chosen, errors) = choose(&all, &names);
        let chosen: Vec<String> = chosen.iter().map(ProcessInfo::namespec).collect();
        assert_eq!(chosen, ["g:a", "g:b", "cat", "cat", "g:a", "g:b"]);
        assert_eq!(
            errors,
            [
                "zz: ERROR (no such group)",
                "g: ERROR (no such process)",
                "g:zz: ERROR (no such process)",
            ]
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
