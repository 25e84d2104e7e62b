//! Signal names and numbers, both directions, with the meanings of spec core 1.8 and 4.3.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// A signal number that the platform names, or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(i32);

/// The names of 1 and the numbers after it on Linux.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "POLL", "PWR", "SYS",
];

/// Further names. Where a number has several the one above is printed.
const OTHERS: [(i32, &str); 5] = [
    (6, "IOT"),
    (17, "CLD"),
    (29, "IO"),
    (34, "RTMIN"),
    (64, "RTMAX"),
];

fn names() -> impl Iterator<Item = (i32, &'static str)> {
    (1..).zip(NAMES).chain(OTHERS)
}

impl Signal {
    /// Hang-up.
    pub const HUP: Self = Self(1);
    /// Interrupt from the keyboard.
    pub const INT: Self = Self(2);
    /// Quit from the keyboard.
    pub const QUIT: Self = Self(3);
    /// Cannot be caught.
    pub const KILL: Self = Self(9);
    /// Asks to end; the default `stopsignal`.
    pub const TERM: Self = Self(15);

    /// The number, as `kill(2)` takes it.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The signal of this number: 0, or one that has a name.
    pub fn from_number(number: i32) -> Option<Self> {
        (number == 0 || names().any(|(known, _)| known == number)).then_some(Self(number))
    }

    /// The signal of this name, in any case, with or without `SIG`, blanks around it ignored.
    pub fn from_name(name: &str) -> Option<Self> {
        let upper = name.trim().to_uppercase();
        let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
        let (number, _) = names().find(|(_, known)| *known == bare)?;
        Some(Self(number))
    }

    /// Any number, as it may come from a wait status.
    pub const fn raw(number: i32) -> Self {
        Self(number)
    }

    /// `SIGTERM`, or `signal 40` for a number without a name (spec core 4.3).
    pub fn name(self) -> String {
        match names().find(|(number, _)| *number == self.0) {
            Some((_, name)) => format!("SIG{name}"),
            None => format!("signal {}", self.0),
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}
