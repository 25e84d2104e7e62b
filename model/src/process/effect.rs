//! Everything the machine of a process can request.

use super::Transition;
use crate::log_line::LogLine;
use crate::signal::Signal;
use alloc::vec::Vec;

/// To be performed in order, in the same turn, before the next input.
pub type Effects = Vec<Effect>;

/// One request of the machine.
#[must_use = "the machine assumes that this was done"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Spawn a child; answer with `Spawned` or `SpawnFailed`.
    Spawn,
    /// Cancel the spawn under way; answer with `SpawnCancelled`. No answer: the child is being
    /// cloned, and the answer to `Spawn` is about to come.
    CancelSpawn,
    /// Cancel the spawn under way, also in the middle of the clone, if its turn came
    /// [`SPAWN_TIMEOUT`](super::SPAWN_TIMEOUT) ago; answer with `SpawnCancelled`, else with
    /// `SpawnDue`.
    ExpireSpawn,
    /// Send a signal; answer with `KillFailed` if that was not possible.
    Kill {
        /// The child.
        pid: i32,
        /// To its whole process group.
        group: bool,
        /// What to send.
        signal: Signal,
    },
    /// Find out whether the child can be signalled; answer with `Probed`.
    Probe {
        /// The child.
        pid: i32,
    },
    /// Publish a change of state.
    Changed(Transition),
    /// Write a line to the activity log.
    Log(LogLine),
}

/// Why a request is not carried out. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// STARTING, RUNNING or BACKOFF already.
    AlreadyStarted,
    /// Nothing runs that could be stopped or signalled.
    NotRunning,
    /// In UNKNOWN nothing can be started.
    UnknownState,
    /// The daemon closes.
    Closing,
}
