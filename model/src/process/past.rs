//! What a process has behind it: how often it was started, and how its last child ended.

use crate::exit::ExitStatus;
use crate::state::ProcessState;
use alloc::format;
use alloc::string::String;

/// How the last child of a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastExit {
    /// Its wait status.
    pub status: ExitStatus,
    /// The code is one of `exitcodes`, and it had been up for `startsecs` or was asked to end.
    pub expected: bool,
    /// It was being stopped.
    pub requested: bool,
    /// When, in Unix seconds.
    pub at: i64,
}

impl LastExit {
    /// The exit code, if it ended by itself.
    #[must_use]
    pub const fn exit_code(&self) -> Option<i32> {
        match self.status {
            ExitStatus::Code(code) => Some(code),
            ExitStatus::Signal { .. } | ExitStatus::Other(_) => None,
        }
    }

    /// The name of the signal that ended it, as `SIGKILL`.
    #[must_use]
    pub fn signal_name(&self) -> Option<String> {
        match self.status {
            ExitStatus::Signal { signal, .. } => Some(signal.name()),
            ExitStatus::Code(_) | ExitStatus::Other(_) => None,
        }
    }

    /// `exited with code 1`, `killed by SIGSEGV (core dumped)`,
    /// `stopped on request, killed by SIGTERM`.
    #[must_use]
    pub fn words(&self) -> String {
        let how = match self.status {
            ExitStatus::Code(code) => format!("exited with code {code}"),
            ExitStatus::Signal { signal, core } => {
                let core = if core { " (core dumped)" } else { "" };
                format!("killed by {}{core}", signal.name())
            }
            ExitStatus::Other(_) => self.status.describe(),
        };
        if self.requested {
            format!("stopped on request, {how}")
        } else {
            how
        }
    }
}

/// Why a process is in its state, in plain words; empty if nothing ever went wrong or ended.
/// `trouble` is the sentence of UNKNOWN, `spawnerr` the reason of a failed start.
pub(super) fn why(
    state: ProcessState,
    last: Option<&LastExit>,
    spawnerr: &str,
    trouble: &str,
) -> String {
    match (state, last) {
        (ProcessState::Unknown, _) if !trouble.is_empty() => trouble.into(),
        // it came up and died again before `startsecs`
        (ProcessState::Backoff | ProcessState::Fatal, Some(last)) => {
            format!("{} too quickly after its start", last.words())
        }
        (_, Some(last)) => last.words(),
        // a start that got as far as a child forgets the failures before it
        (_, None) => spawnerr.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Signal;
    use ProcessState as S;

    fn exit(status: ExitStatus, requested: bool) -> LastExit {
        LastExit {
            status,
            expected: false,
            requested,
            at: 7,
        }
    }

    #[test]
    fn words() {
        let signal = |number, core| ExitStatus::Signal {
            signal: Signal::raw(number),
            core,
        };
        for (status, requested, text) in [
            (ExitStatus::Code(0), false, "exited with code 0"),
            (
                ExitStatus::Code(3),
                true,
                "stopped on request, exited with code 3",
            ),
            (signal(11, true), false, "killed by SIGSEGV (core dumped)"),
            (
                signal(15, false),
                true,
                "stopped on request, killed by SIGTERM",
            ),
            (
                ExitStatus::Other(0x137f),
                false,
                "unknown termination cause 0x137f",
            ),
        ] {
            assert_eq!(exit(status, requested).words(), text);
        }
        let killed = exit(signal(9, false), false);
        assert_eq!(killed.signal_name().as_deref(), Some("SIGKILL"));
        assert_eq!(killed.exit_code(), None);
        assert_eq!(exit(ExitStatus::Code(3), true).exit_code(), Some(3));
    }

    #[test]
    fn reasons() {
        let one = exit(ExitStatus::Code(1), false);
        for (state, last, spawnerr, trouble, text) in [
            (S::Stopped, None, "", "", ""),
            (
                S::Backoff,
                None,
                "can't find command 'x'",
                "",
                "can't find command 'x'",
            ),
            (
                S::Fatal,
                Some(&one),
                "Exited too quickly (process log may have details)",
                "",
                "exited with code 1 too quickly after its start",
            ),
            (S::Running, Some(&one), "", "", "exited with code 1"),
            (
                S::Exited,
                Some(&one),
                "Bad exit code 1",
                "",
                "exited with code 1",
            ),
            (S::Unknown, Some(&one), "", "no such luck", "no such luck"),
            (S::Unknown, Some(&one), "", "", "exited with code 1"),
        ] {
            assert_eq!(why(state, last, spawnerr, trouble), text, "{state}");
        }
    }
}
