//! Messages between a listener pool and the processes that are its members.
//!
//! None of these is awaited: all are notifications. A member sends them in the order in which
//! things happened, so that what a child wrote comes before its exit, and a
//! [`ListenerRequest::Write`] is always answered with a [`MemberEvent::Written`].

use std::sync::Arc;

use actix::{Message, Recipient};
use visord_model::listener::Undelivered;
use visord_model::state::ProcessState;

/// Member to pool: it takes part from now on. Members are served in the order in which they join;
/// one that joins again under its name keeps its place.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Join {
    /// Process name.
    pub process: Arc<str>,
    /// The member.
    pub member: Recipient<ListenerRequest>,
}

/// Supervisor to pool, after an update of its group: serve the members of these names, in
/// configured order, and forget the others.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Arrange(pub Vec<Arc<str>>);

/// Member to pool: something happened.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct MemberMessage {
    /// Process name.
    pub process: Arc<str>,
    /// What happened.
    pub event: MemberEvent,
}

/// What happened to a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberEvent {
    /// Its state changed.
    Changed {
        /// The state entered.
        state: ProcessState,
        /// The child, when it is RUNNING.
        pid: i32,
    },
    /// Its child wrote this to stdout, in any chunks.
    Output(Vec<u8>),
    /// The answer to [`ListenerRequest::Write`].
    Written {
        /// The child of the request.
        pid: i32,
        /// Whether it took the envelope.
        outcome: Result<(), Undelivered>,
    },
    /// Bytes it had taken could not be written, because the child closed its stdin. (Not sent for
    /// a closed stdin that nothing was to be written to.)
    StdinClosed {
        /// The child.
        pid: i32,
    },
    /// After a refusal for want of room, the buffer is empty.
    StdinDrained {
        /// The child.
        pid: i32,
    },
}

/// Pool to member.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum ListenerRequest {
    /// Write all of this to the child's stdin, or keep it in the bounded buffer before it; take
    /// nothing of it otherwise. An empty buffer takes an envelope of any size.
    Write {
        /// Only to this child: another one in its place is `NotRunning`.
        pid: i32,
        /// Header line and body.
        data: Vec<u8>,
    },
    /// Stop the child if it is still this one, and start it again.
    Recover {
        /// The child that broke the protocol.
        pid: i32,
    },
}
