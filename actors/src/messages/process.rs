//! What one process may be told, and what it tells.

use actix::Message;
use visord_model::signal::Signal;
use visord_model::state::ProcessState;

use super::supervisor::{Answer, LogCare, ProcessName};

/// Start if it is meant to start by itself and was never started.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Autostart;

/// Start. Faults as [`super::supervisor::StartProcess`], `label` is what they name.
#[derive(Message)]
#[rtype(result = "Answer")]
pub struct Start {
    /// Answer only when it is RUNNING or has failed.
    pub wait: bool,
    /// The name the client used.
    pub label: String,
}

/// Stop. Faults as [`super::supervisor::StopProcess`].
#[derive(Message)]
#[rtype(result = "Answer")]
pub struct Stop {
    /// Answer only when it has stopped.
    pub wait: bool,
    /// The name the client used.
    pub label: String,
}

/// Stop for good, to be replaced or removed: from now on nothing starts this process. The
/// answer comes when it is at rest. Fault: FAILED, its child could not be signalled.
#[derive(Message)]
#[rtype(result = "Answer")]
pub struct Retire;

/// It is not replaced after all: it may be started again, and a start that [`Retire`] took back
/// happens.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Reinstate;

/// The daemon closes: stop, and do not retry.
#[derive(Message)]
#[rtype(result = "()")]
pub struct GiveUp;

/// Nothing is to be spawned any more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Closing;

/// Signal the child.
#[derive(Message)]
#[rtype(result = "Answer")]
pub struct SignalChild {
    /// What to send.
    pub signal: Signal,
    /// The name the client used.
    pub label: String,
}

/// Write to the child's stdin.
#[derive(Message)]
#[rtype(result = "Answer")]
pub struct Write {
    /// What to write.
    pub data: Vec<u8>,
    /// The name the client used.
    pub label: String,
}

/// Empty the log files.
#[derive(Message)]
#[rtype(result = "Answer")]
pub struct ClearLogs {
    /// The name the client used.
    pub label: String,
}

/// Start new log files, or open them anew, as [`super::supervisor::TendProcessLogs`].
#[derive(Message)]
#[rtype(result = "Answer")]
pub struct TendLogs {
    /// Which of the two.
    pub care: LogCare,
    /// The name the client used.
    pub label: String,
}

/// Open the log files anew.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ReopenLogs;

/// The state of a process changed.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct ProcessChanged {
    /// Which one.
    pub name: ProcessName,
    /// The state entered.
    pub state: ProcessState,
}

/// Process to guardian: its actor panicked; another one is to go on with what it left.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct ActorDied(pub ProcessName);

/// Make the actor of this process panic. For tests: no client can send it.
#[doc(hidden)]
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct InjectPanic(pub ProcessName);
