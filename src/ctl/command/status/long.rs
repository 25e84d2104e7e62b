//! The table of `status --long`.

use super::color;
use crate::ctl::process::ProcessInfo;
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
pub(super) fn table(infos: &[ProcessInfo], colors: bool, width: Option<usize>) -> Vec<String> {
    let rows: Vec<[String; 8]> = infos.iter().map(|info| row(info, colors)).collect();
    render(TITLES, &rows, width)
}

fn row(info: &ProcessInfo, colors: bool) -> [String; 8] {
    let or_nothing = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
    let details = info.details.as_ref();
    let more = details.and_then(|details| details.more.as_ref());
    let runs = info.pid != 0;
    let used = more.filter(|_| runs);
    let state = match color(info) {
        on if colors && !on.is_empty() => format!("{on}{}{PLAIN}", info.statename),
        _ => info.statename.clone(),
    };
    let ended = details.filter(|details| !details.why.is_empty());
    let last_exit = ended.map(|details| match details.ended_ago {
        Some(ago) => format!("{}, {} ago", details.why, units::time(ago)),
        None => details.why.clone(),
    });
    let uptime = details.and_then(|details| details.uptime);
    [
        info.namespec(),
        state,
        or_nothing(runs.then(|| info.pid.to_string())),
        or_nothing(uptime.map(units::time)),
        or_nothing(used.map(|more| units::percent(more.cpu))),
        or_nothing(used.map(|more| units::bytes(more.rss))),
        or_nothing(more.map(|more| more.restarts.to_string())),
        or_nothing(last_exit),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::details::{More, ProcessDetails};

    fn info(name: &str, pid: i64, more: Option<More>) -> ProcessInfo {
        ProcessInfo {
            name: name.to_owned(),
            group: name.to_owned(),
            state: if pid == 0 { 100 } else { 20 },
            statename: if pid == 0 { "EXITED" } else { "RUNNING" }.to_owned(),
            pid,
            details: Some(ProcessDetails {
                uptime: (pid != 0).then_some(1_000),
                ended_ago: Some(10),
                why: "exited with code 1".to_owned(),
                more,
                ..ProcessDetails::default()
            }),
            ..ProcessInfo::default()
        }
    }

    #[test]
    fn what_is_known_is_shown() {
        let more = More {
            restarts: 3,
            cpu: 12.34,
            rss: 5e6,
            ..More::default()
        };
        let all = [
            info("web", 7, Some(more.clone())),
            info("db", 0, Some(more)),
            info("old", 8, None),
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
