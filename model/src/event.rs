//! Events, as event listeners receive them (spec core 7).

mod kind;
mod payload;
mod tick;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub use kind::{EventKind, KindSet};
pub use payload::EventDetail;
pub use tick::Ticks;

use crate::name::ProcessName;
use crate::process::Transition;
use crate::state::ProcessState;

/// One of the two outputs of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Descriptor 1.
    Stdout,
    /// Descriptor 2.
    Stderr,
}

impl Stream {
    /// `stdout` or `stderr`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    /// PROCESS_LOG_STDOUT or PROCESS_LOG_STDERR.
    pub const fn log_kind(self) -> EventKind {
        match self {
            Self::Stdout => EventKind::ProcessLogStdout,
            Self::Stderr => EventKind::ProcessLogStderr,
        }
    }

    /// PROCESS_COMMUNICATION_STDOUT or PROCESS_COMMUNICATION_STDERR.
    pub const fn communication_kind(self) -> EventKind {
        match self {
            Self::Stdout => EventKind::ProcessCommunicationStdout,
            Self::Stderr => EventKind::ProcessCommunicationStderr,
        }
    }
}

/// One event with what its payload needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// PROCESS_STATE_*: the type follows from the state entered.
    ProcessState {
        /// The process.
        name: ProcessName,
        /// What changed.
        transition: Transition,
    },
    /// PROCESS_COMMUNICATION_*: a captured section ended.
    ProcessCommunication(Output),
    /// PROCESS_LOG_*: output of a process that publishes it.
    ProcessLog(Output),
    /// REMOTE_COMMUNICATION: a client's own event.
    Remote {
        /// What the client calls it.
        kind: String,
        /// Its text.
        data: String,
    },
    /// SUPERVISOR_STATE_CHANGE_RUNNING.
    SupervisorRunning,
    /// SUPERVISOR_STATE_CHANGE_STOPPING.
    SupervisorStopping,
    /// TICK_5, TICK_60, TICK_3600.
    Tick {
        /// Which one.
        kind: EventKind,
        /// Start of the slice, Unix seconds.
        when: i64,
    },
    /// PROCESS_GROUP_ADDED.
    GroupAdded(Arc<str>),
    /// PROCESS_GROUP_REMOVED.
    GroupRemoved(Arc<str>),
    /// PROCESS_ADDED: its program has more processes now (spec cluster 14).
    ProcessAdded(ProcessName),
    /// PROCESS_REMOVED: its program has fewer processes now.
    ProcessRemoved(ProcessName),
    /// PROCESS_ENABLED: its program may be started again.
    ProcessEnabled(ProcessName),
    /// PROCESS_DISABLED: nothing starts its program any more.
    ProcessDisabled(ProcessName),
}

impl Event {
    /// The concrete type, which decides who receives it.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::ProcessState { transition, .. } => match transition.to {
                ProcessState::Stopped => EventKind::ProcessStateStopped,
                ProcessState::Starting => EventKind::ProcessStateStarting,
                ProcessState::Running => EventKind::ProcessStateRunning,
                ProcessState::Backoff => EventKind::ProcessStateBackoff,
                ProcessState::Stopping => EventKind::ProcessStateStopping,
                ProcessState::Exited => EventKind::ProcessStateExited,
                ProcessState::Fatal => EventKind::ProcessStateFatal,
                ProcessState::Unknown => EventKind::ProcessStateUnknown,
            },
            Self::ProcessCommunication(output) => output.stream.communication_kind(),
            Self::ProcessLog(output) => output.stream.log_kind(),
            Self::Remote { .. } => EventKind::RemoteCommunication,
            Self::SupervisorRunning => EventKind::SupervisorStateChangeRunning,
            Self::SupervisorStopping => EventKind::SupervisorStateChangeStopping,
            Self::Tick { kind, .. } => *kind,
            Self::GroupAdded(_) => EventKind::ProcessGroupAdded,
            Self::GroupRemoved(_) => EventKind::ProcessGroupRemoved,
            Self::ProcessAdded(_) => EventKind::ProcessAdded,
            Self::ProcessRemoved(_) => EventKind::ProcessRemoved,
            Self::ProcessEnabled(_) => EventKind::ProcessEnabled,
            Self::ProcessDisabled(_) => EventKind::ProcessDisabled,
        }
    }
}

/// Output of a process as an event carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The process.
    pub name: ProcessName,
    /// The child that wrote it.
    pub pid: i32,
    /// Where it wrote it.
    pub stream: Stream,
    /// What it wrote.
    pub data: Vec<u8>,
}

/// The last number before the count starts again at 0.
const LAST: u64 = i64::MAX as u64;

/// Serial numbers of events (spec core 7.2): a counter that wraps from 9223372036854775807 to 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serials {
    next: u64,
}

impl Serials {
    /// A counter whose first number is this one (0 beyond the last number).
    pub const fn starting_at(next: u64) -> Self {
        Self {
            next: if next > LAST { 0 } else { next },
        }
    }

    /// The number that the next event gets.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Take a number.
    pub const fn draw(&mut self) -> u64 {
        let drawn = self.next;
        self.next = if drawn >= LAST { 0 } else { drawn + 1 };
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_wraps() {
        let mut serials = Serials::default();
        assert_eq!((serials.draw(), serials.draw(), serials.next()), (0, 1, 2));
        let mut serials = Serials::starting_at(9_223_372_036_854_775_807);
        assert_eq!(serials.draw(), 9_223_372_036_854_775_807);
        assert_eq!(serials.draw(), 0);
        assert_eq!(Serials::starting_at(u64::MAX).next(), 0);
    }
}
