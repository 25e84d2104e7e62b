//! Exit codes of supervisorctl (spec interfaces 4.4).

use visord_model::fault::FaultCode;

/// Why a command failed, as its exit code says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// Nothing failed.
    #[default]
    Success = 0,
    /// Something failed.
    Generic = 1,
    /// The command was not understood.
    InvalidArguments = 2,
    /// `status`: something listed is not running; else: the server has no supervisor
    /// interface.
    Stopped = 3,
    /// `status`: no answer or no such name; else: connection refused.
    Unreachable = 4,
    /// The server speaks another version of the interface.
    VersionMismatch = 5,
    /// The program is not running, could not be started, or the socket is missing.
    NotRunning = 7,
    /// `wait`: the time was up. The number is the one of timeout(1).
    TimedOut = 124,
    /// `wait`: Ctrl-C. The number is the one shells give it.
    Interrupted = 130,
}

impl ExitStatus {
    /// The number for `exit`.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
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
