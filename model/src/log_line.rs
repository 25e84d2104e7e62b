//! A line of the activity log and its level (spec core 6.1).

use alloc::string::String;

/// Levels of the activity log, most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// CRIT, 50.
    Critical,
    /// ERRO, 40.
    Error,
    /// WARN, 30.
    Warn,
    /// INFO, 20.
    Info,
    /// DEBG, 10.
    Debug,
    /// TRAC, 5.
    Trace,
    /// BLAT, 3.
    Blather,
}

impl Level {
    /// All of them, most important first.
    pub const ALL: [Self; 7] = [
        Self::Critical,
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
        Self::Blather,
    ];

    /// The four letters in a log line.
    pub const fn code(self) -> &'static str {
        CODES_AND_NAMES[self as usize].0
    }

    /// The value of `loglevel` that means it.
    pub const fn name(self) -> &'static str {
        CODES_AND_NAMES[self as usize].1
    }

    /// The original's number of it.
    pub const fn number(self) -> i64 {
        match self {
            Self::Critical => 50,
            Self::Error => 40,
            Self::Warn => 30,
            Self::Info => 20,
            Self::Debug => 10,
            Self::Trace => 5,
            Self::Blather => 3,
        }
    }

    /// The level of this number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }

    /// The level of these four letters.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }

    /// The level of a `loglevel` value, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|level| level.name().eq_ignore_ascii_case(name))
    }
}

/// Of each level, in their order.
const CODES_AND_NAMES: [(&str, &str); 7] = [
    ("CRIT", "critical"),
    ("ERRO", "error"),
    ("WARN", "warn"),
    ("INFO", "info"),
    ("DEBG", "debug"),
    ("TRAC", "trace"),
    ("BLAT", "blather"),
];

/// A line of the activity log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How important it is.
    pub level: Level,
    /// The text, without time, level or newline.
    pub text: String,
}

impl LogLine {
    /// A line of this level.
    pub fn new(level: Level, text: impl Into<String>) -> Self {
        Self {
            level,
            text: text.into(),
        }
    }
}
