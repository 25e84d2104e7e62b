//! Exit codes of supervisorctl (spec interfaces 4.4).

use std::process::ExitCode;

use visord_model::fault::FaultCode;

/// Why a command failed, as its exit code says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExitStatus {
    /// Nothing failed.
    #[default]
    Success,
    /// Something failed.
    Generic,
    /// The command was not understood.
    InvalidArguments,
    /// `status`: something listed is not running; else: the server has no supervisor
    /// interface.
    Stopped,
    /// `status`: no answer or no such name; else: connection refused.
    Unreachable,
    /// The server speaks another version of the interface.
    VersionMismatch,
    /// The program is not running, could not be started, or the socket is missing.
    NotRunning,
    /// `wait`: the time was up. The number is the one of timeout(1).
    TimedOut,
    /// `wait`: Ctrl-C. The number is the one shells give it.
    Interrupted,
    /// A plug-in ended with this code; 128 and the number of the signal that killed it.
    Plugin(u8),
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

impl ExitStatus {
    /// The number for `exit`.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Generic => 1,
            Self::InvalidArguments => 2,
            Self::Stopped => 3,
            Self::Unreachable => 4,
            Self::VersionMismatch => 5,
            Self::NotRunning => 7,
            Self::TimedOut => 124,
            Self::Interrupted => 130,
            Self::Plugin(code) => code,
        }
    }

    /// What a fault that a process was answered with means for the exit code.
    #[must_use]
    pub fn of_fault(code: i64) -> Self {
        let not_running = [
            FaultCode::AbnormalTermination,
            FaultCode::SpawnError,
            FaultCode::NotRunning,
        ];
        if not_running.iter().any(|fault| is(*fault, code)) {
            Self::NotRunning
        } else {
            Self::Generic
        }
    }
}

/// Whether a code from the wire is that fault.
#[must_use]
pub fn is(fault: FaultCode, code: i64) -> bool {
    i64::from(fault.code()) == code
}
