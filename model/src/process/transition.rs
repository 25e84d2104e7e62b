//! Changes of state: which are allowed, and everything an event about one may say.

use crate::exit::ExitStatus;
use crate::state::ProcessState as S;
use alloc::string::String;

/// One allowed step from state to state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state left.
    pub from: S,
    /// The state entered.
    pub to: S,
    /// The child concerned; 0 where there is none.
    pub pid: i32,
    /// Failed starts so far, after this step.
    pub tries: u32,
    /// EXITED: whether the exit code was expected.
    pub expected: bool,
    /// How the child ended, where this step is about an end.
    pub exit: Option<ExitStatus>,
    /// Seconds from the start to the end, where this step is about an end.
    pub uptime: Option<u64>,
    /// Why a start failed, else empty.
    pub spawnerr: String,
}

/// The allowed transitions, from and to, once, as data (spec core 4.3).
pub const ALLOWED: [(S, S); 18] = [
    (S::Stopped, S::Starting),
    (S::Exited, S::Starting),
    (S::Fatal, S::Starting),
    (S::Backoff, S::Starting),
    (S::Starting, S::Running),
    (S::Starting, S::Backoff),
    (S::Starting, S::Stopping),
    (S::Running, S::Exited),
    (S::Running, S::Stopping),
    (S::Backoff, S::Fatal),
    (S::Backoff, S::Stopped),
    (S::Stopping, S::Stopped),
    (S::Starting, S::Unknown),
    (S::Running, S::Unknown),
    (S::Stopping, S::Unknown),
    (S::Unknown, S::Running),
    (S::Unknown, S::Stopping),
    (S::Unknown, S::Stopped),
];

/// Whether a process may go from one state to the other.
pub fn is_allowed(from: S, to: S) -> bool {
    ALLOWED.contains(&(from, to))
}
