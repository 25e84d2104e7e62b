//! The states of a process, of the daemon and of a listener, with their wire codes and names.

use core::fmt;

/// State of a process (spec core 4.1). The numbers are part of the RPC interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum ProcessState {
    /// Not running: never started, or stopped on request.
    Stopped = 0,
    /// Spawned, but not yet up for `startsecs`.
    Starting = 10,
    /// Up for at least `startsecs`.
    Running = 20,
    /// A start failed; another attempt is due.
    Backoff = 30,
    /// A stop signal was sent; the exit is awaited.
    Stopping = 40,
    /// Ended by itself after it was RUNNING.
    Exited = 100,
    /// Gave up starting.
    Fatal = 200,
    /// A signal could not be delivered.
    Unknown = 1000,
}

impl ProcessState {
    /// Every state, in the order of the codes.
    pub const ALL: [Self; 8] = [
        Self::Stopped,
        Self::Starting,
        Self::Running,
        Self::Backoff,
        Self::Stopping,
        Self::Exited,
        Self::Fatal,
        Self::Unknown,
    ];

    /// The code that RPC clients see.
    #[must_use]
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The name that RPC clients, events and logs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "STOPPED",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Backoff => "BACKOFF",
            Self::Stopping => "STOPPING",
            Self::Exited => "EXITED",
            Self::Fatal => "FATAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// STARTING, RUNNING, BACKOFF: a start request is refused, a stop request makes sense.
    #[must_use]
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Backoff)
    }

    /// STOPPED, EXITED, FATAL, UNKNOWN: nothing to wait for at shutdown.
    #[must_use]
    pub const fn is_stopped(self) -> bool {
        matches!(
            self,
            Self::Stopped | Self::Exited | Self::Fatal | Self::Unknown
        )
    }

    /// STARTING, RUNNING, STOPPING: there is a pid to signal.
    #[must_use]
    pub const fn is_signallable(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Stopping)
    }
}

impl fmt::Display for ProcessState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// State of the daemon as a whole: its mood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum SupervisorState {
    /// Beyond help; never reached in practice, kept for its code.
    Fatal = 2,
    /// Normal operation.
    Running = 1,
    /// Stopping everything in order to start anew.
    Restarting = 0,
    /// Stopping everything in order to exit.
    Shutdown = -1,
}

impl SupervisorState {
    /// The code that RPC clients see.
    #[must_use]
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The name that RPC clients see.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Running => "RUNNING",
            Self::Restarting => "RESTARTING",
            Self::Shutdown => "SHUTDOWN",
        }
    }

    /// The mood with this code, if there is one.
    #[must_use]
    pub const fn from_code(code: i32) -> Option<Self> {
        match code {
            2 => Some(Self::Fatal),
            1 => Some(Self::Running),
            0 => Some(Self::Restarting),
            -1 => Some(Self::Shutdown),
            _ => None,
        }
    }

    /// RESTARTING or SHUTDOWN: nothing is started any more, most RPCs are refused.
    #[must_use]
    pub const fn is_closing(self) -> bool {
        matches!(self, Self::Restarting | Self::Shutdown)
    }
}

/// State of an event listener (spec core 7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ListenerState {
    /// Said READY; may be sent an event.
    Ready = 10,
    /// Works on an event.
    Busy = 20,
    /// Answered (or just started); has yet to say READY.
    Acknowledged = 30,
    /// Broke the protocol; gets nothing more until it is restarted.
    Unknown = 40,
}

impl ListenerState {
    /// The name used in log lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Busy => "BUSY",
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Unknown => "UNKNOWN",
        }
    }
}
