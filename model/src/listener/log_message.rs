//! What a pool writes to the activity log (spec core 7.3-7.5), worded as in the original.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::log_line::Level;
use crate::pyrepr;
use crate::state::ListenerState;

/// One line, formatted only if it is written: most have a level that is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogMessage {
    /// The listener that it is about, or the pool.
    pub subject: Arc<str>,
    /// What it says.
    pub kind: LogKind,
}

/// What a pool logs. Serials are global ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// The event was written to a listener.
    Sent(u64),
    /// The listener had closed its stdin.
    BrokenPipe(u64),
    /// The listener does not read; the original crashes here.
    FullPipe(u64),
    /// An event known to the pool goes back to the head of the buffer.
    Rebuffering {
        /// Of the event.
        serial: u64,
        /// Events in the buffer before.
        size: usize,
        /// `buffer_size`.
        capacity: usize,
    },
    /// The buffer was full; its oldest event is lost.
    Overflowed(u64),
    /// A listener changed from one state to the other.
    Changed(ListenerState, ListenerState),
    /// A listener became UNKNOWN.
    Broken,
    /// The result was OK.
    Processed,
    /// The result was something else.
    Rejected,
    /// This came instead of a result line.
    BadLine(Vec<u8>),
}

impl LogMessage {
    /// How important it is.
    pub const fn level(&self) -> Level {
        use LogKind as K;
        match self.kind {
            K::Sent(_)
            | K::BrokenPipe(_)
            | K::FullPipe(_)
            | K::Rebuffering { .. }
            | K::Changed(..)
            | K::Processed => Level::Debug,
            K::Broken | K::Rejected | K::BadLine(_) => Level::Warn,
            K::Overflowed(_) => Level::Error,
        }
    }
}

impl fmt::Display for LogMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use LogKind as K;
        let subject = &self.subject;
        match &self.kind {
            K::Sent(serial) => write!(f, "event {serial} sent to listener {subject}"),
            K::BrokenPipe(serial) => write!(
                f,
                "epipe occurred while sending event {serial} to listener {subject}, \
                 listener state unchanged"
            ),
            K::FullPipe(serial) => write!(
                f,
                "stdin of listener {subject} is full, event {serial} stays buffered"
            ),
            K::Rebuffering {
                serial,
                size,
                capacity,
            } => write!(
                f,
                "rebuffering event {serial} for pool {subject} (buf size={size}, max={capacity})"
            ),
            K::Overflowed(serial) => write!(
                f,
                "pool {subject} event buffer overflowed, discarding event {serial}"
            ),
            K::Changed(from, to) => write!(f, "{subject}: {} -> {}", from.name(), to.name()),
            K::Broken => write!(
                f,
                "{subject}: has entered the UNKNOWN state and will no longer receive events, \
                 this usually indicates the process violated the eventlistener protocol"
            ),
            K::Processed => write!(f, "{subject}: event was processed"),
            K::Rejected => write!(f, "{subject}: event was rejected"),
            K::BadLine(line) => {
                let line = pyrepr::decoded(line);
                write!(f, "{subject}: bad result line: '{line}'")
            }
        }
    }
}
