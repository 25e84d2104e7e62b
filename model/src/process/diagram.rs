//! The allowed transitions, once, as data (spec core 4.3).

use crate::state::ProcessState as S;

/// From, to.
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
#[must_use]
pub fn is_allowed(from: S, to: S) -> bool {
    ALLOWED.contains(&(from, to))
}
