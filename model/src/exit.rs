//! How a child ended, and its texts for the log (spec core 4.3) and for people.

use crate::signal::Signal;
use alloc::format;
use alloc::string::String;

/// The decoded status of a reaped child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// Ended by `exit(code)`, 0..=255.
    Code(i32),
    /// Ended by a signal.
    Signal {
        /// Which one.
        signal: Signal,
        /// Whether the kernel wrote a core file.
        core: bool,
    },
    /// A wait status that is neither.
    Other(i32),
}

impl ExitStatus {
    /// The exit code, or -1 for everything else, as `getProcessInfo` reports it.
    pub const fn code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal { .. } | Self::Other(_) => -1,
        }
    }

    /// `exit status 3`, `terminated by SIGKILL (core dumped)`, ...
    pub fn describe(self) -> String {
        match self {
            Self::Code(code) => format!("exit status {code}"),
            Self::Signal { signal, core } => format!("terminated by {}", named(signal, core)),
            Self::Other(raw) => format!("unknown termination cause 0x{:04x}", raw & 0xffff),
        }
    }
}

/// `SIGSEGV (core dumped)`.
fn named(signal: Signal, core: bool) -> String {
    let core = if core { " (core dumped)" } else { "" };
    format!("{}{core}", signal.name())
}

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
    /// The name of the signal that ended it, as `SIGKILL`.
    pub fn signal_name(&self) -> Option<String> {
        match self.status {
            ExitStatus::Signal { signal, .. } => Some(signal.name()),
            ExitStatus::Code(_) | ExitStatus::Other(_) => None,
        }
    }

    /// `exited with code 1`, `killed by SIGSEGV (core dumped)`,
    /// `stopped on request, killed by SIGTERM`.
    pub fn describe(&self) -> String {
        let how = match self.status {
            ExitStatus::Code(code) => format!("exited with code {code}"),
            ExitStatus::Signal { signal, core } => format!("killed by {}", named(signal, core)),
            ExitStatus::Other(_) => self.status.describe(),
        };
        if self.requested {
            format!("stopped on request, {how}")
        } else {
            how
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(status: ExitStatus, requested: bool) -> LastExit {
        LastExit {
            status,
            expected: false,
            requested,
            at: 7,
        }
    }

    #[test]
    fn descriptions() {
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
            assert_eq!(exit(status, requested).describe(), text);
        }
        let killed = exit(signal(9, false), false);
        assert_eq!(killed.signal_name().as_deref(), Some("SIGKILL"));
    }
}
