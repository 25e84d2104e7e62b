//! The messages of the activity log about one process (spec core 4.3, 4.8).

use crate::exit::ExitStatus;
use crate::signal::Signal;
use alloc::format;
use alloc::string::String;

pub(super) fn success(name: &str, startsecs: i64) -> String {
    format!(
        "success: {name} entered RUNNING state, process has stayed up for > than {startsecs} seconds (startsecs)"
    )
}

pub(super) fn spawn_timeout(name: &str, seconds: u64) -> String {
    format!("the start of '{name}' did not complete within {seconds} seconds")
}

pub(super) fn start_cancelled(name: &str) -> String {
    format!("stopped: {name} (before it was spawned)")
}

pub(super) fn gave_up(name: &str) -> String {
    format!("gave up: {name} entered FATAL state, too many start retries too quickly")
}

pub(super) fn exited(name: &str, status: ExitStatus, expected: bool) -> String {
    let verdict = if expected { "expected" } else { "not expected" };
    format!("exited: {name} ({}; {verdict})", status.describe())
}

pub(super) fn killing(name: &str, pid: i32, group: bool, signal: Signal) -> String {
    let target = if group { "process group " } else { "" };
    format!(
        "killing {name} (pid {pid}) {target}with signal {}",
        signal.name()
    )
}

/// `stop`: the signal belonged to a stop, it was not one that a client chose.
pub(super) fn gone(name: &str, pid: i32, stop: bool, reason: &str) -> String {
    let now = if stop { "" } else { "now " };
    format!(
        "unable to signal {name} (pid {pid}), it probably just {now}exited on its own: {reason}"
    )
}

/// `stop`: as in [`gone`].
pub(super) fn undeliverable(name: &str, pid: i32, stop: bool, reason: &str) -> String {
    let action = if stop { "killing" } else { "sending sig" };
    format!("unknown problem {action} {name} ({pid}):{reason}")
}
