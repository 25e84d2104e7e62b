//! Everything that can happen to a process, and everything that its machine can request.

use super::Transition;
use crate::exit::ExitStatus;
use crate::log_line::LogLine;
use crate::moment::{Moment, Mono};
use crate::signal::Signal;
use alloc::string::String;
use alloc::vec::Vec;

/// Asked for, answered to an effect, or happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Asked: the daemon starts what is meant to start by itself.
    Autostart,
    /// Asked: start.
    Start,
    /// Asked: stop.
    Stop,
    /// Asked: a stop that failed is not wanted any more; the child is to go on.
    KeepRunning,
    /// Asked by the closing daemon: stop, and give up waiting for a retry.
    GiveUp,
    /// Asked: send a signal to the child, never to its group.
    Signal(Signal),
    /// The daemon closes: nothing is spawned any more.
    Closing,
    /// Asked: nothing is spawned until [`Release`](Self::Release). What runs goes on.
    Hold,
    /// Asked: starts are possible again; one that was due meanwhile happens.
    Release,
    /// Asked: it is never restarted automatically, whatever its policy says.
    NeverRestart,
    /// Asked: it cannot be started, for this reason. Without effect on a process that runs.
    Fail(String),
    /// Answer to [`Spawn`](super::Effect::Spawn): the child exists.
    Spawned {
        /// Its pid.
        pid: i32,
        /// Just before it was cloned.
        at: Moment,
    },
    /// Answer to [`Spawn`](super::Effect::Spawn): there is no child, and why.
    SpawnFailed(String),
    /// Answer to [`CancelSpawn`](super::Effect::CancelSpawn) and
    /// [`ExpireSpawn`](super::Effect::ExpireSpawn): the spawn is void, whatever comes of it later
    /// is discarded.
    SpawnCancelled,
    /// Answer to [`ExpireSpawn`](super::Effect::ExpireSpawn): the spawn has waited for its turn,
    /// so it has time until then.
    SpawnDue(Mono),
    /// Answer to [`Kill`](super::Effect::Kill): the signal was not delivered.
    KillFailed(KillFailure),
    /// Answer to [`Probe`](super::Effect::Probe): whether the child can be signalled.
    Probed(bool),
    /// The child ended and everything it wrote is stored. Never before its `Spawned`.
    Exited {
        /// How it ended.
        status: ExitStatus,
        /// When it was reaped.
        at: Moment,
    },
    /// The moment of [`deadline`](super::Machine::deadline) may have come; harmless if not.
    Deadline,
}

/// Why a signal was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillFailure {
    /// The signal.
    pub signal: Signal,
    /// The child is gone (ESRCH): its exit will be reported.
    pub gone: bool,
    /// The text of the system's error.
    pub reason: String,
}

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
