//! The sentences of the activity log about one process (spec core 4.3, 4.8).

use super::KillFailure;
use crate::exit::ExitStatus;
use crate::signal::Signal;
use alloc::format;
use alloc::string::String;

pub(super) fn success(name: &str, startsecs: i64) -> String {
    format!(
        "success: {name} entered RUNNING state, process has stayed up for > than {startsecs} seconds (startsecs)"
    )
}

pub(super) fn gave_up(name: &str) -> String {
    format!("gave up: {name} entered FATAL state, too many start retries too quickly")
}

pub(super) fn exited(name: &str, status: ExitStatus, expected: bool) -> String {
    let judgement = if expected { "expected" } else { "not expected" };
    format!("exited: {name} ({}; {judgement})", status.describe())
}

pub(super) fn killing(name: &str, pid: i32, group: bool, signal: Signal) -> String {
    let target = if group { "process group " } else { "" };
    format!(
        "killing {name} (pid {pid}) {target}with signal {}",
        signal.name()
    )
}

pub(super) fn gone(name: &str, pid: i32, reason: &str) -> String {
    format!("unable to signal {name} (pid {pid}), it probably just exited on its own: {reason}")
}

pub(super) fn undeliverable(name: &str, pid: i32, failure: &KillFailure) -> String {
    format!("unknown problem killing {name} ({pid}):{}", failure.reason)
}
