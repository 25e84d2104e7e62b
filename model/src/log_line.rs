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
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Critical => "CRIT",
            Self::Error => "ERRO",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBG",
            Self::Trace => "TRAC",
            Self::Blather => "BLAT",
        }
    }

    /// The level of these four letters.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }

    /// The level of a `loglevel` value, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [
            ("critical", Self::Critical),
            ("error", Self::Error),
            ("warn", Self::Warn),
            ("info", Self::Info),
            ("debug", Self::Debug),
            ("trace", Self::Trace),
            ("blather", Self::Blather),
        ]
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, level)| level)
    }
}

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
