//! Signal names and numbers, both directions, with the meanings of spec core 1.8 and 4.3.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// A signal number that the platform names, or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(i32);

/// Linux numbers and names; where a number has several names the first is the one printed.
const NAMES: [(i32, &str); 36] = [
    (1, "HUP"),
    (2, "INT"),
    (3, "QUIT"),
    (4, "ILL"),
    (5, "TRAP"),
    (6, "ABRT"),
    (6, "IOT"),
    (7, "BUS"),
    (8, "FPE"),
    (9, "KILL"),
    (10, "USR1"),
    (11, "SEGV"),
    (12, "USR2"),
    (13, "PIPE"),
    (14, "ALRM"),
    (15, "TERM"),
    (16, "STKFLT"),
    (17, "CHLD"),
    (17, "CLD"),
    (18, "CONT"),
    (19, "STOP"),
    (20, "TSTP"),
    (21, "TTIN"),
    (22, "TTOU"),
    (23, "URG"),
    (24, "XCPU"),
    (25, "XFSZ"),
    (26, "VTALRM"),
    (27, "PROF"),
    (28, "WINCH"),
    (29, "POLL"),
    (29, "IO"),
    (30, "PWR"),
    (31, "SYS"),
    (34, "RTMIN"),
    (64, "RTMAX"),
];

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
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The signal of this number: 0, or one that has a name.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        (number == 0 || NAMES.iter().any(|(n, _)| *n == number)).then_some(Self(number))
    }

    /// The signal of this name, in any case, with or without `SIG`, blanks around it ignored.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let upper = name.trim().to_uppercase();
        let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
        NAMES
            .iter()
            .find(|(_, known)| *known == bare)
            .map(|(number, _)| Self(*number))
    }

    /// Any number, as it may come from a wait status.
    #[must_use]
    pub const fn raw(number: i32) -> Self {
        Self(number)
    }

    /// `SIGTERM`, or `signal 40` for a number without a name (spec core 4.3).
    #[must_use]
    pub fn name(self) -> String {
        NAMES
            .iter()
            .find(|(number, _)| *number == self.0)
            .map_or_else(
                || format!("signal {}", self.0),
                |(_, name)| format!("SIG{name}"),
            )
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}
