//! How a child ended, and its text in the log (spec core 4.3).

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
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal { .. } | Self::Other(_) => -1,
        }
    }

    /// `exit status 3`, `terminated by SIGKILL (core dumped)`, ...
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Code(code) => format!("exit status {code}"),
            Self::Signal { signal, core } => {
                let core = if core { " (core dumped)" } else { "" };
                format!("terminated by {}{core}", signal.name())
            }
            Self::Other(raw) => format!("unknown termination cause 0x{:04x}", raw & 0xffff),
        }
    }
}
