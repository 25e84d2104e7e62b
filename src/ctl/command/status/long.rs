//! The table of `status --long`.

use super::color;
use crate::ctl::details::ProcessDetails;
use crate::ctl::table::{Align, PLAIN, render};
use crate::ctl::units;

const TITLES: [(&str, Align); 8] = [
    ("NAME", Align::Left),
    ("STATE", Align::Left),
    ("PID", Align::Right),
    ("UPTIME", Align::Right),
    ("CPU", Align::Right),
    ("MEMORY", Align::Right),
    ("RESTARTS", Align::Right),
    ("LAST EXIT", Align::Left),
];

/// Shown for what is not known or does not apply.
const NOTHING: &str = "-";

/// A title line and one for each process, no wider than `width`.
pub(super) fn table(all: &[ProcessDetails], colors: bool, width: Option<usize>) -> Vec<String> {
    let rows: Vec<[String; 8]> = all.iter().map(|details| row(details, colors)).collect();
    render(TITLES, &rows, width)
}

fn row(details: &ProcessDetails, colors: bool) -> [String; 8] {
    let or_nothing = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
    let info = &details.info;
    let runs = info.pid != 0;
    let used = details.more.as_ref().filter(|_| runs);
    let state = match color(info) {
        on if colors && !on.is_empty() => format!("{on}{}{PLAIN}", info.statename),
        _ => info.statename.clone(),
    };
    let last_exit = details.last_exit().map(|(why, ago)| match ago {
        Some(ago) => format!("{why}, {} ago", units::time(ago)),
        None => why.to_owned(),
    });
    [
        info.namespec(),
        state,
        or_nothing(runs.then(|| info.pid.to_string())),
        or_nothing(details.uptime().map(units::time)),
        or_nothing(used.map(|more| units::percent(more.cpu))),
        or_nothing(used.map(|more| units::bytes(more.rss))),
        or_nothing(details.more.as_ref().map(|more| more.restarts.to_string())),
        or_nothing(last_exit),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::details::More;
    use crate::ctl::process::ProcessInfo;

    fn details(name: &str, pid: i64, more: Option<More>) -> ProcessDetails {
        ProcessDetails {
            info: ProcessInfo {
                name: name.to_owned(),
                group: name.to_owned(),
                state: if pid == 0 { 100 } else { 20 },
                statename: if pid == 0 { "EXITED" } else { "RUNNING" }.to_owned(),
                description: String::new(),
                pid,
            },
            now: 10_000,
            start: 9_000,
            stop: 9_990,
            why: "exited with code 1".to_owned(),
            exit_status: 1,
            more,
        }
    }

    #[test]
    fn what_is_known_is_shown() {
        let more = More {
            restarts: 3,
            exit_signal: String::new(),
            cpu: 12.34,
            rss: 5e6,
            processes: 2,
            lost_stdout: 0.0,
            lost_stderr: 0.0,
        };
        let all = [
            details("web", 7, Some(more.clone())),
            details("db", 0, Some(more)),
            details("old", 8, None),
        ];
        assert_eq!(
            table(&all, false, None),
            [
                "NAME  STATE    PID   UPTIME    CPU   MEMORY  RESTARTS  LAST EXIT",
                "web   RUNNING    7  16m 40s  12.3%  4.8 MiB         3  exited with code 1, 10s ago",
                "db    EXITED     -        -      -        -         3  exited with code 1, 10s ago",
                "old   RUNNING    8  16m 40s      -        -         -  exited with code 1, 10s ago",
            ]
        );
        assert!(table(&all, true, None)[2].contains("EXITED   "));
        assert!(table(&all, true, Some(80))[1].contains("\x1b[32mRUNNING\x1b[0m"));
    }
}
