//! The table of `status --long`.

use visord_web::pages::figures::memory;

use super::color;
use crate::ctl::process::ProcessInfo;
use crate::ctl::table::{Align, render};

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
    let (on, off) = color(info, colors);
    let ended = details.filter(|details| !details.why.is_empty());
    let last_exit = ended.map(|details| match details.ended_ago {
        Some(ago) => format!("{}, {} ago", details.why, time(ago)),
        None => details.why.clone(),
    });
    let uptime = details.and_then(|details| details.uptime);
    [
        info.namespec(),
        format!("{on}{}{off}", info.statename),
        or_nothing(runs.then(|| info.pid.to_string())),
        or_nothing(uptime.map(time)),
        or_nothing(used.map(|more| format!("{:.1}%", more.cpu))),
        or_nothing(used.map(|more| bytes(more.rss))),
        or_nothing(more.map(|more| more.restarts.to_string())),
        or_nothing(last_exit),
    ]
}

/// A duration: `42s`, `5m 12s`, `3h 7m`, `12d 4h`. Nothing is rounded up.
fn time(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if days > 0 {
        format!("{days}d {}h", hours % 24)
    } else if hours > 0 {
        format!("{hours}h {}m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes}m {}s", seconds % 60)
    } else {
        format!("{seconds}s")
    }
}

/// A number of bytes: `512 B`, `4.2 MiB`, `123 GiB`.
fn bytes(count: f64) -> String {
    if count < 1024.0 {
        return format!("{count:.0} B");
    }
    memory(count as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::process::{More, ProcessDetails};

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

    #[test]
    fn times() {
        for (seconds, text) in [
            (-3, "0s"),
            (59, "59s"),
            (60, "1m 0s"),
            (3599, "59m 59s"),
            (3600, "1h 0m"),
            (86_399, "23h 59m"),
            (1_000_000, "11d 13h"),
        ] {
            assert_eq!(time(seconds), text);
        }
    }

    #[test]
    fn sizes() {
        for (count, text) in [
            (0.0, "0 B"),
            (1023.0, "1023 B"),
            (1024.0, "1.0 KiB"),
            (10_188.0, "9.9 KiB"),
            (10_200.0, "10 KiB"),
            (1_048_000.0, "1023 KiB"),
            (1_048_200.0, "1.0 MiB"),
            (5.5e9, "5.1 GiB"),
            (1e18, "888 PiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
