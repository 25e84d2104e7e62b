//! The states of a process, of the daemon and of a listener, with their wire codes and names.

use core::fmt;

use crate::coded::coded;

coded! {
    /// State of a process (spec core 4.1). The numbers are part of the RPC interface.
    ProcessState {
        /// Not running: never started, or stopped on request.
        Stopped = 0, "STOPPED";
        /// Spawned, but not yet up for `startsecs`.
        Starting = 10, "STARTING";
        /// Up for at least `startsecs`.
        Running = 20, "RUNNING";
        /// A start failed; another attempt is due.
        Backoff = 30, "BACKOFF";
        /// A stop signal was sent; the exit is awaited.
        Stopping = 40, "STOPPING";
        /// Ended by itself after it was RUNNING.
        Exited = 100, "EXITED";
        /// Gave up starting.
        Fatal = 200, "FATAL";
        /// A signal could not be delivered.
        Unknown = 1000, "UNKNOWN";
    }
}

impl ProcessState {
    /// STARTING, RUNNING, BACKOFF: a start request is refused, a stop request makes sense.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Backoff)
    }

    /// STOPPED, EXITED, FATAL, UNKNOWN: nothing to wait for at shutdown.
    pub const fn is_stopped(self) -> bool {
        self.is_at_rest() || matches!(self, Self::Unknown)
    }

    /// STOPPED, EXITED, FATAL: nothing runs.
    pub const fn is_at_rest(self) -> bool {
        matches!(self, Self::Stopped | Self::Exited | Self::Fatal)
    }

    /// STARTING, RUNNING, STOPPING: there is a pid to signal.
    pub const fn is_signallable(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Stopping)
    }
}

impl fmt::Display for ProcessState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

coded! {
    /// State of the daemon as a whole.
    SupervisorState {
        /// Never reached in practice, kept for its code.
        Fatal = 2, "FATAL";
        /// Normal operation.
        Running = 1, "RUNNING";
        /// Stopping everything in order to start again.
        Restarting = 0, "RESTARTING";
        /// Stopping everything in order to exit.
        Shutdown = -1, "SHUTDOWN";
    }
}

impl SupervisorState {
    /// RESTARTING or SHUTDOWN: nothing is started any more, most RPCs are refused.
    pub const fn is_closing(self) -> bool {
        matches!(self, Self::Restarting | Self::Shutdown)
    }
}

coded! {
    /// State of an event listener (spec core 7.5).
    ListenerState {
        /// Said READY; may be sent an event.
        Ready = 10, "READY";
        /// Works on an event.
        Busy = 20, "BUSY";
        /// Answered (or just started); has yet to say READY.
        Acknowledged = 30, "ACKNOWLEDGED";
        /// Broke the protocol; receives nothing more until it is restarted.
        Unknown = 40, "UNKNOWN";
    }
}
