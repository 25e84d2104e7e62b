//! What a queue requests.

use crate::log_line::LogLine;

/// An event in a pool, with the serials it keeps for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued<E> {
    /// Global serial.
    pub serial: u64,
    /// Serial within the pool.
    pub pool_serial: u64,
    /// The event.
    pub event: E,
}

/// One request of the queue.
#[must_use = "the queue assumes that this was done"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<E> {
    /// Write a line to the activity log.
    Log(LogLine),
    /// Write an event to a member's stdin; answer with [`Queue::written`](super::Queue::written).
    Send {
        /// Which member, counted from 0.
        member: usize,
        /// Only to this child.
        pid: i32,
        /// What to write.
        queued: Queued<E>,
    },
    /// A RUNNING member is UNKNOWN and needs a restart to be of use again.
    Broken {
        /// Which member.
        member: usize,
        /// Its child.
        pid: i32,
    },
    /// A member did its work.
    Served {
        /// Which member.
        member: usize,
    },
}
