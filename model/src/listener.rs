//! The conversation with event listeners (spec core 7.2-7.5).
//!
//! ```text
//!                 READY\n            an event is written
//!  ACKNOWLEDGED ----------> READY ------------------------> BUSY
//!       ^   |                 |                              |  |
//!       |   | anything else   | any byte     no RESULT line  |  |
//!       |   +-----------> UNKNOWN <--------------------------+  |
//!       |                                                       |
//!       +------------------- RESULT n\n and n bytes ------------+
//! ```
//!
//! In the happy case a [`Queue`] takes an event, offers it to the first member that is
//! RUNNING and READY, and forgets it when that member answers `OK`. Any other answer, a
//! broken protocol, a death or a closed stdin puts the event back at the head. When the
//! buffer is full the oldest event is discarded, and the log says so: an accepted event is
//! acknowledged, still kept, or its loss is logged.
//!
//! [`Conversation`] is one member's side, from bytes to decisions; the queue owns one per
//! member; the actor around it only carries bytes.

mod conversation;
mod effect;
mod envelope;
mod queue;

#[cfg(test)]
mod tests;

pub use conversation::{Conversation, MAX_RESULT, MAX_RESULT_LINE, Reading};
pub use effect::{Effect, Queued};
pub use envelope::{EventLength, envelope};
pub use queue::Queue;

/// Why an envelope did not reach a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// It closed its stdin.
    Closed,
    /// It does not read and the bounded buffer before its stdin is full (difference C30).
    Full,
    /// The child it was meant for is gone.
    NotRunning,
}

/// What a pool does about a member that broke the protocol (`listener_recover`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListenerRecover {
    /// Nothing: it gets no more events until it is restarted, as in the original.
    #[default]
    Never,
    /// Restart it.
    Restart,
}
