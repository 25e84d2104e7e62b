//! The faults of the RPC interface: codes, names, texts (spec interfaces 3.1).

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

/// Every fault the daemon itself raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum FaultCode {
    /// No such method.
    UnknownMethod = 1,
    /// Wrong number or kind of parameters.
    IncorrectParameters = 2,
    /// Parameters out of range.
    BadArguments = 3,
    /// No signature or help for that method.
    SignatureUnsupported = 4,
    /// The daemon is shutting down or restarting.
    ShutdownState = 6,
    /// No such process or group.
    BadName = 10,
    /// No such signal.
    BadSignal = 11,
    /// File not found.
    NoFile = 20,
    /// The command cannot be executed.
    NotExecutable = 21,
    /// Something else went wrong.
    Failed = 30,
    /// Left STARTING for something other than RUNNING.
    AbnormalTermination = 40,
    /// Could not be spawned, or exited too quickly.
    SpawnError = 50,
    /// Already STARTING, RUNNING or in BACKOFF.
    AlreadyStarted = 60,
    /// Not running.
    NotRunning = 70,
    /// Only as `status` of a bulk result.
    Success = 80,
    /// The group is active already.
    AlreadyAdded = 90,
    /// The group still has running processes.
    StillRunning = 91,
    /// The configuration could not be re-read.
    CantReread = 92,
    /// The caller's role does not allow it (ours; far from the original's numbers, so that
    /// none it may still get means this).
    NotAllowed = 403,
}

impl FaultCode {
    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The name at the start of the fault string.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownMethod => "UNKNOWN_METHOD",
            Self::IncorrectParameters => "INCORRECT_PARAMETERS",
            Self::BadArguments => "BAD_ARGUMENTS",
            Self::SignatureUnsupported => "SIGNATURE_UNSUPPORTED",
            Self::ShutdownState => "SHUTDOWN_STATE",
            Self::BadName => "BAD_NAME",
            Self::BadSignal => "BAD_SIGNAL",
            Self::NoFile => "NO_FILE",
            Self::NotExecutable => "NOT_EXECUTABLE",
            Self::Failed => "FAILED",
            Self::AbnormalTermination => "ABNORMAL_TERMINATION",
            Self::SpawnError => "SPAWN_ERROR",
            Self::AlreadyStarted => "ALREADY_STARTED",
            Self::NotRunning => "NOT_RUNNING",
            Self::Success => "SUCCESS",
            Self::AlreadyAdded => "ALREADY_ADDED",
            Self::StillRunning => "STILL_RUNNING",
            Self::CantReread => "CANT_REREAD",
            Self::NotAllowed => "NOT_ALLOWED",
        }
    }

    /// A fault of this code without further text.
    #[must_use]
    pub const fn bare(self) -> Fault {
        Fault {
            code: self,
            extra: None,
        }
    }

    /// A fault of this code about something.
    #[must_use]
    pub fn about(self, extra: impl Into<String>) -> Fault {
        Fault {
            code: self,
            extra: Some(extra.into()),
        }
    }
}

/// A refusal that reaches the client as an XML-RPC fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which fault.
    pub code: FaultCode,
    /// What it is about, if anything.
    pub extra: Option<String>,
}

impl Fault {
    /// `NAME` or `NAME: extra`, the fault string on the wire.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.extra {
            Some(extra) => format!("{}: {extra}", self.code.name()),
            None => self.code.name().to_string(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl core::error::Error for Fault {}
