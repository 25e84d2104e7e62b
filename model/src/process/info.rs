//! What others may know of a process, and how it is described to people.

use super::LastExit;
use crate::moment::Mono;
use crate::name::ProcessName;
use crate::state::ProcessState;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;

/// What the configuration says about a process that others may ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// `x` of its `[program:x]`, `[eventlistener:x]` or `[fcgi-program:x]`.
    pub program: Arc<str>,
    /// Its rank among the processes of its program, from 0.
    pub index: u32,
    /// Seconds to stay up before the start counts as a success.
    pub startsecs: i64,
    /// Seconds until SIGKILL follows the stop signal.
    pub stopwaitsecs: i64,
    /// Its stdout has a log file.
    pub has_stdout: bool,
    /// Its stderr has a log file of its own.
    pub has_stderr: bool,
}

/// The facts behind `getProcessInfo` (spec interfaces 3.3). Times are Unix seconds, 0: never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Name within the group.
    pub name: Arc<str>,
    /// Name of the group.
    pub group: Arc<str>,
    /// Current state.
    pub state: ProcessState,
    /// Last attempt to spawn.
    pub start: i64,
    /// Last exit.
    pub stop: i64,
    /// Last attempt to spawn by the monotonic clock; 0: never.
    pub start_mono: Mono,
    /// Last exit or failed start by the monotonic clock; 0: never.
    pub stop_mono: Mono,
    /// Why the last start failed or the last exit was unexpected, else empty.
    pub spawnerr: String,
    /// Last exit code; -1 for a signal, 0 if there is none.
    pub exitstatus: i32,
    /// 0 when nothing runs.
    pub pid: i32,
    /// Path of the stdout log, empty if there is none.
    pub stdout_logfile: String,
    /// Path of the stderr log, empty if there is none.
    pub stderr_logfile: String,
    /// Starts after the first since the process was added: each one, be it asked for, by
    /// `autorestart` or after a failure.
    pub restarts: u32,
    /// How its last child ended; `None` if the last attempt to start it got no child.
    pub last_exit: Option<LastExit>,
    /// In UNKNOWN: what went wrong, else empty.
    pub trouble: String,
    /// What its configuration says; one for all its rows.
    pub origin: Arc<Origin>,
    /// What is appended to its command, empty for nothing (spec cluster 4.8).
    pub extra_args: Arc<str>,
    /// Its program is disabled: nothing starts it (spec cluster 4.7).
    pub disabled: bool,
}

impl ProcessInfo {
    /// Its group and name.
    pub fn full_name(&self) -> ProcessName {
        ProcessName {
            group: self.group.clone(),
            process: self.name.clone(),
        }
    }

    /// Whether its last start or end was as expected, as far as it is known: nothing is wrong
    /// (`expected` of spec cluster 7.4).
    pub fn is_expected(&self) -> bool {
        self.spawnerr.is_empty()
    }

    /// Why it is in this state, or how it last ended: `exited with code 1`,
    /// `killed by SIGSEGV (core dumped)`, the reason of a failed start, or nothing.
    pub fn why(&self) -> String {
        match (self.state, &self.last_exit) {
            (ProcessState::Unknown, _) if !self.trouble.is_empty() => self.trouble.clone(),
            // it came up and died again before `startsecs`
            (ProcessState::Backoff | ProcessState::Fatal, Some(last)) => {
                format!("{} too quickly after its start", last.describe())
            }
            (_, Some(last)) => last.describe(),
            // a start that got as far as a child forgets the failures before it
            (_, None) => self.spawnerr.clone(),
        }
    }

    /// See [`Described::text`].
    pub fn description(&self, now: i64, local: &dyn Fn(i64) -> String) -> String {
        let facts = Described {
            name: &self.name,
            state: self.state,
            start: self.start,
            stop: self.stop,
            pid: self.pid,
            spawnerr: &self.spawnerr,
        };
        facts.text(now, local)
    }
}

/// What a description is made of. Times are Unix seconds, 0: never.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    /// Name within the group.
    pub name: &'a str,
    /// Current state.
    pub state: ProcessState,
    /// Last attempt to spawn.
    pub start: i64,
    /// Last exit.
    pub stop: i64,
    /// 0 when nothing runs.
    pub pid: i32,
    /// Why the last start failed, else empty.
    pub spawnerr: &'a str,
}

impl Described<'_> {
    /// `pid 7, uptime 0:00:05`, the reason of a failure, or the time of the last stop
    /// (spec core 4.7). `local` shows Unix seconds in the local zone as `Nov 20 11:17 PM`.
    pub fn text(&self, now: i64, local: &dyn Fn(i64) -> String) -> String {
        match self.state {
            ProcessState::Running => {
                format!("pid {}, uptime {}", self.pid, uptime(now - self.start))
            }
            ProcessState::Fatal | ProcessState::Backoff => {
                if self.spawnerr.is_empty() {
                    format!("unknown error (try \"tail {}\")", self.name)
                } else {
                    self.spawnerr.to_string()
                }
            }
            // a start that never got as far as a pid leaves no stop time (difference Q37)
            ProcessState::Stopped | ProcessState::Exited if self.stop == 0 => {
                "Not started".to_string()
            }
            ProcessState::Stopped | ProcessState::Exited => local(self.stop),
            ProcessState::Starting | ProcessState::Stopping | ProcessState::Unknown => {
                String::new()
            }
        }
    }
}

/// `0:00:05`, `1 day, 2:03:04`, `2 days, 0:00:00`; negative durations count as none.
pub fn uptime(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    match days {
        0 => clock,
        1 => format!("1 day, {clock}"),
        _ => format!("{days} days, {clock}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::ExitStatus;
    use crate::process::{Machine, Policy};
    use ProcessState as S;

    #[test]
    fn uptimes() {
        for (seconds, text) in [
            (-5, "0:00:00"),
            (5, "0:00:05"),
            (36_000, "10:00:00"),
            (86_405, "1 day, 0:00:05"),
            (2 * 86_400 + 3 * 3600 + 4 * 60 + 5, "2 days, 3:04:05"),
        ] {
            assert_eq!(uptime(seconds), text);
        }
    }

    #[test]
    fn reasons() {
        let one = LastExit {
            status: ExitStatus::Code(1),
            expected: false,
            requested: false,
            at: 7,
        };
        let too_quick = "Exited too quickly (process log may have details)";
        let new = Machine::new("x", Policy::default()).info(&ProcessName::new("x", "x"));
        for (state, last_exit, spawnerr, trouble, text) in [
            (S::Stopped, None, "", "", ""),
            (S::Backoff, None, "can't find it", "", "can't find it"),
            (
                S::Fatal,
                Some(one),
                too_quick,
                "",
                "exited with code 1 too quickly after its start",
            ),
            (S::Running, Some(one), "", "", "exited with code 1"),
            (
                S::Exited,
                Some(one),
                "Bad exit code 1",
                "",
                "exited with code 1",
            ),
            (S::Unknown, Some(one), "", "no such luck", "no such luck"),
            (S::Unknown, Some(one), "", "", "exited with code 1"),
        ] {
            let info = ProcessInfo {
                state,
                last_exit,
                spawnerr: spawnerr.into(),
                trouble: trouble.into(),
                ..new.clone()
            };
            assert_eq!(info.why(), text, "{state}");
        }
    }
}
