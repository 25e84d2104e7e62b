//! Requests to one process, and what it tells the Supervisor.

use std::sync::Arc;

use actix::Message;
use visord_model::name::ProcessName;
use visord_model::signal::Signal;
use visord_model::state::ProcessState;

use super::Answer;
use super::supervisor::LogAction;
use crate::spawn::ResolvedCommand;

/// A request to one process. Its faults are those of the request of the same name in
/// [`super::supervisor`].
#[derive(Clone, Debug, Message)]
#[rtype(result = "Answer")]
pub enum Command {
    /// Start if it is meant to start by itself and was never started.
    Autostart,
    /// Find its program, then start.
    Start {
        /// Reply only when it is RUNNING or has failed.
        wait: bool,
    },
    /// Keep these arguments, to be appended to its command, then as `Start`. If its program cannot
    /// be executed, it becomes FATAL.
    StartWith {
        /// Empty: the command as configured.
        extra_args: Arc<str>,
        /// As in `Start`.
        wait: bool,
    },
    /// Keep these arguments for its next start.
    SetExtraArgs(Arc<str>),
    /// It cannot be started, for this reason: FATAL, unless it runs.
    Fail(String),
    /// Start with the program that was found. The process sends this to itself.
    StartFound {
        /// As in `Start`.
        wait: bool,
        /// What to execute.
        program: ResolvedCommand,
    },
    /// Stop.
    Stop {
        /// Reply only when it has stopped.
        wait: bool,
    },
    /// Stop for good, to be replaced or removed: from now on nothing starts this process. The
    /// reply comes when it is at rest. Fault: FAILED, its child could not be signalled.
    Retire,
    /// To be removed when it ends by itself: from now on nothing starts this process.
    RetireLater,
    /// It is not replaced after all: it may be started again, and a start that `Retire` canceled
    /// happens.
    Reinstate,
    /// Its program is disabled: nothing starts it. What runs goes on.
    Disable,
    /// Its program is enabled: it may be started, and is if that is meant to happen by itself.
    Enable,
    /// Never restart it automatically, whatever its configuration says.
    NeverRestart,
    /// The daemon closes: stop, and do not retry.
    GiveUp,
    /// The daemon closes: nothing is to be spawned any more.
    Closing,
    /// Signal the child.
    Signal(Signal),
    /// Write to the child's stdin.
    Write(Vec<u8>),
    /// Do this to its log files.
    Logs(LogAction),
}

/// Process to Supervisor: its state changed, or it goes on after a panic.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct ProcessChanged {
    /// Which one.
    pub name: ProcessName,
    /// Its state now.
    pub state: ProcessState,
    /// Its actor panicked: the request that it was working on is lost.
    pub resumed: bool,
}

/// Make the actor of this process panic, or the Supervisor.
#[cfg(feature = "testing")]
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct InjectPanic(pub Option<ProcessName>);
