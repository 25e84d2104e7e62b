//! What a pool says in the activity log (spec core 7.3-7.5), in the original's words.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::log_line::{Level, LogLine};
use crate::pyrepr;
use crate::state::ListenerState;

/// One sentence, not yet put into words: most of them are at a level nobody writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The event was written to a listener.
    Sent {
        /// Global serial.
        serial: u64,
        /// The listener.
        listener: Arc<str>,
    },
    /// The listener had closed its stdin.
    BrokenPipe {
        /// Global serial.
        serial: u64,
        /// The listener.
        listener: Arc<str>,
    },
    /// The listener does not read; the original crashes here.
    FullPipe {
        /// Global serial.
        serial: u64,
        /// The listener.
        listener: Arc<str>,
    },
    /// An event known to the pool goes back to the head of the buffer.
    Rebuffering {
        /// Global serial.
        serial: u64,
        /// The pool.
        pool: Arc<str>,
        /// Events in the buffer before.
        size: usize,
        /// `buffer_size`.
        capacity: usize,
    },
    /// The buffer was full; its oldest event is lost.
    Overflowed {
        /// The pool.
        pool: Arc<str>,
        /// Global serial of the lost event.
        serial: u64,
    },
    /// A listener's state changed.
    Changed {
        /// The listener.
        listener: Arc<str>,
        /// Before.
        from: ListenerState,
        /// After.
        to: ListenerState,
    },
    /// A listener became UNKNOWN.
    Broken {
        /// The listener.
        listener: Arc<str>,
    },
    /// The result was OK.
    Processed {
        /// The listener.
        listener: Arc<str>,
    },
    /// The result was something else.
    Rejected {
        /// The listener.
        listener: Arc<str>,
    },
    /// There was no result line.
    BadLine {
        /// The listener.
        listener: Arc<str>,
        /// What came instead.
        line: Vec<u8>,
    },
}

impl Remark {
    /// How important it is.
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Self::Sent { .. }
            | Self::BrokenPipe { .. }
            | Self::FullPipe { .. }
            | Self::Rebuffering { .. }
            | Self::Changed { .. }
            | Self::Processed { .. } => Level::Debug,
            Self::Broken { .. } | Self::Rejected { .. } | Self::BadLine { .. } => Level::Warn,
            Self::Overflowed { .. } => Level::Error,
        }
    }

    /// Put into words.
    #[must_use]
    pub fn line(&self) -> LogLine {
        LogLine::new(self.level(), self.to_string())
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { serial, listener } => {
                write!(f, "event {serial} sent to listener {listener}")
            }
            Self::BrokenPipe { serial, listener } => write!(
                f,
                "epipe occurred while sending event {serial} to listener {listener}, \
                 listener state unchanged"
            ),
            Self::FullPipe { serial, listener } => write!(
                f,
                "stdin of listener {listener} is full, event {serial} stays buffered"
            ),
            Self::Rebuffering {
                serial,
                pool,
                size,
                capacity,
            } => write!(
                f,
                "rebuffering event {serial} for pool {pool} (buf size={size}, max={capacity})"
            ),
            Self::Overflowed { pool, serial } => write!(
                f,
                "pool {pool} event buffer overflowed, discarding event {serial}"
            ),
            Self::Changed { listener, from, to } => {
                write!(f, "{listener}: {} -> {}", from.name(), to.name())
            }
            Self::Broken { listener } => write!(
                f,
                "{listener}: has entered the UNKNOWN state and will no longer receive events, \
                 this usually indicates the process violated the eventlistener protocol"
            ),
            Self::Processed { listener } => write!(f, "{listener}: event was processed"),
            Self::Rejected { listener } => write!(f, "{listener}: event was rejected"),
            Self::BadLine { listener, line } => {
                let line = pyrepr::decoded(line);
                write!(f, "{listener}: bad result line: '{line}'")
            }
        }
    }
}
